"""Tables of whole corpora and of other sounds: found in the cache, or computed by several processes."""

import hashlib
import os
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np

from callmood.evaluation.corpora import Corpus
from callmood.evaluation.stream_tables import STREAM_VERSION, StepFeatures, table_of_sounds, table_of_stream
from callmood.evaluation.streams import (
    StreamKind,
    StreamPlan,
    default_seeds,
    plan_streams,
    recorded_sounds,
    synthesised_sounds,
)
from emotion.audio_io import READING_VERSION
from emotion.encoders.network import network_folder
from emotion.errors import AudioFileError
from streamer.analysis.gate import GATE_VERSIONS
from streamer.analysis.vad import CARD_NAME as VAD_CARD
from streamer.analysis.vad import FOLDER as VAD_FOLDER
from trainer.augmentation.catalogue import KNOWN, check_condition
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
from trainer.parallel import call_in_processes, check_jobs, default_jobs
from trainer.training_log import Advance, TrainingLog
from trainer.window_table import StepTable, concatenate_tables

TablesOf: TypeAlias = Callable[[Corpus, str, StreamKind, Sequence[int]], list[StepTable]]
"""From a corpus, a condition, a kind of stream and seeds to the windows of all such streams."""

_LIBRARIES: Final = ("numpy", "onnxruntime", "scipy", "soundfile", "soxr")
_WORTH_A_LINE_SECONDS: Final = 1.0
_SOUNDS_CONDITION: Final = "clean"


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
                self._made["sounds",] = [self._sounds()]
        return self._made["sounds",][0]

    def _sounds(self) -> StepTable:
        sounds = synthesised_sounds()
        if self.sounds_folder is not None:
            sounds |= recorded_sounds(self.sounds_folder)
        content = [[name, hashlib.sha256(samples.tobytes()).hexdigest()] for name, samples in sounds.items()]
        key = cache_key(sounds=content, **_facts(_SOUNDS_CONDITION, self.features))
        cached = load_table(key)
        if cached is None:
            cached = keep_table(key, table_of_sounds(sounds, self.features, _SOUNDS_CONDITION))
        return cached


def step_tables(
    clips: Sequence[Clip],
    kind: StreamKind,
    condition: str,
    features: StepFeatures,
    *,
    seeds: Sequence[int] | None = None,
    jobs: int | None = None,
    advance: Advance = lambda _: None,
) -> list[StepTable]:
    """Compute the windows of all streams of one kind, or find them in the cache."""
    check_condition(condition)
    jobs = default_jobs() if jobs is None else jobs
    check_jobs(jobs)
    by_corpus: dict[str, list[Clip]] = defaultdict(list)
    for clip in clips:
        by_corpus[clip.corpus].append(clip)
    tables = []
    for _, own in sorted(by_corpus.items()):
        root = Path(os.path.commonpath([clip.path.parent for clip in own]))
        for seed in default_seeds(kind) if seeds is None else seeds:
            plans = plan_streams(own, kind, seed)
            if not plans:
                continue
            key = table_key(plans, condition, features, root)
            table = load_table(key)
            if table is None:
                table = keep_table(
                    key, _compute(plans, condition, features, root, jobs=jobs, advance=advance)
                )
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
        "condition": [[part, KNOWN[part].version] for part in check_condition(condition)],
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
