"""The real command at a terminal of its own, as a user sits before it."""

import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.command import command, environment
from tests.pseudo_terminal import PseudoTerminal

END_OF_FRAME = "\x1b[?2026l"
ENTER, LEAVE = "\x1b[?1049h", "\x1b[?1049l"


@contextmanager
def at_terminal(
    terminal: PseudoTerminal,
    *arguments: str | Path,
    folder: Path,
    env: Mapping[str, str] | None = None,
    without: Sequence[str] = (),
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run callmood with a terminal as its controlling one, and end it with the block.

    Parameters
    ----------
    terminal : PseudoTerminal
        All three standard streams.
    *arguments : str or Path
        The words after `callmood`.
    folder : Path
        Where it runs.
    env : mapping, optional
        Added to this process's environment.
    without : sequence of str, optional
        What is taken out of the environment.

    Yields
    ------
    Popen
        As soon as it was started.
    """
    surroundings = environment({"TERM": "xterm-256color", "PYTHONUNBUFFERED": "1"} | dict(env or {}))
    for name in without:
        surroundings.pop(name, None)
    with subprocess.Popen(
        ["setsid", "--ctty", *command(*arguments)],
        cwd=folder,
        env=surroundings,
        stdin=terminal.theirs,
        stdout=terminal.theirs,
        stderr=terminal.theirs,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_for_frames(terminal: PseudoTerminal, more: int, timeout_seconds: float = 30.0) -> None:
    """Wait until the panel was drawn so many times more."""
    before = terminal.text.count(END_OF_FRAME)
    assert terminal.wait_for(lambda text: text.count(END_OF_FRAME) >= before + more, timeout_seconds), (
        terminal.text[-500:]
    )
