"""Legs for tests of envelopes: talk made of noise, and what a room makes of it in the other leg."""

import numpy as np

from emotion.arrays import Samples
from streamer.envelopes.envelope import Envelope

RATE = 16_000


def envelope(samples: Samples, first_sample: int = 0, rate: int = RATE) -> Envelope:
    """Give the envelope of sound that came at once."""
    made = Envelope(rate)
    made.push(samples, first_sample)
    return made


def noise(seconds: float, dbfs: float, seed: int, rate: int = RATE) -> Samples:
    """Give white noise."""
    white = np.random.default_rng(seed).standard_normal(round(seconds * rate))
    return np.asarray(white * 10 ** (dbfs / 20), dtype=np.float32)


def talk(seconds: float, dbfs: float, seed: int, rate: int = RATE, *, breaths: float = 0.15) -> Samples:
    """Give syllables of noise: about five a second, of many levels, a breath after some of them."""
    rng = np.random.default_rng(seed)
    num_samples = round(seconds * rate)
    gain = np.zeros(num_samples)
    at = 0
    while at < num_samples:
        length = round(rng.uniform(0.08, 0.25) * rate)
        shape = np.sin(np.linspace(0, np.pi, length)) ** 0.7 * 10 ** (rng.normal(0, 5) / 20)
        gain[at : at + length] = shape[: num_samples - at]
        at += length + round(
            (rng.uniform(0.2, 0.5) if rng.random() < breaths else rng.uniform(0, 0.06)) * rate
        )
    sound = rng.standard_normal(num_samples) * gain
    return np.asarray(sound * 10 ** (dbfs / 20) / np.sqrt(np.mean(sound**2)), dtype=np.float32)


def leaked(samples: Samples, decibels: float, *, delay_seconds: float, room: int | None = None) -> Samples:
    """Give what is heard of a leg in the other one, at 16 kHz; in a room of 0.4 s where its seed is given."""
    answer = np.ones(1)
    if room is not None:
        decay = 10 ** (-3 * np.arange(round(0.4 * RATE)) / (0.4 * RATE))
        answer = np.random.default_rng(room).standard_normal(len(decay)) * decay / np.sqrt(np.sum(decay**2))
    size = 1 << (len(samples) + len(answer)).bit_length()
    heard = np.fft.irfft(np.fft.rfft(samples, size) * np.fft.rfft(answer, size), size)
    late = np.concatenate([np.zeros(round(delay_seconds * RATE)), heard])[: len(samples)]
    return np.asarray(late * 10 ** (decibels / 20), dtype=np.float32)
