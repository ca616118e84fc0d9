"""The real command, started as a user starts it, and what it leaves behind."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from callmood.cli import run_command

Row = dict[str, Any]


def command(*arguments: str | Path) -> list[str]:
    """Give the command line that runs callmood with this Python."""
    return [sys.executable, "-m", "callmood", *map(str, arguments)]


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Give this process's environment, less what a developer's own settings would change."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("COV_", "COVERAGE_"))}
    return plain | {"XDG_CONFIG_HOME": os.devnull, "OMP_NUM_THREADS": "1"} | dict(extra or {})


def callmood(
    *arguments: str | Path, cwd: Path, env: Mapping[str, str] | None = None, timeout_seconds: float = 120.0
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end in a folder, without a terminal.

    Parameters
    ----------
    *arguments : str or Path
        The words after `callmood`.
    cwd : Path
        Where it runs.
    env : mapping, optional
        Added to this process's environment.
    timeout_seconds : float
        Longer, and the test fails.

    Returns
    -------
    CompletedProcess
        With what it wrote and its exit code.
    """
    return subprocess.run(
        command(*arguments),
        cwd=cwd,
        env=environment(env),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout_seconds,
    )


def run_here(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """Run a command in this process: its exit code, and what it wrote to standard output and error.

    Parameters
    ----------
    capsys : CaptureFixture
        Of the test.
    *words : str
        The words after `callmood`.

    Returns
    -------
    tuple of int, str and str
        Code, output, errors.
    """
    code = run_command(words)
    said = capsys.readouterr()
    return code, said.out, said.err


@dataclass(frozen=True)
class Journal:
    """A journal, read whole.

    Attributes
    ----------
    header, summary : dict
        Its first line and its last.
    rows : list of dict
        One a window.
    others : list of dict
        Gaps, marks, pauses, failures.
    """

    header: Row
    rows: list[Row]
    others: list[Row]
    summary: Row

    @property
    def rows_without_lag(self) -> list[Row]:
        """The rows less what may differ between two sessions on the same samples."""
        return [{name: value for name, value in row.items() if name != "lag_seconds"} for row in self.rows]

    def in_speech(self) -> list[Row]:
        """The rows that have an emotion."""
        return [row for row in self.rows if row["state"] == "speech"]


def read_journal(path: Path) -> Journal:
    """Read a journal that was ended properly.

    Parameters
    ----------
    path : Path
        A JSONL file.

    Returns
    -------
    Journal
        Its lines, sorted by type.
    """
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    header, *middle, summary = lines
    assert (header["type"], summary["type"]) == ("header", "summary")
    rows = [line for line in middle if line["type"] == "row"]
    return Journal(header, rows, [line for line in middle if line["type"] != "row"], summary)


def assert_one_line_of_complaint(done: subprocess.CompletedProcess[str], *words: str) -> None:
    """Check how a command ends for a user's fault: not 0, one line after any notes, no traceback.

    Parameters
    ----------
    done : CompletedProcess
        Of a command that was to fail.
    *words : str
        What the line must contain.
    """
    assert done.returncode not in {0, -6, -11}, done
    assert "Traceback" not in done.stdout + done.stderr
    *notes, line = done.stderr.splitlines()
    assert all(note.startswith("note: ") for note in notes), done.stderr
    assert line.startswith("callmood: "), done.stderr
    for word in words:
        assert word in line, (word, line)
