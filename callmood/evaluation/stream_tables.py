"""Tables of windows: streams analysed as a live leg does, kept in a cache, computed in several processes."""

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from callmood.evaluation.corpora import TRAINING_KIND, TRAINING_SEED, Corpus
from callmood.evaluation.streams import (
    STREAM_RATE_HZ,
    StreamKind,
    StreamPlan,
    plan_streams,
    recorded_sounds,
    render_stream,
    stream_generator,
    synthesised_sounds,
)
from emotion.arrays import Samples, read_only
from emotion.audio_io import READING_VERSION
from emotion.card import LABELS
from emotion.encoders import network_folder
from emotion.errors import AudioFileError
from emotion.features.catalogue import feature_set
from emotion.window_grid import WindowGrid
from streamer.analysis.gate import GATE_VERSIONS, GateKind, gate_kind
from streamer.analysis.vad import CARD_NAME as VAD_CARD
from streamer.analysis.vad import FOLDER as VAD_FOLDER
from streamer.analysis.windows import GatedWindow, WindowAnalyser, WindowOptions
from streamer.events import AudioBlock
from trainer.augmentation.catalogue import CONDITIONS, apply_condition, check_condition
from trainer.cache import (
    Cache,
    Fact,
    cache_key,
    feature_set_facts,
    file_digest,
    library_versions,
    network_digest,
)
from trainer.dataset import Clip
from trainer.progress import Advance, TrainingLog, call_in_processes, check_jobs
from trainer.recipes.base import Recipe
from trainer.window_table import ClipPlaces, StepTable, StreamRecords, concatenate_tables

STREAM_VERSION: Final = 1
"""Raise it when the same clips or sounds give another `StepTable`: by order, pauses, windows or places.
Caches are keyed by it."""

BLOCK_SECONDS: Final = 1.0
"""Of sound per block; it does not change the windows."""

TablesOf: TypeAlias = Callable[[Corpus, str, StreamKind, Sequence[int]], list[StepTable]]
"""From a corpus, a condition, a kind of stream and seeds to the windows of all such streams."""

_LIBRARIES: Final = ("numpy", "onnxruntime", "scipy", "soundfile", "soxr")
_WORTH_A_LINE_SECONDS: Final = 1.0
_SOUNDS_CONDITION: Final = "clean"


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


@dataclass(frozen=True, slots=True, eq=False)
class CorpusTables:
    """The streams of corpora and of sounds without speech, each computed once.

    Attributes
    ----------
    features : StepFeatures
        What is computed for each window.
    jobs : int
        Processes that compute.
    log : TrainingLog
        Shows progress, and reports what takes longer than a second.
    sounds_folder : Path or None
        Recordings without speech, beside those that are synthesised.
    """

    features: StepFeatures
    jobs: int
    log: TrainingLog
    sounds_folder: Path | None = None
    _made: dict[tuple[object, ...], list[StepTable]] = field(default_factory=dict)

    def tables(
        self, corpus: Corpus, condition: str, kind: StreamKind, seeds: Sequence[int]
    ) -> list[StepTable]:
        """Give the windows of all streams of one kind."""
        place = (corpus.name, condition, kind, *seeds)
        if place not in self._made:
            title = f"{corpus.name}, {kind}, {condition}: follow its streams"
            total = sum(len(plan_streams(corpus.clips, kind, seed)) for seed in seeds)
            with self.log.step(title, total, worth_seconds=_WORTH_A_LINE_SECONDS) as advance:
                self._made[place] = step_tables(
                    corpus.clips, kind, condition, self.features, seeds=seeds, jobs=self.jobs, advance=advance
                )
        return self._made[place]

    def non_speech(self) -> StepTable:
        """Give streams of sounds without speech."""
        if ("sounds",) not in self._made:
            with self.log.step("sounds without speech: follow them", worth_seconds=_WORTH_A_LINE_SECONDS):
                sounds = synthesised_sounds()
                if self.sounds_folder is not None:
                    sounds |= recorded_sounds(self.sounds_folder)
                key = sounds_key(sounds, self.features)
                table = load_table(key)
                if table is None:
                    table = keep_table(key, table_of_sounds(sounds, self.features))
                self._made["sounds",] = [table]
        return self._made["sounds",][0]


