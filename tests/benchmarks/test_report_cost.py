"""What a report costs is measured of the real command, and held to its limits."""

from pathlib import Path

import pytest

from benchmarks.recorded_call import CallScene, record_call
from benchmarks.report_cost import ReportCosts, beyond_limits, costs_of_session, costs_table
from emotion.errors import UsageError


def test_the_cost_of_a_report_is_that_of_the_command(tmp_path: Path) -> None:
    session = record_call(tmp_path, CallScene(10), with_sound=False)
    [costs] = costs_of_session(session, 10 / 3600, ["txt"])
    assert costs.kind == "txt"
    assert 0.0 < costs.processor_seconds < 60.0
    assert 0.0 < costs.seconds < 120.0
    assert 10_000_000 < costs.peak_bytes < 400_000_000
    assert 500 < costs.file_bytes < 10_000
    (session / "journal.jsonl").unlink()
    with pytest.raises(UsageError, match="has no journal"):
        costs_of_session(session, 10 / 3600, ["txt"])


def test_the_table_names_the_limits() -> None:
    hour = ReportCosts(1, "html", 4.25, 6.0, 80_000_000, 2_000_000)
    silent = ReportCosts(1, "html without audio", 2.0, 2.5, 70_000_000, 800_000)
    night = ReportCosts(8, "png", 12.0, 12.0, 300_000_000, 500_000)
    lines = costs_table([hour, silent, night]).splitlines()[2:]
    assert lines == [
        "| 1 h | html | 6.00 s | 4.25 s (at most 5.00 s) | 80 MB (at most 400 MB) | 2 MB (at most 8 MB) |",
        "| 1 h | html without audio | 2.50 s | 2.00 s (at most 5.00 s) | 70 MB (at most 400 MB) "
        "| 0.8 MB (at most 3 MB) |",
        "| 8 h | png | 12.00 s | 12.00 s (at most 40.00 s) | 300 MB | 0.5 MB |",
    ]


def test_what_is_beyond_a_limit_is_named() -> None:
    good = ReportCosts(1, "html", 4.25, 6.0, 80_000_000, 2_000_000)
    slow = ReportCosts(1, "html without audio", 5.01, 5.0, 500_000_000, 2_000_000)
    assert beyond_limits([good, ReportCosts(3, "txt", 900.0, 900.0, 9**12, 9**12)]) == []
    assert beyond_limits([good, slow]) == [
        "html without audio of 1 h: 5.01 s, and 5.00 s is the most",
        "html without audio of 1 h: 500 MB, and 400 MB is the most",
    ]
