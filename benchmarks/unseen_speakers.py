"""Speakers that a model was not fitted on: their clips, and the model fitted without them."""

import subprocess
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
import soundfile

from benchmarks.pages import ROOT
from callmood.evaluation.corpora import CorporaFolder
from callmood.evaluation.streams import STREAM_RATE_HZ, StreamPlan, read_at_stream_rate
from emotion.arrays import Samples
from emotion.card import LABELS
from emotion.errors import UsageError
from emotion.window_grid import to_samples
from tests.command import command, environment
from trainer.dataset import Clip

SPOKEN_DB: Final = 30.0
"""A slice is spoken where it is within so much of the loudest one of its clip."""

EDGE_SECONDS: Final = 0.1
"""What is left of the silence before the first spoken slice and after the last."""

_SLICE_SECONDS: Final = 0.02


def spoken_span(samples: Samples) -> tuple[int, int]:
    """Find where the voice of a clip begins and ends, in samples."""
    length = to_samples(_SLICE_SECONDS, STREAM_RATE_HZ)
    starts = range(0, len(samples), length)
    powers = np.array([np.mean(np.square(samples[at : at + length], dtype=np.float64)) for at in starts])
    spoken = np.flatnonzero(powers >= powers.max() * 10.0 ** (-SPOKEN_DB / 10.0))
    return int(spoken[0]) * length, min(len(samples), (int(spoken[-1]) + 1) * length)


def without_edges(clips: Sequence[Clip], folder: Path) -> tuple[Clip, ...]:
    """Write copies with at most `EDGE_SECONDS` of silence at either end."""
    folder.mkdir(parents=True, exist_ok=True)
    edge = to_samples(EDGE_SECONDS, STREAM_RATE_HZ)
    cut = []
    for number, clip in enumerate(clips):
        samples = read_at_stream_rate(clip.path)
        first, last = spoken_span(samples)
        path = folder / f"{number:05d}.wav"
        soundfile.write(path, samples[max(0, first - edge) : last + edge], STREAM_RATE_HZ, subtype="FLOAT")
        cut.append(replace(clip, path=path))
    return tuple(cut)


NUM_SPEAKERS: Final = 5
CLIPS_EACH: Final = 2
"""Clips of each emotion of each speaker."""


def clips_by_speaker(clips: Iterable[Clip]) -> dict[str, list[Clip]]:
    """Group the clips of known speakers, speakers and paths in order."""
    own: defaultdict[str, list[Clip]] = defaultdict(list)
    for clip in sorted(clips, key=lambda clip: clip.path.as_posix()):
        if clip.speaker is not None:
            own[clip.speaker].append(clip)
    return dict(sorted(own.items()))


def plan_speakers(
    clips: Sequence[Clip], seed: int, num_speakers: int = NUM_SPEAKERS, clips_each: int = CLIPS_EACH
) -> tuple[StreamPlan, ...]:
    """Draw speakers with enough clips of every label, their clips, and the order of both."""
    own = clips_by_speaker(clips)
    able = [speaker for speaker, said in own.items() if _least(said) >= clips_each]
    if len(able) < num_speakers:
        raise UsageError(
            f"only {len(able)} speakers have {clips_each} clips of each of {', '.join(LABELS)}, "
            f"and {num_speakers} are wanted; name another corpus"
        )
    rng = np.random.default_rng(seed)
    plans = []
    for speaker in [able[index] for index in rng.permutation(len(able))[:num_speakers]]:
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


RECIPE: Final = "speech"
NAME: Final = "strangers"


def names_of_others(found: CorporaFolder) -> tuple[str, ...]:
    """Name what may be fitted on while the one corpus that is scored is left out."""
    (corpus,) = found.scored
    return tuple(each.name for each in found.learned_from if each.name != corpus.name)


def fit_on(corpora: Path, names: Sequence[str], out: Path) -> Path:
    """Fit the recipe of the default model on some corpora, by the command of users."""
    words = ["train", str(corpora.resolve()), "--recipe", RECIPE, "--only", ",".join(names), "--name", NAME]
    # From the root of the project, where the tables of the corpora are kept.
    subprocess.run(  # our own command
        command(*words, "--out", str(out)), cwd=ROOT, env=environment(), check=True
    )
    return out / NAME