def training_tables(corpus: Corpus, recipe: Recipe, tables_of: TablesOf) -> list[StepTable]:
    """Give what a recipe is fitted on of a corpus: all its streams, under each condition."""
    return [
        table
        for condition in recipe.train_conditions
        for table in tables_of(corpus, condition, TRAINING_KIND, (TRAINING_SEED,))
    ]


def step_tables(
    clips: Sequence[Clip],
    kind: StreamKind,
    condition: str,
    features: StepFeatures,
    *,
    seeds: Sequence[int],
    jobs: int,
    advance: Advance = lambda _: None,
) -> list[StepTable]:
    """Compute the windows of all streams of a corpus and kind, or find them in the cache: a table a seed."""
    check_jobs(jobs)
    root = Path(os.path.commonpath([clip.path.parent for clip in clips]))
    tables = []
    for seed in seeds:
        if plans := plan_streams(clips, kind, seed):
            key = table_key(plans, condition, features, root)
            table = load_table(key)
            if table is None:
                computed = _compute(plans, condition, features, root, jobs=jobs, advance=advance)
                table = keep_table(key, computed)
            else:
                advance(len(plans))
            tables.append(table)
    return tables


def _compute(
    plans: Sequence[StreamPlan],
    condition: str,
    features: StepFeatures,
    root: Path,
    *,
    jobs: int,
    advance: Advance,
) -> StepTable:
    tables = []
    calls = ((plan, condition, features) for plan in plans)
    for table in call_in_processes(table_of_stream, calls, jobs=jobs):
        tables.append(table)
        advance(1)
    whole = concatenate_tables(tables)
    paths = [Path(path).relative_to(root).as_posix() for path in whole.clips.path.tolist()]
    return replace(whole, clips=replace(whole.clips, path=np.array(paths, dtype=np.str_)))


def table_key(plans: Sequence[StreamPlan], condition: str, features: StepFeatures, root: Path) -> str:
    """Digest all that decides about a table of streams."""
    streams: list[Fact] = []
    for plan in plans:
        clips = [
            [clip.path.relative_to(root).as_posix(), clip.emotion, _content(clip.path)] for clip in plan.clips
        ]
        streams.append([plan.corpus, plan.speaker, plan.kind, plan.emotion, plan.seed, clips])
    return cache_key(streams=streams, **_facts(condition, features))


def sounds_key(sounds: Mapping[str, Samples], features: StepFeatures) -> str:
    """Digest all that decides about a table of sounds without speech."""
    content = [[name, hashlib.sha256(samples.tobytes()).hexdigest()] for name, samples in sounds.items()]
    return cache_key(sounds=content, **_facts(_SOUNDS_CONDITION, features))


def _content(path: Path) -> str:
    try:
        return file_digest(path)
    except OSError as error:
        raise AudioFileError(f"{path} cannot be read: {error.strerror or error}") from error


def _facts(condition: str, features: StepFeatures) -> dict[str, Fact]:
    """Give what decides about a table besides its sound."""
    gate = features.gate
    return {
        "reading": READING_VERSION,
        "stream": STREAM_VERSION,
        "condition": [[part, CONDITIONS[part].version] for part in check_condition(condition)],
        "features": feature_set_facts(features.set_name),
        "grid_seconds": [features.win_seconds, features.step_seconds],
        "gate": [gate, GATE_VERSIONS[gate], network_digest(network_folder(VAD_FOLDER) / VAD_CARD)],
        "libraries": library_versions(*_LIBRARIES),
    }


def load_table(key: str) -> StepTable | None:
    """Find a table in the cache."""
    arrays = Cache.of_kind("streams").load(key, mapped="vectors")
    return None if arrays is None else StepTable.from_arrays(arrays, key)


