"""Who speaks in a live session, and which of their clips are heard: chance decides."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Final

import numpy as np

from emotion.errors import UsageError
from emotion.labels import LABELS
from evaluation.streams.plan import StreamPlan
from trainer.dataset.clip import Clip

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
