"""Tables of windows without sound: what was said where is written down by hand."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from callmood.evaluation.classification import ClassifiedStreams, ClassifiedWindows, Placements
from emotion.card import LABELS
from trainer.window_table import ClipPlaces, StepTable, StreamRecords

WIN_SECONDS = 2.0
STEP_SECONDS = 0.5
WINDOWS_A_CLIP = 3
"""Each clip lasts as many steps, and a pause of one step follows it."""


@dataclass(frozen=True)
class Talk:
    """One stream: who says which emotions, in order."""

    corpus: str
    speaker: str
    emotions: Sequence[str]
    shift: float = 0.0


def make_table(
    talks: Sequence[Talk],
    *,
    kind: str = "balanced",
    condition: str = "clean",
    seed: int = 0,
    noise: float = 0.2,
) -> StepTable:
    """Make a table whose vectors tell the label (by one coordinate each) and the speaker (by a shift)."""
    rng = np.random.default_rng(seed)
    vectors = []
    states: list[str] = []
    clips: list[int] = []
    streams: list[int] = []
    windows: list[int] = []
    places: list[tuple[str, str, str, int, int, float, float, int]] = []
    for stream, talk in enumerate(talks):
        window = 0
        for number, emotion in enumerate(talk.emotions):
            start = window * STEP_SECONDS
            label = LABELS.index(emotion)
            path = f"{talk.corpus}/{talk.speaker}/{number}.wav"
            end = start + WINDOWS_A_CLIP * STEP_SECONDS
            places.append((talk.corpus, talk.speaker, path, label, stream, start, end, len(windows)))
            for part in range(WINDOWS_A_CLIP + 1):
                in_clip = part < WINDOWS_A_CLIP
                vector = talk.shift + noise * rng.standard_normal(len(LABELS))
                vector[label] += 2.0 * in_clip
                vectors.append(vector.astype(np.float32))
                states.append("speech" if in_clip else "silence")
                clips.append(len(places) - 1 if in_clip else -1)
                streams.append(stream)
                windows.append(window)
                window += 1
    names = ("corpus", "speaker", "path", "emotion", "stream", "start", "end", "best")
    column = dict(zip(names, zip(*places, strict=True), strict=True))
    starts, ends = np.array(column["start"]), np.array(column["end"])
    clip_places = ClipPlaces(
        np.array(column["corpus"]),
        np.array(column["speaker"]),
        np.array(column["path"]),
        np.array(column["emotion"], dtype=np.int8),
        np.array(column["stream"], dtype=np.int32),
        (starts * 16_000).astype(np.int64),
        (ends * 16_000).astype(np.int64),
        starts,
        ends,
        np.array(column["best"], dtype=np.int32),
    )
    counts = np.bincount(streams)
    records = StreamRecords(
        np.array([talk.corpus for talk in talks]),
        np.array([talk.speaker for talk in talks]),
        np.array([kind] * len(talks)),
        np.full(len(talks), -1, dtype=np.int8),
        np.full(len(talks), seed, dtype=np.int32),
        np.array([condition] * len(talks)),
        counts.astype(np.int32),
    )
    clip = np.array(clips, dtype=np.int32)
    return StepTable(
        vectors=np.array(vectors, dtype=np.float32),
        state=np.array(states),
        level_dbfs=np.full(len(windows), -20.0),
        clip=clip,
        share=(clip >= 0).astype(np.float32),
        stream=np.array(streams, dtype=np.int32),
        window=np.array(windows, dtype=np.int32),
        clips=clip_places,
        streams=records,
        win_seconds=WIN_SECONDS,
        step_seconds=STEP_SECONDS,
        key=f"{kind} {condition} {seed} {noise} {list(talks)!r}",
    )


def make_classified(
    probabilities: Sequence[Sequence[float]],
    placement: Sequence[int],
    targets: Sequence[int],
    *,
    heard: Sequence[bool] | None = None,
    unsure: Sequence[bool] | None = None,
    shown: Sequence[int] | None = None,
    best: Sequence[int] | None = None,
    starts: Sequence[float] | None = None,
    ends: Sequence[float] | None = None,
) -> ClassifiedStreams:
    """Write down one stream; what is shown is the leading label of each window unless told otherwise."""
    words = np.array(probabilities, dtype=np.float64)
    num_windows, num_clips = len(words), len(targets)
    is_heard = np.array([True] * num_windows if heard is None else heard, dtype=np.bool_)
    is_unsure = np.array([False] * num_windows if unsure is None else unsure, dtype=np.bool_)
    said = np.where(is_heard & ~is_unsure, words.argmax(axis=1), -1)
    windows = ClassifiedWindows(
        words,
        is_heard,
        is_unsure,
        said if shown is None else np.array(shown),
        np.array(placement, dtype=np.int64),
        np.zeros(num_windows, dtype=np.int64),
        np.arange(num_windows, dtype=np.float64) * STEP_SECONDS + WIN_SECONDS,
    )
    clips = Placements(
        np.array([f"{number}.wav" for number in range(num_clips)]),
        np.array([f"c/{number}" for number in range(num_clips)]),
        np.array(targets, dtype=np.int64),
        np.zeros(num_clips, dtype=np.int64),
        np.arange(num_clips, dtype=np.float64) if starts is None else np.array(starts),
        np.arange(1, num_clips + 1, dtype=np.float64) if ends is None else np.array(ends),
        np.full(num_clips, -1, dtype=np.int64) if best is None else np.array(best, dtype=np.int64),
    )
    return ClassifiedStreams(windows, clips)
