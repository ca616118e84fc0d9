"""The tables of many corpora: found again, or computed by several processes."""

import os
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed, parallel_config

from emotion.errors import UsageError
from evaluation.streams.hear import StepFeatures
from evaluation.streams.plan import StreamKind, StreamPlan, default_seeds, plan_streams
from evaluation.streams.step_cache import load_table, store_table, table_key
from evaluation.streams.stream_table import table_of_stream
from trainer.conditions.catalogue import check_condition
from trainer.dataset.clip import Clip
from trainer.step_table import StepTable, concatenate_tables
from trainer.training_log import Advance
from trainer.windows.cache import cache_folder
from trainer.windows.extraction import default_jobs


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
    """Compute, or find again, the windows of all streams of one kind.

    Parameters
    ----------
    clips : sequence of Clip
        Labelled ones, of any number of corpora.
    kind : {'balanced', 'mostly-neutral', 'single'}
        As `plan_streams` makes them.
    condition : str
        As `trainer.conditions.catalogue.check_condition` takes it.
    features : StepFeatures
        Heard with.
    seeds : sequence of int, optional
        By default `default_seeds`.
    jobs : int, optional
        Processes, one thread each; by default as many as there are cores.
    advance : callable
        Told how many streams are done, those found again too: as many in all as `plan_streams` makes.

    Returns
    -------
    list of StepTable
        One for each corpus and seed, in the order of corpora, then seeds; none for a corpus without such
        streams. Paths of clips are relative to what they all lie below. The same whatever `jobs`.

    Raises
    ------
    AudioFileError
        If a clip cannot be read.
    UsageError
        If there is no such kind, condition or feature set, or fewer than one job.
    OutputError
        If the cache cannot be written.
    """
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
        folder = cache_folder() / "streams" / f"{self._words()}-{key[:16]}"
        kept = load_table(folder)
        if kept is not None and kept.key == key:
            advance(len(self.plans))
            return kept
        table = self._compute(jobs, advance)
        paths = [Path(path).relative_to(self.root).as_posix() for path in table.clips.path.tolist()]
        clips = replace(table.clips, path=np.array(paths, dtype=np.str_))
        table = replace(table, clips=clips, key=key)
        store_table(folder, table)
        # What was just kept is what a second run will see: mapped, so that many tables fit into memory.
        return load_table(folder) or table

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

    def _words(self) -> str:
        plan = self.plans[0]
        words = "-".join([plan.corpus, plan.kind, self.condition, str(plan.seed), self.features.set_name])
        return re.sub(r"[^A-Za-z0-9+-]", "_", words)[:80]


def _folder_of(clips: Sequence[Clip]) -> Path:
    return Path(os.path.commonpath([clip.path.parent for clip in clips]))
