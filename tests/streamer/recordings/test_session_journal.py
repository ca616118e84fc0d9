"""The journal in a session's folder: there whenever anything is, and withdrawn with it."""

import shutil
from pathlib import Path

import pytest

from emotion.errors import OutputError
from streamer.recordings.clips import ClipRecorder, ClipRule
from streamer.recordings.journal_reader import read_journal
from streamer.recordings.session_folder import SessionFolder, SessionJournal
from tests.journal_material import EVENTS, ROWS
from tests.session_material import SESSION, SUMMARY, facts


def opened(out_dir: Path) -> SessionJournal:
    journal = SessionJournal(SessionFolder(out_dir))
    journal.open(facts())
    return journal


def test_it_is_a_journal_in_the_folder_and_the_folder_is_what_was_written(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    for event in EVENTS:
        journal.handle(event)
    journal.close(SUMMARY)
    journal.close(SUMMARY)
    assert journal.files == (f"{tmp_path / SESSION}/",)
    read = read_journal(tmp_path / SESSION / "journal.jsonl")
    assert [row.window for row in read.rows] == [row.window for row in ROWS]
    assert read.summary is not None
    assert sorted(path.name for path in (tmp_path / SESSION).iterdir()) == ["journal.jsonl", "session.json"]


def test_given_up_before_its_first_event_it_leaves_nothing(tmp_path: Path) -> None:
    folder = SessionFolder(tmp_path / "recordings")
    sinks = (ClipRecorder(folder, ClipRule.parse("all")), SessionJournal(folder))
    for sink in sinks:
        sink.open(facts())
    for sink in sinks:
        sink.close(None)
    assert list(tmp_path.iterdir()) == []


def test_given_up_later_it_stays(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    journal.handle(ROWS[0])
    journal.close(None)
    assert read_journal(tmp_path / SESSION / "journal.jsonl").rows[0].window == ROWS[0].window


def test_one_that_cannot_be_opened_leaves_no_folder(tmp_path: Path) -> None:
    folder = SessionFolder(tmp_path / "recordings")
    clips = ClipRecorder(folder, ClipRule.parse("all"))
    clips.open(facts())
    (folder.path / "journal.jsonl").write_text("somebody else's")
    with pytest.raises(OutputError, match="would be overwritten"):
        SessionJournal(folder).open(facts())
    (folder.path / "journal.jsonl").unlink()
    clips.close(None)
    assert list(tmp_path.iterdir()) == []


def test_a_journal_whose_folder_was_removed_is_said_and_never_made_again(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    journal.handle(ROWS[0])
    shutil.rmtree(tmp_path / SESSION)
    with pytest.raises(OutputError, match="was taken away; put it back and saving goes on"):
        journal.handle(ROWS[1])
    assert not journal.recover()
    with pytest.raises(OutputError, match="was taken away"):
        journal.close(SUMMARY)
    assert list(tmp_path.iterdir()) == []
