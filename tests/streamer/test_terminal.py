"""The panel on a real pseudo-terminal."""

import io
import os
import re
import sys
import termios
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from subprocess import Popen

import pytest

from streamer.snapshot import Snapshot
from streamer.terminal import PanelControls, TerminalColours, TerminalScreen, is_panel_possible
from streamer.terminal_io import Note, Stroke
from tests.panel_material import panel_facts, wandering
from tests.pseudo_terminal import PseudoTerminal
from tests.session_material import SUMMARY

ENTER_ALTERNATE, LEAVE_ALTERNATE = "\x1b[?1049h", "\x1b[?1049l"
HIDE_CURSOR, SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"
END_OF_FRAME = "\x1b[?2026l"


@pytest.fixture(autouse=True)
def _colours(monkeypatch: pytest.MonkeyPatch) -> None:
    """A modern terminal, whatever the tests run in."""
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLORTERM", "truecolor")
    monkeypatch.delenv("NO_COLOR", raising=False)


@pytest.fixture
def terminal() -> Iterator[PseudoTerminal]:
    """A terminal of 80 by 24."""
    with PseudoTerminal() as opened:
        yield opened


@pytest.fixture
def make_screen(terminal: PseudoTerminal) -> Iterator[Callable[..., TerminalScreen]]:
    """Make screens on the terminal, all closed at the end."""
    made: list[tuple[TerminalScreen, io.TextIOWrapper]] = []

    def make(encoding: str = "utf-8") -> TerminalScreen:
        output = io.TextIOWrapper(io.FileIO(terminal.theirs, "w", closefd=False), encoding=encoding)
        made.append((TerminalScreen(output, terminal.theirs), output))
        return made[-1][0]

    yield make
    for screen, output in made:
        screen.close(None)
        output.close()


def draw_now(screen: TerminalScreen, snapshot: Snapshot, terminal: PseudoTerminal) -> None:
    """Draw as soon as the screen takes another frame, and wait until the terminal has it."""
    frames = terminal.text.count(END_OF_FRAME)
    until = time.monotonic() + 10.0
    while time.monotonic() < until:
        screen.draw(snapshot)
        if terminal.wait_for(lambda text: text.count(END_OF_FRAME) > frames, timeout_seconds=0.05):
            return
    pytest.fail("no frame came")


def snapshots(count: int, *, with_spectrogram: bool = False) -> list[Snapshot]:
    """Give the snapshots of a session."""
    return list(wandering(count, with_spectrogram=with_spectrogram))


def test_the_first_frame_fills_the_screen(
    terminal: PseudoTerminal, make_screen: Callable[..., TerminalScreen]
) -> None:
    screen = make_screen()
    screen.open(panel_facts())
    draw_now(screen, snapshots(3)[-1], terminal)
    assert ENTER_ALTERNATE in terminal.text
    assert HIDE_CURSOR in terminal.text
    shown = terminal.screen()
    assert shown[0].startswith("  callmood  Built-in Audio")
    assert shown[-1].strip().startswith("space off the record")
    assert sum("%" in line for line in shown) >= 4


def test_a_second_frame_writes_only_what_changed(
    terminal: PseudoTerminal, make_screen: Callable[..., TerminalScreen]
) -> None:
    screen = make_screen()
    screen.open(panel_facts())
    before, after = snapshots(60)[-2:]
    draw_now(screen, before, terminal)
    first = len(terminal.text)
    draw_now(screen, after, terminal)
    second = terminal.text[first:]
    assert "space" not in second  # the keys, which never change
    assert "\x1b[2J" not in second
    assert len(second) < 0.8 * first
    whole = terminal.screen()
    screen.poll(0.0)
    terminal.type(b"\x0c")
    assert screen.poll(10.0) is None
    draw_now(screen, after, terminal)
    repainted = terminal.screen()
    # The first line has the clock, and another one what has elapsed by it.
    assert _untimed(repainted[1:]) == _untimed(whole[1:])


