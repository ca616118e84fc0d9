"""What a soak run must show, what it has shown, and its figures as JSON."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
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
    """A demand, and what was found."""

    what: str
    found: str
    demanded: str
    is_met: bool


def verdict(run: SoakRun, plan: SoakPlan) -> list[Finding]:
    """Compare a run with all that is demanded."""
    return [*_constant(run, plan), *_exact(run, plan), *_bounded(run, plan), *_unharmed(run)]


def warm(run: SoakRun, plan: SoakPlan) -> list[Reading]:
    """Give the readings that count: after the first minutes, and while there is sound to send."""
    last_seconds = plan.seconds - ENDING_SECONDS
    return [each for each in run.readings if plan.warm_seconds <= each.stream_seconds < last_seconds]


def bytes_per_day(readings: Sequence[Reading], of: Callable[[Reading], int]) -> float:
    """Give the slope of a line through a figure of the readings, in bytes a day of sound."""
    at = np.array([each.stream_seconds for each in readings])
    values = np.array([of(each) for each in readings], dtype=np.float64)
    return float(np.polynomial.Polynomial.fit(at, values, 1).convert().coef[-1]) * _SECONDS_A_DAY


def _constant(run: SoakRun, plan: SoakPlan) -> list[Finding]:
    seen = warm(run, plan)
    if len(seen) < 2:
        return [Finding("readings after the first minutes", str(len(seen)), "2 or more", is_met=False)]
    findings = []
    for name, values in (
        ("resident", [each.held.resident_bytes for each in seen]),
        ("own", [each.held.own_bytes for each in seen]),
    ):
        spread = max(values) - min(values)
        what = f"{name} memory after the first {plan.warm_seconds / 60:.3g} minutes"
        found = f"{size_text(min(values))} to {size_text(max(values))}: {size_text(spread)}"
        demanded = f"within {size_text(MAX_GROWTH_BYTES)}"
        findings.append(Finding(what, found, demanded, spread <= MAX_GROWTH_BYTES))
    handles = [each.held.num_handles for each in seen]
    # Handles that come and go are missing from the lowest of some readings; leaked ones are not.
    some = max(_NUM_READINGS, len(seen) // 10)
    first, last = min(handles[:some]), min(handles[-some:])
    found = f"{first} at first, {last} at last, for moments {max(handles)}"
    demanded = f"no more at last, for moments {MAX_HANDLES_MORE} more"
    is_met = last <= first and max(handles) - min(handles) <= MAX_HANDLES_MORE
    findings.append(Finding("open handles", found, demanded, is_met))
    threads = sorted({each.held.num_threads for each in seen})
    found = " to ".join(map(str, [threads[0], threads[-1]][: len(threads)]))
    return [*findings, Finding("threads", found, "always as many", len(threads) == 1)]


def _exact(run: SoakRun, plan: SoakPlan) -> list[Finding]:
    journal, summary = run.journal, run.journal.summary or {}
    num_samples = summary.get("seconds", 0.0) * RATE_HZ
    num_clips = journal.states["speech"] + journal.states["unsure"]
    are_all = journal.num_rows == run.num_rows == summary.get("windows")
    on_grid = not journal.wrong and journal.ends_in_a_line
    wrong = "; ".join(journal.wrong) or "none"
    return [
        _equal("samples sent", run.num_sent, plan.num_samples),
        _equal("stream time, samples", num_samples, plan.num_samples),
        _equal("end of the whole sound, samples", run.num_kept, plan.num_samples),
        Finding("rows", str(journal.num_rows), str(run.num_rows), are_all),
        Finding("rows off the grid", wrong, "none: number, start and end", on_grid),
        _equal("clips in index.csv", run.num_indexed, num_clips),
    ]


def _equal(what: str, found: float, demanded: int) -> Finding:
    return Finding(what, f"{found:.10g}", str(demanded), found == demanded)


def _bounded(run: SoakRun, plan: SoakPlan) -> list[Finding]:
    bound = parse_size(plan.max_size)
    allowed = bound + round(TIDIED_SECONDS * KEPT_BYTES_PER_SECOND)
    most = max((each.folder_bytes for each in run.readings), default=0)
    return [
        Finding(
            "recordings at most",
            size_text(most),
            f"{size_text(bound)} and what comes between two checks: {size_text(allowed)}",
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
    complaints = [*summary.get("failures", ["no summary"]), *summary.get("complaints", [])]
    never = [state for state in STATES if not run.journal.states[state]]
    odd = set(run.journal.others) - {"header", "summary", "alert"}
    return [
        Finding(
            "overruns, gaps, drops, odd samples",
            ", ".join(f"{value:g}" for value in lost.values() if value is not None),
            "none",
            not any(lost.values()) and not odd,
        ),
        Finding("complaints", "; ".join(complaints) or "none", "none", not complaints),
        Finding("exit code", str(run.exit_code), "0", run.exit_code == 0),
        Finding("states that never came", ", ".join(never) or "none", "none", not never),
    ]


MAX_POINTS: Final = 240

Figures = dict[str, Any]


def figures(run: SoakRun, plan: SoakPlan, findings: Sequence[Finding]) -> Figures:
    """Give the data of page and picture."""
    machine = this_machine()
    seen = warm(run, plan)
    journal = run.journal
    points = _points(run.readings)
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
        "findings": [asdict(each) for each in findings],
        "points": {name: [point[name] for point in points] for name in points[0]},
    }


def _points(readings: Sequence[Reading]) -> list[dict[str, float]]:
    """Reduce the readings to at most `MAX_POINTS`, each the greatest of the readings that it stands for."""
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
    """Write `figures` as JSON: a line a key, a curve in one line."""
    lines = [f" {json.dumps(name)}: {json.dumps(value)}" for name, value in found.items() if name != "points"]
    curves = [f"  {json.dumps(name)}: {json.dumps(curve)}" for name, curve in found["points"].items()]
    return "{\n" + ",\n".join([*lines, ' "points": {\n' + ",\n".join(curves) + "\n }"]) + "\n}\n"
