"""Noise under speech, at a known distance."""

from collections.abc import Callable
from typing import Final

import numpy as np

from emotion.arrays import Samples
from trainer.conditions.active_level import active_level_dbfs
from trainer.conditions.noise_kinds import NoiseMaker, draw_kind, pink
from trainer.conditions.passages import in_passages


def add_noise(
    samples: Samples, sample_rate: int, snr_db: float, make: NoiseMaker, rng: np.random.Generator
) -> Samples:
    """Put steady noise under a stretch of speech.

    Parameters
    ----------
    samples : ndarray, shape (n,), float32
        Mono, full scale ±1.
    sample_rate : int
        Hz.
    snr_db : float
        By how much the RMS of the noise lies below the active level of the speech
        (`trainer.conditions.active_level`), dB. The noise goes on in the pauses.
    make : callable
        Gives the noise.
    rng : numpy.random.Generator
        Drawn from.

    Returns
    -------
    ndarray, shape (n,), float32
        The sum; it may pass full scale.
    """
    if not len(samples):
        return samples
    noise = make(len(samples), sample_rate, rng)
    wanted = 10.0 ** ((active_level_dbfs(samples, sample_rate) - snr_db) / 20.0)
    rms = max(float(np.sqrt(np.mean(noise**2))), 1e-12)
    noisy: Samples = (samples + noise * (wanted / rms)).astype(np.float32)
    return noisy


def noise10(samples: Samples, sample_rate: int, rng: np.random.Generator) -> Samples:
    """Put pink noise 10 dB below the speech of the whole stream: what evaluation hears.

    Parameters
    ----------
    samples : ndarray, shape (n,), float32
        Mono, full scale ±1.
    sample_rate : int
        Hz.
    rng : numpy.random.Generator
        Drawn from.

    Returns
    -------
    ndarray, shape (n,), float32
        One level of noise throughout, as `add_noise`.
    """
    return add_noise(samples, sample_rate, 10.0, pink, rng)


def mixed_noise(snr_db: float) -> Callable[[Samples, int, np.random.Generator], Samples]:
    """Give a condition for fitting: white, pink or babble, drawn for each passage.

    Parameters
    ----------
    snr_db : float
        As `add_noise`, measured in each passage.

    Returns
    -------
    callable
        From samples, rate and generator to as many samples.
    """

    def noisy(passage: Samples, sample_rate: int, rng: np.random.Generator) -> Samples:
        return add_noise(passage, sample_rate, snr_db, draw_kind(rng), rng)

    return lambda samples, sample_rate, rng: in_passages(noisy, samples, sample_rate, rng)


noise5: Final = mixed_noise(5.0)
noise15: Final = mixed_noise(15.0)
noise20: Final = mixed_noise(20.0)