def test_an_unchanged_snapshot_costs_nothing_but_the_clock(
    terminal: PseudoTerminal, make_screen: Callable[..., TerminalScreen]
) -> None:
    screen = make_screen()
    screen.open(replace(panel_facts(), started=time.time() - 100))
    snapshot = snapshots(20)[-1]
    draw_now(screen, snapshot, terminal)
    written = len(terminal.text)
    draw_now(screen, snapshot, terminal)  # comes when the clock ticks
    tick = terminal.text[written:]
    assert tick.count(";1H") == 2  # the line of the clock, and that of the elapsed time


def test_the_bell_rings_once_for_each_new_alert(
    terminal: PseudoTerminal, make_screen: Callable[..., TerminalScreen]
) -> None:
    screen = make_screen()
    screen.open(panel_facts())
    quiet, *later = snapshots(4)
    for snapshot, num_alerts in zip((quiet, *later), (0, 1, 1, 3), strict=True):
        screen.draw(replace(snapshot, num_alerts=num_alerts))  # all but the first frame come too early
    screen.close(None)
    assert terminal.wait_for(lambda text: LEAVE_ALTERNATE in text)
    assert terminal.text.count("\a") == 3


def test_frames_that_come_too_early_are_left_out(
    terminal: PseudoTerminal, make_screen: Callable[..., TerminalScreen]
) -> None:
    screen = make_screen()
    screen.open(panel_facts())
    for snapshot in snapshots(50):
        screen.draw(snapshot)
    screen.close(None)
    assert terminal.wait_for(lambda text: LEAVE_ALTERNATE in text)
    assert terminal.text.count(END_OF_FRAME) <= 2


@pytest.mark.parametrize("size", [(120, 40), (40, 12), (20, 5)])
def test_a_resize_is_followed_at_once(
    terminal: PseudoTerminal, make_screen: Callable[..., TerminalScreen], size: tuple[int, int]
) -> None:
    screen = make_screen()
    screen.open(panel_facts())
    before, after = snapshots(60, with_spectrogram=True)[-2:]
    draw_now(screen, before, terminal)
    terminal.resize(*size)
    screen.draw(after)
    assert terminal.wait_for(lambda text: text.count(END_OF_FRAME) == 2)
    *_, frame = terminal.text.split("\x1b[?2026h")
    fresh = terminal.screen(frame)
    assert len(fresh) == size[1]
    assert fresh == terminal.screen()
    assert any("dBFS" in line for line in fresh)


def test_closing_restores_cursor_modes_and_main_screen_and_leaves_the_summary(
    terminal: PseudoTerminal, make_screen: Callable[..., TerminalScreen]
) -> None:
    modes = termios.tcgetattr(terminal.theirs)
    screen = make_screen()
    screen.open(panel_facts())
    screen.draw(snapshots(3)[-1])
    screen.close(SUMMARY)
    screen.close(SUMMARY)
    assert terminal.wait_for(lambda text: "windows   3" in text)
    *_, after = terminal.text.split(LEAVE_ALTERNATE)
    assert terminal.text.count(LEAVE_ALTERNATE) == 1
    assert SHOW_CURSOR in terminal.text
    assert "\x1b[?7h" in terminal.text
    assert after.count("windows   3") == 1
    assert "\x1b" not in after
    assert termios.tcgetattr(terminal.theirs) == modes


def test_keys_and_wakes_reach_the_session(
    terminal: PseudoTerminal, make_screen: Callable[..., TerminalScreen]
) -> None:
    screen = make_screen()
    screen.open(panel_facts())
    terminal.type(b"mq")
    assert [screen.poll(10.0), screen.poll(10.0)] == ["mark", "quit"]
    screen.wake()
    began = time.monotonic()
    assert screen.poll(60.0) is None
    assert time.monotonic() - began < 30.0


def test_a_terminal_that_closes_ends_the_session_without_an_error() -> None:
    ours, theirs = os.openpty()
    with closing(io.TextIOWrapper(io.FileIO(theirs, "w"), encoding="utf-8", write_through=True)) as output:
        screen = TerminalScreen(output, theirs)
        screen.open(panel_facts())
        os.close(ours)
        screen.draw(snapshots(1)[-1])
        assert screen.poll(10.0) == "quit"
        screen.close(SUMMARY)


def test_an_encoding_without_blocks_gets_plain_characters(
    terminal: PseudoTerminal, make_screen: Callable[..., TerminalScreen]
) -> None:
    screen = make_screen("ascii")
    screen.open(panel_facts())
    draw_now(screen, snapshots(30)[-1], terminal)
    assert terminal.text.isascii()
    assert "####" in terminal.text
    assert "?" not in terminal.text.replace("\x1b[?", "").replace("? keys", "").replace("?\x1b[0m", "")


