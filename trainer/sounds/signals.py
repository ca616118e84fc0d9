"""What machines say: tones, tones of a telephone, beeps, sirens, hum."""

import numpy as np
from numpy.typing import NDArray

from trainer.sounds.envelopes import on_and_off, swells

_DIALLED_ROWS_HZ = (697.0, 770.0, 852.0, 941.0)
_DIALLED_COLUMNS_HZ = (1209.0, 1336.0, 1477.0, 1633.0)


def steady_tone(num_samples: int, sample_rate: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """One pitch held, a sine or with harmonics.

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
    phase = 2 * np.pi * 50.0 * 2 ** rng.uniform(0, 6) * np.arange(num_samples) / sample_rate
    num_harmonics = int(rng.integers(1, 10))
    slope = rng.uniform(0.5, 2.0)
    sound = np.zeros(num_samples)
    for harmonic in range(1, num_harmonics + 1):
        if harmonic * phase[1] < np.pi:
            sound += np.sin(harmonic * phase + rng.uniform(0, 6)) / harmonic**slope
    return sound


def beeps(num_samples: int, sample_rate: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """A line that rings or is busy, a machine that beeps: tones switched on and off.

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
    on_seconds, off_seconds = rng.uniform(0.05, 1.5), rng.uniform(0.05, 1.5)
    switch = on_and_off(num_samples, sample_rate, on_seconds, off_seconds)
    return steady_tone(num_samples, sample_rate, rng) * switch


def telephone(num_samples: int, sample_rate: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Dialling, then a line that is free or busy (ITU-T E.180 and Q.23).

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
    times = np.arange(num_samples) / sample_rate
    key = np.minimum((times / 0.2).astype(int), 9)
    rows = rng.choice(_DIALLED_ROWS_HZ, 10)[key]
    columns = rng.choice(_DIALLED_COLUMNS_HZ, 10)[key]
    dialling = times < 2.0
    pairs = np.sin(2 * np.pi * rows * times) + np.sin(2 * np.pi * columns * times)
    pairs *= on_and_off(num_samples, sample_rate, 0.1, 0.1)
    on_seconds, off_seconds = ((1.0, 4.0), (0.48, 0.48), (2.0, 4.0), (0.24, 0.24))[int(rng.integers(4))]
    first_hz, second_hz = ((425.0, 425.0), (440.0, 480.0), (350.0, 440.0))[int(rng.integers(3))]
    line = np.sin(2 * np.pi * first_hz * times) + np.sin(2 * np.pi * second_hz * times)
    line *= on_and_off(num_samples, sample_rate, on_seconds, off_seconds)
    return np.where(dialling, pairs, line)


def siren(num_samples: int, sample_rate: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """A pitch that goes up and down by itself, smoothly or in steps.

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
    swing = np.sin(2 * np.pi * rng.uniform(0.1, 4.0) * np.arange(num_samples) / sample_rate)
    if rng.random() < 0.5:
        swing = np.sign(swing)
    pitch = rng.uniform(300, 1500) * 2 ** (swing * rng.uniform(0.1, 0.7))
    phase = 2 * np.pi * np.cumsum(pitch) / sample_rate
    return np.sin(phase) + rng.uniform(0, 0.5) * np.sin(2 * phase) + rng.uniform(0, 0.3) * np.sin(3 * phase)


def hum(num_samples: int, sample_rate: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Mains hum, a fan, a vacuum cleaner: low harmonics and a hiss.

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
    phase = 2 * np.pi * rng.choice([50.0, 60.0, rng.uniform(70, 300)]) * np.arange(num_samples) / sample_rate
    sound = np.zeros(num_samples)
    for harmonic in range(1, int(rng.integers(3, 20))):
        sound += rng.random() * np.sin(harmonic * phase + rng.uniform(0, 6)) / harmonic ** rng.uniform(0, 1)
    sound += rng.uniform(0.01, 1.0) * rng.standard_normal(num_samples)
    return sound * swells(num_samples, sample_rate, rng, 1.0, rng.uniform(0, 2))
