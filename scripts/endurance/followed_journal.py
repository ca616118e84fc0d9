"""A journal read while it is being written, each row held against the grid."""

import json
from collections import Counter
from pathlib import Path
from typing import Any, Final

_MAX_NAMED: Final = 5


class FollowedJournal:
    """Counts what a journal says, and keeps none of it.

    Parameters
    ----------
    path : Path
        Need not be there yet.
    step_seconds, win_seconds : float
        The grid that its rows must lie on, s.

    Attributes
    ----------
    num_bytes, num_rows : int
        Read so far.
    states : Counter
        Rows by state.
    others : Counter
        Lines by type, rows left out.
    stream_seconds, lag_seconds : float
        End and lag of the latest row, s.
    max_lag_seconds : float
        The longest lag since it was last asked for, s.
    summary : dict or None
        The last line, once it is there.
    wrong : list of str
        The first few rows off the grid.
    """

    def __init__(self, path: Path, *, win_seconds: float, step_seconds: float) -> None:
        self._path = path
        self._win_seconds = win_seconds
        self._step_seconds = step_seconds
        self._rest = b""
        self.num_bytes = 0
        self.num_rows = 0
        self.states: Counter[str] = Counter()
        self.others: Counter[str] = Counter()
        self.stream_seconds = 0.0
        self.lag_seconds = 0.0
        self.max_lag_seconds = 0.0
        self.summary: dict[str, Any] | None = None
        self.wrong: list[str] = []

    def read(self) -> None:
        """Read what has been written since.

        Raises
        ------
        ValueError
            If a line is no JSON.
        """
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            file.seek(self.num_bytes)
            new = file.read()
        self.num_bytes += len(new)
        *lines, self._rest = (self._rest + new).split(b"\n")
        for line in lines:
            self._take(json.loads(line))

    def longest_lag(self) -> float:
        """Give the longest lag since the last call, s."""
        longest, self.max_lag_seconds = self.max_lag_seconds, 0.0
        return longest

    @property
    def ends_in_a_line(self) -> bool:
        """True where nothing stands behind the last line end."""
        return not self._rest

    def _take(self, line: dict[str, Any]) -> None:
        if line["type"] != "row":
            self.others[line["type"]] += 1
            self.summary = line if line["type"] == "summary" else self.summary
            return
        start = self.num_rows * self._step_seconds
        expected = (self.num_rows, start, start + self._win_seconds)
        found = (line["window"], line["start"], line["end"])
        if found != expected and len(self.wrong) < _MAX_NAMED:
            self.wrong.append(f"window, start, end {found}, not {expected}")
        self.num_rows += 1
        self.states[line["state"]] += 1
        self.stream_seconds, self.lag_seconds = line["end"], line["lag_seconds"]
        self.max_lag_seconds = max(self.max_lag_seconds, line["lag_seconds"])
