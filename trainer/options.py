"""Options of a training run."""

import math
import os
import shlex
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from emotion.errors import OutputError, UsageError
from emotion.features.catalogue import feature_set
from emotion.model import refuse_to_replace
from emotion.untrusted import MAX_SECONDS, MIN_STEP_SECONDS
from emotion.window_grid import WindowGrid
from trainer.progress import check_jobs

DEFAULT_WIN_SECONDS: Final = 2.0
DEFAULT_STEP_SECONDS: Final = 0.5
DEFAULT_MAX_WINDOWS: Final = 6_000
"""Windows that the machine is fitted on; see ``docs/decisions/0005-a-cap-on-training-windows.md``."""

CORPORA_VARIABLE: Final = "CALLMOOD_CORPORA"


@dataclass(frozen=True, slots=True)
class TrainingOptions:
    """A training run, checked.

    Attributes
    ----------
    data : Path
        A folder a label, or corpora with manifests.
    name : str
        Of the model.
    out : Path
        The folder that models lie in.
    feature_set : str
        Name of the feature set.
    win_seconds, step_seconds : float or None
        The grid, s; None for whole clips.
    seed : int
        Of all draws.
    jobs : int
        Processes that compute features.
    max_windows : int
        Windows that the machine is fitted on.
    callmood_version : str
        For the card.
    article : bool
        Do exactly what the article does, instead of scaling and choosing parameters.
    force : bool
        Replace a model of this name.
    """

    data: Path
    name: str
    out: Path
    feature_set: str
    win_seconds: float | None
    step_seconds: float | None
    seed: int
    jobs: int
    max_windows: int
    callmood_version: str
    article: bool = False
    force: bool = False

    @property
    def folder(self) -> Path:
        """Where the model will lie."""
        return self.out / self.name

    @property
    def grid(self) -> WindowGrid | None:
        """The window grid at the feature set's rate; None for whole clips."""
        if self.win_seconds is None or self.step_seconds is None:
            return None
        features = feature_set(self.feature_set)
        grid = WindowGrid.from_seconds(self.win_seconds, self.step_seconds, features.sample_rate)
        features.open(grid)
        return grid

    @property
    def shown_data(self) -> str:
        """The data folder as it may be written into a card: without this machine's folders."""
        corpora = os.environ.get(CORPORA_VARIABLE)
        if corpora and Path(corpora).resolve() == self.data.resolve():
            return f"${CORPORA_VARIABLE}"
        outside = self.data.is_absolute() or ".." in self.data.parts
        return self.data.resolve().name if outside else self.data.as_posix()

    @property
    def command(self) -> str:
        """The command that makes the model again."""
        data = self.shown_data if self.shown_data.startswith("$") else shlex.quote(self.shown_data)
        words = ["callmood train", data, "--name", shlex.quote(self.name)]
        if self.article:
            return " ".join([*words, "--recipe article"])
        words += ["--features", self.feature_set]
        windows = ["--whole-clips"]
        if self.win_seconds is not None and self.step_seconds is not None:
            windows = ["--win", f"{self.win_seconds:g}", "--step", f"{self.step_seconds:g}"]
        return " ".join([*words, *windows, "--seed", str(self.seed), "--max-windows", str(self.max_windows)])

    def check(self) -> None:
        """Refuse, before hours are spent, what cannot succeed."""
        plain = self.name == Path(self.name).name and self.name.isprintable()
        if not self.name or not plain or self.name.startswith((".", "-")):
            raise UsageError(
                f"--name {self.name!r} is no plain name; give one such as my-voice, and a folder with --out"
            )
        if self.seed < 0:
            raise UsageError(f"--seed is {self.seed}; give a whole number from 0 upwards")
        check_jobs(self.jobs)
        if self.max_windows < 20:
            raise UsageError(f"--max-windows is {self.max_windows}; give at least 20")
        for option, value in (("--win", self.win_seconds), ("--step", self.step_seconds)):
            if value is not None and not math.isfinite(value):
                raise UsageError(f"{option} is {value}; give seconds")
        if (self.win_seconds or 0.0) > MAX_SECONDS:
            raise UsageError(f"--win is {self.win_seconds:g} s; give at most {MAX_SECONDS:g}")
        if 0.0 < (self.step_seconds or 0.0) < MIN_STEP_SECONDS:
            raise UsageError(f"--step is {self.step_seconds:g} s; give at least {MIN_STEP_SECONDS:g}")
        _ = self.grid
        refuse_to_replace(self.folder, force=self.force)
        try:
            self.out.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryDirectory(prefix=f".{self.name}.", dir=self.out).cleanup()
        except OSError as error:
            raise OutputError(
                f"cannot write models into {self.out}: {error.strerror or error}; "
                "name another folder with --out"
            ) from error
