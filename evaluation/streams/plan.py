"""Which clips follow each other in which stream.

For emodb, ravdess, nemo and ased (107 speakers), windows of 2 s every 0.5 s, each condition holds:

| kind | streams | windows | hours |
|---|---|---|---|
| balanced, one seed | 107 | 42,500 | 6.0 |
| mostly-neutral, five seeds | 1,385 | 210,000 | 29.9 |
| single, five seeds | 1,930 | 122,000 | 17.8 |

At 33 ms a window (a slow core) that is three hours and a half of one core for each condition, and 6 GB of
kept vectors (`speech`).
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, get_args

import numpy as np

from emotion.errors import UsageError
from emotion.labels import LABELS
from trainer.dataset.clip import Clip

StreamKind: TypeAlias = Literal["balanced", "mostly-neutral", "single"]
"""How the emotions of a stream are mixed."""

STREAM_KINDS: Final[tuple[StreamKind, ...]] = get_args(StreamKind)
"""All of them."""

NUM_SEEDS: Final = 5
"""Orders that mostly neutral and single streams are heard in: they hold few clips, so chance weighs more."""

NUM_NEUTRAL: Final = 16
"""Neutral clips of a mostly neutral stream."""

NUM_OTHER: Final = 4
"""Clips of its other emotion."""

MAX_SINGLE: Final = 12
"""Clips of a single stream at most; chosen by the seed where the speaker has more."""


@dataclass(frozen=True, slots=True)
class StreamPlan:
    """The clips of one stream, in order.

    Attributes
    ----------
    corpus, speaker : str
        Who speaks; a clip whose speaker nobody knows is a speaker by itself, ``unknown 0`` and so on.
    kind : {'balanced', 'mostly-neutral', 'single'}
        As asked for.
    emotion : str or None
        The one emotion of a single stream, or the other one of a mostly neutral stream.
    seed : int
        Decides about order and pauses, together with all of the above.
    clips : tuple of Clip
        In the order in which they are heard.
    """

    corpus: str
    speaker: str
    kind: StreamKind
    emotion: str | None
    seed: int
    clips: tuple[Clip, ...]


def default_seeds(kind: StreamKind) -> tuple[int, ...]:
    """Give the seeds that a figure is the mean over.

    Parameters
    ----------
    kind : {'balanced', 'mostly-neutral', 'single'}
        Of the streams.

    Returns
    -------
    tuple of int
        One for balanced streams, which hold all clips; else `NUM_SEEDS`.
    """
    return (0,) if kind == "balanced" else tuple(range(NUM_SEEDS))


def plan_streams(clips: Sequence[Clip], kind: StreamKind, seed: int) -> tuple[StreamPlan, ...]:
    """Make the streams of all speakers.

    Parameters
    ----------
    clips : sequence of Clip
        Labelled ones, of any number of corpora.
    kind : {'balanced', 'mostly-neutral', 'single'}
        ``balanced``: all clips of a speaker in one stream. ``mostly-neutral``: `NUM_NEUTRAL` neutral clips,
        and `NUM_OTHER` of one other emotion, a stream for each other emotion the speaker has; where there are
        too few, all are heard in one order, then in a fresh one; none of a speaker without neutral clips.
        ``single``: a stream an emotion, of `MAX_SINGLE` different clips at most.
    seed : int
        Not negative.

    Returns
    -------
    tuple of StreamPlan
        By corpus, speaker and emotion; a speaker's streams do not depend on who else is there.

    Raises
    ------
    UsageError
        If there is no such kind.
    """
    if kind not in STREAM_KINDS:
        raise UsageError(f"no kind of stream is called {kind!r}; choose from {', '.join(STREAM_KINDS)}")
    speakers: dict[tuple[str, str], list[Clip]] = defaultdict(list)
    num_unknown = Counter[str]()
    for clip in sorted(clips, key=lambda clip: clip.path.as_posix()):
        speaker = clip.speaker
        if speaker is None:
            speaker = f"unknown {num_unknown[clip.corpus]}"
            num_unknown[clip.corpus] += 1
        speakers[clip.corpus, speaker].append(clip)
    return tuple(
        StreamPlan(corpus, speaker, kind, emotion, seed, tuple(order))
        for (corpus, speaker), own in sorted(speakers.items(), key=lambda each: each[0])
        for emotion, order in _orders(own, kind, [seed, *f"{corpus}/{speaker}/{kind}".encode()])
    )


def _orders(own: list[Clip], kind: StreamKind, entropy: list[int]) -> list[tuple[str | None, list[Clip]]]:
    by_label = {label: [clip for clip in own if clip.emotion == label] for label in LABELS}
    present = [label for label in LABELS if by_label[label]]
    if kind == "balanced":
        return [(None, _shuffled(own, np.random.default_rng(entropy)))]
    orders: list[tuple[str | None, list[Clip]]] = []
    for label in present:
        rng = np.random.default_rng([*entropy, LABELS.index(label)])
        if kind == "single":
            orders.append((label, _shuffled(by_label[label], rng)[:MAX_SINGLE]))
        elif label != "neutral" and by_label["neutral"]:
            neutral = _drawn(by_label["neutral"], NUM_NEUTRAL, rng)
            orders.append((label, _shuffled(neutral + _drawn(by_label[label], NUM_OTHER, rng), rng)))
    return orders


def _drawn(clips: list[Clip], count: int, rng: np.random.Generator) -> list[Clip]:
    drawn: list[Clip] = []
    while len(drawn) < count:
        drawn += _shuffled(clips, rng)
    return drawn[:count]


def _shuffled(clips: list[Clip], rng: np.random.Generator) -> list[Clip]:
    return [clips[index] for index in rng.permutation(len(clips))]
