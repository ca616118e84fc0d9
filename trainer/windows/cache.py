"""Feature vectors once computed are kept on disk, under the content they came from."""

import hashlib
import io
import os
import zipfile
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

import numpy as np

from emotion.access import PRIVATE
from emotion.errors import OutputError
from emotion.features.catalogue import feature_set
from emotion.whole_file import replace
from emotion.window_grid import WindowGrid
from trainer.windows.clip_windows import ClipWindows

VARIABLE: Final = "CALLMOOD_CACHE"
"""Environment variable that names the folder; by default ``.callmood-cache`` in the working directory."""

_PARTS_THAT_SHAPE_VALUES: Final = (
    "audio_file.py",
    "decoding.py",
    "features",
    "finite_samples.py",
    "level.py",
    "mixing.py",
    "resampling.py",
    "window_grid.py",
)
_LIBRARIES_THAT_SHAPE_VALUES: Final = ("librosa", "numpy", "soundfile", "soxr")


def cache_folder() -> Path:
    """Name the folder that vectors are kept in.

    Returns
    -------
    Path
        It need not exist.
    """
    return Path(os.environ.get(VARIABLE) or ".callmood-cache")


@dataclass(frozen=True, slots=True)
class FeatureCache:
    """The kept vectors of one feature set on one grid.

    Attributes
    ----------
    folder : Path
        Where they lie; safe to delete at any time.
    """

    folder: Path

    @classmethod
    def of(cls, set_name: str, grid: WindowGrid | None, root: Path) -> "FeatureCache":
        """Name the place for a feature set and a grid.

        The name holds the set's version, and a digest of the code and of the libraries that read,
        resample, measure and describe sound: the version is a promise, the digest holds it to it.

        Parameters
        ----------
        set_name : str
            A feature set.
        grid : WindowGrid or None
            None for one vector a clip.
        root : Path
            The whole cache.

        Returns
        -------
        FeatureCache
            Nothing is made on disk yet.
        """
        place = "whole-clips" if grid is None else f"{grid.win}-{grid.step}"
        set_version = feature_set(set_name).version
        return cls(root / f"{set_name}-v{set_version}-{place}-{code_digest()[:12]}")

    def load(self, digest: str) -> ClipWindows | None:
        """Look up what was kept for a file's content.

        Parameters
        ----------
        digest : str
            SHA-256 of the file, hexadecimal.

        Returns
        -------
        ClipWindows or None
            None where nothing is kept, or what is kept is damaged.
        """
        try:
            # A file of our own: numpy leaves one that it opened unclosed where the content is damaged.
            with self._path(digest).open("rb") as file, np.load(file, allow_pickle=False) as kept:
                return ClipWindows(kept["vectors"], kept["levels_dbfs"], bool(kept["short"]))
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return None

    def store(self, digest: str, windows: ClipWindows) -> None:
        """Keep a clip's vectors; they appear whole or not at all.

        Parameters
        ----------
        digest : str
            SHA-256 of the file, hexadecimal.
        windows : ClipWindows
            What was computed.

        Raises
        ------
        OutputError
            If the folder cannot be written.
        """
        path = self._path(digest)
        content = io.BytesIO()
        np.savez(content, vectors=windows.vectors, levels_dbfs=windows.levels_dbfs, short=windows.short)
        try:
            PRIVATE.make_folder(path.parent)
            replace(path, content.getvalue(), PRIVATE)
        except OSError as error:
            raise OutputError(
                f"cannot keep features in {self.folder}: {error.strerror or error}; "
                f"name another folder in {VARIABLE}"
            ) from error

    def _path(self, digest: str) -> Path:
        return self.folder / digest[:2] / f"{digest}.npz"


@cache
def code_digest() -> str:
    """Give the SHA-256 of all source and all library versions that decide about a vector's values.

    Returns
    -------
    str
        Hexadecimal.
    """
    digest = hashlib.sha256()
    parts = [files("emotion") / name for name in _PARTS_THAT_SHAPE_VALUES]
    for part in (*parts, files("trainer") / "windows" / "clip_windows.py"):
        for source in _sources(part):
            digest.update(source.read_bytes())
    for library in _LIBRARIES_THAT_SHAPE_VALUES:
        digest.update(f"{library} {version(library)}\n".encode())
    return digest.hexdigest()


def _sources(part: Traversable) -> list[Traversable]:
    if part.is_file():
        return [part]
    children = sorted(part.iterdir(), key=lambda child: child.name)
    return [
        source
        for child in children
        if child.is_dir() or child.name.endswith(".py")
        for source in _sources(child)
    ]
