"""A session is found by all that a user may call it, and by nothing else."""

import json
import os
from pathlib import Path

import pytest

from emotion.errors import JournalError, OutputError, UsageError
from streamer.recordings.lookup import StoredSession, find_session
from streamer.recordings.session_folder import SessionFolder, SessionJournal
from tests.journal_material import written_journal
from tests.recorded_material import MIDDLE, NEW, OLD, record
from tests.session_material import SUMMARY, facts


def with_journal(out_dir: Path, session: str) -> Path:
    """Record a session of which only the journal is kept."""
    folder = SessionFolder(out_dir)
    journal = SessionJournal(folder)
    journal.open(facts(session=session))
    journal.close(SUMMARY)
    return folder.path


@pytest.fixture
def out_dir(tmp_path: Path) -> Path:
    for session in (NEW, OLD, MIDDLE):
        with_journal(tmp_path / "recordings", session)
    return tmp_path / "recordings"


def whole(folder: Path) -> StoredSession:
    return StoredSession(folder.name, folder, folder / "journal.jsonl")


@pytest.mark.parametrize("given", [OLD, OLD[:8], OLD[:-1]])
def test_by_id_or_a_beginning_of_it(out_dir: Path, given: str) -> None:
    assert find_session(given, out_dir) == whole(out_dir / OLD)


def test_an_id_is_that_session_also_where_another_one_begins_so(out_dir: Path) -> None:
    with_journal(out_dir, f"{OLD}-copy")
    assert find_session(OLD, out_dir) == whole(out_dir / OLD)


def test_by_its_folder_or_its_journal(out_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = out_dir / OLD
    assert find_session(str(folder), out_dir / "elsewhere") == whole(folder)
    assert find_session(str(folder / "journal.jsonl"), out_dir / "elsewhere") == whole(folder)
    monkeypatch.chdir(folder)
    assert find_session(".", out_dir) == StoredSession(OLD, Path(), Path("journal.jsonl"))


def test_without_its_journal_it_says_how_to_make_one(out_dir: Path) -> None:
    assert find_session(OLD, out_dir).journal_for("exports") == out_dir / OLD / "journal.jsonl"
    (out_dir / OLD / "journal.jsonl").unlink()
    with pytest.raises(
        JournalError, match=f"{OLD} has no journal, which exports are .* replay {OLD} --journal"
    ):
        find_session(OLD, out_dir).journal_for("exports")


def test_last_is_the_session_that_began_last_whatever_its_folder_is_called(out_dir: Path) -> None:
    assert find_session("last", out_dir) == whole(out_dir / NEW)
    (out_dir / NEW).rename(out_dir / "0-interview")
    assert find_session("last", out_dir) == whole(out_dir / "0-interview")


def test_of_two_sessions_in_one_second_the_last_is_by_the_clock(tmp_path: Path) -> None:
    for session, started in (("20261123T025959Z-ffff", "59.100"), ("20261123T025959Z-0000", "59.900")):
        (tmp_path / session).mkdir()
        content = {"session": session, "started": f"2026-11-23T02:59:{started}+00:00", "sources": [{}]}
        content["sources"] = [{"sample_rate": 8000, "channels": 1, "sample_format": "PCM_16"}]
        (tmp_path / session / "session.json").write_text(json.dumps(content))
    assert find_session("last", tmp_path).name == "20261123T025959Z-0000"


def test_a_damaged_session_is_ordered_by_its_name(out_dir: Path) -> None:
    (out_dir / NEW / "session.json").write_bytes(b"{")
    assert find_session("last", out_dir).name == NEW


def test_a_session_without_a_journal_is_found(tmp_path: Path) -> None:
    folder = record(tmp_path, OLD)
    assert find_session(OLD, tmp_path) == StoredSession(OLD, folder, None)


def test_a_journal_elsewhere_leads_to_its_session(out_dir: Path, tmp_path: Path) -> None:
    journal = written_journal(tmp_path / "call.jsonl", session=OLD)
    assert find_session(str(journal), out_dir) == StoredSession(OLD, out_dir / OLD, journal)
    assert find_session(str(journal), tmp_path) == StoredSession("call", None, journal)


@pytest.mark.parametrize("first_line", ["", "{", "[]", '{"session": 1}', '{"session": "../recordings"}'])
def test_a_file_that_is_no_journal_leads_nowhere_else(out_dir: Path, tmp_path: Path, first_line: str) -> None:
    (tmp_path / "call.jsonl").write_text(first_line + "\n")
    assert find_session(str(tmp_path / "call.jsonl"), out_dir).folder is None


def test_a_beginning_of_several_names_them(out_dir: Path) -> None:
    with_journal(out_dir, "20261124T000000Z-0000")
    with pytest.raises(UsageError, match=f"begins 4 sessions, {OLD}, {MIDDLE}, {NEW} and 1 more"):
        find_session("2026", out_dir)


@pytest.mark.parametrize(
    "given", ["", "nobody", "..", "*", f"{OLD}x", "x" * 5000, "\0", "\x1b[31m", "../recordings", "/"]
)
def test_what_is_no_session_is_refused_in_one_plain_line(out_dir: Path, given: str) -> None:
    with pytest.raises(UsageError, match="is neither a session in") as raised:
        find_session(given, out_dir)
    assert str(raised.value).isprintable()


def test_where_there_is_no_session_there_is_no_last_one(tmp_path: Path) -> None:
    for out_dir in (tmp_path, tmp_path / "missing"):
        with pytest.raises(UsageError, match="there is no last session"):
            find_session("last", out_dir)


def test_links_below_the_folder_of_recordings_are_not_followed(out_dir: Path, tmp_path: Path) -> None:
    elsewhere = with_journal(tmp_path / "private", "20261125T000000Z-0000")
    (out_dir / elsewhere.name).symlink_to(elsewhere)
    assert find_session("last", out_dir).name == NEW
    with pytest.raises(UsageError, match="is neither"):
        find_session(elsewhere.name, out_dir)
    (out_dir / OLD / "journal.jsonl").unlink()
    (out_dir / OLD / "journal.jsonl").symlink_to(elsewhere / "journal.jsonl")
    assert find_session(OLD, out_dir).journal is None
    (out_dir / NEW / "session.json").unlink()
    (out_dir / NEW / "session.json").symlink_to(elsewhere / "session.json")
    assert find_session("last", out_dir).name == MIDDLE


def test_a_pipe_is_not_waited_for(out_dir: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match="is neither"):
        find_session(str(tmp_path / "pipe"), out_dir)


def test_a_folder_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"cannot look into .*file: Not a directory"):
        find_session("last", tmp_path / "file")
