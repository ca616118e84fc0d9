"""`classic-33`: the article's 33 values to the letter, with librosa's defaults; for whole clips only."""

import warnings
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Final

import numpy as np

from emotion.arrays import FloatArray, Samples
from emotion.atomic_files import locked_folder
from emotion.errors import UsageError, require
from emotion.features.base import FUNCTIONALS, Descriptor, FeatureStream
from emotion.window_grid import WindowGrid

if TYPE_CHECKING:
    from numpy.typing import NDArray

MATRICES: Final[tuple[tuple[str, str], ...]] = (
    ("mfccs", "dB"),
    ("chroma", "1"),
    ("mel", "power"),
    ("spectral_centroid", "Hz"),
    ("spectral_bandwidth", "Hz"),
    ("spectral_contrast", "dB"),
    ("spectral_flatness", "1"),
    ("zcr", "1/sample"),
)
"""The article's names, in its order, and their units."""

FEATURES: Final = (
    *(Descriptor(f"{name}.all.{functional}", unit) for name, unit in MATRICES for functional in FUNCTIONALS),
    Descriptor("rms.all.mean", "full scale"),
)

COMPILING_SECONDS: Final = 120.0
"""A slow processor needs 25 s to compile librosa; who has waited for this long no longer waits."""


class Classic33:
    """Each statistic over the whole matrix of a descriptor, all coefficients in one: 8 times 4, and mean RMS.

    As the article calls librosa: centred frames, the tuning estimated from the clip, levels floored 80 dB
    under the clip's loudest. All three need the whole clip in view, so the set cannot listen.
    """

    name = "classic-33"
    version = 1
    sample_rate = 22050
    frame_length = 2048
    frame_hop = 512
    offline_only = True
    feature_names = tuple(feature.name for feature in FEATURES)
    feature_units = tuple(feature.unit for feature in FEATURES)

    def open(self, grid: WindowGrid) -> FeatureStream:
        """Refuse: the set has no stream.

        Parameters
        ----------
        grid : WindowGrid
            Any.

        Raises
        ------
        UsageError
            Always.
        """
        win_seconds = grid.win / grid.sample_rate
        raise UsageError(
            f"{self.name} needs a whole clip in view and has no windows of {win_seconds:g} s; "
            "use --whole-clips, or the feature set classic"
        )

    def clip_vector(self, samples: Samples) -> FloatArray:
        """Give the 33 values of a clip.

        Parameters
        ----------
        samples : ndarray, shape (n,), n >= 1
            Mono float32 at 22 050 Hz. A clip shorter than one frame is continued with zeros.

        Returns
        -------
        ndarray, shape (33,), float32
            Mean, standard deviation, minimum and maximum of eight matrices, and the mean RMS.

        Raises
        ------
        MissingExtraError
            If librosa is not installed.
        """
        return _values(_librosa_feature(), samples)


@cache
def _librosa_feature() -> ModuleType:
    """Import `librosa.feature` and have it compiled, one process at a time.

    Where two processes fill numba's cache at once, whoever reads it afterwards may crash (numba issue 10128).
    """
    installed = find_spec("librosa")
    if installed is None or installed.origin is None:
        return require("librosa.feature", "train")
    with locked_folder(Path(installed.origin).parent, COMPILING_SECONDS):
        feature = require("librosa.feature", "train")
        _values(feature, np.zeros(1, dtype=np.float32))
    return feature


def _values(feature: ModuleType, samples: Samples) -> FloatArray:
    num_missing = max(0, Classic33.frame_length - len(samples))
    y = np.concatenate([samples, np.zeros(num_missing, dtype=np.float32)])
    sr = Classic33.sample_rate
    with warnings.catch_warnings():
        # A clip without a pitch has no tuning; librosa takes 0 then, and so does the article.
        warnings.filterwarnings("ignore", "Trying to estimate tuning from empty frequency set")
        matrices: list[NDArray[np.floating]] = [
            feature.mfcc(y=y, sr=sr, n_mfcc=13),
            feature.chroma_stft(y=y, sr=sr),
            feature.melspectrogram(y=y, sr=sr),
            feature.spectral_centroid(y=y, sr=sr),
            feature.spectral_bandwidth(y=y, sr=sr),
            feature.spectral_contrast(y=y, sr=sr),
            feature.spectral_flatness(y=y),
            feature.zero_crossing_rate(y),
        ]
    statistics = [[matrix.mean(), matrix.std(), matrix.min(), matrix.max()] for matrix in matrices]
    energy = feature.rms(y=y).mean()
    return np.append(np.ravel(statistics), energy).astype(np.float32)
