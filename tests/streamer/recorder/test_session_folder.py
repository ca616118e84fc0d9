"""A session's folder: made once, for one session, and gone again if nothing came of it."""

import json
import resource
from dataclasses import replace
from pathlib import Path

import pytest

from emotion.errors import OutputError
from streamer.recorder.session_folder import SessionFolder
from tests.session_material import SESSION, SUMMARY, facts


def test_it_says_what_the_session_is_and_what_became_of_it(tmp_path: Path) -> None:
    folder = SessionFolder(tmp_path / "deep" / "recordings")
    folder.open(facts())
    path = tmp_path / "deep" / "recordings" / SESSION / "session.json"
    values = json.loads(path.read_bytes())
    assert values["model"] == "speech-classic"
    assert "summary" not in values
    folder.close(SUMMARY)
    assert json.loads(path.read_bytes()) == {
        **values,
        "summary": {
            **json.loads(path.read_bytes())["summary"],
            "seconds": 63.5,
            "emotions": {"sad": 1, "angry": 1},
        },
    }
    assert [entry.name for entry in path.parent.iterdir()] == ["session.json"]


def test_people_can_read_what_it_says_whatever_the_device_is_called(tmp_path: Path) -> None:
    (source,) = facts().sources
    odd = replace(source, name="card \udcff")
    folder = SessionFolder(tmp_path)
    folder.open(replace(facts(), sources=(source, odd)))
    content = (tmp_path / SESSION / "session.json").read_text(encoding="utf-8")
    assert "a source — with ünicode" in content
    assert "\\udcff" in content, "what is no text is written as an escape"
    assert content.endswith("\n}\n")
    assert max(len(line) for line in content.splitlines()) < 100
    assert json.loads(content)["sources"][0]["name"] == source.name


def test_a_summary_that_cannot_be_written_names_its_file(tmp_path: Path) -> None:
    folder = SessionFolder(tmp_path)
    folder.open(facts())
    head = tmp_path / SESSION / "session.json"
    head.unlink()
    head.mkdir()
    with pytest.raises(OutputError, match=rf"cannot write .*{SESSION}/session\.json: .*directory"):
        folder.close(SUMMARY)
    head.rmdir()
    head.parent.rmdir()
    with pytest.raises(OutputError, match=f"{SESSION} was taken away"):
        folder.close(SUMMARY)


def test_a_folder_that_exists_is_another_sessions(tmp_path: Path) -> None:
    (tmp_path / SESSION).mkdir()
    with pytest.raises(OutputError, match=f"{SESSION}: File exists"):
        SessionFolder(tmp_path).open(facts())
    assert not list((tmp_path / SESSION).iterdir())


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "recordings").write_text("")
    with pytest.raises(OutputError, match=rf"recordings/{SESSION}: .*choose another"):
        SessionFolder(tmp_path / "recordings").open(facts())


def test_a_folder_that_cannot_be_written_into_is_taken_back_with_all_above_it(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    folder = SessionFolder(tmp_path / "deep" / "recordings")
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        with pytest.raises(OutputError, match=r"session\.json: Too many open files"):
            folder.open(facts())
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert not list(tmp_path.iterdir())


def test_a_session_that_never_began_leaves_no_trace(tmp_path: Path) -> None:
    folder = SessionFolder(tmp_path)
    folder.open(facts())
    folder.open(facts())
    folder.close(None)
    assert (tmp_path / SESSION / "session.json").exists()
    folder.close(None)
    assert not list(tmp_path.iterdir())


def test_what_a_session_kept_stays_when_it_is_given_up(tmp_path: Path) -> None:
    folder = SessionFolder(tmp_path)
    folder.open(facts())
    (tmp_path / SESSION / "clips").mkdir()
    folder.close(None)
    assert {entry.name for entry in (tmp_path / SESSION).iterdir()} == {"session.json", "clips"}


def test_a_folder_that_cannot_be_taken_back_says_so_in_one_line(tmp_path: Path) -> None:
    folder = SessionFolder(tmp_path)
    folder.open(facts())
    head = tmp_path / SESSION / "session.json"
    head.unlink()
    head.mkdir()
    with pytest.raises(OutputError, match=SESSION):
        folder.close(None)
