"""Sound on standard input, keys from the terminal all the same."""

import os
import subprocess
import sys

from tests.pseudo_terminal import PseudoTerminal

# The first terminal that the leader of a session opens is its controlling one.
LISTENER = """
import os, sys
terminal = os.open(sys.argv[1], os.O_RDWR)
os.dup2(terminal, 1)
os.close(terminal)
from streamer.terminal.controlling_terminal import open_controlling_terminal
from streamer.terminal.keyboard import Keyboard
from streamer.terminal.terminal_screen import is_panel_possible
descriptor = open_controlling_terminal()
keyboard = Keyboard(descriptor)
keyboard.open()
print("panel", is_panel_possible(), is_panel_possible(descriptor), flush=True)
press = keyboard.wait(30.0)
keyboard.close()
print("pressed", press, os.read(0, 100), flush=True)
"""

NOBODY = """
from streamer.terminal.controlling_terminal import open_controlling_terminal
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
        assert terminal.wait_for(lambda text: "pressed quit b'mmm'" in text, 30.0)
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
