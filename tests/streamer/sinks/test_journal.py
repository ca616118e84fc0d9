"""The journal: what it holds, when it holds it, and what it refuses."""

import json
import os
import re
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotion.errors import OutputError
from streamer.events import Failure, Gap, Mark, Pause
from streamer.session_info import SessionClock
from streamer.sinks.journal import JournalWriter, event_values, to_json
from tests.ordinary_user import AS_ORDINARY_USER
from tests.session_material import STARTED, SUMMARY, facts, silent_row, speech_row

CLOCK = SessionClock.of(facts())

GAP = Gap(
    leg="mono", start=1.5, end=2.25, start_sample=1500, end_sample=2250, cause="overrun", estimated=True
)


def lines(path: Path) -> list[dict[str, Any]]:
    text = path.read_bytes().decode("utf-8")
    assert text.endswith("\n")
    return [json.loads(line, parse_constant=pytest.fail) for line in text.splitlines()]


def test_each_line_is_there_as_soon_as_it_happens(tmp_path: Path) -> None:
    path = tmp_path / "call.jsonl"
    journal = JournalWriter(path)
    assert not journal.files
    journal.open(facts())
    assert [line["type"] for line in lines(path)] == ["header"]
    journal.handle(speech_row())
    assert len(lines(path)) == 2
    journal.handle(silent_row(1))
    journal.handle(GAP)
    journal.handle(Mark(2.5, STARTED + 2.5))
    journal.handle(Pause(3.0, STARTED + 3.0, paused=True))
    journal.handle(Pause(5.0, STARTED + 5.0, paused=False))
    journal.handle(Failure("cannot write clips: the disk is full"))
    assert len(lines(path)) == 8
    journal.close(SUMMARY)
    journal.close(SUMMARY)
    kinds = ["header", "row", "row", "gap", "mark", "pause", "resume", "failure", "summary"]
    assert [line["type"] for line in lines(path)] == kinds
    assert journal.files == (str(path),)


def test_the_header_says_what_the_session_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    script = (
        "import sys; from pathlib import Path; from streamer.sinks.journal import JournalWriter\n"
        "from tests.session_material import facts\n"
        "journal = JournalWriter(Path(sys.argv[1])); journal.open(facts())\n"
    )
    path = tmp_path / "call.jsonl"
    subprocess.run([sys.executable, "-c", script, str(path)], check=True, cwd=Path(__file__).parents[3])
    header = lines(path)[0]
    assert header["started"] == "2026-11-23T03:59:59.250+01:00"
    assert header["session"] == "20261123T025959Z-0abc"
    assert (header["model"], header["feature_set"], header["version"]) == (
        "speech-classic",
        "classic-speech/1",
        "0.1.0",
    )
    assert (header["win_seconds"], header["step_seconds"], header["labels"]) == (
        0.2,
        0.05,
        ["angry", "happy", "neutral", "sad"],
    )
    assert header["sources"][0]["name"] == "a source — with ünicode"
    assert header["model_notes"] == ["weights: non-commercial use only"]


def test_a_row_has_the_fields_that_were_promised_and_silence_has_no_emotion() -> None:
    spoken, silent = (
        json.loads(to_json(event_values(speech_row(3), CLOCK))),
        json.loads(to_json(event_values(silent_row(4), CLOCK))),
    )
    assert list(spoken) == [
        *("type", "leg", "window", "start", "end", "state", "emotion", "probabilities", "smoothed"),
        *("level_dbfs", "lag_seconds", "voice_known"),
    ]
    assert list(spoken) == list(silent)
    assert (silent["state"], silent["emotion"], silent["probabilities"], silent["smoothed"]) == (
        "silence",
        None,
        None,
        None,
    )


@given(st.lists(st.floats(0, 1), min_size=4, max_size=4))
def test_numbers_come_back_as_the_same_bits(values: list[float]) -> None:
    labels = ("angry", "happy", "neutral", "sad")
    row = replace(
        speech_row(),
        probabilities=dict(zip(labels, np.array(values), strict=True)),
        smoothed=dict(zip(labels, np.array(values, dtype=np.float32), strict=True)),
    )
    back = json.loads(to_json(event_values(row, CLOCK)))
    assert list(back["probabilities"].values()) == values
    assert list(back["smoothed"].values()) == [float(np.float32(value)) for value in values]


def test_a_number_that_is_none_never_reaches_the_file(tmp_path: Path) -> None:
    journal = JournalWriter(tmp_path / "call.jsonl")
    journal.open(facts())
    with pytest.raises(ValueError, match="JSON compliant"):
        journal.handle(replace(speech_row(), level_dbfs=float("nan")))
    assert len(lines(tmp_path / "call.jsonl")) == 1
    journal.close(SUMMARY)


