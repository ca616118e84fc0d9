"""The real command that is fed with speech by a pipe, as fast as a test likes, and what it prints."""

import json
import os
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from tests.command import command, environment
from tests.spoken import DEMO, SAMPLE_RATE

Line = dict[str, Any]

WAIT_SECONDS = 30.0


class Fed:
    """`callmood listen - --model speech-light --json`, whose lines are read all the while.

    Parameters
    ----------
    folder : Path
        Where it runs.
    *arguments : str or Path
        More words.
    env : mapping, optional
        Added to this process's environment.
    prefix : sequence of str, optional
        What runs the command.
    """

    def __init__(
        self,
        folder: Path,
        *arguments: str | Path,
        env: Mapping[str, str] | None = None,
        prefix: Sequence[str] = (),
    ) -> None:
        self.lines: list[Line] = []
        self.stderr = ""
        self._news = threading.Condition()
        samples = np.asarray(soundfile.read(DEMO, dtype="int16")[0])
        self._speech = samples.tobytes()
        self._at = 0
        self._read, self._write = os.pipe()
        self.process = subprocess.Popen(
            [*prefix, *command("listen", "-", "--model", "speech-light", "--json", *arguments)],
            cwd=folder,
            env=environment(env),
            stdin=self._read,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        os.close(self._read)
        self._reader = threading.Thread(target=self._follow)
        self._reader.start()

    def __enter__(self) -> "Fed":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.end()

    def feed(self, seconds: float) -> None:
        """Hand in more of the demo, over and over."""
        num_bytes = 2 * round(seconds * SAMPLE_RATE)
        while num_bytes:
            part = self._speech[self._at : self._at + num_bytes]
            os.write(self._write, part)
            num_bytes -= len(part)
            self._at = (self._at + len(part)) % len(self._speech)

    def feed_until(self, seen: Callable[[Sequence[Line]], bool]) -> None:
        """Hand in half a second at a time until what was printed fulfils a condition."""
        for _ in range(int(WAIT_SECONDS / 0.2)):
            if self._wait(seen, 0.2):
                return
            self.feed(0.5)
        raise AssertionError((self.lines[-3:], self.process.poll()))

    def wait_for(self, seen: Callable[[Sequence[Line]], bool]) -> None:
        """Wait until what was printed fulfils a condition."""
        assert self._wait(seen, WAIT_SECONDS), (self.lines[-3:], self.process.poll())

    def wait_for_rows(self, number: int) -> None:
        """Wait until so many rows were printed."""
        self.wait_for(lambda _: len(self.rows) >= number)

    @property
    def rows(self) -> list[Line]:
        """The rows printed so far."""
        return [line for line in self.lines if line["type"] == "row"]

    @property
    def failures(self) -> list[str]:
        """What it said it could not write, so far."""
        return [line["message"] for line in self.lines if line["type"] == "failure"]

    def end(self) -> int:
        """End the sound, and give the exit code."""
        if self._write >= 0:
            os.close(self._write)
            self._write = -1
            self._reader.join(timeout=WAIT_SECONDS)
            assert self.process.stderr is not None
            self.stderr = self.process.stderr.read()
            self.process.stderr.close()
        return self.process.wait(timeout=WAIT_SECONDS)

    def _wait(self, seen: Callable[[Sequence[Line]], bool], seconds: float) -> bool:
        with self._news:
            return self._news.wait_for(lambda: seen(self.lines), seconds)

    def _follow(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as stdout:
            for line in stdout:
                with self._news:
                    self.lines.append(json.loads(line))
                    self._news.notify_all()
