"""Keys from a real pseudo-terminal, sound on standard input, and captured standard error."""

import os
import signal
import subprocess
import sys
import termios
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from streamer.terminal_io import Keyboard, StderrCapture, Stroke
from tests.pseudo_terminal import PseudoTerminal


@pytest.fixture
def terminal() -> Iterator[PseudoTerminal]:
    """A terminal of its own."""
    with PseudoTerminal() as opened:
        yield opened


@pytest.mark.parametrize(
    ("typed", "strokes"),
    [
        (b" ", [Stroke("text", " ")]),
        (b"mM", [Stroke("text", "m"), Stroke("text", "M")]),
        ("é退".encode(), [Stroke("text", "é"), Stroke("text", "退")]),
        (b"\x04\x0c\x7f\x15\r", [Stroke(key) for key in ("quit", "repaint", "backspace", "erase", "enter")]),
        (b"\x1b[D\x1b[C\x1bOD\x1bOC", [Stroke(key) for key in ("left", "right", "left", "right")]),
        (b"\x1b", [Stroke("escape")]),
        (b"\x1b[A\x1bOP\x1b[1;5Q\x1bm\xff\x00q", [Stroke("text", "q")]),
        (b"\x1b[200~q\nuit\x1b[201~m", [Stroke("paste", "q\nuit"), Stroke("text", "m")]),
    ],
)
def test_keys_arrive_without_return(terminal: PseudoTerminal, typed: bytes, strokes: list[Stroke]) -> None:
    keyboard = Keyboard(terminal.theirs)
    with closing(keyboard):
        keyboard.open()
        terminal.type(typed)
        assert [keyboard.wait(10.0) for _ in strokes] == strokes
        assert keyboard.wait(0.0) is None


def test_keys_that_come_in_pieces_are_put_together(terminal: PseudoTerminal) -> None:
    keyboard = Keyboard(terminal.theirs)
    with closing(keyboard):
        keyboard.open()
        for piece in (b"\xe9\x80", b"\x80", b"\x1b[200~a", b"b\x1b[201~"):
            terminal.type(piece)
            keyboard_says = keyboard.wait(0.3)
            if piece == b"\x80":
                assert keyboard_says == Stroke("text", "退")
        assert keyboard_says == Stroke("paste", "ab")


def test_a_paste_without_end_does_not_grow(terminal: PseudoTerminal) -> None:
    keyboard = Keyboard(terminal.theirs)
    with closing(keyboard):
        keyboard.open()
        terminal.type(b"\x1b[200~")
        for _ in range(40):
            terminal.type(b"q" * 2000)
            assert keyboard.wait(0.3) is None
        terminal.type(b"\x1b[201~m")
        paste = keyboard.wait(1.0)
        assert paste is not None
        assert paste.key == "paste"
        assert len(paste.text) < 70_000
        assert keyboard.wait(1.0) == Stroke("text", "m")


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
        assert keyboard.wait(10.0) == Stroke("text", "q")
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
            os.write(1, f"[{pressed and pressed.text}]".encode())
        finally:
            os._exit(0)
    output = b""
    while b"ready" not in output:
        output += os.read(ours, 100)
    os.write(ours, b"\x1am")
    while b"]" not in output:
        output += os.read(ours, 100)
    _, status = os.waitpid(pid, 0)
    os.close(ours)
    assert b"[m]" in output
    assert not os.WIFSTOPPED(status)
    assert not os.WIFSIGNALED(status) or os.WTERMSIG(status) == signal.SIGHUP


def test_a_terminal_that_is_gone_means_quit() -> None:
    ours, theirs = os.openpty()
    keyboard = Keyboard(theirs)
    keyboard.open()
    os.close(ours)
    assert keyboard.wait(10.0) == Stroke("gone")
    keyboard.close()
    os.close(theirs)


# The first terminal that the leader of a session opens is its controlling one.
LISTENER = """
import os, sys
terminal = os.open(sys.argv[1], os.O_RDWR)
os.dup2(terminal, 1)
os.close(terminal)
from streamer.terminal_io import open_controlling_terminal
from streamer.terminal_io import Keyboard
from streamer.terminal import is_panel_possible
descriptor = open_controlling_terminal()
keyboard = Keyboard(descriptor)
keyboard.open()
print("panel", is_panel_possible(), is_panel_possible(descriptor), flush=True)
press = keyboard.wait(30.0)
keyboard.close()
print("pressed", press.text, os.read(0, 100), flush=True)
"""

NOBODY = """
from streamer.terminal_io import open_controlling_terminal
print(open_controlling_terminal())
"""


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "TERM": "xterm"}


