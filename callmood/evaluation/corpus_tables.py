"""Tables of whole corpora and of other sounds: found in the cache, or computed by several processes."""

import hashlib
import os
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Protocol

import numpy as np
from joblib import Parallel, delayed, parallel_config
from rich.console import Console

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
from emotion.errors import AudioFileError, UsageError
from streamer.analysis.gate import GATE_VERSIONS, gate_kind
from streamer.analysis.vad import CARD_NAME as VOICE_CARD
from streamer.analysis.vad import vad_folder
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
from trainer.feature_extraction import default_jobs
from trainer.training_log import Advance, TrainingLog, progress_bar
from trainer.window_table import StepTable, concatenate_tables

_LIBRARIES: Final = ("numpy", "onnxruntime", "scipy", "soundfile", "soxr")


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
    """Compute, or find again, the windows of all streams of one kind."""
    check_condition(condition)
    jobs = default_jobs() if jobs is None else jobs
    if jobs < 1:
        raise UsageError(f"--jobs is {jobs}; give a number of processes, at least 1")
    by_corpus: dict[str, list[Clip]] = defaultdict(list)
    for clip in clips:
        by_corpus[clip.corpus].append(clip)
    wanted = [
        _Wanted(plans, condition, features, _folder_of(own))
        for _, own in sorted(by_corpus.items())
        for seed in (default_seeds(kind) if seeds is None else seeds)
        if (plans := plan_streams(own, kind, seed))
    ]
    return [each.find_or_compute(jobs, advance) for each in wanted]


@dataclass(frozen=True, slots=True)
class _Wanted:
    plans: Sequence[StreamPlan]
    condition: str
    features: StepFeatures
    root: Path

    def find_or_compute(self, jobs: int, advance: Advance) -> StepTable:
        key = table_key(self.plans, self.condition, self.features, self.root)
        kept = load_table(key)
        if kept is not None:
            advance(len(self.plans))
            return kept
        table = self._compute(jobs, advance)
        paths = [Path(path).relative_to(self.root).as_posix() for path in table.clips.path.tolist()]
        return keep_table(
            key, replace(table, clips=replace(table.clips, path=np.array(paths, dtype=np.str_)))
        )

    def _compute(self, jobs: int, advance: Advance) -> StepTable:
        made = []
        # One thread of linear algebra in each process: they share the cores as it is.
        limits = {"backend": "loky", "inner_max_num_threads": 1} if jobs > 1 else {"backend": "sequential"}
        with parallel_config(**limits):
            workers = Parallel(n_jobs=jobs, return_as="generator", batch_size=1)
            asked = (delayed(table_of_stream)(plan, self.condition, self.features) for plan in self.plans)
            for table in workers(asked):
                made.append(table)
                advance(1)
        return concatenate_tables(made)


def table_key(plans: Sequence[StreamPlan], condition: str, features: StepFeatures, root: Path) -> str:
    """Name all that decides about a table."""
    streams: list[Fact] = []
    for plan in plans:
        clips = [
            [clip.path.relative_to(root).as_posix(), clip.emotion, _content(clip.path)] for clip in plan.clips
        ]
        streams.append([plan.corpus, plan.speaker, plan.kind, plan.emotion, plan.seed, clips])
    return cache_key(streams=streams, **hearing_facts(condition, features))


def hearing_facts(condition: str, features: StepFeatures) -> dict[str, Fact]:
    """Give what decides about a table besides what is heard."""
    gate = gate_kind(features.set_name, features.gate)
    return {
        "reading": READING_VERSION,
        "stream": STREAM_VERSION,
        "condition": [[part, KNOWN[part].version] for part in check_condition(condition)],
        "features": feature_set_facts(features.set_name),
        "grid_seconds": [features.win_seconds, features.step_seconds],
        "gate": [gate, GATE_VERSIONS[gate], network_digest(vad_folder() / VOICE_CARD)],
        "libraries": library_versions(*_LIBRARIES),
    }


