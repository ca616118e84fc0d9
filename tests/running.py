"""A program that runs beside a test: what it says is read all the while, and it ends with the test."""

import subprocess
import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Literal

Pipe = Literal["stdout", "stderr", "both"]

END_TIMEOUT_SECONDS = 10.0


class Lines:
    """The lines of a program, read by a thread of their own so that it never blocks on a full pipe.

    Parameters
    ----------
    process : Popen
        Started with a pipe, in text mode.
    pipe : {'stdout', 'stderr', 'both'}
        Which it is; of both, standard error goes into standard output.
    """

    def __init__(self, process: "subprocess.Popen[str]", pipe: Pipe) -> None:
        self.process = process
        self.last: deque[str] = deque(maxlen=20)
        self._new: SimpleQueue[str | None] = SimpleQueue()
        self.thread = threading.Thread(target=self._read, args=(pipe,), daemon=True)
        self.thread.start()

    def _read(self, pipe: Pipe) -> None:
        stream = self.process.stderr if pipe == "stderr" else self.process.stdout
        assert stream is not None
        for line in stream:
            if line.strip():
                self.last.append(line.rstrip())
                self._new.put(line)
        self._new.put(None)

    @property
    def last_words(self) -> str:
        """What it said lately, in one line."""
        return " / ".join(self.last)

    def wait_for(self, *words: str, timeout_seconds: float) -> None:
        """Return as soon as all of these were said, in any order; fail when they are not.

        Parameters
        ----------
        *words : str
            Each in one line, which is looked for from where the last wait ended.
        timeout_seconds : float
            For all of them, s.

        Raises
        ------
        AssertionError
            When the time is over or the program has ended, with its last words.
        """
        missing = set(words)
        end = monotonic() + timeout_seconds
        try:
            while missing and (line := self._new.get(timeout=max(0.0, end - monotonic()))) is not None:
                missing = {wanted for wanted in missing if wanted not in line}
        except Empty:
            pass
        if missing:
            raise AssertionError(
                f"{self.process.args!r} did not say {sorted(missing)}, but: {self.last_words}"
            )


@contextmanager
def running(
    command: Sequence[str], environment: Mapping[str, str], *, pipe: Pipe, folder: Path | None = None
) -> Iterator[Lines]:
    """Run a program for as long as the block lasts.

    Parameters
    ----------
    command : sequence of str
        Its words.
    environment : mapping
        All of its environment.
    pipe : {'stdout', 'stderr', 'both'}
        What is read of it; the rest is thrown away.
    folder : Path, optional
        Where it runs.

    Yields
    ------
    Lines
        What it says; an error of the block gets its last words as a note. After the block it has ended: asked
        to, or killed where it does not obey.
    """
    streams = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    if pipe == "both":
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    else:
        streams[pipe] = subprocess.PIPE
    with subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=streams["stdout"],
        stderr=streams["stderr"],
        text=True,
        errors="replace",
    ) as process:
        lines = Lines(process, pipe)
        try:
            yield lines
        except BaseException as error:
            error.add_note(f"{command[0]} said: {lines.last_words}")
            raise
        finally:
            process.terminate()
            try:
                process.wait(timeout=END_TIMEOUT_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
            lines.thread.join(timeout=END_TIMEOUT_SECONDS)