def test_keys_come_from_the_terminal_while_standard_input_is_a_pipe() -> None:
    with (
        PseudoTerminal() as terminal,
        subprocess.Popen(
            [sys.executable, "-c", LISTENER, os.ttyname(terminal.theirs)],
            env=environment(),
            stdin=subprocess.PIPE,
            start_new_session=True,
        ) as listener,
    ):
        assert listener.stdin is not None
        listener.stdin.write(b"mmm")
        listener.stdin.flush()
        assert terminal.wait_for(lambda text: "panel False True" in text, 30.0)
        terminal.type(b"q")
        assert terminal.wait_for(lambda text: "pressed q b'mmm'" in text, 30.0)
        assert listener.wait(timeout=30) == 0


def test_without_a_terminal_there_is_none_to_open() -> None:
    done = subprocess.run(
        [sys.executable, "-c", NOBODY],
        env=environment(),
        check=True,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        timeout=60,
    )
    assert done.stdout == b"None\n"


@pytest.fixture
def descriptor(tmp_path: Path) -> Iterator[int]:
    """A descriptor that stands for standard error; what reaches it lies in a file."""
    opened = os.open(tmp_path / "stderr", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    yield opened
    os.close(opened)


def wait_for_line(capture: StderrCapture, line: str) -> None:
    """Wait until a line has been captured."""
    seen = threading.Event()
    for _ in range(1000):
        if line in capture.recent(60.0):
            return
        seen.wait(0.01)
    pytest.fail(f"{line!r} never came; {capture.recent(60.0)}")


def test_lines_are_shown_while_it_runs_and_written_out_after(descriptor: int, tmp_path: Path) -> None:
    os.write(descriptor, b"before\n")
    capture = StderrCapture(descriptor)
    with closing(capture):
        capture.open()
        os.write(descriptor, b"ALSA lib pcm.c:2642: Unknown")
        os.write(descriptor, b" PCM\n\nsecond\nunfinished")
        wait_for_line(capture, "second")
        assert capture.recent(60.0) == ("ALSA lib pcm.c:2642: Unknown PCM", "second")
        assert capture.recent(0.0) == ()
        assert (tmp_path / "stderr").read_text() == "before\n"
    os.write(descriptor, b"after\n")
    capture.close()
    assert (tmp_path / "stderr").read_text() == (
        "before\nALSA lib pcm.c:2642: Unknown PCM\nsecond\nunfinished\nafter\n"
    )


def test_the_real_standard_error_is_captured_past_python() -> None:
    program = (
        "import os, sys\n"
        "from streamer.terminal_io import StderrCapture\n"
        "capture = StderrCapture()\n"
        "capture.open()\n"
        "try:\n"
        "    os.write(2, b'from a library\\n')\n"
        "    print('from python', file=sys.stderr)\n"
        "    os.write(1, b'on the panel\\n')\n"
        "    raise SystemExit(7)\n"
        "finally:\n"
        "    capture.close()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (7, "on the panel\n")
    assert done.stderr == "from a library\nfrom python\n"


def test_writers_in_many_threads_lose_nothing_and_never_wait(descriptor: int, tmp_path: Path) -> None:
    capture = StderrCapture(descriptor)
    with closing(capture):
        capture.open()
        writers = [
            threading.Thread(
                target=lambda name=name: [
                    os.write(descriptor, f"{name} {number}\n".encode()) for number in range(20)
                ]
            )
            for name in range(8)
        ]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join(timeout=10.0)
            assert not writer.is_alive()
    written = (tmp_path / "stderr").read_text().splitlines()
    assert sorted(written) == sorted(f"{name} {number}" for name in range(8) for number in range(20))


def test_memory_is_bounded_and_what_went_is_counted(descriptor: int, tmp_path: Path) -> None:
    capture = StderrCapture(descriptor)
    with closing(capture):
        capture.open()
        for number in range(1000):
            os.write(descriptor, f"{number} ".encode() + b"x" * 2000 + b"\n")
    lines = (tmp_path / "stderr").read_text().splitlines()
    assert lines[0] == "… 800 lines before these were not kept"
    assert [line.split()[0] for line in lines[1:]] == [str(number) for number in range(800, 1000)]
    assert max(map(len, lines)) == 500


def test_a_child_that_keeps_the_pipe_open_does_not_hold_up_the_end(descriptor: int) -> None:
    capture = StderrCapture(descriptor)
    capture.open()
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, stderr=descriptor) as child:
        closer = threading.Thread(target=capture.close)
        closer.start()
        closer.join(timeout=10.0)
        assert not closer.is_alive()
        assert child.poll() is None
