"""Kinds of noise: white, pink, and what resembles voices."""

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.fft import next_fast_len

from trainer.sounds.envelopes import swells
from trainer.sounds.shaped_noise import falling, shaped_noise

NoiseMaker = Callable[[int, int, np.random.Generator], NDArray[np.float64]]
"""From a number of samples, their rate in Hz and a generator to noise of any level."""

NUM_TALKERS: Final = 5
SYLLABLES_A_SECOND: Final = 4.0


def white(num_samples: int, sample_rate: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Make noise of equal power at all frequencies.

    Parameters
    ----------
    num_samples : int
        Length.
    sample_rate : int
        Hz.
    rng : numpy.random.Generator
        Drawn from.

    Returns
    -------
    ndarray, shape (num_samples,), float64
        Any level.
    """
    return _falling_noise(num_samples, sample_rate, rng, 0.0)


def pink(num_samples: int, sample_rate: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Make noise of equal power in all octaves (1/f) from 20 Hz up.

    Parameters
    ----------
    num_samples : int
        Length.
    sample_rate : int
        Hz.
    rng : numpy.random.Generator
        Drawn from.

    Returns
    -------
    ndarray, shape (num_samples,), float64
        Any level.
    """
    return _falling_noise(num_samples, sample_rate, rng, 1.0)


def babble(num_samples: int, sample_rate: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Make what resembles a few voices at once, out of noise alone.

    Each of five is noise with the long-term spectrum of speech, roughly (flat to 500 Hz, 9 dB an octave down
    above; D. Byrne et al., JASA 96, 1994), and swells about four times a second, as syllables do.

    Parameters
    ----------
    num_samples : int
        Length.
    sample_rate : int
        Hz.
    rng : numpy.random.Generator
        Drawn from.

    Returns
    -------
    ndarray, shape (num_samples,), float64
        Any level.
    """
    length = _fast(num_samples)
    voices = np.zeros(num_samples)
    for _ in range(NUM_TALKERS):
        rate = SYLLABLES_A_SECOND * rng.uniform(0.75, 1.25)
        spectrum = _of_speech(500.0 * rng.uniform(0.7, 1.4))
        voice = shaped_noise(length, sample_rate, rng, spectrum)
        voices += voice[:num_samples] * swells(num_samples, sample_rate, rng, 2.0 * rate, 8.0)
    return voices


def _of_speech(corner_hz: float) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
    return lambda hz: np.where(hz < 80.0, 0.0, np.minimum(1.0, (corner_hz / hz) ** 1.5))


def _falling_noise(
    num_samples: int, sample_rate: int, rng: np.random.Generator, exponent: float
) -> NDArray[np.float64]:
    return shaped_noise(_fast(num_samples), sample_rate, rng, falling(exponent))[:num_samples]


def _fast(num_samples: int) -> int:
    # At least a second, so that a few samples of noise have a spectrum at all.
    return int(next_fast_len(max(num_samples, 16_000), real=True))


def draw_kind(rng: np.random.Generator) -> NoiseMaker:
    """Draw white noise, pink noise or babble, each as often.

    Parameters
    ----------
    rng : numpy.random.Generator
        Drawn from.

    Returns
    -------
    callable
        Makes noise of that kind.
    """
    kinds: tuple[NoiseMaker, ...] = (white, pink, babble)
    return kinds[int(rng.integers(len(kinds)))]
