"""Clips without the silence at their edges: some corpora leave a second of it at both ends of every clip."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
import soundfile

from emotion.arrays import Samples
from emotion.audio_file import read_mono
from emotion.resampling import resample
from emotion.window_grid import to_samples
from evaluation.streams.sound import RATE_HZ
from trainer.dataset.clip import Clip

SPOKEN_DB: Final = 30.0
"""A slice is spoken where it is within so much of the loudest one of its clip."""

EDGE_SECONDS: Final = 0.1
"""What is left of the silence before the first spoken slice and after the last."""

_SLICE_SECONDS: Final = 0.02


def spoken_span(samples: Samples) -> tuple[int, int]:
    """Find where the voice of a clip begins and ends.

    Parameters
    ----------
    samples : ndarray, shape (n,), float32
        Mono at `RATE_HZ`, n >= 1.

    Returns
    -------
    first, last : int
        The first sample of the first spoken slice of 20 ms, and one past that of the last.
    """
    length = to_samples(_SLICE_SECONDS, RATE_HZ)
    starts = range(0, len(samples), length)
    powers = np.array([np.mean(np.square(samples[at : at + length], dtype=np.float64)) for at in starts])
    spoken = np.flatnonzero(powers >= powers.max() * 10.0 ** (-SPOKEN_DB / 10.0))
    return int(spoken[0]) * length, min(len(samples), (int(spoken[-1]) + 1) * length)


def without_edges(clips: Sequence[Clip], folder: Path) -> tuple[Clip, ...]:
    """Write copies that begin and end with the voice.

    Parameters
    ----------
    clips : sequence of Clip
        Of any corpora.
    folder : Path
        Where the copies go.

    Returns
    -------
    tuple of Clip
        The same clips, elsewhere, `EDGE_SECONDS` of their silence left at either end; in the same order.

    Raises
    ------
    AudioFileError
        If a clip cannot be read.
    """
    folder.mkdir(parents=True, exist_ok=True)
    edge = to_samples(EDGE_SECONDS, RATE_HZ)
    cut = []
    for number, clip in enumerate(clips):
        sound = read_mono(clip.path)
        samples = resample(sound.samples, sound.sample_rate, RATE_HZ)
        first, last = spoken_span(samples)
        path = folder / f"{number:05d}.wav"
        soundfile.write(path, samples[max(0, first - edge) : last + edge], RATE_HZ, subtype="FLOAT")
        cut.append(replace(clip, path=path))
    return tuple(cut)
