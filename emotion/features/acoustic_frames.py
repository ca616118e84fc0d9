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
    *BALANCE,
    Descriptor("loudness.total", "1"),
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
        self._mean_square = np.full(SPECTRUM_LENGTH // 2 + 1, 16 / (3 * SPECTRUM_LENGTH**2), dtype=np.float32)
        self._mean_square[[0, -1]] /= 2
        self._spectral_pass = SpectralPass(SPECTRUM_LENGTH, RANGE_DB)
        self._mel = mel_filterbank(SAMPLE_RATE, SPECTRUM_LENGTH, NUM_MELS)
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
        mean_square = spectrum.power @ self._mean_square
        pitch_hz, strength = self._pitch(frames, mean_square)
        rows = np.empty((len(frames), len(COLUMNS)), dtype=np.float32)
        rows[:, :NUM_MELS] = decibels(spectrum.power @ self._mel, TINIEST_POWER)
        rows[:, NUM_MELS:-4] = self._balance(spectrum)
        rows[:, -4] = self._loudness(spectrum.power)
        rows[:, -3] = pitch_hz
        rows[:, -2] = strength
        np.sqrt(mean_square, out=rows[:, -1])
        return rows
