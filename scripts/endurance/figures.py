"""A soak as JSON: what was demanded, and a few hundred readings."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from evaluation.bench.machine import this_machine
from scripts.endurance.plan import SoakPlan
from scripts.endurance.run import Reading, SoakRun
from scripts.endurance.verdict import Finding, bytes_per_day, warm

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
