"""From the plan of a stream to its table of windows, analysed as a live leg does."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from callmood.evaluation.streams import STREAM_RATE_HZ, StreamPlan, render_stream, stream_generator
from emotion.arrays import FloatArray, Samples, read_only
from emotion.card import LABELS
from emotion.features.catalogue import feature_set
from emotion.window_grid import WindowGrid
from streamer.analysis.leg import LegFrontEnd
from streamer.analysis.windows import GatedWindow
from streamer.events import AudioBlock
from trainer.augmentation.catalogue import apply_condition
from trainer.window_table import ClipPlaces, StepTable, StreamRecords, concatenate_tables

BLOCK_SECONDS: Final = 1.0
"""Sound handed over at once; whatever it is, the windows are the same."""


@dataclass(frozen=True, slots=True)
class StepFeatures:
    """What is heard with.

    Attributes
    ----------
    set_name : str
        A feature set that can be streamed.
    win_seconds, step_seconds : float
        The grid, s.
    gate : str or None
        As `streamer.analysis.gate.gate_kind` takes it; None for the gate that is usual for the set.
    """

    set_name: str
    win_seconds: float = 2.0
    step_seconds: float = 0.5
    gate: str | None = None

    @property
    def grid(self) -> WindowGrid:
        """The same in samples at the set's own rate."""
        rate = feature_set(self.set_name).sample_rate
        return WindowGrid.from_seconds(self.win_seconds, self.step_seconds, rate)


@dataclass(frozen=True, slots=True, eq=False)
class AnalysedStream:
    """The windows of one stream.

    Attributes
    ----------
    vectors : ndarray, shape (n, num_features), float32
        Of all windows.
    state : ndarray, shape (n,), str
        The gate's word for each.
    level_dbfs : ndarray, shape (n,), float64
        dB below full scale.
    start_sample, end_sample : ndarray, shape (n,), int64
        Where each lies, in samples of the stream.
    """

    vectors: FloatArray
    state: NDArray[np.str_]
    level_dbfs: NDArray[np.float64]
    start_sample: NDArray[np.int64]
    end_sample: NDArray[np.int64]


def analyse_stream(samples: Samples, sample_rate: int, features: StepFeatures) -> AnalysedStream:
    """Hear a stream as `streamer.analysis.leg.Leg` does, and keep the vector of every window."""
    chosen = feature_set(features.set_name)
    hearing = LegFrontEnd("stream", chosen, features.grid, sample_rate, gate=features.gate, vectors="all")
    length = max(1, round(BLOCK_SECONDS * sample_rate))
    heard: list[GatedWindow] = []
    for first in range(0, len(samples), length):
        block = read_only(samples[first : first + length, None].copy())
        heard += [
            each for each in hearing.push(AudioBlock(block, first, 0.0)) if isinstance(each, GatedWindow)
        ]
    heard += [each for each in hearing.finish() if isinstance(each, GatedWindow)]
    vectors = np.empty((len(heard), len(chosen.feature_names)), dtype=np.float32)
    for window, each in enumerate(heard):
        vectors[window] = each.vector
    return AnalysedStream(
        vectors,
        np.array([each.state for each in heard], dtype="<U8"),
        np.array([each.level_dbfs for each in heard], dtype=np.float64),
        np.array([each.start_sample for each in heard], dtype=np.int64),
        np.array([each.end_sample for each in heard], dtype=np.int64),
    )


STREAM_VERSION: Final = 1
"""Raise it when the same clips or sounds give another `StepTable`: by order, pauses, windows or places.
Caches are keyed by it."""


class HeldClips(NamedTuple):
    """How windows and clips lie to each other; `StepTable` and `ClipPlaces` say what each column means."""

    clip: NDArray[np.int32]
    share: NDArray[np.float32]
    best_window: NDArray[np.int32]


def table_of_stream(plan: StreamPlan, condition: str, features: StepFeatures) -> StepTable:
    """Make a stream, send it through a condition, and hear it."""
    sound = render_stream(plan, condition)
    samples = apply_condition(condition, sound.samples, STREAM_RATE_HZ, stream_generator(plan, condition))
    heard = analyse_stream(samples, STREAM_RATE_HZ, features)
    held = clips_in_windows(heard, sound.starts, sound.ends)
    clips = ClipPlaces(
        corpus=_texts([plan.corpus] * len(plan.clips)),
        speaker=_texts([plan.speaker] * len(plan.clips)),
        path=_texts([clip.path.as_posix() for clip in plan.clips]),
        emotion=np.array([LABELS.index(clip.emotion) for clip in plan.clips], dtype=np.int8),
        stream=np.zeros(len(plan.clips), dtype=np.int32),
        start_sample=sound.starts,
        end_sample=sound.ends,
        start_seconds=sound.starts / STREAM_RATE_HZ,
        end_seconds=sound.ends / STREAM_RATE_HZ,
        best_window=held.best_window,
    )
    emotion = -1 if plan.emotion is None else LABELS.index(plan.emotion)
    names = plan.corpus, plan.speaker, plan.kind, condition
    return _table(heard, held, clips, _record(names, emotion, plan.seed, len(heard.state)), features)


def table_of_sounds(
    sounds: Mapping[str, Samples], features: StepFeatures, condition: str = "clean", seed: int = 0
) -> StepTable:
    """Hear sounds that are no clips, a stream each."""
    nothing = np.zeros(0, dtype=np.int64)
    tables = []
    for name, samples in sounds.items():
        rng = np.random.default_rng([seed, *f"{name}/{condition}".encode()])
        heard = analyse_stream(
            apply_condition(condition, samples, STREAM_RATE_HZ, rng), STREAM_RATE_HZ, features
        )
        record = _record(("sounds", name, "sounds", condition), -1, seed, len(heard.state))
        table = _table(heard, clips_in_windows(heard, nothing, nothing), _no_clips(), record, features)
        digest = hashlib.sha256(f"{name}/{condition}/{features}".encode())
        for values in (heard.vectors, heard.state, heard.level_dbfs):
            digest.update(values.tobytes())
        tables.append(replace(table, key=digest.hexdigest()))
    return concatenate_tables(tables)


def _table(
    heard: AnalysedStream,
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


def clips_in_windows(heard: AnalysedStream, starts: NDArray[np.int64], ends: NDArray[np.int64]) -> HeldClips:
    """Find the clip that holds most of each window, and the window that holds most of each clip."""
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
