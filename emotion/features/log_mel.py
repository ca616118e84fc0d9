"""The spectrogram that the turn encoder was fitted on, without padding at the edges.

Power spectra under a periodic Hann taper of 400 points, 80 mel bands from 0 to 8 kHz, the logarithm to base
10, nothing further than 80 dB below the loudest, shifted and divided by 4: as OpenAI's Whisper has it.
"""

from functools import cache
from typing import Final

import numpy as np

from emotion.arrays import FloatArray, Samples
from emotion.encoder.turn_encoder import COLUMN_HOP, COLUMN_LENGTH, SAMPLE_RATE
from emotion.features.mel import mel_filterbank
from emotion.features.spectrum import hann_taper, power_of_frames

NUM_BANDS: Final = 80

_FLOOR: Final = 1e-10
_RANGE: Final = 8.0


def log_mel(sound: Samples) -> FloatArray:
    """Make the spectrogram of a stretch of sound.

    Parameters
    ----------
    sound : ndarray, shape (n,), float32
        Mono at 16 kHz, finite, of an RMS of about 1; n >= 400.

    Returns
    -------
    ndarray, shape (80, num_columns(n)), float32
        About -1 to 2; its whole range is 2.
    """
    taper, bands = _taper_and_bands()
    powers = bands @ power_of_frames(sound, taper, COLUMN_HOP).T
    logs = np.log10(np.maximum(powers, np.float32(_FLOOR)))
    np.maximum(logs, logs.max() - np.float32(_RANGE), out=logs)
    shifted: FloatArray = (logs + np.float32(4.0)) * np.float32(0.25)
    return shifted


@cache
def _taper_and_bands() -> tuple[FloatArray, FloatArray]:
    """Give the curve, and the weights of the bins in each band, shape (80, 201)."""
    return hann_taper(COLUMN_LENGTH), mel_filterbank(SAMPLE_RATE, COLUMN_LENGTH, NUM_BANDS).T.copy()
