"""docs/journal.schema.json is what the code reads, and what callmood writes."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import numpy as np
import pytest
import soundfile

from scripts.journal_schema import SCHEMA, schema_text
from streamer.sinks.journal import JournalLine, to_json
from tests.command import callmood
from tests.journal_material import written_journal
from tests.spoken import DEMO

VALIDATOR = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
TYPES = set(VALIDATOR.schema["discriminator"]["mapping"])


def assert_valid(lines: list[str]) -> None:
    for line in lines:
        VALIDATOR.validate(json.loads(line))
        # Each number is of the type, and each key in the place, that the schema's types give it.
        typed = msgspec.json.decode(line, type=JournalLine)
        assert to_json(msgspec.to_builtins(typed), ascii_only=line.isascii()) == line


def types_of(lines: list[str]) -> set[str]:
    return {json.loads(line)["type"] for line in lines}


def test_the_file_is_what_the_code_says() -> None:
    command = "run: .venv/bin/python -m scripts.journal_schema"
    assert SCHEMA.read_text(encoding="utf-8") == schema_text(), command
    jsonschema.Draft202012Validator.check_schema(VALIDATOR.schema)


def test_a_line_of_each_type_is_valid(tmp_path: Path) -> None:
    lines = written_journal(tmp_path / "call.jsonl").read_text(encoding="utf-8").splitlines()
    assert types_of(lines) == TYPES
    assert_valid(lines)


def test_the_lines_of_a_call_are_valid(tmp_path: Path) -> None:
    samples, rate = soundfile.read(DEMO, dtype="float32")
    sides = np.stack([samples, np.roll(samples, rate)], axis=1)
    sides[100, 0] = np.nan
    soundfile.write(tmp_path / "call.wav", sides, rate, subtype="FLOAT")
    done = callmood(
        *("replay", "call.wav", "--fast", "--model", "speech-light", "--legs", "left=customer,right=friend"),
        *("--alert", "neutral>0.3 for 1s", "--on-alert", "false", "--json", "--journal", "call.jsonl"),
        *("--record", "speech", "--voice", "customer=anna"),
        cwd=tmp_path,
    )
    printed = done.stdout.splitlines()
    lines = (tmp_path / "call.jsonl").read_text(encoding="utf-8").splitlines()
    assert types_of(lines) == {"header", "row", "alert", "complaint", "summary"}
    assert len(printed) == len(lines) > 100
    assert_valid(lines)
    assert_valid(printed)


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("header", {"format": 3}),
        ("header", {"sources": [{}]}),
        ("row", {"state": "sleeping"}),
        ("row", {"smoothed": {"angry": 1.5}}),
        ("gap", {"cause": "nobody"}),
        ("alert", {"at": "now"}),
        ("summary", {"windows": -1}),
        ("mark", {"type": "later"}),
    ],
)
def test_what_no_callmood_writes_is_not_valid(kind: str, change: dict[str, Any], tmp_path: Path) -> None:
    lines = map(json.loads, written_journal(tmp_path / "call.jsonl").read_text(encoding="utf-8").splitlines())
    line = next(line for line in lines if line["type"] == kind)
    assert VALIDATOR.is_valid(line)
    assert not VALIDATOR.is_valid(line | change)


@pytest.mark.parametrize("kind", sorted(TYPES))
def test_each_key_is_wanted_but_those_that_came_later(kind: str, tmp_path: Path) -> None:
    lines = map(json.loads, written_journal(tmp_path / "call.jsonl").read_text(encoding="utf-8").splitlines())
    line = next(line for line in lines if line["type"] == kind)
    optional = {key for key in line if VALIDATOR.is_valid({name: line[name] for name in line if name != key})}
    later = {
        "header": {"alerts", "announced", "clock", "lines", "staff"},
        "row": {"voice_known"},
        "mark": {"note"},
        "summary": {"legs", "skipped"},
    }
    assert optional == later.get(kind, set())
