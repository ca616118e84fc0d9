"""Run a protocol: from folds to the cells of the table."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from typing import Final

import numpy as np

from callmood.evaluation.classification import (
    CLASSIFICATION_VERSION,
    ClassifiedStreams,
    classify_table,
    pool,
)
from callmood.evaluation.corpora import Fold, Settings
from callmood.evaluation.report import Cell
from callmood.evaluation.stream_metrics import false_emotion, measure
from callmood.evaluation.stream_tables import TablesOf, training_tables
from callmood.evaluation.streams import StreamKind, kind_of
from trainer.cache import Cache, cache_key, library_versions
from trainer.progress import TrainingLog
from trainer.recipes.base import FittedClassifier, Recipe
from trainer.window_table import StepTable, TablePart

_LIBRARIES: Final = ("numpy", "scikit-learn", "scipy")


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    """A part of a table to classify; sounds without speech where there is no kind."""

    corpus: str
    kind: StreamKind | None
    condition: str
    baseline: bool
    part: TablePart
    key: str


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """Fits and tests fold by fold.

    Attributes
    ----------
    recipe : Recipe
        How a fold is fitted; a `ModelAsRecipe` where nothing is.
    settings : Settings
        The axes of the table.
    tables_of : callable
        Gives the streams of a corpus.
    non_speech : callable
        Gives streams of sounds without speech, or None.
    cache : Cache
        Results of earlier runs.
    log : TrainingLog
        Reports each step.
    """

    recipe: Recipe
    settings: Settings
    tables_of: TablesOf
    non_speech: Callable[[], StepTable | None]
    cache: Cache
    log: TrainingLog
    _fitted: dict[tuple[str, ...], FittedClassifier] = field(default_factory=dict)

    def cells(self, folds: Sequence[Fold]) -> list[Cell]:
        """Measure every cell of the table."""
        results: dict[tuple[str, StreamKind, str, bool], list[ClassifiedStreams]] = {}
        false: dict[tuple[str, bool], list[dict[str, float]]] = {}
        for number, fold in enumerate(folds, start=1):
            name = f"fold {number} of {len(folds)}, {fold.corpus.name}"
            training_side = self._training_side(fold)
            jobs = self._jobs(fold, training_side)
            for job, classified in zip(jobs, self._classified(training_side, jobs, name), strict=True):
                if job.kind is None:
                    kinds = np.array([kind_of(name) for name in job.part.whole.streams.speaker.tolist()])
                    shares = false_emotion(classified, kinds)
                    false.setdefault((job.corpus, job.baseline), []).append(shares)
                else:
                    place = job.corpus, job.kind, job.condition, job.baseline
                    results.setdefault(place, []).append(classified)
        return [
            Cell(
                corpus,
                kind,
                condition,
                baseline,
                measure(pool(parts), self.recipe.win_seconds),
                _mean_shares(false.get((corpus, baseline), ())),
            )
            for (corpus, kind, condition, baseline), parts in results.items()
            if any(len(part.placements) for part in parts)
        ]

    def _training_side(self, fold: Fold) -> list[TablePart]:
        return [
            TablePart(table, speakers)
            for corpus, speakers in fold.training
            for table in training_tables(corpus, self.recipe, self.tables_of)
        ]

    def _jobs(self, fold: Fold, training_side: Sequence[TablePart]) -> list[_Job]:
        places: list[tuple[StreamKind | None, str, TablePart]] = [
            (kind, condition, TablePart(table, fold.test_speakers))
            for kind in self.settings.kinds
            for condition in self.settings.conditions
            for table in self.tables_of(fold.corpus, condition, kind, self.settings.seeds(kind))
        ]
        if (sounds := self.non_speech()) is not None:
            places.append((None, "clean", TablePart(sounds)))
        jobs = []
        for kind, condition, part in places:
            for baseline in self.settings.baselines:
                key = classification_key(self.recipe, training_side, part, baseline=baseline)
                jobs.append(_Job(fold.corpus.name, kind, condition, baseline, part, key))
        return jobs

    def _classified(
        self, training_side: Sequence[TablePart], jobs: Sequence[_Job], name: str
    ) -> list[ClassifiedStreams]:
        cached = {job: self.cache.load(job.key) for job in jobs}
        found = {job: ClassifiedStreams.from_arrays(arrays) for job, arrays in cached.items() if arrays}
        missing = [job for job in jobs if job not in found]
        if missing:
            classifier = self._fit(training_side, name)
            num_windows = sum(job.part.num_windows for job in missing)
            with self.log.step(f"{name}: hear {num_windows} windows", num_windows) as advance:
                for job in missing:
                    found[job] = classify_table(
                        job.part.table(), classifier, baseline=job.baseline, advance=advance
                    )
                    self.cache.store(job.key, found[job].arrays())
        else:
            self.log.say(f"{name}: heard before, nothing to be done")
        return [found[job] for job in jobs]

    def _fit(self, training_side: Sequence[TablePart], name: str) -> FittedClassifier:
        if not training_side:
            return self.recipe.fit(())
        # Folds may share one training side: it is fitted once.
        side = tuple(part.key for part in training_side)
        if side not in self._fitted:
            num_windows = sum(part.num_windows for part in training_side)
            with self.log.step(f"{name}: fit {self.recipe.name} on {num_windows} windows"):
                self._fitted[side] = self.recipe.fit([part.table() for part in training_side])
        return self._fitted[side]


def classification_key(
    recipe: Recipe, training_side: Sequence[TablePart], part: TablePart, *, baseline: bool
) -> str:
    """Digest all that decides about how a part of a table is classified."""
    return cache_key(
        judging=CLASSIFICATION_VERSION,
        recipe=recipe.version,
        parameters={each.name: getattr(recipe, each.name) for each in fields(recipe) if each.repr},
        training=[part.key for part in training_side],
        heard=part.key,
        baseline=baseline,
        libraries=library_versions(*_LIBRARIES),
    )


def _mean_shares(parts: Sequence[dict[str, float]]) -> dict[str, float]:
    return {name: float(np.mean([part[name] for part in parts])) for name in (parts[0] if parts else ())}
