"""Terminals, locales, homes and installs as they should not be: callmood runs, or says why not."""

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import pytest

from emotion.errors import OutputError
from emotion.model import find_model
from tests.at_terminal import LEAVE, at_terminal, wait_for_frames
from tests.command import assert_one_line_of_complaint, callmood, command, environment, read_journal
from tests.fed import Fed
from tests.ordinary_user import AS_ORDINARY_USER
from tests.pseudo_terminal import PseudoTerminal
from tests.spoken import DEMO

LIGHT = ("--model", "speech-light")
SHORT = ("replay", DEMO, *LIGHT, "--fast", "--duration", "4", "--journal", "j.jsonl")
ROWS_OF_SHORT = 5
CLEAR = "\x1b[2J"
ROOT = Path(__file__).parents[2]


def was_cleared(times: int, text: str) -> bool:
    return text.count(CLEAR) > times


def test_a_terminal_of_20_by_5_that_shrinks_to_nothing_and_grows(tmp_path: Path) -> None:
    with (
        PseudoTerminal(20, 5) as terminal,
        at_terminal(terminal, "replay", DEMO, *LIGHT, folder=tmp_path) as process,
    ):
        wait_for_frames(terminal, 3)
        shown = terminal.screen()
        assert [line for line in shown if "dBFS" in line]
        assert all(len(line) <= 20 for line in shown)
        for columns, rows in ((1, 1), (20, 5), (80, 24)):
            before = terminal.text
            terminal.resize(columns, rows)
            process.send_signal(signal.SIGWINCH)
            num_before = before.count(CLEAR)
            assert terminal.wait_for(partial(was_cleared, num_before)), (columns, rows)
        wait_for_frames(terminal, 2)
        assert terminal.screen(terminal.text[len(before) :])[-1].strip().startswith("space pause")
        terminal.type(b"q")
        assert process.wait(timeout=20) == 0
        assert terminal.wait_for(lambda text: LEAVE in text)
        assert "Traceback" not in terminal.text


