"""Exports for programs that show labels beside the sound: Audacity, players, Praat, ELAN, Label Studio."""

import json
import math
import mimetypes
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from callmood.reports.export_timeline import (
    Interval,
    Timeline,
    joined_points,
    ms,
    one_line,
    unique,
)
from emotion.errors import require

if TYPE_CHECKING:
    from streamer.events import Alert, Mark

EXTRA: Final = "export"
ALERTS: Final = "alerts"
MARKS: Final = "marks"

SPOKEN: Final = ("speech", "unsure")

CUE_OF_ALERT_MS: Final = 5000
CUE_OF_MARK_MS: Final = 2000
TIER_OF_MARK_MS: Final = 500
"""How long a moment is shown where only spans can be, ms."""


_XML_DECLARATION: Final = b'<?xml version="1.0" encoding="UTF-8"?>\n'


def audacity(timeline: Timeline) -> bytes:
    """Write a label track: start, end, text, separated by tabs, sorted by time; marks are point labels."""
    labels = [
        (each.start_ms, each.end_ms, timeline.who(track.plan.name) + each.label)
        for track in timeline.tracks
        for each in track.spans
    ]
    journal = timeline.journal
    labels += [(ms(each.onset_seconds), ms(each.at_seconds), _shared(each)) for each in journal.alerts]
    labels += [(ms(each.at_seconds), ms(each.at_seconds), _mark_text(each)) for each in journal.marks]
    lines = [
        f"{start / 1000:.6f}\t{max(start, end) / 1000:.6f}\t{text}\n" for start, end, text in sorted(labels)
    ]
    return "".join(lines).encode()


def vtt(timeline: Timeline) -> bytes:
    """Write subtitles (W3C WebVTT): a voice a leg, where somebody speaks."""
    cues = [
        (each.start_ms, each.end_ms, track.plan.name, timeline.who(track.plan.name) + each.label)
        for track in timeline.tracks
        for each in track.tier(SPOKEN)
    ]
    journal = timeline.journal
    for alert in journal.alerts:
        at = ms(alert.at_seconds)
        cues.append((at, at + CUE_OF_ALERT_MS, alert.leg, _shared(alert)))
    for mark in journal.marks:
        at = ms(mark.at_seconds)
        cues.append((at, at + CUE_OF_MARK_MS, "", _mark_text(mark)))
    blocks = ["WEBVTT", f"NOTE session {_cue_text(timeline.name)}, model {_cue_text(journal.header.model)}"]
    for start, end, leg, text in sorted(cues):
        voice = f"<v {_cue_text(leg)}>" if one_line(leg) else ""
        blocks.append(f"{_cue_time(start)} --> {_cue_time(end)}\n{voice}{_cue_text(text)}")
    return ("\n\n".join(blocks) + "\n").encode()


def textgrid(timeline: Timeline) -> bytes:
    """Write a TextGrid for Praat: an interval tier a leg, and points for alerts and marks."""
    praat = require("praatio.textgrid", EXTRA)
    journal = timeline.journal
    alerts = joined_points((ms(each.at_seconds), _praat_text(each.text)) for each in journal.alerts)
    marks = joined_points((ms(each.at_seconds), _praat_text(_mark_text(each))) for each in journal.marks)
    *legs, alerts_name, marks_name = map(
        _praat_text, unique([*(track.plan.name for track in timeline.tracks), ALERTS, MARKS])
    )
    tiers = [track.tier() for track in timeline.tracks]
    # Praat opens no object without length.
    end = max([1, ms(journal.seconds), *(tier[-1].end_ms for tier in tiers if tier)]) / 1000
    grid = praat.Textgrid(0, end)
    for name, tier in zip(legs, tiers, strict=True):
        entries = [(each.start_ms / 1000, each.end_ms / 1000, _praat_text(each.label)) for each in tier]
        grid.addTier(praat.IntervalTier(name, entries, 0, end))
    grid.addTier(praat.PointTier(alerts_name, [(at / 1000, text) for at, text in alerts], 0, end))
    if marks:
        grid.addTier(praat.PointTier(marks_name, [(at / 1000, text) for at, text in marks], 0, end))
    # Praatio only writes files; this one is in memory.
    descriptor = os.memfd_create("textgrid")
    with os.fdopen(descriptor, "rb") as file:
        grid.save(f"/proc/self/fd/{descriptor}", format="short_textgrid", includeBlankSpaces=True)
        return file.read()


def eaf(timeline: Timeline, folder: Path) -> bytes:
    """Write an EAF for ELAN: a tier a leg, one for alerts, one for marks; the recording is linked."""
    elan = require("pympi.Elan", EXTRA)
    journal = timeline.journal
    tiers = [*(track.tier() for track in timeline.tracks), _alert_tier(timeline), _mark_tier(timeline)]
    participants = [one_line(track.plan.name) for track in timeline.tracks] + [None, None]
    document = elan.Eaf(author="callmood")
    document.remove_tier("default")
    for name, tier, participant in zip(
        unique([*(track.plan.name for track in timeline.tracks), ALERTS, MARKS]), tiers, participants,
        strict=True,
    ):  # fmt: skip
        document.add_tier(name, part=participant, ann=one_line(journal.header.model) or None)
        for each in tier:
            document.add_annotation(name, each.start_ms, each.end_ms, each.label)
    _order_by_time(document)
    for recording in timeline.recordings:
        seen = recording.seen_from(folder)
        mime = mimetypes.guess_type(seen)[0] or "audio/x-wav"
        address = seen
        if not recording.is_address:
            address = Path(os.path.normpath((recording.path or folder / seen).absolute())).as_uri()
        is_relative = not recording.is_address and not seen.startswith("/")
        document.add_linked_file(address, relpath=f"./{seen}" if is_relative else None, mimetype=mime)
    return _XML_DECLARATION + bytes(elan.to_string(document, encoding="UTF-8"))


