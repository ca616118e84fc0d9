"""What `make audit` says of a report: a vulnerability, none, or that nothing could be learned."""

from typing import Any

import pytest

from scripts.audit import OK, UNKNOWN, VULNERABLE, verdict

CLEAN = {"name": "numpy", "version": "2.4.6", "vulns": []}
SKIPPED = {"name": "rich", "skip_reason": "Dependency not found"}
BAD = {
    "name": "soundfile",
    "version": "0.1",
    "vulns": [{"id": "X-1", "fix_versions": ["0.2"]}, {"id": "X-2", "fix_versions": []}],
}


@pytest.mark.parametrize(
    ("packages", "code", "words"),
    [
        ([CLEAN, CLEAN], OK, "no advisory against any of 2 packages"),
        ([CLEAN, SKIPPED], UNKNOWN, "no advisories available here for 1 of 2 packages"),
        ([], UNKNOWN, "0 of 0"),
        (
            [CLEAN, BAD, SKIPPED],
            VULNERABLE,
            "soundfile 0.1: X-1, fixed in 0.2\nsoundfile 0.1: X-2, fixed in no",
        ),
    ],
)
def test_a_report_is_not_good_because_nothing_was_found_out(
    packages: list[dict[str, Any]], code: int, words: str
) -> None:
    found, lines = verdict({"dependencies": packages})
    assert found == code
    assert words in "\n".join(lines)
