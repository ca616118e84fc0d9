"""What `make same-rows` calls the same: values that vary by nature, and nothing else."""

import json
import re

import pytest

from scripts.same_rows import first_difference
from tests.command import Row

HEADER: Row = {"type": "header", "session": "a", "started": "12:00", "labels": ["angry", "sad"]}
ROW: Row = {
    "type": "row",
    "leg": "left",
    "window": 3,
    "smoothed": {"angry": 0.25, "sad": 0.75},
    "lag_seconds": 0.1,
}
SUMMARY: Row = {"type": "summary", "windows": 1, "real_time_factor": 0.06, "max_lag_seconds": 0.1}


def lines(*values: Row) -> list[str]:
    return [json.dumps(each) for each in values]


def test_session_clock_and_speed_may_differ() -> None:
    again = lines(
        HEADER | {"session": "b", "started": "13:00"},
        ROW | {"lag_seconds": 0.2},
        SUMMARY | {"real_time_factor": 0.07, "max_lag_seconds": 0.2},
    )
    assert first_difference(lines(HEADER, ROW, SUMMARY), again) is None


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (ROW | {"smoothed": {"angry": 0.25, "sad": 0.7500000000000001}}, "smoothed was .*, is .*0000001}$"),
        (ROW | {"smoothed": {"sad": 0.75, "angry": 0.25}}, "smoothed was .*, is {'sad'"),
        (ROW | {"window": 3.0}, "window was 3, is 3.0"),
        (ROW | {"more": 0}, "more was None, is 0"),
        (ROW | {"more": None}, "names or the order of the fields"),
        ({name: value for name, value in ROW.items() if name != "lag_seconds"}, "names or the order"),
        (dict(reversed(ROW.items())), "names or the order"),
    ],
)
def test_all_else_is_a_difference(changed: Row, words: str) -> None:
    found = first_difference(lines(HEADER, ROW, SUMMARY), lines(HEADER, changed, SUMMARY))
    assert found is not None
    assert found.startswith("DIFFERENT in line 2 (type row, leg left, window 3): ")
    assert re.search(words, found)


def test_lines_that_are_missing_or_too_many_are_a_difference() -> None:
    whole = lines(HEADER, ROW, SUMMARY)
    assert first_difference(whole, whole[:2]) == "DIFFERENT: 3 lines in the base, 2 here"
    assert first_difference(whole[:2], whole) == "DIFFERENT: 2 lines in the base, 3 here"
