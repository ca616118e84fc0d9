"""Sounds with a noise floor, as a 16-bit recording has one, for comparison with librosa."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emotion.arrays import Samples

RATE = 22050
NUM_SAMPLES = 3 * RATE
Signal = NDArray[np.floating[Any]]


def speech_like(time: Signal, random: np.random.Generator) -> Signal:
    """Give a gliding pulse train through three resonances, in syllables of a quarter second."""
    pitch_hz = 120 + 40 * np.sin(2 * np.pi * 0.7 * time)
    phase = np.cumsum(pitch_hz) / RATE
    harmonics = np.arange(1, 60)
    formants = np.array([[600], [1200], [2600]])
    gains = np.sum(1 / (1 + ((harmonics * 130 - formants) / 120) ** 2), axis=0)
    voice = gains @ np.sin(2 * np.pi * harmonics[:, np.newaxis] * phase)
    syllables = np.clip(np.sin(2 * np.pi * 2 * time), 0, 1)
    breath = 0.02 * random.standard_normal(len(time))
    return np.asarray(0.15 * syllables * voice + breath * syllables)


SOUNDS: dict[str, Callable[[Signal, np.random.Generator], Signal]] = {
    "noise": lambda time, random: 0.1 * random.standard_normal(len(time)),
    "loud noise": lambda time, random: random.uniform(-1, 1, len(time)),
    "tone": lambda time, _: 0.5 * np.sin(2 * np.pi * 440 * time),
    "chord": lambda time, _: sum(0.2 * np.sin(2 * np.pi * f * time) for f in (261.6, 329.6, 392.0, 5000)),
    "chirp": lambda time, _: 0.5 * np.sin(2 * np.pi * (100 * time + 1300 * time**2)),
    "speech-like": speech_like,
    "tone on a DC": lambda time, _: 0.2 + 0.1 * np.sin(2 * np.pi * 300 * time),
}

TONES = frozenset({"tone", "chord", "chirp", "tone on a DC"})


def recorded(name: str, seed: int = 1) -> Samples:
    """Give one of `SOUNDS` as 16-bit samples, over the noise of a quiet room: -77 dBFS."""
    random = np.random.default_rng(seed)
    clean = SOUNDS[name](np.arange(NUM_SAMPLES) / RATE, random)
    room = random.uniform(-8, 8, NUM_SAMPLES)
    steps = np.round(clean * 32767 + room)
    return np.asarray((steps / 32768).clip(-1, 1), dtype=np.float32)
