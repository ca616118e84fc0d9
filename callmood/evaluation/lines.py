"""What earlier callers left on a line: of the same place, in few moods, or of another place altogether."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from callmood.evaluation.streams import StreamKind
from emotion.card import LABELS
from emotion.decision import LineState
from trainer.cache import cache_key
from trainer.recipes.base import NUM_NEUTRAL, NUM_OTHER, FittedClassifier
from trainer.window_table import StepTable

LineMix: TypeAlias = Literal["balanced", "neutral", "angry"]
"""How earlier callers spoke: in all emotions alike, or in one for 80 % of their clips."""

LineOrigin: TypeAlias = Literal["same", "other-corpus", "by-phone"]
"""Where they were heard: in the corpus and under the condition that is scored, or somewhere else."""

LINES_VERSION: Final = 1
"""Raise it when the same tables and orders give other lines. Caches are keyed by it."""

NUM_ORDERS: Final = 10
"""Draws of earlier callers for each balanced stream; of the others each seed has its own."""

FIRST_CLIPS: Final = 4
"""Of a caller; every so many clips of a balanced stream are then a call by themselves."""

FIRST: Final = f"first-{FIRST_CLIPS}"
"""Name of the streams of such calls."""

MOST_CLIPS: Final = 40
"""Of an earlier caller's call in all emotions."""


@dataclass(frozen=True, slots=True)
class LineKind:
    """Lines of one kind, and the streams that are scored on them.

    Attributes
    ----------
    callers : int
        Earlier ones; as many as there are where there are fewer.
    mix : {'balanced', 'neutral', 'angry'}
        How they spoke.
    origin : {'same', 'other-corpus', 'by-phone'}
        Where they were heard.
    stream : {'balanced', 'mostly-neutral', 'single'}
        Kind of the streams.
    learns_voice : bool
        Whether the voice is learned beside the line as well, not only left unknown.
    first : bool
        Whether balanced streams are cut into calls of `FIRST_CLIPS` clips.
    """

    callers: int
    mix: LineMix = "balanced"
    origin: LineOrigin = "same"
    stream: StreamKind = "balanced"
    learns_voice: bool = False
    first: bool = False

    @property
    def name(self) -> str:
        """In `stream` of the figures."""
        if self.stream != "balanced":
            return f"{self.stream}-on-line-{self.callers}"
        if self.first:
            return f"line-{self.callers}-{FIRST}"
        return f"line-{self.callers}-{self.mix if self.origin == 'same' else self.origin}"


LINE_KINDS: Final = (
    LineKind(1),
    LineKind(3, learns_voice=True),
    LineKind(8),
    LineKind(3, learns_voice=True, first=True),
    LineKind(3, "neutral"),
    LineKind(3, "angry"),
    LineKind(3, origin="other-corpus"),
    LineKind(3, origin="by-phone"),
    LineKind(3, stream="mostly-neutral", learns_voice=True),
    LineKind(3, stream="single", learns_voice=True),
)


class Callers:
    """What each speaker of a table leaves on a line, in calls of every mix.

    Parameters
    ----------
    table : StepTable
        Balanced streams, one a speaker.
    classifier : FittedClassifier
        Knows lines.
    """

    def __init__(self, table: StepTable, classifier: FittedClassifier) -> None:
        self._table = table
        self._decision = classifier.decision
        self._left: dict[tuple[int, LineMix], LineState] = {}

    def lines(self, kind: LineKind, order: int, speakers: Sequence[str]) -> list[LineState]:
        """Draw a line for each speaker, on which the speaker was never heard; the same every time.

        Parameters
        ----------
        kind : LineKind
            Of the lines.
        order : int
            Number of the draw.
        speakers : sequence of str
            As ``corpus/speaker``.

        Returns
        -------
        list of LineState
            For `emotion.decision.Decision.open_voice`, one a speaker.
        """
        found: list[LineState] = []
        keys = self._table.streams.speaker_key
        for speaker in speakers:
            others = np.flatnonzero(keys != speaker)
            rng = np.random.default_rng([order, *f"{speaker}/{kind.name}".encode()])
            drawn = rng.permutation(others)[: kind.callers].tolist()
            states = [self._left_by(stream, kind.mix) for stream in drawn]
            # Lines are sums over voices: what each left alone adds up.
            names = states[0] if states else {}
            found.append({name: np.array(sum(state[name] for state in states)) for name in names})
        return found

    def _left_by(self, stream: int, mix: LineMix) -> LineState:
        if (stream, mix) not in self._left:
            voice = self._decision.open_voice(line={}, baseline=False)
            clips = np.flatnonzero(self._table.clips.stream == stream)
            rng = np.random.default_rng([*f"{self._table.streams.speaker_key[stream]}/{mix}".encode()])
            heard = (self._table.state == "speech") & (self._table.stream == stream)
            for clip in _clips_of_call(clips, self._table.clips.emotion[clips], mix, rng).tolist():
                for vector in np.asarray(self._table.vectors[heard & (self._table.clip == clip)]):
                    voice.update(vector)
            self._left[stream, mix] = voice.line_state() or {}
        return self._left[stream, mix]


def short_calls(table: StepTable) -> StepTable:
    """Cut streams into calls of `FIRST_CLIPS` clips each: every call is a stream by itself.

    Parameters
    ----------
    table : StepTable
        Streams; the windows of each in order.

    Returns
    -------
    StepTable
        The same windows and clips; the pause before a clip belongs to its call.
    """
    order = np.lexsort((table.clips.start_seconds, table.clips.stream))
    streams = table.clips.stream[order]
    place = np.arange(len(order)) - np.searchsorted(streams, streams)
    begins = np.flatnonzero(place % FIRST_CLIPS == 0)
    call_of_clip = np.empty(len(order), dtype=np.int32)
    call_of_clip[order] = np.searchsorted(begins, np.arange(len(order)), side="right") - 1
    call = np.zeros(len(table), dtype=np.int32)
    for stream in np.unique(streams).tolist():
        rows = np.flatnonzero(table.stream == stream)
        calls = np.flatnonzero(streams[begins] == stream)
        # The end of the clip before: from there on a window belongs to the next call.
        ends = table.clips.end_seconds[order[begins[calls[1:]] - 1]]
        call[rows] = calls[0] + np.searchsorted(ends, table.start_seconds[rows] + table.win_seconds / 2)
    inside = table.clip >= 0
    call[inside] = call_of_clip[table.clip[inside]]
    records = table.streams.take(streams[begins].astype(np.int64))
    return replace(
        table,
        stream=call,
        clips=replace(table.clips, stream=call_of_clip),
        streams=replace(records, num_windows=np.bincount(call, minlength=len(begins)).astype(np.int32)),
        key=cache_key(table=table.key, clips_a_call=FIRST_CLIPS),
    )


def _clips_of_call(
    clips: NDArray[np.int64], emotions: NDArray[np.int8], mix: LineMix, rng: np.random.Generator
) -> NDArray[np.int64]:
    shuffled = rng.permutation(len(clips))
    most = emotions[shuffled] == LABELS.index(mix) if mix != "balanced" else np.ones(len(clips), np.bool_)
    if mix == "balanced" or not most.any():
        return clips[shuffled[:MOST_CLIPS]]
    chosen = np.concatenate([shuffled[most][:NUM_NEUTRAL], shuffled[~most][:NUM_OTHER]])
    call: NDArray[np.int64] = clips[chosen]
    return call
