"""What a scan finds in a folder of recordings, and what it remembers of the pass before."""

import os
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamer.recordings.scan import SESSION, FolderContents, Scanner, opened_folder
from streamer.recordings.session_audio import first_sample_of, is_sound_folder, sound_folder, sound_name
from streamer.recordings.session_folder import SessionFolder
from tests.recorded_material import NEW, OLD, record, size
from tests.session_material import SUMMARY, facts


@given(st.integers(0, 10**15), st.booleans(), st.integers(0, 30))
def test_the_names_of_the_whole_sound_are_known(first_sample: int, continues: bool, source: int) -> None:
    name = sound_name(first_sample, continues=continues)
    assert first_sample_of(name) == first_sample
    assert is_sound_folder(sound_folder(source))
    sounds = SESSION.folder(sound_folder(source))
    assert sounds is not None
    assert sounds.owns_file(name)
    assert sounds.owns_file(f".{name}.123.part")
    assert not sounds.owns_file(f"{name}.bak")


def test_all_that_a_session_writes_is_known_as_ours(tmp_path: Path) -> None:
    path = record(tmp_path, OLD)
    clip = min(path.glob("clips/*/*"))
    clip.with_name(f".{clip.name}.77.part").write_bytes(b"RI")
    scanner = Scanner()
    scanner.begin_pass(time.time())
    with opened_folder(tmp_path) as recordings:
        found = scanner.scan(OLD, recordings)
    assert found is not None
    assert (found.total.num_foreign, found.named, found.has_summary) == (0, OLD, True)
    assert found.total.num_bytes == size(path)
    assert found.total.num_files == sum(file.is_file() for file in path.rglob("*")) == 9


def test_three_foreign_entries_are_named_and_the_others_counted() -> None:
    inner, outer = FolderContents(), FolderContents()
    for number in range(5):
        inner.count_foreign(f"sound/{number}")
    for name in ("a", "b"):
        outer.count_foreign(name)
    outer.add(inner)
    assert (inner.num_foreign, inner.foreign) == (5, ["sound/0", "sound/1", "sound/2"])
    assert (outer.num_foreign, outer.foreign) == (7, ["a", "b", "sound/0"])


@pytest.mark.parametrize("content", [b"{", b" " * 1_000_001])
def test_a_session_file_that_cannot_be_read_tells_of_no_end(tmp_path: Path, content: bytes) -> None:
    (record(tmp_path, OLD) / "session.json").write_bytes(content)
    scanner = Scanner()
    scanner.begin_pass(time.time())
    with opened_folder(tmp_path) as recordings:
        found = scanner.scan(OLD, recordings)
    assert found is not None
    assert (found.named, found.has_summary) == (None, False)


def test_an_hour_that_has_not_changed_is_remembered_and_one_that_has_is_not(tmp_path: Path) -> None:
    path = record(tmp_path, OLD, days_ago=1)
    scanner, hour = Scanner(), min(path.glob("clips/*"))

    def num_bytes() -> int:
        scanner.begin_pass(time.time())
        with opened_folder(tmp_path) as recordings:
            found = scanner.scan(OLD, recordings)
        assert found is not None
        return found.total.num_bytes

    before = num_bytes()
    stamp = hour.stat().st_mtime_ns
    clip = min(hour.iterdir())
    one = clip.stat().st_size
    clip.unlink()
    assert num_bytes() == before - one
    os.utime(hour, ns=(stamp, stamp))
    assert num_bytes() == before - one
    min(hour.iterdir()).unlink()
    os.utime(hour, ns=(stamp, stamp))
    assert num_bytes() == before - one  # Remembered: only a stamp that was put back deceives us.
    min(hour.iterdir()).unlink()
    assert num_bytes() == size(path)


def test_an_hour_that_changed_a_moment_ago_is_looked_through_again(tmp_path: Path) -> None:
    hour = min(record(tmp_path, OLD).glob("clips/*"))
    scanner, stamp = Scanner(), 1e9

    def num_files(now: float) -> int:
        os.utime(hour, (stamp, stamp))
        scanner.begin_pass(now)
        with opened_folder(tmp_path) as recordings:
            found = scanner.scan(OLD, recordings)
        assert found is not None
        min(hour.iterdir()).unlink()
        return found.total.num_files

    assert [num_files(stamp + 5.0), num_files(stamp + 5.1), num_files(stamp + 9.0)] == [8, 7, 7]


def test_what_is_remembered_of_one_hour_is_not_taken_for_another(tmp_path: Path) -> None:
    for session in (OLD, NEW):
        record(tmp_path, session, days_ago=1)
    hours = [min((tmp_path / session).glob("clips/*")) for session in (OLD, NEW)]
    min(hours[1].iterdir()).unlink()
    scanner = Scanner()
    for _ in range(3):
        for hour in hours:
            os.utime(hour, (1e9, 1e9))
        scanner.begin_pass(time.time())
        with opened_folder(tmp_path) as recordings:
            found = [scanner.scan(session, recordings) for session in (OLD, NEW)]
        assert [each and each.total.num_bytes for each in found] == [
            size(tmp_path / OLD),
            size(tmp_path / NEW),
        ]


def test_a_session_file_that_was_exchanged_is_read_again(tmp_path: Path) -> None:
    folder, scanner = SessionFolder(tmp_path), Scanner()
    folder.open(facts(session=OLD))

    def has_summary() -> bool:
        scanner.begin_pass(time.time())
        with opened_folder(tmp_path) as recordings:
            found = scanner.scan(OLD, recordings)
        assert found is not None
        return found.has_summary

    assert [has_summary(), has_summary()] == [False, False]
    folder.close(SUMMARY)
    assert [has_summary(), has_summary()] == [True, True]
