"""What a soak must show, what it has shown, and its figures as JSON."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np

from benchmarks.machine import this_machine
from streamer.events import STATES
from streamer.recordings.retention import parse_size, size_text
from tests.acceptance.endless_sound import RATE_HZ
from tests.acceptance.soak_run import Reading, SoakPlan, SoakRun

MAX_GROWTH_BYTES: Final = 5_000_000

MAX_HANDLES_MORE: Final = 8
"""Handles that come and go: a clip that is written, folders that are tidied."""

KEPT_BYTES_PER_SECOND: Final = 160_000
"""Clips of 2 s each half second, and the whole sound, 16 bits at 16 kHz: no second of it takes more."""

CLIP_BYTES: Final = 2 * 32_000 + 44

ENDING_SECONDS: Final = 20.0
"""What pipe, queue and window hold is less than so much sound, s."""

TIDIED_SECONDS: Final = 120.0
"""Recordings are tidied every minute of the stream, and are recorded meanwhile."""

_NUM_READINGS: Final = 5

_SECONDS_A_DAY: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was demanded.

    Attributes
    ----------
    what : str
        In a few words.
    found, demanded : str
        The figures.
    is_met : bool
        Whether the one does for the other.
    """

    what: str
    found: str
    demanded: str
    is_met: bool


def verdict(run: SoakRun, plan: SoakPlan) -> list[Finding]:
    """Hold a run against all that was demanded.

    Parameters
    ----------
    run : SoakRun
        To its end.
    plan : SoakPlan
        What was heard.

    Returns
    -------
    list of Finding
        Memory, handles, threads, samples, rows, recordings, losses.
    """
    return [*_flat(run, plan), *_exact(run, plan), *_bounded(run, plan), *_unharmed(run)]


def warm(run: SoakRun, plan: SoakPlan) -> list[Reading]:
    """Give the readings that count.

    Parameters
    ----------
    run : SoakRun
        To its end.
    plan : SoakPlan
        Says when it is warm.

    Returns
    -------
    list of Reading
        From then on, while there is sound to send: at the end the source's thread goes.
    """
    last_seconds = plan.seconds - ENDING_SECONDS
    return [each for each in run.readings if plan.warm_seconds <= each.stream_seconds < last_seconds]


def bytes_per_day(readings: Sequence[Reading], of: Callable[[Reading], int]) -> float:
    """Fit a line.

    Parameters
    ----------
    readings : sequence of Reading
        At least two.
    of : callable
        What is looked at.

    Returns
    -------
    float
        Its slope, bytes a day of sound.
    """
    at = np.array([each.stream_seconds for each in readings])
    values = np.array([of(each) for each in readings], dtype=np.float64)
    return float(np.polynomial.Polynomial.fit(at, values, 1).convert().coef[-1]) * _SECONDS_A_DAY


