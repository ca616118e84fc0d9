"""The spectrogram that the turn encoder was fitted on, without padding at the edges.

Power spectra under a periodic Hann taper of 400 points, 80 triangular mel bands from 0 to 8 kHz of equal
area on Slaney's scale (Malcolm Slaney, Auditory Toolbox, 1998), the logarithm to base 10, nothing further
than 80 dB below the loudest, shifted and divided by 4: as OpenAI's Whisper has it.
"""

from functools import cache
from typing import Final

import numpy as np

from emotion.arrays import FloatArray, Samples
from emotion.encoder.turn_encoder import COLUMN_HOP, COLUMN_LENGTH, SAMPLE_RATE

NUM_BANDS: Final = 80

_FLOOR: Final = 1e-10
_RANGE: Final = 8.0
_LINEAR_HZ: Final = 200.0 / 3.0
"""A mel of Slaney's scale below `_BREAK_HZ`; above it, 27 mels are a factor of 6.4."""
_BREAK_HZ: Final = 1000.0
_PER_MEL: Final = np.log(6.4) / 27.0


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
    slices = np.lib.stride_tricks.sliding_window_view(sound, COLUMN_LENGTH)[::COLUMN_HOP]
    spectra = np.fft.rfft(slices * _taper(), axis=1)
    powers = np.square(spectra.real) + np.square(spectra.imag)
    bands = np.log10(np.maximum(_bands() @ powers.T, np.float32(_FLOOR)))
    np.maximum(bands, bands.max() - np.float32(_RANGE), out=bands)
    shifted: FloatArray = ((bands + np.float32(4.0)) * np.float32(0.25)).astype(np.float32)
    return shifted


@cache
def _taper() -> FloatArray:
    return np.hanning(COLUMN_LENGTH + 1)[:-1].astype(np.float32)


@cache
def _bands() -> FloatArray:
    """Weights of the bins in each band, shape (80, 201), float32."""
    bins = np.linspace(0.0, SAMPLE_RATE / 2, COLUMN_LENGTH // 2 + 1)
    top = _BREAK_HZ / _LINEAR_HZ + np.log(SAMPLE_RATE / 2 / _BREAK_HZ) / _PER_MEL
    mels = np.linspace(0.0, top, NUM_BANDS + 2)
    edges = np.where(
        mels * _LINEAR_HZ < _BREAK_HZ,
        mels * _LINEAR_HZ,
        _BREAK_HZ * np.exp((mels - _BREAK_HZ / _LINEAR_HZ) * _PER_MEL),
    )
    low, middle, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    rising, falling = (bins - low) / (middle - low), (high - bins) / (high - middle)
    triangles = np.maximum(0.0, np.minimum(rising, falling)) * (2.0 / (high - low))
    return np.ascontiguousarray(triangles, dtype=np.float32)
