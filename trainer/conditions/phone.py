"""A telephone line: its band, its sample rate, its coding."""

from typing import Final

import numpy as np
from scipy.signal import firwin, oaconvolve

from emotion.arrays import Samples
from emotion.resampling import resample
from trainer.conditions.mu_law import decode_mu_law, encode_mu_law

LOW_HZ: Final = 300.0
HIGH_HZ: Final = 3400.0
"""Here the filter is 6 dB down; the band is that of ITU-T G.712."""

LINE_RATE_HZ: Final = 8000

_TAP_SECONDS: Final = 0.032


def phone(samples: Samples, sample_rate: int, _: np.random.Generator) -> Samples:
    """Send speech over a telephone line: 300 to 3400 Hz, 8 kHz, µ-law, and back.

    The filter is a linear-phase FIR of 32 ms (Hamming), the resampler soxr's, the coding ITU-T G.711. All
    delay is taken out.

    Parameters
    ----------
    samples : ndarray, shape (n,), float32
        Mono, full scale ±1.
    sample_rate : int
        Hz.

    Returns
    -------
    ndarray, shape (n,), float32
        Nothing is drawn: the same sound gives the same bits.
    """
    if not len(samples):
        return samples
    line = resample(band_pass(samples, sample_rate), sample_rate, LINE_RATE_HZ)
    return of_length(resample(decode_mu_law(encode_mu_law(line)), LINE_RATE_HZ, sample_rate), len(samples))


def band_pass(samples: Samples, sample_rate: int) -> Samples:
    """Keep the telephone band, without delay.

    Parameters
    ----------
    samples : ndarray, shape (n,), float32
        Mono; n >= 1.
    sample_rate : int
        Hz.

    Returns
    -------
    ndarray, shape (n,), float32
        Sound before and after is taken as zero.
    """
    half = round(_TAP_SECONDS * sample_rate / 2)
    taps = firwin(2 * half + 1, [LOW_HZ, HIGH_HZ], pass_zero=False, fs=sample_rate)
    filtered = oaconvolve(samples.astype(np.float64), taps)[half : half + len(samples)]
    return np.asarray(filtered, dtype=np.float32)


def of_length(samples: Samples, num_samples: int) -> Samples:
    """Cut the end off, or put zeros there.

    Parameters
    ----------
    samples : ndarray, shape (n,), float32
        Any.
    num_samples : int
        Wanted.

    Returns
    -------
    ndarray, shape (num_samples,), float32
        The beginning is untouched.
    """
    missing = max(0, num_samples - len(samples))
    return np.concatenate([samples[:num_samples], np.zeros(missing, dtype=np.float32)])
