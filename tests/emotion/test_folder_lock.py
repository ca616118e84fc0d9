"""The lock of a folder: one may have it, others may look, and a file has none."""

import os
import time
from pathlib import Path

import pytest

from emotion.folder_lock import lock_folder, locked_folder


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
