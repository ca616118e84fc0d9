"""Calls in which a person is calm and angry by turns, and when each turn begins."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

import numpy as np
import soundfile

from emotion.arrays import Samples
from emotion.errors import UsageError
from evaluation.streams.plan import StreamPlan
from evaluation.streams.sound import RATE_HZ, make_sound
from scripts.live.spoken_clips import spoken_span
from trainer.dataset.clip import Clip

CALM, ANGRY = "neutral", "angry"
NUM_ANGRY: Final = 8
"""Turns of anger in a call; it begins and ends calm."""

CLIP_SECONDS: Final = {CALM: (10.0, 14.0), ANGRY: (8.0, 12.0)}
"""Clips of a turn together, without the pauses between: at least, and at most where clips allow it."""


@dataclass(frozen=True, slots=True)
class Turn:
    """Some seconds in which all is said in one emotion.

    Attributes
    ----------
    emotion : str
        The label of its clips.
    start : float
        Where the voice of its first clip begins, s.
    end : float
        Where the voice of its last clip ends, s.
    """

    emotion: str
    start: float
    end: float


@dataclass(frozen=True, slots=True, eq=False)
class TurningCall:
    """What one speaker is heard with.

    Attributes
    ----------
    corpus, speaker : str
        Who speaks.
    samples : ndarray, shape (n,), float32
        Mono at `RATE_HZ`.
    turns : tuple of Turn
        In order.
    """

    corpus: str
    speaker: str
    samples: Samples
    turns: tuple[Turn, ...]

    @property
    def angry_turns(self) -> tuple[Turn, ...]:
        """Those that alerts are to be raised in."""
        return tuple(turn for turn in self.turns if turn.emotion == ANGRY)

    @property
    def calm_seconds(self) -> float:
        """All that is not anger, pauses included, s."""
        return len(self.samples) / RATE_HZ - sum(turn.end - turn.start for turn in self.angry_turns)


def plan_calls(clips: Sequence[Clip], seed: int, num_angry: int = NUM_ANGRY) -> tuple[StreamPlan, ...]:
    """Choose the clips of each speaker's call.

    Parameters
    ----------
    clips : sequence of Clip
        Of one corpus, without silent edges.
    seed : int
        Decides about the order of clips and, later, about pauses.
    num_angry : int, optional
        Turns of anger.

    Returns
    -------
    tuple of StreamPlan
        One a speaker who has clips of both kinds. All clips of a kind are heard in one order, then in a
        fresh one.

    Raises
    ------
    UsageError
        If no speaker has both.
    """
    own: defaultdict[str, list[Clip]] = defaultdict(list)
    for clip in sorted(clips, key=lambda clip: clip.path.as_posix()):
        if clip.speaker is not None and clip.emotion in CLIP_SECONDS:
            own[clip.speaker].append(clip)
    plans = []
    for speaker, said in sorted(own.items()):
        if {clip.emotion for clip in said} == set(CLIP_SECONDS):
            order = _order(said, num_angry, np.random.default_rng([seed, *speaker.encode()]))
            plans.append(StreamPlan(said[0].corpus, speaker, "balanced", None, seed, order))
    if not plans:
        raise UsageError(f"no speaker has clips of both {CALM} and {ANGRY}; name another corpus")
    return tuple(plans)


def make_call(plan: StreamPlan) -> TurningCall:
    """Read the clips and put pauses of 0.5 to 1 s between, as the evaluation's streams have them.

    Parameters
    ----------
    plan : StreamPlan
        As `plan_calls` gives it.

    Returns
    -------
    TurningCall
        The same for the same plan and files.

    Raises
    ------
    AudioFileError
        If a clip cannot be read.
    """
    sound = make_sound(plan)
    turns = []
    for emotion, group in groupby(range(len(plan.clips)), key=lambda number: plan.clips[number].emotion):
        numbers = list(group)
        first, last = int(sound.starts[numbers[0]]), int(sound.starts[numbers[-1]])
        begins, _ = spoken_span(sound.samples[first : sound.ends[numbers[0]]])
        _, ends = spoken_span(sound.samples[last : sound.ends[numbers[-1]]])
        turns.append(Turn(emotion, (first + begins) / RATE_HZ, (last + ends) / RATE_HZ))
    return TurningCall(plan.corpus, plan.speaker, sound.samples, tuple(turns))


def _order(said: Sequence[Clip], num_angry: int, rng: np.random.Generator) -> tuple[Clip, ...]:
    queues = {
        emotion: _endless([clip for clip in said if clip.emotion == emotion], rng) for emotion in CLIP_SECONDS
    }
    order: list[Clip] = []
    for emotion in [*[CALM, ANGRY] * num_angry, CALM]:
        least, most = CLIP_SECONDS[emotion]
        seconds, passed_over = 0.0, 0
        while seconds < least:
            clip = next(queues[emotion])
            length = float(soundfile.info(clip.path).duration)
            # One that is too long is left for another time, unless all are.
            if seconds + length <= most or passed_over >= len(said):
                order.append(clip)
                seconds += length
            else:
                passed_over += 1
    return tuple(order)


def _endless(clips: Sequence[Clip], rng: np.random.Generator) -> Iterator[Clip]:
    while True:
        yield from (clips[index] for index in rng.permutation(len(clips)))
