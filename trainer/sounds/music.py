"""Music by rule: a melody, chords, a bass, drums."""

import numpy as np
from numpy.typing import NDArray

from trainer.sounds.envelopes import decays
from trainer.sounds.shaped_noise import bands, falling, shaped_noise

_SCALES = ((0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10), (0, 2, 4, 7, 9))


def music(num_samples: int, sample_rate: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Invent a piece of music.

    Parameters
    ----------
    num_samples : int
        Length.
    sample_rate : int
        Hz.
    rng : numpy.random.Generator
        Drawn from: scale, key, tempo, instruments, and which of the voices play.

    Returns
    -------
    ndarray, shape (num_samples,), float64
        Any level.
    """
    beat = 60.0 / rng.uniform(60, 170)
    scale, key_hz = _SCALES[int(rng.integers(3))], 110.0 * 2 ** rng.uniform(0, 1)
    sound = np.zeros(num_samples)
    voices = rng.random(4) < (0.8, 0.7, 0.6, 0.6)
    if not voices.any():
        voices[0] = True
    if voices[0]:
        for octave in range(int(rng.integers(1, 3))):
            lengths = beat * rng.choice(
                [0.25, 0.5, 0.5, 1.0, 2.0], int(num_samples / sample_rate / beat) * 4 + 4
            )
            sound += _voice(
                num_samples,
                sample_rate,
                rng,
                lengths_seconds=lengths,
                root_hz=key_hz * 2 ** (1 + octave),
                scale=scale,
            )
    if voices[1]:
        bars = np.full(int(num_samples / sample_rate / beat / 4) + 2, 4 * beat)
        state = rng.bit_generator.state
        for third in range(3):
            # The same draws give the same roots: the voices of a chord move together.
            rng.bit_generator.state = state
            sound += 0.5 * _voice(
                num_samples,
                sample_rate,
                rng,
                lengths_seconds=bars,
                root_hz=key_hz,
                scale=scale,
                shift=2 * third,
            )
    if voices[2]:
        lengths = beat * rng.choice([0.5, 1.0, 2.0], int(num_samples / sample_rate / beat) * 2 + 4)
        sound += _voice(
            num_samples, sample_rate, rng, lengths_seconds=lengths, root_hz=key_hz / 2, scale=scale
        )
    if voices[3]:
        sound += rng.uniform(0.3, 1.5) * _drums(num_samples, sample_rate, rng, beat)
    return sound


def _voice(
    num_samples: int,
    sample_rate: int,
    rng: np.random.Generator,
    *,
    lengths_seconds: NDArray[np.float64],
    root_hz: float,
    scale: tuple[int, ...],
    shift: int = 0,
) -> NDArray[np.float64]:
    starts = np.concatenate([[0.0], np.cumsum(lengths_seconds)[:-1]])
    walk = np.clip(np.cumsum(rng.integers(-2, 3, len(starts))), -5, 8) + shift
    semitones = np.asarray(scale)[walk % len(scale)] + 12 * (walk // len(scale))
    note = np.searchsorted(starts, np.arange(num_samples) / sample_rate, side="right") - 1
    times = np.arange(num_samples) / sample_rate
    vibrato = 1.0 + rng.choice([0.0, 0.004, 0.012]) * np.sin(2 * np.pi * rng.uniform(4.5, 6.5) * times)
    phase = 2 * np.pi * np.cumsum(root_hz * 2 ** (semitones[note] / 12) * vibrato) / sample_rate
    slope, only_odd = rng.uniform(0.7, 2.5), rng.random() < 0.25
    tone = np.zeros(num_samples)
    for harmonic in range(1, 14, 2 if only_odd else 1):
        tone += np.sin(harmonic * phase) / harmonic**slope * (np.abs(harmonic * np.gradient(phase)) < np.pi)
    if rng.random() < 0.5:
        tone *= decays(num_samples, sample_rate, starts, rng.uniform(0.1, 1.0))
        return tone
    since = np.arange(num_samples) / sample_rate - starts[note]
    left = lengths_seconds[note] - since
    tone *= np.clip(np.minimum(since / 0.03, left / rng.uniform(0.02, 0.1)), 0.0, 1.0)
    return tone


def _drums(num_samples: int, sample_rate: int, rng: np.random.Generator, beat: float) -> NDArray[np.float64]:
    strokes = np.arange(0.0, num_samples / sample_rate, beat / 2)
    hiss = shaped_noise(num_samples, sample_rate, rng, bands([6000.0], [2000.0], [1.0]))
    snare = shaped_noise(num_samples, sample_rate, rng, falling(0.5))
    kick = np.sin(2 * np.pi * rng.uniform(45, 80) * np.arange(num_samples) / sample_rate)
    drums: NDArray[np.float64] = (
        0.4 * hiss * decays(num_samples, sample_rate, strokes, 0.03)
        + 0.7 * snare * decays(num_samples, sample_rate, strokes[2::4], 0.08)
        + 2.0 * kick * decays(num_samples, sample_rate, strokes[::4], 0.12)
    )
    return drums
