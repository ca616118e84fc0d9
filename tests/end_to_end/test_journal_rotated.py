"""The real command whose journal is rotated while it is written, or is standard output."""

import json
import shutil
from pathlib import Path

from tests.command import assert_one_line_of_complaint, callmood, read_journal
from tests.fed import Fed
from tests.spoken import DEMO

QUICKLY = ("replay", DEMO, "--fast", "--model", "speech-light", "--duration", "4")


def test_a_journal_that_is_moved_away_is_no_failure_and_said_once(tmp_path: Path) -> None:
    path = tmp_path / "call.jsonl"
    with Fed(tmp_path, "--journal", "call.jsonl") as session:
        session.feed(3)
        session.wait_for_rows(3)
        path.rename(tmp_path / "call.jsonl.1")
        session.feed(2)
        session.wait_for_rows(7)
        assert session.end() == 0, session.stderr
    note = "call.jsonl was moved or removed; the lines go on in a new file of that name"
    assert session.lines[-1]["complaints"] == [note]
    assert session.lines[-1]["files"] == [f"recordings/{session.lines[0]['session']}/", "call.jsonl"]
    moved = [json.loads(line) for line in (tmp_path / "call.jsonl.1").read_text("utf-8").splitlines()]
    journal = read_journal(path)
    assert journal.header == moved[0]
    windows = [line["window"] for line in (*moved[1:], *journal.rows) if line["type"] == "row"]
    assert windows == list(range(7))
    assert journal.summary["complaints"] == [note]


def test_a_working_folder_that_is_removed_ends_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    with Fed(folder, "--journal", "call.jsonl") as session:
        session.feed(3)
        session.wait_for_rows(3)
        shutil.rmtree(folder)
        session.feed(3)
        session.wait_for_rows(8)
        assert session.end() == 7, session.stderr
    assert session.lines[-1]["windows"] == 9
    assert "missing: " in session.lines[-1]["failures"][0]


def test_a_dash_is_standard_output(tmp_path: Path) -> None:
    done = callmood(*QUICKLY, "--journal", "-", cwd=tmp_path)
    assert done.returncode == 0, done
    kinds = [json.loads(line)["type"] for line in done.stdout.splitlines()]
    assert kinds == ["header", *["row"] * 5, "summary"]
    assert not list(tmp_path.iterdir())


def test_a_file_of_that_name_needs_a_folder_before_it(tmp_path: Path) -> None:
    assert callmood(*QUICKLY, "--journal", "./-", cwd=tmp_path).returncode == 0
    assert len(read_journal(tmp_path / "-").rows) == 5


def test_standard_output_is_not_given_away_twice(tmp_path: Path) -> None:
    done = callmood(*QUICKLY, "--journal", "-", "--json", cwd=tmp_path)
    assert_one_line_of_complaint(done, "--json and --journal - both print JSON lines")
    assert done.returncode == 2
