"""From one file to the feature vectors of its windows."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from emotion.arrays import FloatArray
from emotion.audio_file import read_mono
from emotion.errors import AudioFileError
from emotion.features.catalogue import feature_set
from emotion.features.windows_of_clip import window_vectors
from emotion.level import SILENCE_DBFS, level_dbfs
from emotion.resampling import resample
from emotion.window_grid import WindowGrid

CLIP_WINDOWS_VERSION: Final = 1
"""Raise it when the same samples give other `ClipWindows`. Caches are keyed by it."""

PAUSE_DB: Final = 30.0
"""A window that lies further below the loudest of its clip is a pause: no emotion to learn from."""


@dataclass(frozen=True, slots=True, eq=False)
class ClipWindows:
    """The windows of one clip.

    Attributes
    ----------
    vectors : ndarray, shape (num_windows, num_features), float32
        At least one row.
    levels_dbfs : ndarray, shape (num_windows,), float64
        RMS level of each window.
    short : bool
        True where the clip is shorter than win and its one vector is of the whole clip.
    """

    vectors: FloatArray
    levels_dbfs: NDArray[np.float64]
    short: bool

    @property
    def is_silent(self) -> bool:
        """True where no window is louder than `SILENCE_DBFS`."""
        return bool(self.levels_dbfs.max() <= SILENCE_DBFS)

    @property
    def without_pauses(self) -> FloatArray:
        """The vectors of windows at most `PAUSE_DB` below the loudest one: this is training's own choice.

        A live session leaves pauses to its gate instead, which cannot know how loud a clip will become.
        """
        audible: FloatArray = self.vectors[self.levels_dbfs >= self.levels_dbfs.max() - PAUSE_DB]
        return audible

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Give what a cache keeps, by name."""
        return {"vectors": self.vectors, "levels_dbfs": self.levels_dbfs, "short": np.array(self.short)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "ClipWindows":
        """Take what `arrays` gave."""
        return cls(arrays["vectors"], arrays["levels_dbfs"], bool(arrays["short"]))


def clip_windows(path: Path, set_name: str, grid: WindowGrid | None) -> ClipWindows:
    """Read a file and compute its windows by the very code that listens.

    Parameters
    ----------
    path : Path
        Any sound that soundfile reads.
    set_name : str
        The feature set.
    grid : WindowGrid or None
        At the set's sample rate; None for one vector of the whole clip.

    Returns
    -------
    ClipWindows
        Every window that lies wholly inside the clip; one vector of a clip that is shorter than win.

    Raises
    ------
    AudioFileError
        If the file cannot be read, or holds not one sample at the set's rate.
    """
    features = feature_set(set_name)
    sound = read_mono(path)
    samples = resample(sound.samples, sound.sample_rate, features.sample_rate)
    if not len(samples):
        raise AudioFileError(
            f"{path} holds {len(sound.samples)} samples, too few to hear anything; leave it out"
        )
    if grid is None or len(samples) < grid.win:
        vectors = features.clip_vector(samples)[None, :]
        return ClipWindows(vectors, np.array([level_dbfs(samples)]), short=grid is not None)
    vectors = window_vectors(features, grid, samples)
    spans = [grid.span(window) for window in range(len(vectors))]
    return ClipWindows(vectors, np.array([level_dbfs(samples[a:b]) for a, b in spans]), short=False)
