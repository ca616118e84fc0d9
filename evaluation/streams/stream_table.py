"""From the plan of a stream to its table of windows."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from emotion.arrays import Samples
from emotion.labels import LABELS
from evaluation.streams.hear import HeardStream, StepFeatures, hear_stream
from evaluation.streams.plan import StreamPlan
from evaluation.streams.sound import RATE_HZ, make_sound, stream_generator
from trainer.conditions.catalogue import apply_condition
from trainer.placements import ClipPlaces, StreamRecords
from trainer.step_table import StepTable, concatenate_tables

STREAM_VERSION: Final = 1
"""Raise it when the same clips or sounds give another `StepTable`: by order, pauses, windows or places.
Caches are keyed by it."""


class HeldClips(NamedTuple):
    """How windows and clips lie to each other; `StepTable` and `ClipPlaces` say what each column means."""

    clip: NDArray[np.int32]
    share: NDArray[np.float32]
    best_window: NDArray[np.int32]


def table_of_stream(plan: StreamPlan, condition: str, features: StepFeatures) -> StepTable:
    """Make a stream, send it through a condition, and hear it.

    Parameters
    ----------
    plan : StreamPlan
        Its clips.
    condition : str
        As `trainer.conditions.catalogue.check_condition` takes it; what is not of clips hears the pauses too.
    features : StepFeatures
        What is heard with.

    Returns
    -------
    StepTable
        Of this one stream, without a key.

    Raises
    ------
    AudioFileError
        If a clip cannot be read.
    """
    sound = make_sound(plan, condition)
    samples = apply_condition(condition, sound.samples, RATE_HZ, stream_generator(plan, condition))
    heard = hear_stream(samples, RATE_HZ, features)
    held = clips_in_windows(heard, sound.starts, sound.ends)
    clips = ClipPlaces(
        corpus=_texts([plan.corpus] * len(plan.clips)),
        speaker=_texts([plan.speaker] * len(plan.clips)),
        path=_texts([clip.path.as_posix() for clip in plan.clips]),
        emotion=np.array([LABELS.index(clip.emotion) for clip in plan.clips], dtype=np.int8),
        stream=np.zeros(len(plan.clips), dtype=np.int32),
        start_sample=sound.starts,
        end_sample=sound.ends,
        start_seconds=sound.starts / RATE_HZ,
        end_seconds=sound.ends / RATE_HZ,
        best_window=held.best_window,
    )
    emotion = -1 if plan.emotion is None else LABELS.index(plan.emotion)
    names = plan.corpus, plan.speaker, plan.kind, condition
    return _table(heard, held, clips, _record(names, emotion, plan.seed, len(heard.state)), features)


def table_of_sounds(
    sounds: Mapping[str, Samples], features: StepFeatures, condition: str = "clean", seed: int = 0
) -> StepTable:
    """Hear sounds that are no clips, a stream each.

    Parameters
    ----------
    sounds : mapping of str to ndarray of shape (n,), float32
        Mono at 16 kHz, by name; at least one. The name stands in the place of the speaker, ``sounds`` in that
        of the corpus and the kind.
    features : StepFeatures
        What is heard with.
    condition : str
        As for `table_of_stream`.
    seed : int
        Of the condition.

    Returns
    -------
    StepTable
        Without clips. Its key is that of its values.
    """
    nothing = np.zeros(0, dtype=np.int64)
    tables = []
    for name, samples in sounds.items():
        rng = np.random.default_rng([seed, *f"{name}/{condition}".encode()])
        heard = hear_stream(apply_condition(condition, samples, RATE_HZ, rng), RATE_HZ, features)
        record = _record(("sounds", name, "sounds", condition), -1, seed, len(heard.state))
        table = _table(heard, clips_in_windows(heard, nothing, nothing), _no_clips(), record, features)
        digest = hashlib.sha256(f"{name}/{condition}/{features}".encode())
        for values in (heard.vectors, heard.state, heard.level_dbfs):
            digest.update(values.tobytes())
        tables.append(replace(table, key=digest.hexdigest()))
    return concatenate_tables(tables)


def _table(
    heard: HeardStream,
    held: HeldClips,
    clips: ClipPlaces,
    streams: StreamRecords,
    features: StepFeatures,
) -> StepTable:
    return StepTable(
        vectors=heard.vectors,
        state=heard.state,
        level_dbfs=heard.level_dbfs,
        clip=held.clip,
        share=held.share,
        stream=np.zeros(len(heard.state), dtype=np.int32),
        window=np.arange(len(heard.state), dtype=np.int32),
        clips=clips,
        streams=streams,
        win_seconds=features.win_seconds,
        step_seconds=features.step_seconds,
        key="",
    )


def clips_in_windows(heard: HeardStream, starts: NDArray[np.int64], ends: NDArray[np.int64]) -> HeldClips:
    """Find the clip that holds most of each window, and the window that holds most of each clip.

    Parameters
    ----------
    heard : HeardStream
        Windows in their order.
    starts, ends : ndarray, shape (num_clips,), int64
        Where clips lie, in samples of the stream; they do not overlap.

    Returns
    -------
    HeldClips
        A clip holds a window if more than half of the window lies in it.
    """
    num_windows = len(heard.state)
    clip = np.full(num_windows, -1, dtype=np.int32)
    share = np.zeros(num_windows, dtype=np.float32)
    best = np.full(len(starts), -1, dtype=np.int32)
    for place, (start, end) in enumerate(zip(starts, ends, strict=True)):
        # Windows begin and end in order: those that touch the clip follow each other.
        first = int(np.searchsorted(heard.end_sample, start, side="right"))
        last = int(np.searchsorted(heard.start_sample, end, side="left"))
        if first >= last:
            continue
        window_starts, window_ends = heard.start_sample[first:last], heard.end_sample[first:last]
        overlap = np.minimum(window_ends, end) - np.maximum(window_starts, start)
        best[place] = first + int(overlap.argmax())
        # Whole numbers, so that exactly half is not more than half.
        most = 2 * overlap > window_ends - window_starts
        clip[first:last][most] = place
        share[first:last][most] = (overlap / (window_ends - window_starts))[most]
    return HeldClips(clip, share, best)


def _record(names: tuple[str, str, str, str], emotion: int, seed: int, num_windows: int) -> StreamRecords:
    corpus, speaker, kind, condition = names
    return StreamRecords(
        corpus=_texts([corpus]),
        speaker=_texts([speaker]),
        kind=_texts([kind]),
        emotion=np.array([emotion], dtype=np.int8),
        seed=np.array([seed], dtype=np.int32),
        condition=_texts([condition]),
        num_windows=np.array([num_windows], dtype=np.int32),
    )


def _no_clips() -> ClipPlaces:
    whole, real = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float64)
    index, texts = np.zeros(0, dtype=np.int32), _texts([])
    return ClipPlaces(texts, texts, texts, np.zeros(0, np.int8), index, whole, whole, real, real, index)


def _texts(values: list[str]) -> NDArray[np.str_]:
    return np.array(values, dtype=np.str_)
