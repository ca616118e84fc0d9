"""What `acoustic` keeps of each frame, from one spectral pass and the pitch."""

from typing import Final

import numpy as np

from emotion.arrays import FloatArray
from emotion.features.descriptors import Descriptor, numbered
from emotion.features.loudness import Loudness
from emotion.features.mel import decibels, mel_filterbank
from emotion.features.pitch import PitchTracker
from emotion.features.spectral_balance import BALANCE, SpectralBalance
from emotion.features.spectrum import SpectralPass

SAMPLE_RATE: Final = 16000
FRAME_LENGTH: Final = 960
"""60 ms, of which the pitch looks at all."""
FRAME_HOP: Final = 160
SPECTRUM_LENGTH: Final = 512
"""The middle 32 ms, of which all else is made."""
NUM_MELS: Final = 26
TINIEST_POWER: Final = 1e-20
"""A frame without power must have a logarithm; nothing that a sound card delivers lies so low."""
RANGE_DB: Final = 80.0
"""Bins count as no weaker than this under their frame's loudest: a phone line leaves half of them empty."""

MEL: Final = numbered("mel", NUM_MELS, "dB")
COLUMNS: Final = (
    *MEL,
    Descriptor("loudness.total", "1"),
    *BALANCE,
    Descriptor("pitch.frequency", "Hz"),
    Descriptor("voice.strength", "1"),
    Descriptor("level.rms", "full scale"),
)
"""A row of the ring."""


class AcousticFrames:
    """Describes frames, each by itself; a microphone's DC is taken out of each first."""

    def __init__(self) -> None:
        start = (FRAME_LENGTH - SPECTRUM_LENGTH) // 2
        self._middle = slice(start, start + SPECTRUM_LENGTH)
        self._averaging = np.full(SPECTRUM_LENGTH, 1 / SPECTRUM_LENGTH, dtype=np.float32)
        # Parseval, over the energy of the Hann curve: the taper keeps part periods at a frame's ends from
        # passing for shimmer.
        mean_square = np.full(SPECTRUM_LENGTH // 2 + 1, 16 / (3 * SPECTRUM_LENGTH**2), dtype=np.float32)
        mean_square[[0, -1]] /= 2
        self._spectral_pass = SpectralPass(SPECTRUM_LENGTH, RANGE_DB)
        mel = mel_filterbank(SAMPLE_RATE, SPECTRUM_LENGTH, NUM_MELS)
        self._gather = np.concatenate([mel.T, mean_square[np.newaxis]])
        self._balance = SpectralBalance(SAMPLE_RATE, SPECTRUM_LENGTH)
        self._loudness = Loudness(SAMPLE_RATE, SPECTRUM_LENGTH)
        self._pitch = PitchTracker(SAMPLE_RATE, FRAME_LENGTH, FRAME_HOP)

    def __call__(self, frames: FloatArray) -> FloatArray:
        """Describe frames.

        Parameters
        ----------
        frames : ndarray, shape (num_frames, 960), float32
            Sound at 16 kHz, each frame 160 samples after the one before it.

        Returns
        -------
        ndarray, shape (num_frames, len(COLUMNS)), float32
            In the order of `COLUMNS`.
        """
        middle = frames[:, self._middle].copy()
        middle -= (middle @ self._averaging)[:, np.newaxis]
        spectrum = self._spectral_pass(middle)
        # A row a quantity, turned around at the end: whole rows are quicker to write than columns.
        gathered = self._gather @ spectrum.power.T
        mean_square = gathered[NUM_MELS]
        columns = np.empty((len(COLUMNS), len(frames)), dtype=np.float32)
        columns[:NUM_MELS] = decibels(gathered[:NUM_MELS], TINIEST_POWER)
        columns[NUM_MELS] = self._loudness(spectrum.power)
        columns[NUM_MELS + 1 : -3] = self._balance(spectrum).T
        columns[-3], columns[-2] = self._pitch(frames, mean_square)
        np.sqrt(mean_square, out=columns[-1])
        return columns.T
