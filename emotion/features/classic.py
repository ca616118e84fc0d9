"""`classic`: the article's descriptors, each frame by itself, with four functionals a coefficient."""

from typing import Final

import numpy as np

from emotion.arrays import FloatArray
from emotion.features.chroma import NUM_CLASSES
from emotion.features.contrast import NUM_OCTAVES
from emotion.features.descriptors import Descriptor, numbered, with_functionals
from emotion.features.families import FrameFamilies, FrameScale
from emotion.features.functionals import summarise
from emotion.features.mel import cepstral_basis, decibels
from emotion.features.streamed_set import StreamedSet

SAMPLE_RATE: Final = 22050
FRAME_LENGTH: Final = 2048
FRAME_HOP: Final = 512
NUM_MELS: Final = 128
NUM_CEPSTRA: Final = 13
POWER_FLOOR: Final = 1e-10
CROSSING_THRESHOLD: Final = 1e-10

CEPSTRA: Final = numbered("mfcc", NUM_CEPSTRA, "dB")
SHAPES: Final[tuple[Descriptor, ...]] = (
    *numbered("chroma", NUM_CLASSES, "1"),
    *numbered("contrast", NUM_OCTAVES + 1, "dB"),
    Descriptor("spectrum.centroid", "Hz"),
    Descriptor("spectrum.bandwidth", "Hz"),
    Descriptor("spectrum.flatness", "1"),
    Descriptor("waveform.zero_crossing_rate", "1/sample"),
)
"""What `FrameFamilies` gives beside the mel bands and the RMS, in its order."""

ENERGY: Final = Descriptor("waveform.rms.mean", "full scale")


class ClassicRecipe:
    """MFCC, mel power, chroma, contrast, centroid, bandwidth, flatness, zero crossings; RMS as its mean.

    What librosa derives from the whole window, the 80 dB floor and the tuning, is left out:
    see ``docs/decisions/0001-classic-without-whole-window-quantities.md``.
    """

    descriptors = (*CEPSTRA, *numbered("mel", NUM_MELS, "power"), *SHAPES)
    features = (*with_functionals(descriptors), ENERGY)
    num_columns = len(descriptors) + 1

    def __init__(self) -> None:
        self._families = FrameFamilies(
            FrameScale(SAMPLE_RATE, FRAME_LENGTH, NUM_MELS, POWER_FLOOR, CROSSING_THRESHOLD)
        )
        self._cepstral_basis = cepstral_basis(NUM_MELS, NUM_CEPSTRA)

    def describe(self, frames: FloatArray) -> FloatArray:
        """Describe frames, each by itself.

        Parameters
        ----------
        frames : ndarray, shape (num_frames, 2048), float32
            Sound at 22 050 Hz.

        Returns
        -------
        ndarray, shape (num_frames, 165), float32
            In the order of `descriptors`, and RMS last.
        """
        mel, rest = self._families(frames)
        cepstra = decibels(mel, POWER_FLOOR) @ self._cepstral_basis
        return np.concatenate([cepstra, mel, rest], axis=1)

    def vector(self, rows: FloatArray) -> FloatArray:
        """Sum up a window.

        Parameters
        ----------
        rows : ndarray, shape (n, 165), float32
            Of the window's frames.

        Returns
        -------
        ndarray, shape (657,), float32
            Four functionals of each descriptor, and the mean RMS.
        """
        return summarise(rows).ravel()[: len(self.features)]


def classic() -> StreamedSet:
    """Make the set `classic`, version 1.

    Returns
    -------
    StreamedSet
        22 050 Hz, frames of 2048 samples every 512.
    """
    return StreamedSet(
        "classic",
        version=1,
        sample_rate=SAMPLE_RATE,
        frame_length=FRAME_LENGTH,
        frame_hop=FRAME_HOP,
        recipe=ClassicRecipe(),
    )
