"""Keys from a real pseudo-terminal, and the terminal as it was afterwards."""

import os
import signal
import termios
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from streamer.terminal.keyboard import Keyboard
from tests.pseudo_terminal import PseudoTerminal


@pytest.fixture
def terminal() -> Iterator[PseudoTerminal]:
    """A terminal of its own."""
    with PseudoTerminal() as opened:
        yield opened


@pytest.mark.parametrize(
    ("typed", "press"),
    [
        (b" ", "pause"),
        (b"p", "pause"),
        (b"P", "pause"),
        (b"m", "mark"),
        (b"q", "quit"),
        (b"Q", "quit"),
        (b"\x04", "quit"),
        (b"\x0c", "repaint"),
    ],
)
def test_keys_arrive_without_return(terminal: PseudoTerminal, typed: bytes, press: str) -> None:
    keyboard = Keyboard(terminal.theirs)
    with closing(keyboard):
        keyboard.open()
        terminal.type(typed)
        assert keyboard.wait(10.0) == press


def test_keys_that_mean_nothing_are_passed_over(terminal: PseudoTerminal) -> None:
    keyboard = Keyboard(terminal.theirs)
    with closing(keyboard):
        keyboard.open()
        terminal.type(b"\x1b[A\x1bOP\x1b[1;5Q\x1bmxyz\xc3\xa9m q")
        assert [keyboard.wait(10.0) for _ in range(3)] == ["mark", "pause", "quit"]
        assert keyboard.wait(0.0) is None


def test_a_wake_ends_the_wait_of_another_thread_and_never_blocks(terminal: PseudoTerminal) -> None:
    keyboard = Keyboard(terminal.theirs)
    with closing(keyboard):
        keyboard.open()
        waiting = threading.Thread(target=keyboard.wait, args=(60.0,))
        waiting.start()
        keyboard.wake()
        waiting.join(timeout=10.0)
        assert not waiting.is_alive()
        for _ in range(100_000):
            keyboard.wake()


def test_modes_come_back_also_after_an_exception(terminal: PseudoTerminal) -> None:
    before = termios.tcgetattr(terminal.theirs)
    keyboard = Keyboard(terminal.theirs)
    during = None

    def fail() -> None:
        nonlocal during
        with closing(keyboard):
            keyboard.open()
            during = termios.tcgetattr(terminal.theirs)
            raise KeyError("anything")

    with pytest.raises(KeyError):
        fail()
    assert during is not None
    assert not during[3] & (termios.ECHO | termios.ICANON)
    assert during[3] & termios.ISIG  # Ctrl-C still interrupts
    assert termios.tcgetattr(terminal.theirs) == before
    keyboard.close()
    assert termios.tcgetattr(terminal.theirs) == before


def test_keys_not_read_do_not_reach_the_shell(terminal: PseudoTerminal) -> None:
    keyboard = Keyboard(terminal.theirs)
    with closing(keyboard):
        keyboard.open()
        terminal.type(b"qqq")
        assert keyboard.wait(10.0) == "quit"
        terminal.type(b"rm\n")
    os.set_blocking(terminal.theirs, False)
    with pytest.raises(BlockingIOError):
        os.read(terminal.theirs, 10)


def test_ctrl_z_does_not_stop_the_listener() -> None:
    """In a process whose controlling terminal this is: the child reports what it reads after Ctrl-Z."""
    pid, ours = os.forkpty()
    if pid == 0:  # pragma: no cover - another process
        try:
            keyboard = Keyboard(0)
            keyboard.open()
            os.write(1, b"ready")
            pressed = keyboard.wait(10.0)
            keyboard.close()
            os.write(1, f"[{pressed}]".encode())
        finally:
            os._exit(0)
    heard = b""
    while b"ready" not in heard:
        heard += os.read(ours, 100)
    os.write(ours, b"\x1am")
    while b"]" not in heard:
        heard += os.read(ours, 100)
    _, status = os.waitpid(pid, 0)
    os.close(ours)
    assert b"[mark]" in heard
    assert not os.WIFSTOPPED(status)
    assert not os.WIFSIGNALED(status) or os.WTERMSIG(status) == signal.SIGHUP


def test_a_terminal_that_is_gone_means_quit() -> None:
    ours, theirs = os.openpty()
    keyboard = Keyboard(theirs)
    keyboard.open()
    os.close(ours)
    assert keyboard.wait(10.0) == "quit"
    keyboard.close()
    os.close(theirs)
