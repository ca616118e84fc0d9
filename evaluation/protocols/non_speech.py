"""Sounds in which nobody speaks: what a listener says of them is wrong whatever it is."""

from pathlib import Path
from typing import Final

import numpy as np

from emotion.arrays import Samples
from emotion.audio_file import read_mono
from emotion.errors import DatasetError
from emotion.resampling import resample
from emotion.sound_files import sound_files_below
from trainer.conditions.catalogue import RATE_HZ
from trainer.sounds.kinds import KINDS, make_sound

SECONDS: Final = 8.0
"""Length of each sound that is made: many short ones tell more than a few long ones."""

SEEDS: Final = tuple(range(9_001, 9_013))
"""A dozen of each kind; no training draws from these seeds."""

LEVELS_DBFS: Final = (-26.0, -40.0, -16.0)
"""In turns."""

_SILENCE_DBFS: Final = -75.0
_MARK: Final = "#"


def synthesised_sounds() -> dict[str, Samples]:
    """Make some of every kind, and near silence.

    Returns
    -------
    dict of str to ndarray, float32
        By a name that `kind_of` understands; mono at 16 kHz.
    """
    sounds = {
        f"{kind}{_MARK}{seed}": make_sound(kind, SECONDS, RATE_HZ, seed, LEVELS_DBFS[seed % len(LEVELS_DBFS)])
        for kind in KINDS
        for seed in SEEDS
    }
    for seed in SEEDS:
        hiss = np.random.default_rng(seed).standard_normal(round(SECONDS * RATE_HZ))
        sounds[f"silence{_MARK}{seed}"] = (10.0 ** (_SILENCE_DBFS / 20.0) * hiss).astype(np.float32)
    return sounds


def recorded_sounds(folder: Path) -> dict[str, Samples]:
    """Read the recordings below a folder, such as music.

    Parameters
    ----------
    folder : Path
        Holds sound without speech; its name is that of the kind.

    Returns
    -------
    dict of str to ndarray, float32
        As `synthesised_sounds` gives them.

    Raises
    ------
    DatasetError
        If there is no recording.
    AudioFileError
        If one cannot be read.
    """
    paths = sound_files_below(folder) if folder.is_dir() else []
    if not paths:
        raise DatasetError(f"{folder} holds no recordings; name a folder of sound without speech")
    kind = folder.resolve().name.replace(_MARK, " ")
    sounds = {}
    for number, path in enumerate(paths):
        clip = read_mono(path)
        sounds[f"{kind}{_MARK}{number}"] = resample(clip.samples, clip.sample_rate, RATE_HZ)
    return sounds


def kind_of(name: str) -> str:
    """Give the kind of a sound.

    Parameters
    ----------
    name : str
        A key of the sounds above.

    Returns
    -------
    str
        Such as ``street``.
    """
    return name.partition(_MARK)[0]
