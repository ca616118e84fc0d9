"""`classic-speech`: the descriptors of `classic`, cut for speech, whatever its level."""

from typing import Final

import numpy as np

from emotion.arrays import FloatArray
from emotion.features.classic import CEPSTRA, ENERGY, NUM_CEPSTRA, SHAPES
from emotion.features.descriptors import numbered, with_functionals
from emotion.features.families import FrameFamilies, FrameScale
from emotion.features.functionals import summarise
from emotion.features.mel import cepstral_basis, decibels
from emotion.features.streamed_set import StreamedSet
from emotion.features.window_level import LEVEL_DBFS, level_of_frames

SAMPLE_RATE: Final = 16000
FRAME_LENGTH: Final = 512
FRAME_HOP: Final = 160
NUM_MELS: Final = 64
TINIEST_POWER: Final = 1e-20
"""A frame without power must have a logarithm; nothing that a sound card delivers lies so low."""

MEL_FLOOR_DB: Final = -40.0
"""Mel bands weaker than this count as this once the level is out, so that the room's noise does not count."""

FRAME_RANGE_DB: Final = 80.0
"""Bins count as no weaker than this under their frame's loudest: a phone line leaves half of them empty."""

HIGHEST_HZ: Final = 7000.0
"""Nothing above is looked at: a recording at 16 kHz and a microphone resampled to it differ there."""


class ClassicSpeechRecipe:
    """Keeps mel levels in dB of each frame, and takes the window's level out when the window is summed up.

    A frame's mean is taken out of it first, so that a microphone's DC does not count as level. The decisions
    are told in ``docs/decisions/0002-classic-speech-levels.md``.
    """

    descriptors = (*CEPSTRA, *numbered("mel", NUM_MELS, "dB"), *SHAPES)
    features = (*with_functionals(descriptors), ENERGY)
    num_columns = NUM_MELS + len(SHAPES) + 1

    def __init__(self) -> None:
        self._families = FrameFamilies(
            FrameScale(SAMPLE_RATE, FRAME_LENGTH, NUM_MELS, TINIEST_POWER, 0.0, FRAME_RANGE_DB, HIGHEST_HZ)
        )
        self._cepstral_basis = cepstral_basis(NUM_MELS, NUM_CEPSTRA)

    def describe(self, frames: FloatArray) -> FloatArray:
        """Describe frames, each by itself.

        Parameters
        ----------
        frames : ndarray, shape (num_frames, 512), float32
            Sound at 16 kHz.

        Returns
        -------
        ndarray, shape (num_frames, 89), float32
            Mel levels in dB, the shapes, and RMS last.
        """
        mel, rest = self._families(frames - frames.mean(axis=1, keepdims=True))
        return np.concatenate([decibels(mel, TINIEST_POWER), rest], axis=1)

    def vector(self, rows: FloatArray) -> FloatArray:
        """Sum up a window as if it had been scaled to `LEVEL_DBFS`.

        Parameters
        ----------
        rows : ndarray, shape (n, 89), float32
            Of the window's frames.

        Returns
        -------
        ndarray, shape (401,), float32
            Four functionals of each descriptor, and the mean RMS.
        """
        mel, shapes, rms = rows[:, :NUM_MELS], rows[:, NUM_MELS:-1], rows[:, -1]
        gain_db = np.float32(LEVEL_DBFS - level_of_frames(rms))
        levelled = np.maximum(mel + gain_db, np.float32(MEL_FLOOR_DB))
        summary = summarise(np.concatenate([levelled @ self._cepstral_basis, levelled, shapes], axis=1))
        energy = rms.mean() * 10 ** (gain_db / 20)
        return np.append(summary.ravel(), energy).astype(np.float32)


def classic_speech() -> StreamedSet:
    """Make the set `classic-speech`, version 1.

    Returns
    -------
    StreamedSet
        16 kHz, frames of 512 samples every 160.
    """
    return StreamedSet(
        "classic-speech",
        version=1,
        sample_rate=SAMPLE_RATE,
        frame_length=FRAME_LENGTH,
        frame_hop=FRAME_HOP,
        recipe=ClassicSpeechRecipe(),
    )
