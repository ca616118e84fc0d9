"""What the shipped models say of the demo's speech, held against what they said when they were fitted.

``.venv/bin/python -m tests.end_to_end.test_shipped_rows`` writes the golden files anew: do so after a refit.
"""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.command import callmood, read_journal

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "callmood" / "demo" / "speech.flac"
MODELS = ("speech", "speech-light", "speech-open")
TOLERANCE = 2e-3
"""Processors sum in other orders, and a baseline adds them up."""


def rows_of(model: str, folder: Path) -> list[dict[str, Any]]:
    """Replay the demo; give what a row says that does not depend on the machine."""
    done = callmood("replay", str(DEMO), "--fast", "--model", model, "--journal", "rows.jsonl", cwd=folder)
    assert done.returncode == 0, done.stderr
    return [
        {
            "window": row["window"],
            "state": row["state"],
            "probabilities": row["probabilities"]
            and {k: round(v, 5) for k, v in row["probabilities"].items()},
        }
        for row in read_journal(folder / "rows.jsonl").rows
    ]


def golden_file(model: str) -> Path:
    """Say where its rows are kept."""
    return ROOT / "tests" / "golden" / f"{model}-demo.json"


@pytest.mark.parametrize("model", MODELS)
def test_a_shipped_model_says_what_it_said(model: str, tmp_path: Path) -> None:
    expected = json.loads(golden_file(model).read_text())
    found = rows_of(model, tmp_path)
    assert len(found) == len(expected) > 40
    # A probability at the very bound of doubt may fall to either side elsewhere.
    moved = [row["window"] for row, old in zip(found, expected, strict=True) if row["state"] != old["state"]]
    assert len(moved) <= 1
    for row, old in zip(found, expected, strict=True):
        assert (row["probabilities"] is None) == (old["probabilities"] is None)
        if row["probabilities"] is not None:
            assert row["probabilities"] == pytest.approx(old["probabilities"], abs=TOLERANCE)


if __name__ == "__main__":
    import tempfile

    for name in sys.argv[1:] or MODELS:
        with tempfile.TemporaryDirectory() as place:
            lines = [json.dumps(row) for row in rows_of(name, Path(place))]
        golden_file(name).write_text("[\n" + ",\n".join(lines) + "\n]\n")