def typed(*strokes: Stroke | str) -> tuple[PanelControls, list[object]]:
    """Press keys, and give what they ask of the session."""
    controls = PanelControls()
    pressed = (Stroke("text", each) if isinstance(each, str) else each for each in strokes)
    return controls, [controls.press(stroke) for stroke in pressed]


def test_z_zooms_and_begins_anew() -> None:
    zooms = [typed(*"z" * number)[0].view(coloured=True).zoom_seconds for number in range(4)]
    assert zooms == [60.0, 600.0, 3600.0, 60.0]


@pytest.mark.parametrize(
    ("strokes", "note"),
    [
        (["a", "b", Stroke("backspace"), "c", Stroke("enter")], "ac"),
        (["退", "e", "\u0301", Stroke("enter")], "退é"),
        ([Stroke("paste", "two\nlines\tand\x1b\x07 more"), Stroke("enter")], "two lines and more"),
        (["a", Stroke("erase"), "b", Stroke("left"), Stroke("quit"), Stroke("enter")], "b"),
        ([Stroke("backspace"), Stroke("enter")], ""),
        ([Stroke("paste", "x" * 1000), "y", Stroke("enter")], "x" * 200),
        (["q", " ", "m", "z", "?", "M", Stroke("enter")], "q mz?M"),
        (["a", Stroke("escape")], None),
    ],
)
def test_a_note_takes_letters_and_no_commands(strokes: list[Stroke | str], note: str | None) -> None:
    controls, asked = typed("M", *strokes)
    assert asked == ["begin_note", *[None] * (len(strokes) - 1), Note(note)]
    assert controls.view(coloured=True).note is None
    assert controls.press(Stroke("text", "m")) == "mark"


def test_the_keys_are_closed_by_any_key_which_does_nothing_else() -> None:
    controls, asked = typed("?", "q", "q")
    assert asked == [None, None, "quit"]
    controls, _ = typed("?")
    assert controls.view(coloured=True).shows_keys
    assert controls.press(Stroke("gone")) == "quit"


def test_a_paste_is_no_command() -> None:
    assert typed(Stroke("paste", "q"), Stroke("enter"), Stroke("escape"))[1] == [None] * 3


def test_a_hint_goes_with_the_next_key() -> None:
    controls = PanelControls()
    controls.tell("cannot go back")
    assert controls.view(coloured=True).hint == "cannot go back"
    controls.press(Stroke("text", "z"))
    assert not controls.view(coloured=True).hint


def test_a_note_is_seen_while_it_is_typed(
    terminal: PseudoTerminal, make_screen: Callable[..., TerminalScreen]
) -> None:
    screen = make_screen()
    screen.open(panel_facts())
    draw_now(screen, snapshots(30)[-1], terminal)
    terminal.type(b"M")
    assert screen.poll(10.0) == "begin_note"
    terminal.type("asks for 退款".encode())
    for _ in "asks for 退款":
        assert screen.poll(10.0) is None
    assert terminal.wait_for(lambda text: "asks for 退款▁" in re.sub(r"\x1b\[[0-9;]*m", "", text))
    terminal.type(b"\x1b")
    assert screen.poll(10.0) == Note(None)
    terminal.type(b"\x1b[D\x1b[200~q\x1b[201~\x1b[C")
    assert [screen.poll(10.0) for _ in range(3)] == ["back", None, "forward"]


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"NO_COLOR": "1"}, []),
        ({"COLORTERM": "", "TERM": "xterm-256color"}, ["38;5;"]),
        ({}, ["38;2;", "48;2;"]),
    ],
)
def test_colours_are_those_that_the_terminal_and_the_user_want(
    environment: dict[str, str],
    expected: list[str],
    terminal: PseudoTerminal,
    make_screen: Callable[..., TerminalScreen],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    screen = make_screen()
    screen.open(panel_facts())
    draw_now(screen, snapshots(30, with_spectrogram=True)[-1], terminal)
    for code in expected:
        assert code in terminal.text
    if not expected:
        assert "38;" not in terminal.text
        assert "48;" not in terminal.text
        assert "\x1b[1m" in terminal.text  # bold stays


def test_a_terminal_of_sixteen_colours_gets_no_picture_in_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "linux")
    monkeypatch.setenv("COLORTERM", "")
    assert not TerminalColours.of_environment().paints


