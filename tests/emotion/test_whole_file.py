"""Whole or not at all, and never in the place of another."""

import errno
import os
from pathlib import Path

import pytest

from emotion.whole_file import replace, write_new


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