def test_a_file_name_that_is_no_utf8_makes_a_valid_line(tmp_path: Path) -> None:
    name = b"caf\xe9.wav".decode("utf-8", "surrogateescape")
    head = facts()
    journal = JournalWriter(tmp_path / "call.jsonl")
    journal.open(replace(head, sources=(replace(head.sources[0], name=name),)))
    journal.close(None)
    journal = JournalWriter(tmp_path / "call.jsonl")
    journal.open(replace(head, sources=(replace(head.sources[0], name=name),)))
    assert lines(tmp_path / "call.jsonl")[0]["sources"][0]["name"] == name
    journal.close(SUMMARY)


def test_what_holds_something_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "call.jsonl"
    path.write_text("mine\n")
    with pytest.raises(OutputError, match=r"call\.jsonl would be overwritten.*5 bytes.*choose another name"):
        JournalWriter(path).open(facts())
    assert path.read_text() == "mine\n"


def test_an_empty_file_is_taken_and_left_empty_by_a_session_that_never_began(tmp_path: Path) -> None:
    path = tmp_path / "call.jsonl"
    path.touch()
    journal = JournalWriter(path)
    journal.open(facts())
    assert path.stat().st_size
    journal.close(None)
    assert path.read_bytes() == b""
    assert journal.files == ()


def test_a_session_that_never_began_leaves_no_journal(tmp_path: Path) -> None:
    journal = JournalWriter(tmp_path / "call.jsonl")
    journal.open(facts())
    journal.close(None)
    assert not list(tmp_path.iterdir())


def test_a_journal_that_cannot_be_taken_back_says_so_in_one_line(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from streamer.sinks.journal import JournalWriter\n"
        "from tests.session_material import facts\n"
        "journal = JournalWriter(Path(sys.argv[1])); journal.open(facts())\n"
        "Path(sys.argv[1]).parent.chmod(0o555); journal.close(None)\n"
    )
    command = [*AS_ORDINARY_USER, sys.executable, "-c", script, str(tmp_path / "call.jsonl")]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[3], timeout=60
    )
    assert re.search(
        r"OutputError: cannot write .*call\.jsonl: Permission denied; choose a place", done.stderr
    )
    assert (tmp_path / "call.jsonl").read_bytes() == b""


def test_what_has_come_in_the_place_of_a_journal_that_is_taken_back_stays(tmp_path: Path) -> None:
    path = tmp_path / "call.jsonl"
    journal = JournalWriter(path)
    journal.open(facts())
    path.unlink()
    path.write_text("theirs")
    journal.close(None)
    assert path.read_text() == "theirs"
    assert journal.files == ()


def test_a_missing_folder_is_named_and_not_made(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"there is no folder .*gone; make it first"):
        JournalWriter(tmp_path / "gone" / "call.jsonl").open(facts())
    assert not list(tmp_path.iterdir())


def test_a_folder_is_no_journal(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="that is a folder"):
        JournalWriter(tmp_path).open(facts())


def test_a_full_device_is_refused_at_once() -> None:
    with pytest.raises(OutputError, match=r"/dev/full: No space left on device; free some space"):
        JournalWriter("/dev/full").open(facts())


def test_a_pipe_is_read_while_the_session_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    journal = JournalWriter(path)
    journal.open(facts())
    journal.handle(speech_row())
    journal.close(SUMMARY)
    with os.fdopen(reader, encoding="utf-8") as file:
        assert [json.loads(line)["type"] for line in file] == ["header", "row", "summary"]


def test_a_pipe_that_nobody_reads_does_not_hold_the_session_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OutputError, match="start its reader first"):
        JournalWriter(tmp_path / "pipe").open(facts())


def test_a_reader_that_leaves_ends_the_journal(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    journal = JournalWriter(tmp_path / "pipe")
    journal.open(facts())
    os.close(reader)
    with pytest.raises(OutputError, match="its reader has left"):
        journal.handle(speech_row())
    journal.close(None)


def test_a_reader_that_stalls_is_waited_for_but_not_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streamer.terminal_io.WRITE_TIMEOUT_SECONDS", 0.05)
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    journal = JournalWriter(tmp_path / "pipe")
    journal.open(facts())

    def tell_for_long() -> None:
        for window in range(10_000):
            journal.handle(speech_row(window))

    with pytest.raises(OutputError, match=r"has taken nothing for 0\.05 s"):
        tell_for_long()
    journal.close(None)
    os.close(reader)


def test_a_slow_reader_gets_every_line(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    os.set_blocking(reader, True)
    seen: list[str] = []
    journal = JournalWriter(tmp_path / "pipe")
    journal.open(facts())

    def read_on() -> None:
        with os.fdopen(reader, encoding="utf-8") as file:
            seen.extend(file)

    thread = threading.Thread(target=read_on)
    thread.start()
    for window in range(1000):
        journal.handle(speech_row(window))
    journal.close(SUMMARY)
    thread.join(timeout=20)
    assert not thread.is_alive()
    assert [json.loads(line).get("window") for line in seen[1:-1]] == list(range(1000))