def _order_by_time(document: Any) -> None:
    """Number the time slots of an EAF by time, as the format has it; pympi numbers them as they come."""
    slots = document.timeslots
    in_order = sorted(slots, key=slots.__getitem__)
    renamed = {slot: f"ts{number}" for number, slot in enumerate(in_order, start=1)}
    document.timeslots = {renamed[slot]: slots[slot] for slot in in_order}
    for aligned, *_ in document.tiers.values():
        for name, (start, end, value, reference) in aligned.items():
            aligned[name] = (renamed[start], renamed[end], value, reference)


def label_studio(timeline: Timeline, folder: Path) -> bytes:
    """Write tasks for Label Studio: one a leg that was analysed, with its labels as predictions."""
    seconds = round(timeline.journal.seconds, 3)
    tasks = [_task(timeline, number, seconds, folder) for number in range(len(timeline.analysed))]
    return (json.dumps(tasks, indent=1, ensure_ascii=False) + "\n").encode()


def _task(timeline: Timeline, number: int, seconds: float, folder: Path) -> dict[str, Any]:
    track, journal = timeline.analysed[number], timeline.journal
    plan = track.plan
    recording = timeline.recordings[plan.source]
    seen = recording.seen_from(folder)
    # A path is one under the document root of Label Studio; an address stays as it was given.
    audio = seen if recording.is_address or seen.startswith("/") else f"/data/local-files/?d={quote(seen)}"
    results = [
        {
            "id": f"{number}-{place}",
            "from_name": "emotion",
            "to_name": "audio",
            "type": "labels",
            "original_length": seconds,
            "value": {
                "start": each.start_ms / 1000,
                "end": each.end_ms / 1000,
                "channel": recording.channels.get(plan.name, 0),
                "labels": [each.label],
            },
            **({} if each.probability is None else {"score": round(each.probability, 4)}),
        }
        for place, each in enumerate(track.spans)
    ]
    data = {
        "audio": audio,
        "session": one_line(timeline.name),
        "leg": one_line(plan.name),
        "alerts": [
            {"start": ms(each.onset_seconds) / 1000, "end": ms(each.at_seconds) / 1000, "text": each.text}
            for each in journal.alerts
            if each.leg == plan.name
        ],
        "marks": [{"start": ms(each.at_seconds) / 1000, "text": _mark_text(each)} for each in journal.marks],
    }
    return {
        "data": data,
        "predictions": [{"model_version": one_line(journal.header.model), "result": results}],
    }


def _shared(alert: "Alert") -> str:
    """Give the text of an alert for a track that it shares with other labels."""
    return f"alert: {one_line(alert.text)}"


def _mark_text(mark: "Mark") -> str:
    note = one_line(mark.note or "")
    return f"mark: {note}" if note else "mark"


def _cue_time(at_ms: int) -> str:
    seconds, thousandths = divmod(at_ms, 1000)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{thousandths:03d}"


def _cue_text(text: str) -> str:
    """Escape what WebVTT reads as markup; without `>`, no text holds an arrow."""
    return one_line(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _praat_text(text: str) -> str:
    """Change what praatio takes for the beginning of a tier, wherever it stands; Praat would read it."""
    plain = one_line(text).replace("item [", "item (").replace("item[", "item(")
    return plain.replace('"IntervalTier"', "'IntervalTier'").replace('"TextTier"', "'TextTier'")


def _alert_tier(timeline: Timeline) -> list[Interval]:
    """Give alerts from onset to alert; one begins where the one before has ended, at the earliest."""
    alerts = [
        # None is empty, not even one at the very start.
        (ms(each.onset_seconds), max(1, ms(each.at_seconds)), one_line(each.text))
        for each in timeline.journal.alerts
    ]
    onsets: dict[int, int] = {}
    for onset, at, _ in alerts:
        onsets[at] = min(onsets.get(at, at - 1), onset)
    tier: list[Interval] = []
    for at, text in joined_points((at, text) for _, at, text in alerts):
        earliest = tier[-1].end_ms if tier else 0
        tier.append(Interval(max(earliest, onsets[at]), at, text))
    return tier


def _mark_tier(timeline: Timeline) -> list[Interval]:
    """Give marks some length, as far as the next one leaves room."""
    marks = timeline.journal.marks
    points = joined_points((ms(each.at_seconds), _mark_text(each)) for each in marks)
    nexts = [*(at for at, _ in points[1:]), math.inf]
    return [
        Interval(at, int(min(at + TIER_OF_MARK_MS, following)), text)
        for (at, text), following in zip(points, nexts[: len(points)], strict=True)
    ]
