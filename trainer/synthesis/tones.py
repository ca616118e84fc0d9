"""The article's four emotions as modulated tones, and the files of them."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import soundfile

from emotion.arrays import Samples
from emotion.atomic_files import replace
from emotion.errors import OutputError
from trainer.dataset import SYNTHETIC_MARK, make_emotion_folders

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
    """Make one clip."""
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


def generate_tones(
    root: Path,
    per_emotion: int,
    seed: int,
    *,
    force: bool = False,
    on_clip: Callable[[], None] = lambda: None,
) -> tuple[int, int]:
    """Write ``root/<emotion>/<emotion>_sample_<i>.wav`` for i in 1..per_emotion.

    A file that is there already with the same sound is left alone. One with another sound stops everything
    before the first file is written, unless `force` is given.
    """
    planned = [(recipe, index, root / recipe.emotion / f"{recipe.emotion}_sample_{index + 1}.wav")
               for recipe in TONE_RECIPES for index in range(per_emotion)]  # fmt: skip
    present = {path for _, _, path in planned if path.exists()}
    if not force:
        for recipe, index, path in planned:
            if path in present and not _holds(path, synthesise(recipe, index, seed)):
                raise OutputError(
                    f"{path} holds another sound than seed {seed} gives; nothing was written: "
                    "name another folder with --out, or replace such files with --force"
                )
        planned = [clip for clip in planned if clip[2] not in present]
    make_emotion_folders(root)
    for recipe, index, path in planned:
        comment = f"{SYNTHETIC_MARK}: {recipe.emotion} {index + 1}, seed {seed}"
        _write_tone(path, synthesise(recipe, index, seed), comment)
        on_clip()
    return len(planned), len(TONE_RECIPES) * per_emotion - len(planned)


def _holds(path: Path, samples: Samples) -> bool:
    # Samples are compared, not bytes: the header names the library's version.
    try:
        there, rate = soundfile.read(path, dtype="int16")
    except (OSError, soundfile.SoundFileError):
        return False
    expected, _ = soundfile.read(io.BytesIO(_encode(samples, "")), dtype="int16")
    return bool(rate == SAMPLE_RATE and there.shape == expected.shape and (there == expected).all())


def _encode(samples: Samples, comment: str) -> bytes:
    buffer = io.BytesIO()
    with soundfile.SoundFile(buffer, "w", SAMPLE_RATE, 1, "PCM_16", format="WAV") as file:
        if comment:
            file.comment = comment
        file.write(samples)
    return buffer.getvalue()


def _write_tone(path: Path, samples: Samples, comment: str) -> None:
    try:
        replace(path, _encode(samples, comment))
    except OSError as error:
        raise OutputError(
            f"cannot write {path}: {error.strerror or error}; name another folder with --out"
        ) from error
