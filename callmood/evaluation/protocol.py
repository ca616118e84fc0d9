"""Run a protocol: from folds to the cells of the table."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Final

import numpy as np

from callmood.evaluation.classification import JUDGING_VERSION, ClassifiedStreams, classify_table, pool
from callmood.evaluation.corpora import TRAINING_KIND, TRAINING_SEED, Fold, Settings
from callmood.evaluation.corpus_tables import TableSource
from callmood.evaluation.report import Cell
from callmood.evaluation.stream_metrics import false_emotion, measure
from callmood.evaluation.streams import StreamKind, kind_of
from trainer.cache import Cache, cache_key, library_versions
from trainer.recipes.base import FittedClassifier, Recipe
from trainer.training_log import TrainingLog
from trainer.window_table import StepTable


@dataclass(frozen=True, slots=True, eq=False)
class TablePart:
    """Which speakers of which table.

    Attributes
    ----------
    whole : StepTable
        Of all speakers.
    speakers : tuple of str, or None
        Those that are wanted, as ``corpus/speaker``; None for all streams.
    """

    whole: StepTable
    speakers: tuple[str, ...] | None = None

    @property
    def key(self) -> str:
        """What decides about the values: parts of one key are equal."""
        return cache_key(whole=self.whole.key, speakers=self.speakers)

    @property
    def num_windows(self) -> int:
        """Windows that it has."""
        streams = self.whole.streams
        if self.speakers is None:
            return len(self.whole)
        return int(streams.num_windows[np.isin(streams.speaker_key, self.speakers)].sum())

    def table(self) -> StepTable:
        """Take the streams."""
        return self.whole if self.speakers is None else self.whole.of_speakers(self.speakers)


_LIBRARIES: Final = ("numpy", "scikit-learn", "scipy")


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    """A part of a table to be heard; of sounds that are no speech where there is no kind."""

    corpus: str
    kind: StreamKind | None
    condition: str
    baseline: bool
    heard: TablePart
    key: str


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """Fits and tests fold by fold.

    Attributes
    ----------
    recipe : Recipe
        How a fold is fitted; a `FittedModel` where nothing is.
    settings : Settings
        The axes of the table.
    source : TableSource
        Makes the streams.
    kept : Cache
        What was said in earlier runs.
    log : TrainingLog
        Told of each step.
    """

    recipe: Recipe
    settings: Settings
    source: TableSource
    kept: Cache
    log: TrainingLog
    _listeners: dict[tuple[str, ...], FittedClassifier] = field(default_factory=dict)

    def cells(self, folds: Sequence[Fold]) -> list[Cell]:
        """Measure every cell of the table."""
        said: dict[tuple[str, StreamKind, str, bool], list[ClassifiedStreams]] = {}
        false: dict[tuple[str, bool], list[dict[str, float]]] = {}
        for number, fold in enumerate(folds, start=1):
            name = f"fold {number} of {len(folds)}, {fold.corpus.name}"
            training_side = self.training_side(fold)
            jobs = self._jobs(fold, training_side)
            for job, judged in zip(jobs, self._judged(training_side, jobs, name), strict=True):
                if job.kind is None:
                    kinds = np.array([kind_of(name) for name in job.heard.whole.streams.speaker.tolist()])
                    shares = false_emotion(judged, kinds)
                    false.setdefault((job.corpus, job.baseline), []).append(shares)
                else:
                    said.setdefault((job.corpus, job.kind, job.condition, job.baseline), []).append(judged)
        return [
            Cell(
                corpus,
                kind,
                condition,
                baseline,
                measure(pool(parts), self.recipe.win_seconds),
                _mean_shares(false.get((corpus, baseline), ())),
            )
            for (corpus, kind, condition, baseline), parts in said.items()
            if any(len(part.placements) for part in parts)
        ]

    def training_side(self, fold: Fold) -> list[TablePart]:
        """Give what a fold is fitted on; nothing of its test side is in it."""
        return [
            TablePart(table, speakers)
            for corpus, speakers in fold.training
            for condition in self.recipe.train_conditions
            for table in self.source.tables(corpus, condition, TRAINING_KIND, (TRAINING_SEED,))
        ]

    def _jobs(self, fold: Fold, training_side: Sequence[TablePart]) -> list[_Job]:
        places: list[tuple[StreamKind | None, str, TablePart]] = [
            (kind, condition, TablePart(table, fold.test_speakers))
            for kind in self.settings.kinds
            for condition in self.settings.conditions
            for table in self.source.tables(fold.corpus, condition, kind, self.settings.seeds(kind))
        ]
        if (sounds := self.source.non_speech()) is not None:
            places.append((None, "clean", TablePart(sounds)))
        jobs = []
        for kind, condition, heard in places:
            for baseline in self.settings.baselines:
                key = judgement_key(self.recipe, training_side, heard, baseline=baseline)
                jobs.append(_Job(fold.corpus.name, kind, condition, baseline, heard, key))
        return jobs

    def _judged(
        self, training_side: Sequence[TablePart], jobs: Sequence[_Job], name: str
    ) -> list[ClassifiedStreams]:
        before = {job: self._before(job) for job in jobs}
        missing = [job for job in jobs if before[job] is None]
        if missing:
            listener = self._fitted(training_side, name)
            num_windows = sum(job.heard.num_windows for job in missing)
            with self.log.step(f"{name}: hear {num_windows} windows", num_windows) as advance:
                for job in missing:
                    judged = classify_table(
                        job.heard.table(), listener, baseline=job.baseline, advance=advance
                    )
                    self.kept.store(job.key, judged.arrays())
                    before[job] = judged
        else:
            self.log.say(f"{name}: heard before, nothing to be done")
        return [judged for judged in before.values() if judged is not None]

    def _before(self, job: _Job) -> ClassifiedStreams | None:
        arrays = self.kept.load(job.key)
        return None if arrays is None else ClassifiedStreams.from_arrays(arrays)

    def _fitted(self, training_side: Sequence[TablePart], name: str) -> FittedClassifier:
        if not training_side:
            return self.recipe.fit(())
        # Folds of which none was learned from have one training side: it is fitted once.
        side = tuple(part.key for part in training_side)
        if side not in self._listeners:
            num_windows = sum(part.num_windows for part in training_side)
            with self.log.step(f"{name}: fit {self.recipe.name} on {num_windows} windows"):
                self._listeners[side] = self.recipe.fit([part.table() for part in training_side])
        return self._listeners[side]


def judgement_key(
    recipe: Recipe, training_side: Sequence[TablePart], heard: TablePart, *, baseline: bool
) -> str:
    """Name all that decides about what is said of a table."""
    return cache_key(
        judging=JUDGING_VERSION,
        recipe=recipe.version,
        parameters={each.name: getattr(recipe, each.name) for each in fields(recipe) if each.repr},
        training=[part.key for part in training_side],
        heard=heard.key,
        baseline=baseline,
        libraries=library_versions(*_LIBRARIES),
    )


def _mean_shares(parts: Sequence[dict[str, float]]) -> dict[str, float]:
    return {name: float(np.mean([part[name] for part in parts])) for name in (parts[0] if parts else ())}
