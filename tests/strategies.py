"""Test data that Hypothesis draws: sound, and ways to cut it."""

from itertools import pairwise

import numpy as np
from hypothesis import strategies as st

from emotion.arrays import Samples

KINDS = ("noise", "tone", "chirp", "clicks", "silence", "constant", "pauses")


def sound(kind: str, num_samples: int, level: float, seed: int) -> Samples:
    """Make one sound.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    num_samples : int
        Its length.
    level : float
        Its largest magnitude, about.
    seed : int
        For what is random in it.

    Returns
    -------
    ndarray, shape (num_samples,), float32
        Mono.
    """
    random = np.random.default_rng(seed)
    time = np.arange(num_samples)
    noise = random.uniform(-1, 1, num_samples)
    pitch = random.uniform(0.001, 0.4)
    shapes = {
        "noise": noise,
        "tone": np.sin(2 * np.pi * pitch * time),
        "chirp": np.sin(np.pi * pitch * time**2 / max(1, num_samples)),
        "clicks": np.where(random.random(num_samples) < 0.001, noise, 0),
        "silence": np.zeros(num_samples),
        "constant": np.ones(num_samples),
        "pauses": noise * (np.sin(2 * np.pi * time / 6000) > 0),
    }
    return np.asarray(level * shapes[kind], dtype=np.float32)


@st.composite
def signals(
    draw: st.DrawFn,
    min_samples: int = 0,
    max_samples: int = 40_000,
    kinds: tuple[str, ...] = KINDS,
    levels: tuple[float, ...] = (1.0, 0.1, 1e-3),
) -> Samples:
    """Draw a sound.

    Parameters
    ----------
    draw : DrawFn
        Given by Hypothesis.
    min_samples, max_samples : int
        Bounds of its length.
    kinds : tuple of str
        Which of `KINDS` to draw from.
    levels : tuple of float
        Largest magnitudes to draw from.

    Returns
    -------
    ndarray, shape (n,), float32
        Mono.
    """
    return sound(
        draw(st.sampled_from(kinds)),
        draw(st.integers(min_samples, max_samples)),
        draw(st.sampled_from(levels)),
        draw(st.integers(0, 2**32 - 1)),
    )


@st.composite
def cuts(draw: st.DrawFn, num_samples: int, max_cuts: int = 12) -> list[slice]:
    """Draw a way to cut a signal into pieces, empty ones and single samples among them.

    Parameters
    ----------
    draw : DrawFn
        Given by Hypothesis.
    num_samples : int
        Length of the signal.
    max_cuts : int
        The most cuts.

    Returns
    -------
    list of slice
        They follow each other and cover the signal.
    """
    places = st.integers(0, num_samples)
    inner = draw(st.lists(places, max_size=max_cuts))
    if draw(st.booleans()):
        inner += [min(num_samples, place + 1) for place in inner]
    return [slice(start, end) for start, end in pairwise([0, *sorted(inner), num_samples])]
