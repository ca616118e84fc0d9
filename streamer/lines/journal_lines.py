"""What a session says, as JSON: the lines of a journal and of `--json`."""

import json
from collections.abc import Mapping
from typing import Final, TypeAlias

from streamer.absence import Absence
from streamer.alerts.alert import Alert
from streamer.row import Row
from streamer.session_clock import SessionClock
from streamer.session_facts import SessionFacts, Summary

JOURNAL_FORMAT: Final = 2
"""Raised when a line changes its meaning; new keys may come without."""

JsonValue: TypeAlias = "str | int | float | bool | list[JsonValue] | dict[str, JsonValue] | None"
Line: TypeAlias = dict[str, JsonValue]


def to_json(line: Line, *, ascii_only: bool = False) -> str:
    """Write a line.

    Parameters
    ----------
    line : dict
        As the other functions give it.
    ascii_only : bool, optional
        True for a stream that may not be able to write other characters.

    Returns
    -------
    str
        One JSON object, no line break in it. Floats read back as the same bits.

    Raises
    ------
    ValueError
        If a number is not finite: JSON has none such.
    """
    return json.dumps(line, ensure_ascii=ascii_only, allow_nan=False)


def facts_values(facts: SessionFacts) -> Line:
    """Give what does not change, for the head of a journal and for session.json.

    Parameters
    ----------
    facts : SessionFacts
        Of the session.

    Returns
    -------
    dict
        `started` as ISO 8601 with its offset from UTC.
    """
    return {
        "format": JOURNAL_FORMAT,
        "session": facts.session,
        "started": SessionClock.from_epoch(facts.started).iso(facts.started),
        "sources": [
            {
                "name": source.name,
                "sample_rate": source.sample_rate,
                "channels": source.channels,
                "kept_channels": list(facts.kept_channels(number)),
                "sample_format": source.sample_format,
                "seconds": source.seconds,
                "live": source.live,
            }
            for number, source in enumerate(facts.sources)
        ],
        "notes": list(facts.notes),
        "model": facts.model,
        "model_notes": list(facts.model_notes),
        "voices": dict(facts.voices),
        "feature_set": facts.feature_set,
        "labels": list(facts.labels),
        "win_seconds": facts.win_seconds,
        "step_seconds": facts.step_seconds,
        "sample_rate": facts.sample_rate,
        "legs": [
            {"name": leg.name, "source": leg.source, "channel": leg.channel, "analysed": leg.analysed}
            for leg in facts.legs
        ],
        "version": facts.callmood_version,
    }


def header_line(facts: SessionFacts) -> Line:
    """Give the first line.

    Parameters
    ----------
    facts : SessionFacts
        Of the session.

    Returns
    -------
    dict
        Of type "header".
    """
    return {"type": "header", **facts_values(facts)}


def row_line(row: Row) -> Line:
    """Give the line of a window.

    Parameters
    ----------
    row : Row
        Of any leg.

    Returns
    -------
    dict
        Of type "row"; without speech `emotion`, `probabilities` and `smoothed` are null, and `emotion`
        where the state is "unsure". `voice_known` says how well the voice is known, 0..1.
    """
    return {
        "type": "row",
        "leg": row.leg,
        "window": row.window,
        "start": float(row.start),
        "end": float(row.end),
        "state": row.state,
        "emotion": row.emotion,
        "probabilities": _floats(row.probabilities),
        "smoothed": _floats(row.smoothed),
        "level_dbfs": float(row.level_dbfs),
        "lag_seconds": float(row.lag_seconds),
        "voice_known": float(row.voice_known),
    }


def absence_line(absence: Absence) -> Line:
    """Give the line of a device that has gone.

    Parameters
    ----------
    absence : Absence
        Of any source.

    Returns
    -------
    dict
        Of type "absence"; where the device comes back, a gap whose cause is "away" tells for how long.
    """
    return {
        "type": "absence",
        "source": absence.source,
        "at": float(absence.at_seconds),
        "reason": absence.reason,
    }


def alert_line(alert: Alert) -> Line:
    """Give the line of a rule that came true.

    Parameters
    ----------
    alert : Alert
        Of any leg.

    Returns
    -------
    dict
        Of type "alert"; `onset` and `at` are stream time, s, and `delay_seconds` lies between them.
    """
    return {
        "type": "alert",
        "leg": alert.leg,
        "rule": alert.rule,
        "label": alert.label,
        "onset": float(alert.onset_seconds),
        "at": float(alert.at_seconds),
        "delay_seconds": float(alert.delay_seconds),
        "probability": float(alert.probability),
        "window": alert.window,
        "onset_sample": alert.onset_sample,
        "end_sample": alert.end_sample,
    }


def moment_line(kind: str, at_seconds: float, clock: str) -> Line:
    """Give the line of a moment: a mark, or a pause that begins or ends.

    Parameters
    ----------
    kind : str
        "mark", "pause" or "resume".
    at_seconds : float
        Stream time, s.
    clock : str
        ISO 8601 with offset.

    Returns
    -------
    dict
        Of that type.
    """
    return {"type": kind, "at": float(at_seconds), "clock": clock}


def failure_line(message: str) -> Line:
    """Give the line of something that was given up while the session goes on.

    Parameters
    ----------
    message : str
        One line.

    Returns
    -------
    dict
        Of type "failure".
    """
    return {"type": "failure", "message": message}


def complaint_line(message: str) -> Line:
    """Give the line of something that went wrong beside the session: an alert that was not delivered.

    Parameters
    ----------
    message : str
        One line.

    Returns
    -------
    dict
        Of type "complaint".
    """
    return {"type": "complaint", "message": message}


def summary_values(summary: Summary) -> Line:
    """Give the last word, for the end of a journal and for session.json.

    Parameters
    ----------
    summary : Summary
        Of the session.

    Returns
    -------
    dict
        One key a field.
    """
    return {
        "seconds": float(summary.seconds),
        "windows": summary.windows,
        "states": dict(summary.states),
        "emotions": dict(summary.emotions),
        "overruns": summary.overruns,
        "gaps": summary.gaps,
        "marks": summary.marks,
        "skipped": summary.skipped,
        "dropped_seconds": float(summary.dropped_seconds),
        "paused_seconds": float(summary.paused_seconds),
        "talk_seconds": {leg: float(seconds) for leg, seconds in summary.talk_seconds.items()},
        "overlap_seconds": float(summary.overlap_seconds),
        "drift_seconds": None if summary.drift_seconds is None else float(summary.drift_seconds),
        "slip_seconds": float(summary.slip_seconds),
        "non_finite_samples": summary.non_finite_samples,
        "real_time_factor": float(summary.real_time_factor),
        "max_lag_seconds": float(summary.max_lag_seconds),
        "alerts": summary.alerts,
        "files": list(summary.files),
        "failures": list(summary.failures),
        "complaints": list(summary.complaints),
    }


def summary_line(summary: Summary) -> Line:
    """Give the last line.

    Parameters
    ----------
    summary : Summary
        Of the session.

    Returns
    -------
    dict
        Of type "summary".
    """
    return {"type": "summary", **summary_values(summary)}


def _floats(values: Mapping[str, float] | None) -> JsonValue:
    """Make plain floats of numpy's, which JSON would not take."""
    return None if values is None else {label: float(value) for label, value in values.items()}
