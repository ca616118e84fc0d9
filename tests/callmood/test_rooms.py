"""Packages with plain names are looked at before they are trusted."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from callmood.rooms import ROOMS, check_rooms


def test_our_own_rooms_pass() -> None:
    check_rooms()


def test_no_room_is_imported_by_the_look() -> None:
    program = (
        "import sys, callmood.rooms; callmood.rooms.check_rooms(); "
        f"print(sorted(set(sys.modules) & set({ROOMS!r})))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=30
    )
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("room", ROOMS)
@pytest.mark.parametrize("other", ["{room}.py", "{room}/__init__.py"])
def test_a_stranger_of_the_same_name_is_named_with_both_paths(tmp_path: Path, room: str, other: str) -> None:
    stranger = tmp_path / other.format(room=room)
    stranger.parent.mkdir(exist_ok=True)
    stranger.write_text("raise RuntimeError('a stranger was imported')\n")
    done = subprocess.run(
        [sys.executable, "-m", "callmood", "--version"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("callmood: ")
    assert done.stderr.count("\n") == 1
    assert str(stranger) in done.stderr
    assert str(Path(__file__).parents[2] / room) in done.stderr