def load_table(key: str) -> StepTable | None:
    """Look up a table."""
    arrays = Cache.of_kind("streams").load(key, mapped="vectors")
    return None if arrays is None else StepTable.from_arrays(arrays, key)


def keep_table(key: str, table: StepTable) -> StepTable:
    """Keep a table."""
    Cache.of_kind("streams").store(key, table.arrays(), mapped="vectors")
    kept = load_table(key)
    return replace(table, key=key) if kept is None else kept


def _content(path: Path) -> str:
    try:
        return file_digest(path)
    except OSError as error:
        raise AudioFileError(f"{path} cannot be read: {error.strerror or error}") from error


def _folder_of(clips: Sequence[Clip]) -> Path:
    return Path(os.path.commonpath([clip.path.parent for clip in clips]))


class TableSource(Protocol):
    """Makes the streams of a corpus, and keeps what it computed."""

    def tables(
        self, corpus: Corpus, condition: str, kind: StreamKind, seeds: Sequence[int]
    ) -> list[StepTable]:
        """Give the windows of all streams of one kind."""
        ...

    def non_speech(self) -> StepTable | None:
        """Give streams of sounds that are no speech, or None where none are made."""
        ...


_WORTH_A_LINE_SECONDS: Final = 1.0
_SOUNDS_CONDITION: Final = "clean"


@dataclass(frozen=True, slots=True, eq=False)
class CorpusTables:
    """The streams of corpora, as a recipe looks at them; see `TableSource`.

    Attributes
    ----------
    features : StepFeatures
        What is computed for each window.
    jobs : int
        Processes that compute.
    console : Console
        Where bars are shown.
    log : TrainingLog
        Told of what took its time.
    sounds_folder : Path or None
        Recordings without speech, beside those that are synthesised.
    """

    features: StepFeatures
    jobs: int
    console: Console
    log: TrainingLog
    sounds_folder: Path | None = None
    _made: dict[tuple[object, ...], list[StepTable]] = field(default_factory=dict)

    def tables(
        self, corpus: Corpus, condition: str, kind: StreamKind, seeds: Sequence[int]
    ) -> list[StepTable]:
        """Give the windows of all streams of one kind; see `TableSource.tables`."""
        place = (corpus.name, condition, kind, *seeds)
        if place not in self._made:
            began = time.monotonic()
            title = f"{corpus.name}, {kind}, {condition}: follow its streams"
            total = sum(len(plan_streams(corpus.clips, kind, seed)) for seed in seeds)
            with progress_bar(self.console, title, total) as advance:
                self._made[place] = step_tables(
                    corpus.clips, kind, condition, self.features, seeds=seeds, jobs=self.jobs, advance=advance
                )
            self._say(title, began)
        return self._made[place]

    def non_speech(self) -> StepTable:
        """Give streams of sounds that are no speech; see `TableSource.non_speech`."""
        if ("sounds",) not in self._made:
            began = time.monotonic()
            title = "sounds without speech: follow them"
            with progress_bar(self.console, title):
                self._made["sounds",] = [self._sounds()]
            self._say(title, began)
        return self._made["sounds",][0]

    def _sounds(self) -> StepTable:
        sounds = synthesised_sounds()
        if self.sounds_folder is not None:
            sounds |= recorded_sounds(self.sounds_folder)
        content = [[name, hashlib.sha256(samples.tobytes()).hexdigest()] for name, samples in sounds.items()]
        key = cache_key(sounds=content, **hearing_facts(_SOUNDS_CONDITION, self.features))
        kept = load_table(key)
        if kept is None:
            kept = keep_table(key, table_of_sounds(sounds, self.features, _SOUNDS_CONDITION))
        return kept

    def _say(self, title: str, began: float) -> None:
        took = time.monotonic() - began
        if took > _WORTH_A_LINE_SECONDS:
            self.log.say(f"{title}: done in {took:.1f} s")
