"""Files appear whole or not at all and replace nothing unasked; locks end with their holder."""

import errno
import os
import time
from pathlib import Path

import pytest

from emotion.atomic_files import lock_folder, locked_folder, replace, write_new


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def test_a_new_file_is_whole_and_alone(tmp_path: Path) -> None:
    write_new(tmp_path / "a", b"12345")
    assert (tmp_path / "a").read_bytes() == b"12345"
    assert names(tmp_path) == ["a"]


def test_a_taken_name_keeps_what_it_has(tmp_path: Path) -> None:
    write_new(tmp_path / "a", b"first")
    with pytest.raises(FileExistsError):
        write_new(tmp_path / "a", b"second")
    assert (tmp_path / "a").read_bytes() == b"first"
    assert names(tmp_path) == ["a"]


@pytest.mark.parametrize("taken", [False, True])
def test_a_disk_without_hard_links_is_served_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, taken: bool
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "no hard links here")

    monkeypatch.setattr(os, "link", refuse)
    if taken:
        (tmp_path / "a").write_bytes(b"first")
        with pytest.raises(FileExistsError):
            write_new(tmp_path / "a", b"second")
    else:
        write_new(tmp_path / "a", b"first")
    assert (tmp_path / "a").read_bytes() == b"first"
    assert names(tmp_path) == ["a"]


def test_replacing_takes_one_step(tmp_path: Path) -> None:
    write_new(tmp_path / "a", b"old")
    replace(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"new"
    assert names(tmp_path) == ["a"]


def test_a_folder_that_is_missing_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_new(tmp_path / "gone" / "a", b"x")
    assert not names(tmp_path)


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old")
    (tmp_path / "link").symlink_to("a")
    replace(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "a").read_bytes() == b"new"


def test_a_pipe_is_not_taken_away_from_its_readers(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="no regular file"):
        replace(tmp_path / "pipe", b"x")
    assert (tmp_path / "pipe").is_fifo()
    assert names(tmp_path) == ["pipe"]


def test_one_has_it_and_then_another(tmp_path: Path) -> None:
    with locked_folder(tmp_path) as ours:
        assert ours == "ours"
        with locked_folder(tmp_path) as other:
            assert other == "another's"
        with locked_folder(tmp_path, shared=True) as look:
            assert look == "another's"
    with locked_folder(tmp_path) as ours:
        assert ours == "ours"


def test_many_may_look_at_once_and_nobody_has_it_then(tmp_path: Path) -> None:
    with locked_folder(tmp_path, shared=True) as one, locked_folder(tmp_path, shared=True) as two:
        assert (one, two) == ("ours", "ours")
        with locked_folder(tmp_path) as other:
            assert other == "another's"


def test_it_is_waited_for_as_long_as_was_said(tmp_path: Path) -> None:
    with locked_folder(tmp_path):
        began = time.monotonic()
        with locked_folder(tmp_path, 0.1) as other:
            assert other == "another's"
        assert time.monotonic() - began >= 0.1


def test_a_file_has_no_such_lock(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError), locked_folder(tmp_path / "file"):
        pass


def test_where_there_are_no_locks_that_is_said(tmp_path: Path) -> None:
    descriptor = os.open(tmp_path, os.O_PATH)  # As one of a file system that knows no locks.
    try:
        assert lock_folder(descriptor, 10.0) == "unknown"
    finally:
        os.close(descriptor)
