"""What was said about streams is kept on disk, so that a second scoring need not hear them again."""

import hashlib
import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

import numpy as np

from emotion.access import PRIVATE
from emotion.errors import OutputError
from emotion.whole_file import replace
from evaluation.protocols.table_part import TablePart
from evaluation.scores.judged import Judged, JudgedWindows, Placements
from trainer.recipes.recipe import Recipe
from trainer.windows.cache import VARIABLE

_PARTS_THAT_DECIDE: Final = (
    ("emotion", ""),
    ("streamer", "judge.py"),
    ("streamer", "tracker.py"),
    ("trainer", "fitting"),
    ("trainer", "recipes"),
    ("trainer", "step_table.py"),
    ("evaluation", "scores"),
)
_LIBRARIES_THAT_DECIDE: Final = ("numpy", "scikit-learn", "scipy")


@dataclass(frozen=True, slots=True)
class KeptJudgements:
    """A folder of judged streams.

    Attributes
    ----------
    folder : Path
        Safe to delete at any time; made when first needed.
    """

    folder: Path

    def load(self, key: str | None) -> Judged | None:
        """Look up.

        Parameters
        ----------
        key : str or None
            As `judgement_key` gives it.

        Returns
        -------
        Judged or None
            None where nothing is kept, or what is kept is damaged.
        """
        if key is None:
            return None
        try:
            # A file of our own: numpy leaves one that it opened unclosed where the content is damaged.
            with self._path(key).open("rb") as file, np.load(file, allow_pickle=False) as kept:
                windows = {each.name: kept[f"windows.{each.name}"] for each in fields(JudgedWindows)}
                placements = {each.name: kept[f"placements.{each.name}"] for each in fields(Placements)}
                return Judged(JudgedWindows(**windows), Placements(**placements))
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return None

    def store(self, key: str | None, judged: Judged) -> None:
        """Keep; the file appears whole or not at all.

        Parameters
        ----------
        key : str or None
            As `judgement_key` gives it; None keeps nothing.
        judged : Judged
            What was said.

        Raises
        ------
        OutputError
            If the folder cannot be written.
        """
        if key is None:
            return
        columns = {
            f"{part}.{each.name}": getattr(getattr(judged, part), each.name)
            for part in ("windows", "placements")
            for each in fields(getattr(judged, part))
        }
        content = io.BytesIO()
        np.savez(content, **columns)
        path = self._path(key)
        try:
            PRIVATE.make_folder(path.parent)
            replace(path, content.getvalue(), PRIVATE)
        except OSError as error:
            raise OutputError(
                f"cannot keep what was heard in {self.folder}: {error.strerror or error}; "
                f"name another folder in {VARIABLE}"
            ) from error

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}.npz"


def judgement_key(
    recipe: Recipe, training_side: Sequence[TablePart], heard: TablePart, *, baseline: bool
) -> str | None:
    """Name all that decides about what is said of a table.

    Parameters
    ----------
    recipe : Recipe
        With its parameters in its `repr`, as a dataclass has them.
    training_side : sequence of TablePart
        What it is fitted on.
    heard : TablePart
        The streams.
    baseline : bool
        Whether voices are learned.

    Returns
    -------
    str or None
        SHA-256, hexadecimal; None for a recipe that is no dataclass, whose parameters nobody can see.
    """
    described: object = recipe
    if not is_dataclass(described):
        return None
    parts = [
        repr(described),
        code_digest(),
        *(table.key for table in training_side),
        heard.key,
        str(baseline),
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


@cache
def code_digest() -> str:
    """Give the SHA-256 of all source and all library versions that decide about what is said.

    Returns
    -------
    str
        Hexadecimal.
    """
    digest = hashlib.sha256()
    for package, part in _PARTS_THAT_DECIDE:
        place = files(package) / part if part else files(package)
        for source in _sources(place):
            digest.update(source.read_bytes())
    for library in _LIBRARIES_THAT_DECIDE:
        digest.update(f"{library} {_version(library)}\n".encode())
    return digest.hexdigest()


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return "none"


def _sources(place: Traversable) -> list[Traversable]:
    if place.is_file():
        return [place]
    if not place.is_dir():
        return []
    children = sorted(place.iterdir(), key=lambda child: child.name)
    return [
        source
        for child in children
        if child.is_dir() or child.name.endswith(".py")
        for source in _sources(child)
    ]
