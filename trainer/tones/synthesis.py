"""The article's four emotions as modulated tones: a task with a known answer, no likeness of people.

Every number here is the article's (its `generate_samples.py`): a sine between 220 and 880 Hz lasting 2 to 4
s, both ranges scaled by the emotion, its amplitude swung by 0.3 at the emotion's own rate, noise on anger,
peak normalised, 22 050 Hz. What the article leaves to chance is drawn from a generator of its own for each
clip, so that more clips never change the earlier ones.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from emotion.arrays import Samples

SAMPLE_RATE: Final = 22_050
"""Hz."""

PITCH_RANGE_HZ: Final = (220.0, 880.0)
"""Before the emotion's factor, Hz."""

DURATION_RANGE_SECONDS: Final = (2.0, 4.0)
"""Before the emotion's factor, s."""

MODULATION_DEPTH: Final = 0.3
"""How far the amplitude swings about 1."""

NOISE_DEVIATION: Final = 0.1
"""Standard deviation of the noise that anger gets after the modulation, before the peak is normalised."""


@dataclass(frozen=True, slots=True)
class ToneRecipe:
    """What sets one emotion's tones apart.

    Attributes
    ----------
    emotion : str
        One of the four labels.
    pitch_factor, duration_factor : float
        Scale both ends of the pitch and duration ranges.
    amplitude : float
        Peak of the sine before modulation; after the peak is normalised only its ratio to the noise is left.
    modulation_hz : float
        Rate of the amplitude modulation, Hz.
    noisy : bool
        True where white noise is added.
    """

    emotion: str
    pitch_factor: float
    duration_factor: float
    amplitude: float
    modulation_hz: float
    noisy: bool = False


TONE_RECIPES: Final = (
    ToneRecipe("happy", pitch_factor=1.0, duration_factor=1.0, amplitude=0.6, modulation_hz=8.0),
    ToneRecipe("sad", pitch_factor=0.5, duration_factor=1.5, amplitude=0.4, modulation_hz=2.0),
    ToneRecipe("angry", pitch_factor=1.2, duration_factor=1.0, amplitude=0.8, modulation_hz=12.0, noisy=True),
    ToneRecipe("neutral", pitch_factor=0.8, duration_factor=1.2, amplitude=0.5, modulation_hz=4.0),
)
"""In the order of the article's main function."""


def synthesise(recipe: ToneRecipe, index: int, seed: int) -> Samples:
    """Make one clip.

    Parameters
    ----------
    recipe : ToneRecipe
        The emotion.
    index : int
        Which of its clips, from 0.
    seed : int
        Not negative; the same seed gives the same clip, however many others are made.

    Returns
    -------
    ndarray, shape (n,), float32
        Mono at `SAMPLE_RATE`, greatest magnitude 1.
    """
    emotion_index = TONE_RECIPES.index(recipe)
    generator = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(emotion_index, index)))
    lowest_hz, highest_hz = PITCH_RANGE_HZ
    shortest, longest = DURATION_RANGE_SECONDS
    pitch_hz = generator.uniform(lowest_hz * recipe.pitch_factor, highest_hz * recipe.pitch_factor)
    seconds = generator.uniform(shortest * recipe.duration_factor, longest * recipe.duration_factor)
    # The article truncates here where the rest of callmood rounds; to the letter.
    times = np.linspace(0, seconds, int(SAMPLE_RATE * seconds), endpoint=False)
    signal = recipe.amplitude * np.sin(2 * np.pi * pitch_hz * times)
    signal = signal * (1.0 + MODULATION_DEPTH * np.sin(2 * np.pi * recipe.modulation_hz * times))
    if recipe.noisy:
        signal = signal + generator.normal(0, NOISE_DEVIATION, signal.shape)
    normalised: Samples = (signal / np.max(np.abs(signal))).astype(np.float32)
    return normalised