def _flat(run: SoakRun, plan: SoakPlan) -> list[Finding]:
    seen = warm(run, plan)
    if len(seen) < 2:
        return [Finding("readings after the first minutes", str(len(seen)), "2 or more", is_met=False)]
    findings = []
    for name, of in (("resident", _resident), ("own", _own)):
        values = [of(each) for each in seen]
        spread = max(values) - min(values)
        findings.append(
            Finding(
                f"{name} memory after the first {plan.warm_seconds / 60:.3g} minutes",
                f"{size_text(min(values))} to {size_text(max(values))}: {size_text(spread)}",
                f"within {size_text(MAX_GROWTH_BYTES)}",
                spread <= MAX_GROWTH_BYTES,
            )
        )
    handles = [each.held.num_handles for each in seen]
    threads = [each.held.num_threads for each in seen]
    # What comes and goes is not in the least of some readings; what leaks is.
    some = max(_NUM_READINGS, len(seen) // 10)
    first, last = min(handles[:some]), min(handles[-some:])
    return [
        *findings,
        Finding(
            "open handles",
            f"{first} at first, {last} at last, for moments {max(handles)}",
            f"no more at last, for moments {MAX_HANDLES_MORE} more",
            last <= first and max(handles) - min(handles) <= MAX_HANDLES_MORE,
        ),
        Finding(
            "threads",
            str(min(threads)) if min(threads) == max(threads) else f"{min(threads)} to {max(threads)}",
            "always as many",
            min(threads) == max(threads),
        ),
    ]


def _exact(run: SoakRun, plan: SoakPlan) -> list[Finding]:
    summary = run.journal.summary or {}
    heard = summary.get("seconds", 0.0) * RATE_HZ
    spoken = run.journal.states["speech"] + run.journal.states["unsure"]
    return [
        Finding("samples sent", f"{run.num_sent}", f"{plan.num_samples}", run.num_sent == plan.num_samples),
        Finding("stream time, samples", f"{heard:.10g}", f"{plan.num_samples}", heard == plan.num_samples),
        Finding(
            "end of the whole sound, samples",
            f"{run.num_kept}",
            f"{plan.num_samples}",
            run.num_kept == plan.num_samples,
        ),
        Finding(
            "rows",
            f"{run.journal.num_rows}",
            f"{run.num_rows}",
            run.journal.num_rows == run.num_rows == summary.get("windows"),
        ),
        Finding(
            "rows off the grid",
            "; ".join(run.journal.wrong) or "none",
            "none: number, start and end",
            not run.journal.wrong and run.journal.ends_in_a_line,
        ),
        Finding("clips in index.csv", f"{run.num_indexed}", f"{spoken}", run.num_indexed == spoken),
    ]


def _bounded(run: SoakRun, plan: SoakPlan) -> list[Finding]:
    bound = parse_size(plan.max_size)
    allowed = bound + round(TIDIED_SECONDS * KEPT_BYTES_PER_SECOND)
    most = max((each.folder_bytes for each in run.readings), default=0)
    return [
        Finding(
            "recordings at most",
            size_text(most),
            f"{size_text(bound)} and what comes between two looks: {size_text(allowed)}",
            most <= allowed,
        ),
        Finding(
            "recordings at the end",
            size_text(run.end_bytes),
            f"{size_text(bound)} and a clip",
            run.end_bytes <= bound + CLIP_BYTES,
        ),
    ]


def _unharmed(run: SoakRun) -> list[Finding]:
    summary = run.journal.summary or {}
    lost = {name: summary.get(name) for name in ("overruns", "gaps", "dropped_seconds", "non_finite_samples")}
    said = [*summary.get("failures", ["no summary"]), *summary.get("complaints", [])]
    never = [state for state in STATES if not run.journal.states[state]]
    odd = set(run.journal.others) - {"header", "summary", "alert"}
    return [
        Finding(
            "overruns, gaps, drops, odd samples",
            ", ".join(f"{value:g}" for value in lost.values() if value is not None),
            "none",
            not any(lost.values()) and not odd,
        ),
        Finding("complaints", "; ".join(said) or "none", "none", not said),
        Finding("exit code", str(run.exit_code), "0", run.exit_code == 0),
        Finding("states that never came", ", ".join(never) or "none", "none", not never),
    ]


def _resident(reading: Reading) -> int:
    return reading.held.resident_bytes


def _own(reading: Reading) -> int:
    return reading.held.own_bytes


MAX_POINTS: Final = 240

Figures = dict[str, Any]


def figures(run: SoakRun, plan: SoakPlan, findings: Sequence[Finding]) -> Figures:
    """Put together what page and picture are made of.

    Parameters
    ----------
    run : SoakRun
        To its end.
    plan : SoakPlan
        What was heard.
    findings : sequence of Finding
        The verdict.

    Returns
    -------
    dict
        To be written as JSON; each point is the greatest of the readings that it stands for.
    """
    machine = this_machine()
    seen = warm(run, plan)
    journal = run.journal
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "cpu": machine.cpu,
        "num_cores": machine.num_cores,
        "system": machine.system,
        "python": machine.python,
        "model": plan.model,
        "hours": round(plan.seconds / 3600, 3),
        "clock_seconds": round(run.clock_seconds, 1),
        "max_size": plan.max_size,
        "seed": plan.seed,
        "options": " ".join(plan.options_shown()),
        "warm_seconds": plan.warm_seconds,
        "num_readings": len(run.readings),
        "resident_bytes_per_day": round(bytes_per_day(seen, lambda each: each.held.resident_bytes))
        if len(seen) > 1
        else None,
        "journal_bytes_per_day": round(journal.num_bytes / plan.seconds * 86_400),
        "states": dict(sorted(journal.states.items())),
        "alerts": journal.others["alert"],
        "findings": [
            {"what": each.what, "found": each.found, "demanded": each.demanded, "is_met": each.is_met}
            for each in findings
        ],
        "points": {name: [point[name] for point in _points(run.readings)] for name in _NAMES},
    }


_NAMES: Final = (
    "hours", "resident_mb", "own_mb", "handles", "threads", "lag_ms", "recordings_mb", "journal_mb",
)  # fmt: skip


def _points(readings: Sequence[Reading]) -> list[dict[str, float]]:
    """Let each point stand for as many readings as there must be, by the greatest of each figure."""
    together = max(1, -(-len(readings) // MAX_POINTS))
    parts = [readings[at : at + together] for at in range(0, len(readings), together)]
    return [
        {
            "hours": round(part[-1].stream_seconds / 3600, 4),
            "resident_mb": round(max(each.held.resident_bytes for each in part) / 1e6, 2),
            "own_mb": round(max(each.held.own_bytes for each in part) / 1e6, 2),
            "handles": max(each.held.num_handles for each in part),
            "threads": max(each.held.num_threads for each in part),
            "lag_ms": round(max(each.max_lag_seconds for each in part) * 1000, 1),
            "recordings_mb": round(max(each.folder_bytes for each in part) / 1e6, 1),
            "journal_mb": round(part[-1].journal_bytes / 1e6, 2),
        }
        for part in parts
    ]


def figures_text(found: Figures) -> str:
    """Write them.

    Parameters
    ----------
    found : dict
        As `figures` gives them.

    Returns
    -------
    str
        JSON: a line a key, a curve in one line.
    """
    lines = [f" {json.dumps(name)}: {json.dumps(value)}" for name, value in found.items() if name != "points"]
    curves = [f"  {json.dumps(name)}: {json.dumps(curve)}" for name, curve in found["points"].items()]
    return "{\n" + ",\n".join([*lines, ' "points": {\n' + ",\n".join(curves) + "\n }"]) + "\n}\n"
