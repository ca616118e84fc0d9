"""From the plan of a stream to its table of windows, analysed as a live leg does."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from callmood.evaluation.streams import STREAM_RATE_HZ, StreamPlan, render_stream, stream_generator
from emotion.arrays import FloatArray, Samples, read_only
from emotion.card import LABELS
from emotion.features.catalogue import feature_set
from emotion.window_grid import WindowGrid
from streamer.analysis.gate import GateKind, gate_kind
from streamer.analysis.windows import GatedWindow, WindowAnalyser, WindowOptions
from streamer.events import AudioBlock
from trainer.augmentation.catalogue import apply_condition
from trainer.recipes.base import Recipe
from trainer.window_table import ClipPlaces, Columns, StepTable, StreamRecords, concatenate_tables

STREAM_VERSION: Final = 1
"""Raise it when the same clips or sounds give another `StepTable`: by order, pauses, windows or places.
Caches are keyed by it."""

BLOCK_SECONDS: Final = 1.0
"""Of sound per block; it does not change the windows."""


@dataclass(frozen=True, slots=True)
class StepFeatures:
    """The features of a window, and where windows lie.

    Attributes
    ----------
    set_name : str
        A feature set that can be streamed.
    win_seconds, step_seconds : float
        The grid, s.
    gate : {'voice', 'level'}
        How speech is told from what is none.
    """

    set_name: str
    win_seconds: float = 2.0
    step_seconds: float = 0.5
    gate: GateKind = "level"

    @classmethod
    def of(cls, recipe: Recipe) -> "StepFeatures":
        """Take what a recipe, or a model in its place, asks for."""
        return cls(recipe.feature_set, recipe.win_seconds, recipe.step_seconds, gate_kind(recipe.gate))


def table_of_stream(plan: StreamPlan, condition: str, features: StepFeatures) -> StepTable:
    """Render a stream, apply a condition, and analyse it."""
    sound = render_stream(plan, condition)
    samples = apply_condition(condition, sound.samples, STREAM_RATE_HZ, stream_generator(plan, condition))
    num_clips = len(plan.clips)
    clips = ClipPlaces(
        corpus=np.array([plan.corpus] * num_clips, dtype=np.str_),
        speaker=np.array([plan.speaker] * num_clips, dtype=np.str_),
        path=np.array([clip.path.as_posix() for clip in plan.clips], dtype=np.str_),
        emotion=np.array([LABELS.index(clip.emotion) for clip in plan.clips], dtype=np.int8),
        stream=np.zeros(num_clips, dtype=np.int32),
        start_sample=sound.starts,
        end_sample=sound.ends,
        start_seconds=sound.starts / STREAM_RATE_HZ,
        end_seconds=sound.ends / STREAM_RATE_HZ,
        best_window=np.full(num_clips, -1, dtype=np.int32),
    )
    names = plan.corpus, plan.speaker, plan.kind, condition
    emotion = -1 if plan.emotion is None else LABELS.index(plan.emotion)
    return _table(samples, clips, names, features, emotion=emotion, seed=plan.seed)


def table_of_sounds(
    sounds: Mapping[str, Samples], features: StepFeatures, condition: str = "clean", seed: int = 0
) -> StepTable:
    """Analyse sounds that are no clips, a stream each."""
    whole, real, texts = np.zeros(0, np.int64), np.zeros(0), np.zeros(0, np.str_)
    index = whole.astype(np.int32)
    none = ClipPlaces(texts, texts, texts, np.zeros(0, np.int8), index, whole, whole, real, real, index)
    tables = []
    for name, samples in sounds.items():
        rng = np.random.default_rng([seed, *f"{name}/{condition}".encode()])
        changed = apply_condition(condition, samples, STREAM_RATE_HZ, rng)
        table = _table(changed, none, ("sounds", name, "sounds", condition), features, emotion=-1, seed=seed)
        digest = hashlib.sha256(f"{name}/{condition}/{features}".encode())
        for values in (table.vectors, table.state, table.level_dbfs):
            digest.update(values.tobytes())
        tables.append(replace(table, key=digest.hexdigest()))
    return concatenate_tables(tables)


def _table(
    samples: Samples,
    clips: ClipPlaces,
    names: tuple[str, str, str, str],
    features: StepFeatures,
    *,
    emotion: int,
    seed: int,
) -> StepTable:
    windows = analyse_stream(samples, STREAM_RATE_HZ, features)
    num_windows = len(windows)
    clip, share, best_window = clips_in_windows(windows, clips.start_sample, clips.end_sample)
    corpus, speaker, kind, condition = (np.array([name], dtype=np.str_) for name in names)
    return StepTable(
        vectors=windows.vectors,
        state=windows.state,
        level_dbfs=windows.level_dbfs,
        clip=clip,
        share=share,
        stream=np.zeros(num_windows, dtype=np.int32),
        window=np.arange(num_windows, dtype=np.int32),
        clips=replace(clips, best_window=best_window),
        streams=StreamRecords(
            corpus=corpus,
            speaker=speaker,
            kind=kind,
            emotion=np.array([emotion], dtype=np.int8),
            seed=np.array([seed], dtype=np.int32),
            condition=condition,
            num_windows=np.array([num_windows], dtype=np.int32),
        ),
        win_seconds=features.win_seconds,
        step_seconds=features.step_seconds,
        key="",
    )


@dataclass(frozen=True, slots=True, eq=False)
class AnalysedStream(Columns):
    """The windows of one stream.

    Attributes
    ----------
    vectors : ndarray, shape (n, num_features), float32
        Of all windows.
    state : ndarray, shape (n,), str
        The gate's state.
    level_dbfs : ndarray, shape (n,), float64
        dB below full scale.
    start_sample, end_sample : ndarray, shape (n,), int64
        In samples of the stream.
    """

    vectors: FloatArray
    state: NDArray[np.str_]
    level_dbfs: NDArray[np.float64]
    start_sample: NDArray[np.int64]
    end_sample: NDArray[np.int64]


def analyse_stream(samples: Samples, sample_rate: int, features: StepFeatures) -> AnalysedStream:
    """Analyse a stream as `streamer.analysis.leg.Leg` does, and keep the vector of every window."""
    chosen = feature_set(features.set_name)
    grid = WindowGrid.from_seconds(features.win_seconds, features.step_seconds, chosen.sample_rate)
    options = WindowOptions(gate=features.gate, every_vector=True)
    analyser = WindowAnalyser("stream", chosen, grid, sample_rate, options)
    length = max(1, round(BLOCK_SECONDS * sample_rate))
    items = []
    for first in range(0, len(samples), length):
        block = read_only(samples[first : first + length, None].copy())
        items += analyser.push(AudioBlock(block, first, 0.0))
    items += analyser.finish()
    windows = [each for each in items if isinstance(each, GatedWindow)]
    vectors = np.empty((len(windows), len(chosen.feature_names)), dtype=np.float32)
    for row, each in enumerate(windows):
        vectors[row] = each.vector
    return AnalysedStream(
        vectors,
        np.array([each.state for each in windows], dtype="<U8"),
        np.array([each.level_dbfs for each in windows], dtype=np.float64),
        np.array([each.start_sample for each in windows], dtype=np.int64),
        np.array([each.end_sample for each in windows], dtype=np.int64),
    )


def clips_in_windows(
    windows: AnalysedStream, starts: NDArray[np.int64], ends: NDArray[np.int64]
) -> tuple[NDArray[np.int32], NDArray[np.float32], NDArray[np.int32]]:
    """Find the clip that fills most of each window, its share, and the window that holds most of each clip.

    `StepTable` and `ClipPlaces` describe the columns `clip`, `share` and `best_window`.
    """
    clip = np.full(len(windows), -1, dtype=np.int32)
    share = np.zeros(len(windows), dtype=np.float32)
    best = np.full(len(starts), -1, dtype=np.int32)
    for place, (start, end) in enumerate(zip(starts, ends, strict=True)):
        # Windows begin and end in order: those that touch the clip follow each other.
        first = int(np.searchsorted(windows.end_sample, start, side="right"))
        last = int(np.searchsorted(windows.start_sample, end, side="left"))
        if first >= last:
            continue
        window_starts, window_ends = windows.start_sample[first:last], windows.end_sample[first:last]
        overlap = np.minimum(window_ends, end) - np.maximum(window_starts, start)
        best[place] = first + int(overlap.argmax())
        # Whole numbers, so that exactly half is not more than half.
        most = 2 * overlap > window_ends - window_starts
        clip[first:last][most] = place
        share[first:last][most] = (overlap / (window_ends - window_starts))[most]
    return clip, share, best
