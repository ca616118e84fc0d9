"""Speakers that a model has not been fitted on: their clips, and the model fitted without them."""

import subprocess
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
import soundfile

from callmood.evaluation.streams import STREAM_RATE_HZ, StreamPlan
from emotion.arrays import Samples
from emotion.audio_io import read_mono
from emotion.card import LABELS
from emotion.errors import UsageError
from emotion.signal import resample
from emotion.window_grid import to_samples
from tests.command import command, environment
from trainer.dataset import Clip

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
        Mono at `STREAM_RATE_HZ`, n >= 1.

    Returns
    -------
    first, last : int
        The first sample of the first spoken slice of 20 ms, and one past that of the last.
    """
    length = to_samples(_SLICE_SECONDS, STREAM_RATE_HZ)
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
    edge = to_samples(EDGE_SECONDS, STREAM_RATE_HZ)
    cut = []
    for number, clip in enumerate(clips):
        sound = read_mono(clip.path)
        samples = resample(sound.samples, sound.sample_rate, STREAM_RATE_HZ)
        first, last = spoken_span(samples)
        path = folder / f"{number:05d}.wav"
        soundfile.write(path, samples[max(0, first - edge) : last + edge], STREAM_RATE_HZ, subtype="FLOAT")
        cut.append(replace(clip, path=path))
    return tuple(cut)


NUM_STRANGERS: Final = 5
CLIPS_EACH: Final = 2
"""Clips of each emotion that a stranger is heard with."""


def plan_strangers(
    clips: Sequence[Clip], seed: int, num_strangers: int = NUM_STRANGERS, clips_each: int = CLIPS_EACH
) -> tuple[StreamPlan, ...]:
    """Draw speakers, their clips, and the order of both.

    Parameters
    ----------
    clips : sequence of Clip
        Of one corpus.
    seed : int
        Not negative.
    num_strangers, clips_each : int
        How many speakers, and how many clips of each of the four labels.

    Returns
    -------
    tuple of StreamPlan
        One a stranger.

    Raises
    ------
    UsageError
        If too few speakers have so many clips of every label.
    """
    own: defaultdict[str, list[Clip]] = defaultdict(list)
    for clip in sorted(clips, key=lambda clip: clip.path.as_posix()):
        if clip.speaker is not None:
            own[clip.speaker].append(clip)
    able = [speaker for speaker in sorted(own) if _least(own[speaker]) >= clips_each]
    if len(able) < num_strangers:
        raise UsageError(
            f"only {len(able)} speakers have {clips_each} clips of each of {', '.join(LABELS)}, "
            f"and {num_strangers} are wanted; name another corpus"
        )
    rng = np.random.default_rng(seed)
    plans = []
    for speaker in [able[index] for index in rng.permutation(len(able))[:num_strangers]]:
        chosen: list[Clip] = []
        for label in LABELS:
            said = [clip for clip in own[speaker] if clip.emotion == label]
            chosen += [said[index] for index in rng.permutation(len(said))[:clips_each]]
        order = tuple(chosen[index] for index in rng.permutation(len(chosen)))
        plans.append(StreamPlan(order[0].corpus, speaker, "balanced", None, seed, order))
    return tuple(plans)


def _least(clips: Sequence[Clip]) -> int:
    counts = Counter(clip.emotion for clip in clips)
    return min(counts[label] for label in LABELS)


ROOT: Final = Path(__file__).parents[1]
RECIPE: Final = "speech"
NAME: Final = "strangers"


def fit_on(corpora: Path, names: Sequence[str], out: Path) -> Path:
    """Fit the recipe of the default model on some corpora, by the command that users have.

    Parameters
    ----------
    corpora : Path
        The folder of corpora.
    names : sequence of str
        Those to fit on.
    out : Path
        Where the model's folder goes.

    Returns
    -------
    Path
        The model's folder.

    Raises
    ------
    CalledProcessError
        If it fails; the command has said why.
    """
    words = ["train", str(corpora.resolve()), "--recipe", RECIPE, "--only", ",".join(names), "--name", NAME]
    # From the root of the project, where the tables of the corpora are kept.
    subprocess.run(  # our own command
        command(*words, "--out", str(out)), cwd=ROOT, env=environment(), check=True
    )
    return out / NAME