def keep_table(key: str, table: StepTable) -> StepTable:
    """Store a table, and give it back with its vectors mapped."""
    Cache.of_kind("streams").store(key, table.arrays(), mapped="vectors")
    cached = load_table(key)
    return replace(table, key=key) if cached is None else cached


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


def table_of_sounds(sounds: Mapping[str, Samples], features: StepFeatures) -> StepTable:
    """Analyse sounds that are no clips, a stream each."""
    whole, real, texts = np.zeros(0, np.int64), np.zeros(0), np.zeros(0, np.str_)
    index = whole.astype(np.int32)
    none = ClipPlaces(texts, texts, texts, np.zeros(0, np.int8), index, whole, whole, real, real, index)
    return concatenate_tables(
        [
            _table(samples, none, ("sounds", name, "sounds", _SOUNDS_CONDITION), features, emotion=-1, seed=0)
            for name, samples in sounds.items()
        ]
    )


def _table(
    samples: Samples,
    clips: ClipPlaces,
    names: tuple[str, str, str, str],
    features: StepFeatures,
    *,
    emotion: int,
    seed: int,
) -> StepTable:
    windows = analyse_stream(samples, features)
    num_windows = len(windows)
    vectors = np.array([each.vector for each in windows], dtype=np.float32)
    edges = np.array([(each.start_sample, each.end_sample) for each in windows], dtype=np.int64)
    clip, share, best_window = clips_in_windows(edges.reshape(-1, 2), clips.start_sample, clips.end_sample)
    corpus, speaker, kind, condition = (np.array([name], dtype=np.str_) for name in names)
    return StepTable(
        vectors=vectors.reshape(num_windows, len(feature_set(features.set_name).feature_names)),
        state=np.array([each.state for each in windows], dtype="<U8"),
        level_dbfs=np.array([each.level_dbfs for each in windows], dtype=np.float64),
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


def analyse_stream(samples: Samples, features: StepFeatures) -> list[GatedWindow]:
    """Analyse a stream as `streamer.analysis.leg.Leg` does; every window has its vector."""
    chosen = feature_set(features.set_name)
    grid = WindowGrid.from_seconds(features.win_seconds, features.step_seconds, chosen.sample_rate)
    options = WindowOptions(gate=features.gate, every_vector=True)
    analyser = WindowAnalyser("stream", chosen, grid, STREAM_RATE_HZ, options)
    length = round(BLOCK_SECONDS * STREAM_RATE_HZ)
    items = []
    for first in range(0, len(samples), length):
        block = read_only(samples[first : first + length, None].copy())
        items += analyser.push(AudioBlock(block, first, 0.0))
    return [each for each in [*items, *analyser.finish()] if isinstance(each, GatedWindow)]


def clips_in_windows(
    windows: NDArray[np.int64], starts: NDArray[np.int64], ends: NDArray[np.int64]
) -> tuple[NDArray[np.int32], NDArray[np.float32], NDArray[np.int32]]:
    """Find the clip that fills most of each window, its share, and the window that holds most of each clip.

    `windows` has a row a window: its first sample, and one past its last. `StepTable` and `ClipPlaces`
    describe the columns `clip`, `share` and `best_window`.
    """
    clip = np.full(len(windows), -1, dtype=np.int32)
    share = np.zeros(len(windows), dtype=np.float32)
    best = np.full(len(starts), -1, dtype=np.int32)
    for place, (start, end) in enumerate(zip(starts, ends, strict=True)):
        # Windows begin and end in order: those that touch the clip follow each other.
        first = int(np.searchsorted(windows[:, 1], start, side="right"))
        last = int(np.searchsorted(windows[:, 0], end, side="left"))
        if first >= last:
            continue
        window_starts, window_ends = windows[first:last].T
        overlap = np.minimum(window_ends, end) - np.maximum(window_starts, start)
        best[place] = first + int(overlap.argmax())
        # Whole numbers, so that exactly half is not more than half.
        most = 2 * overlap > window_ends - window_starts
        clip[first:last][most] = place
        share[first:last][most] = (overlap / (window_ends - window_starts))[most]
    return clip, share, best