@pytest.mark.parametrize(
    ("env", "blocks"),
    [
        ({"LC_ALL": "C"}, True),
        ({}, True),
        ({"LC_ALL": "xx_YY.broken"}, True),
        ({"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}, False),
    ],
    ids=["C", "unset", "broken", "really C"],
)
def test_no_locale(tmp_path: Path, env: dict[str, str], blocks: bool) -> None:
    names = ("LC_ALL", "LC_CTYPE", "LANG", "PYTHONIOENCODING")
    with (
        PseudoTerminal() as terminal,
        at_terminal(
            terminal,
            *("replay", DEMO, *LIGHT),
            folder=tmp_path,
            env=env,
            without=[name for name in names if name not in env],
        ) as process,
    ):
        wait_for_frames(terminal, 2)
        assert [line for line in terminal.screen() if line.strip().startswith("angry")]
        assert ("─" in terminal.text) == blocks
        assert terminal.text.isascii() != blocks
        terminal.type(b"q")
        assert process.wait(timeout=20) == 0
        assert terminal.wait_for(lambda text: LEAVE in text)


def run(folder: Path, words: Sequence[str | Path], env: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    """Run a command whose environment is this and nothing else, held to the rights of files."""
    return subprocess.run(
        [*AS_ORDINARY_USER, *command(*words)],
        cwd=folder,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_no_terminal(tmp_path: Path) -> None:
    env = {name: value for name, value in environment().items() if name not in {"TERM", "COLORTERM"}}
    done = run(tmp_path, SHORT, env)
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout
    assert sum("dBFS" in line for line in done.stdout.splitlines()) == ROWS_OF_SHORT


def _no_home(folder: Path) -> str | None:  # noqa: ARG001 - as the others
    return None


def _missing_home(folder: Path) -> str | None:
    return str(folder / "nowhere" / "at all")


def _home_that_may_not_be_written_to(folder: Path) -> str | None:
    home = folder / "home"
    home.mkdir(mode=0o555)
    return str(home)


def _home_that_is_a_file(folder: Path) -> str | None:
    (folder / "home").touch()
    return str(folder / "home")


@pytest.mark.parametrize(
    "home", [_no_home, _missing_home, _home_that_may_not_be_written_to, _home_that_is_a_file]
)
def test_no_home(tmp_path: Path, home: Callable[[Path], str | None]) -> None:
    place = home(tmp_path)
    env = {name: value for name, value in environment().items() if not name.startswith(("HOME", "XDG_"))}
    env |= {} if place is None else {"HOME": place}
    work = tmp_path / "work"
    work.mkdir()
    done = run(work, SHORT, env)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert len(read_journal(work / "j.jsonl").rows) == ROWS_OF_SHORT


def test_no_home_to_save_a_voice_in_is_said_and_costs_nothing_else(tmp_path: Path) -> None:
    env = {name: value for name, value in environment().items() if not name.startswith(("XDG_", "CALLMOOD_"))}
    words = ("replay", DEMO, *LIGHT, "--fast", "--journal", "j.jsonl", "--voice", "anna")
    done = run(tmp_path, words, env | {"HOME": str(_home_that_may_not_be_written_to(tmp_path))})
    assert done.returncode == OutputError.exit_code, done.stderr
    assert done.stderr == ""
    (failure,) = read_journal(tmp_path / "j.jsonl").summary["failures"]
    assert failure.startswith("voice anna cannot be saved: ")
    assert failure.endswith("Permission denied; set CALLMOOD_VOICES to another folder")


def test_a_read_only_install(tmp_path: Path) -> None:
    tree = tmp_path / "installed"
    tree.mkdir()
    caches = shutil.ignore_patterns("__pycache__")
    for name in ("callmood", "emotion", "streamer", "trainer"):
        shutil.copytree(ROOT / name, tree / name, ignore=caches)
    for name in ("speech-light", "voice-activity"):
        shutil.copytree(ROOT / "models" / name, tree / "models" / name)
    shutil.copy(ROOT / "pyproject.toml", tree)
    every = [tree, *tree.rglob("*")]
    for path in every:
        path.chmod(0o555 if path.is_dir() else 0o444)
    work = tmp_path / "work"
    work.mkdir()
    env = environment({"PYTHONPATH": str(tree)})
    done = run(work, [*SHORT, "--record", "all"], env)
    assert done.returncode == 0, done.stderr
    assert len(read_journal(work / "j.jsonl").rows) == ROWS_OF_SHORT
    # A journal has a second place, the session's folder in --out.
    for more, told in ((), "recordings/"), (("--out", str(tmp_path / "kept")), "j.jsonl"):
        refused = run(tree, [*SHORT, *more], env)
        assert_one_line_of_complaint(
            refused, told, "Permission denied", "choose a place that you may write to"
        )
    assert sorted(tree.rglob("*")) == sorted(every[1:]), "nothing was written there"
    for path in every:
        path.chmod(0o755)


def _overwrite(file: Path) -> None:
    with file.open("r+b") as opened:
        opened.write(os.urandom(file.stat().st_size))


def _replace(file: Path) -> None:
    (file.parent / "new").write_bytes(os.urandom(file.stat().st_size))
    (file.parent / "new").replace(file)


def _truncate(file: Path) -> None:
    os.truncate(file, 0)


def test_a_model_that_changes_on_the_disk_while_it_is_used(tmp_path: Path) -> None:
    model = tmp_path / "mine"
    shutil.copytree(find_model("speech-light").folder, model)
    changes: tuple[Callable[[Path], None], ...] = (_overwrite, _replace, _truncate, Path.unlink)
    with Fed(tmp_path, "--model", model) as session:
        session.feed(2)
        for number, change in enumerate(changes):
            session.wait_for_rows(1 + 2 * number)
            for file in tuple(model.iterdir()):
                change(file)
            session.feed(1)
        assert session.end() == 0, session.stderr
    with Fed(tmp_path) as other:
        other.feed(2 + len(changes))
        assert other.end() == 0
    for row, expected in zip(session.rows, other.rows, strict=True):
        assert row | {"lag_seconds": 0.0} == expected | {"lag_seconds": 0.0}
    done = callmood("replay", DEMO, "--fast", "--model", model, cwd=tmp_path)
    assert_one_line_of_complaint(done, "mine")