def test_lines_of_libraries_do_not_tear_the_panel(terminal: PseudoTerminal, tmp_path: Path) -> None:
    program = tmp_path / "session.py"
    program.write_text(
        "import os\n"
        "from streamer.terminal import TerminalScreen, is_panel_possible\n"
        "from tests.panel_material import panel_facts, wandering\n"
        "screen = TerminalScreen()\n"
        "screen.open(panel_facts())\n"
        "try:\n"
        "    os.write(2, b'ALSA lib: nobody at home\\n')\n"
        "    for snapshot in wandering(400):\n"
        "        screen.draw(snapshot)\n"
        "        if screen.poll(0.1) == 'quit':\n"
        "            break\n"
        "finally:\n"
        "    screen.close(None)\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with Popen(
        [sys.executable, str(program)],
        env=environment,
        start_new_session=True,
        stdin=terminal.theirs,
        stdout=terminal.theirs,
        stderr=terminal.theirs,
    ) as session:
        assert terminal.wait_for(lambda text: "ALSA lib: nobody at home" in text, 30.0)
        [row] = [row for row, line in enumerate(terminal.screen()) if "ALSA" in line]
        assert row == 22  # the line of messages, above the keys
        terminal.type(b"q")
        assert session.wait(timeout=30) == 0
    assert terminal.wait_for(lambda text: "nobody at home" in text.partition(LEAVE_ALTERNATE)[2])


def test_no_panel_off_a_terminal(
    terminal: PseudoTerminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        (tmp_path / "out").open("w") as file,
        io.TextIOWrapper(io.FileIO(terminal.theirs, "w", closefd=False)) as output,
    ):
        monkeypatch.setattr("sys.stdout", file)
        assert not is_panel_possible(terminal.theirs)
        monkeypatch.setattr("sys.stdout", None)
        assert not is_panel_possible(terminal.theirs)
        monkeypatch.setattr("sys.stdout", output)
        # A terminal, but another session's: as for a job in the background.
        assert not is_panel_possible(terminal.theirs)


def test_a_terminal_that_is_halted_holds_nobody_up_and_is_drawn_anew(
    terminal: PseudoTerminal, make_screen: Callable[..., TerminalScreen]
) -> None:
    screen = make_screen()
    screen.open(panel_facts())
    *shown, last = snapshots(60)
    draw_now(screen, shown[0], terminal)
    terminal.type(b"\x13")  # Ctrl-S
    for number, snapshot in enumerate(shown[1:9]):
        terminal.resize(80, 24 + number % 2)  # a resized panel never comes too early
        screen.draw(snapshot)
    assert screen.poll(0.0) is None
    before = len(terminal.text)
    terminal.type(b"\x11")  # Ctrl-Q
    draw_now(screen, last, terminal)
    assert terminal.wait_for(lambda text: "\x1b[2J" in text[before:] and text.endswith(END_OF_FRAME))
    frame = terminal.text.rpartition("\x1b[2J")[2]
    assert sum("%" in line for line in terminal.screen(frame)) >= 4


def test_after_a_stop_the_whole_panel_is_drawn_anew(
    terminal: PseudoTerminal, make_screen: Callable[..., TerminalScreen], monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = make_screen()
    screen.open(panel_facts())
    *_, snapshot = snapshots(3)
    draw_now(screen, snapshot, terminal)
    before = len(terminal.text)
    slept = time.monotonic() + 60
    monkeypatch.setattr("streamer.terminal.time.monotonic", lambda: slept)
    screen.draw(snapshot)
    monkeypatch.undo()
    assert terminal.wait_for(lambda text: "\x1b[2J" in text[before:] and text.endswith(END_OF_FRAME))
    assert terminal.screen(terminal.text[before:])[-1].strip().startswith("space off the record")


def _untimed(lines: Sequence[str]) -> list[str]:
    return [re.sub(r"elapsed +[0-9:]+", "elapsed", line) for line in lines]
