"""What is played into the microphone: strangers in a row, and where each of their clips lies in the sound."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np

from emotion.arrays import Samples
from emotion.window_grid import to_samples
from evaluation.streams.plan import StreamPlan
from evaluation.streams.sound import RATE_HZ, make_sound, room_noise

EDGE_SECONDS: Final = 3.0
"""Silence before the first stranger and after the last, so that windows of nothing but silence are there."""

SILENCE_SECONDS: Final = 1.0
NOISE_SECONDS: Final = (2.5, 3.0)
"""Evenly drawn: longer than a window of 2 s, so that at least one lies wholly in noise."""

NOISE_DBFS: Final = -30.0
PEAK: Final = 0.9
"""Louder sound is turned down as a whole: a resampler on the way may overshoot."""

Kind: TypeAlias = Literal["clip", "room", "noise", "silence"]


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of the sound.

    Attributes
    ----------
    kind : {'clip', 'room', 'noise', 'silence'}
        A clip, the quiet room about clips, pink noise, or digital silence.
    start, end : float
        Where it lies, s.
    stranger : int
        Who speaks, or spoke last; 0 is the first one.
    speaker : str
        The corpus' name for that person.
    emotion : str or None
        The label of a clip.
    """

    kind: Kind
    start: float
    end: float
    stranger: int
    speaker: str
    emotion: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """What is played.

    Attributes
    ----------
    samples : ndarray, shape (n,), float32
        Mono at `RATE_HZ`.
    stretches : tuple of Stretch
        In order, without holes, from the first sample to the last.
    """

    samples: Samples
    stretches: tuple[Stretch, ...]


def make_scene(plans: Sequence[StreamPlan], seed: int) -> Scene:
    """Read the clips and join them: rooms between clips, noise and silence between strangers.

    Parameters
    ----------
    plans : sequence of StreamPlan
        One a stranger; the pauses between clips, 0.5 to 1 s, are those of the evaluation's streams.
    seed : int
        Decides about the noise.

    Returns
    -------
    Scene
        The same for the same plans and files.

    Raises
    ------
    AudioFileError
        If a clip cannot be read.
    """
    rng = np.random.default_rng([seed, *b"noise"])
    parts: list[tuple[Samples, Kind, int, str | None]] = [(_silence(EDGE_SECONDS), "silence", 0, None)]
    for stranger, plan in enumerate(plans):
        if stranger:
            parts.append((_noise(rng), "noise", stranger - 1, None))
            parts.append((_silence(SILENCE_SECONDS), "silence", stranger - 1, None))
        sound = make_sound(plan)
        at = 0
        for clip, first, last in zip(plan.clips, sound.starts, sound.ends, strict=True):
            parts.append((sound.samples[at:first], "room", stranger, None))
            parts.append((sound.samples[first:last], "clip", stranger, clip.emotion))
            at = last
        parts.append((sound.samples[at:], "room", stranger, None))
    parts.append((_silence(EDGE_SECONDS), "silence", len(plans) - 1, None))
    samples = np.concatenate([part for part, *_ in parts])
    edges = np.cumsum([0, *(len(part) for part, *_ in parts)]) / RATE_HZ
    stretches = tuple(
        Stretch(kind, float(start), float(end), stranger, plans[stranger].speaker, emotion)
        for (_, kind, stranger, emotion), start, end in zip(parts, edges[:-1], edges[1:], strict=True)
    )
    return Scene(samples * np.float32(min(1.0, PEAK / np.abs(samples).max())), stretches)


def _silence(seconds: float) -> Samples:
    return np.zeros(to_samples(seconds, RATE_HZ), np.float32)


def _noise(rng: np.random.Generator) -> Samples:
    num_samples = to_samples(rng.uniform(*NOISE_SECONDS), RATE_HZ)
    return room_noise(num_samples, NOISE_DBFS, NOISE_DBFS, rng)
