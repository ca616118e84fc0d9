"""Options of a training run."""

import math
import os
import shlex
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from emotion.errors import OutputError, UsageError, name_advice
from emotion.features.catalogue import feature_set
from emotion.model import refuse_to_replace
from emotion.untrusted import MAX_SECONDS, MIN_STEP_SECONDS
from emotion.window_grid import WindowGrid
from trainer.dataset import Dataset, Reading, check_enough, read_dataset
from trainer.label_words import LabelWords
from trainer.progress import check_jobs

DEFAULT_WIN_SECONDS: Final = 2.0
DEFAULT_STEP_SECONDS: Final = 0.5
DEFAULT_MAX_WINDOWS: Final = 6_000
"""Windows that the machine is fitted on; see ``docs/decisions/0005-a-cap-on-training-windows.md``."""

CORPORA_VARIABLE: Final = "CALLMOOD_CORPORA"


MEASURE_ONLY: Final = ("turev",)
"""Corpora whose licence forbids what is made from them: they are never fitted on."""
WHY_MEASURE_ONLY: Final = "its licence lets nobody share what was fitted on it"

_MAX_LICENCE: Final = 200


@dataclass(frozen=True, slots=True)
class DataOptions:
    """What is fitted on.

    Attributes
    ----------
    root : Path
        A folder a label, or corpora with manifests.
    speakers : str or None
        As `trainer.dataset.Reading.speakers`.
    maps : tuple of str
        As `trainer.label_words.LabelWords.from_options` takes them.
    licence : str or None
        Of the clips, as the user states it; None where nothing is stated.
    only : tuple of str
        Corpora to fit on; empty for all.
    """

    root: Path
    speakers: str | None = None
    maps: tuple[str, ...] = ()
    licence: str | None = None
    only: tuple[str, ...] = ()

    def read(self) -> Dataset:
        """Read the clips, but for corpora that may only be measured on."""
        self._check()
        data = read_dataset(self.root, Reading(LabelWords.from_options(self.maps), self.speakers))
        corpora = sorted({clip.corpus for clip in data.clips})
        for name in self.only:
            if name not in corpora:
                raise UsageError(f"there is no corpus {name!r} in {self.root}; {name_advice(name, corpora)}")
        wanted = [name for name in self.only or corpora if name not in MEASURE_ONLY]
        remarks = tuple(
            f"{name} is left out: {WHY_MEASURE_ONLY}" for name in self.only or corpora if name in MEASURE_ONLY
        )
        clips = tuple(clip for clip in data.clips if clip.corpus in wanted)
        check_enough(clips, self.root, remarks)
        return replace(data, clips=clips, remarks=data.remarks + remarks)

    @property
    def shown_root(self) -> str:
        """The data folder as it may be written into a card: without this machine's folders."""
        corpora = os.environ.get(CORPORA_VARIABLE)
        if corpora and Path(corpora).resolve() == self.root.resolve():
            return f"${CORPORA_VARIABLE}"
        outside = self.root.is_absolute() or ".." in self.root.parts
        return self.root.resolve().name if outside else self.root.as_posix()

    def portable(self, remark: str) -> str:
        """Take out of a remark where the recordings lie on this machine: cards and logs travel."""
        return remark.replace(str(self.root), self.shown_root)

    @property
    def words(self) -> list[str]:
        """The folder and the options, for the command that makes a model again."""
        shown = self.shown_root
        words = [shown if shown.startswith("$") else shlex.quote(shown)]
        words += [] if self.speakers is None else ["--speakers", shlex.quote(self.speakers)]
        words += [word for each in self.maps for word in ("--map", shlex.quote(each))]
        words += [] if self.licence is None else ["--licence", shlex.quote(self.licence)]
        words += ["--only", shlex.quote(",".join(self.only))] if self.only else []
        return words

    def _check(self) -> None:
        licence = self.licence
        if licence is not None and not (licence.strip() and licence.isprintable()):
            raise UsageError(f"--licence is {licence[:40]!r}; give its name, such as 'CC BY 4.0'")
        if licence is not None and len(licence) > _MAX_LICENCE:
            raise UsageError(f"--licence has {len(licence)} characters; give at most {_MAX_LICENCE}")


@dataclass(frozen=True, slots=True)
class ModelPlace:
    """Where a model is to be written.

    Attributes
    ----------
    name : str
        Of the model, and of its folder.
    out : Path
        The folder that models lie in.
    force : bool
        Replace a model of this name.
    """

    name: str
    out: Path
    force: bool = False

    @property
    def folder(self) -> Path:
        """Where the model will lie."""
        return self.out / self.name

    def check(self) -> None:
        """Refuse, before hours are spent, what cannot be written."""
        plain = self.name == Path(self.name).name and self.name.isprintable()
        if not self.name or not plain or self.name.startswith((".", "-")):
            raise UsageError(
                f"--name {self.name!r} is no plain name; give one such as my-voice, and a folder with --out"
            )
        refuse_to_replace(self.folder, force=self.force)
        try:
            self.out.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryDirectory(prefix=f".{self.name}.", dir=self.out).cleanup()
        except OSError as error:
            raise OutputError(
                f"cannot write models into {self.out}: {error.strerror or error}; "
                "name another folder with --out"
            ) from error


@dataclass(frozen=True, slots=True)
class TrainingOptions:
    """The fit of a support vector machine.

    Attributes
    ----------
    data : DataOptions
        What is fitted on.
    place : ModelPlace
        Where the model goes.
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
    """

    data: DataOptions
    place: ModelPlace
    feature_set: str
    win_seconds: float | None
    step_seconds: float | None
    seed: int
    jobs: int
    max_windows: int
    callmood_version: str
    article: bool = False

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
    def command(self) -> str:
        """The command that makes the model again."""
        words = ["callmood train", *self.data.words, "--name", shlex.quote(self.place.name)]
        if self.article:
            return " ".join([*words, "--recipe article"])
        words += ["--features", self.feature_set]
        windows = ["--whole-clips"]
        if self.win_seconds is not None and self.step_seconds is not None:
            windows = ["--win", f"{self.win_seconds:g}", "--step", f"{self.step_seconds:g}"]
        return " ".join([*words, *windows, "--seed", str(self.seed), "--max-windows", str(self.max_windows)])

    def check(self) -> None:
        """Refuse, before hours are spent, what cannot succeed."""
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
        self.place.check()
