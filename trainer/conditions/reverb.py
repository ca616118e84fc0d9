"""A room."""

from typing import Final

import numpy as np
from scipy.signal import oaconvolve

from emotion.arrays import Samples
from trainer.conditions.passages import in_passages

SHORTEST_RT60_SECONDS: Final = 0.15
LONGEST_RT60_SECONDS: Final = 1.0
DIRECT_TO_REVERBERANT_DB: Final = (-3.0, 12.0)
FIRST_REFLECTION_SECONDS: Final = (0.002, 0.012)


def reverb(samples: Samples, sample_rate: int, rng: np.random.Generator) -> Samples:
    """Speak in rooms, another for each passage.

    A room's response is the direct sound and, some milliseconds later, Gaussian noise that decays by 60 dB in
    RT60 (J.-D. Polack, "La transmission de l'énergie sonore dans les salles", 1988). RT60 is drawn from 0.15
    to 1 s, evenly in its logarithm, the direct sound from 3 dB below to 12 dB above the rest. The direct
    sound comes without delay.

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
        As loud as before, by RMS.
    """
    return in_passages(_in_a_room, samples, sample_rate, rng)


def room_response(
    sample_rate: int, rt60_seconds: float, ratio_db: float, rng: np.random.Generator
) -> Samples:
    """Make the response of one room.

    Parameters
    ----------
    sample_rate : int
        Hz.
    rt60_seconds : float
        Time in which the reverberation falls by 60 dB, s.
    ratio_db : float
        Energy of the direct sound over that of the reverberation, dB.
    rng : numpy.random.Generator
        Drawn from.

    Returns
    -------
    ndarray, shape (rt60 and the first reflection's time in samples, about), float32
        Begins with the direct sound, 1.
    """
    times = np.arange(round(rt60_seconds * sample_rate)) / sample_rate
    tail = rng.standard_normal(len(times)) * 10.0 ** (-3.0 * times / rt60_seconds)
    tail *= 10.0 ** (-ratio_db / 20.0) / np.sqrt(np.sum(tail**2))
    silence = np.zeros(round(rng.uniform(*FIRST_REFLECTION_SECONDS) * sample_rate))
    return np.concatenate([[1.0], silence, tail]).astype(np.float32)


def _in_a_room(samples: Samples, sample_rate: int, rng: np.random.Generator) -> Samples:
    rt60 = float(np.exp(rng.uniform(np.log(SHORTEST_RT60_SECONDS), np.log(LONGEST_RT60_SECONDS))))
    response = room_response(sample_rate, rt60, rng.uniform(*DIRECT_TO_REVERBERANT_DB), rng)
    wet = oaconvolve(samples.astype(np.float64), response)[: len(samples)]
    before, after = (float(np.sqrt(np.mean(sound.astype(np.float64) ** 2))) for sound in (samples, wet))
    return np.asarray(wet * (before / max(after, 1e-12)), dtype=np.float32)
