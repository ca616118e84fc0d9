"""How loudness goes up and down."""

import numpy as np
from numpy.typing import NDArray


def swells(
    num_samples: int, sample_rate: int, rng: np.random.Generator, rate_hz: float, depth_db: float
) -> NDArray[np.float64]:
    """Let the level wander.

    Parameters
    ----------
    num_samples : int
        Length.
    sample_rate : int
        Hz.
    rng : numpy.random.Generator
        Drawn from.
    rate_hz : float
        New levels a second, joined by straight lines in dB.
    depth_db : float
        Standard deviation of the levels, dB.

    Returns
    -------
    ndarray, shape (num_samples,), float64
        Gains.
    """
    num_points = 2 + int(num_samples / sample_rate * rate_hz)
    points = rng.standard_normal(num_points) * depth_db
    return 10.0 ** (
        np.interp(np.arange(num_samples) / sample_rate * rate_hz, np.arange(num_points), points) / 20.0
    )


def on_and_off(
    num_samples: int, sample_rate: int, on_seconds: float, off_seconds: float, edge_seconds: float = 0.005
) -> NDArray[np.float64]:
    """Switch on and off again and again, with short slopes.

    Parameters
    ----------
    num_samples : int
        Length.
    sample_rate : int
        Hz.
    on_seconds, off_seconds, edge_seconds : float
        Times, s.

    Returns
    -------
    ndarray, shape (num_samples,), float64
        Gains in 0..1; on first.
    """
    phase = np.mod(np.arange(num_samples) / sample_rate, on_seconds + off_seconds)
    return np.clip(np.minimum(phase, on_seconds - phase) / edge_seconds, 0.0, 1.0)


def decays(
    num_samples: int, sample_rate: int, starts_seconds: NDArray[np.float64], fall_seconds: float
) -> NDArray[np.float64]:
    """Strike and let die away.

    Parameters
    ----------
    num_samples : int
        Length.
    sample_rate : int
        Hz.
    starts_seconds : ndarray, shape (n,), float64
        When, rising, s; times outside are left out.
    fall_seconds : float
        After this each stroke has fallen to 1/e, s.

    Returns
    -------
    ndarray, shape (num_samples,), float64
        Gains in 0..1; a stroke ends the one before.
    """
    gains = np.zeros(num_samples)
    starts = np.floor(starts_seconds * sample_rate).astype(int)
    starts = starts[(starts >= 0) & (starts < num_samples)]
    for start, end in zip(starts, [*starts[1:], num_samples], strict=True):
        gains[start:end] = np.exp(-np.arange(end - start) / (fall_seconds * sample_rate))
    return gains
