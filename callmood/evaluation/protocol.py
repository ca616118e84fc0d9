"""Run a protocol: from folds to the cells of the table."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from itertools import product
from typing import Final

import numpy as np

from callmood.evaluation.classification import (
    CLASSIFICATION_VERSION,
    ClassifiedStreams,
    classify_table,
    pool,
)
from callmood.evaluation.corpora import TRAINING_SEED, Corpus, Fold, Settings
from callmood.evaluation.lines import (
    FIRST,
    LINE_KINDS,
    LINES_VERSION,
    Callers,
    LineKind,
    short_calls,
)
from callmood.evaluation.report import Cell
from callmood.evaluation.stream_metrics import false_emotion, measure
from callmood.evaluation.stream_tables import TablesOf, training_tables
from callmood.evaluation.streams import StreamKind, kind_of
from emotion.decision import LineState
from trainer.cache import Cache, Fact, cache_key, library_versions
from trainer.progress import TrainingLog
from trainer.recipes.base import FittedClassifier, Recipe
from trainer.window_table import StepTable, TablePart

_LIBRARIES: Final = ("numpy", "scikit-learn", "scipy")


@dataclass(frozen=True, slots=True, eq=False)
class _Line:
    """Lines for the streams of a job: their kind, the number of the draw, and whom callers are drawn from."""

    kind: LineKind
    order: int
    callers: TablePart


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    """A part of a table to classify; sounds without speech where there is no stream."""

    corpus: str
    stream: str | None
    condition: str
    baseline: bool
    part: TablePart
    key: str
    line: _Line | None = None

    def table(self) -> StepTable:
        """Select the streams."""
        table = self.part.table()
        return short_calls(table) if self.stream is not None and self.stream.endswith(FIRST) else table


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
    _remarked: set[str] = field(default_factory=set)

    def cells(self, folds: Sequence[Fold]) -> list[Cell]:
        """Measure every cell of the table."""
        results: dict[tuple[str, str, str, bool], list[ClassifiedStreams]] = {}
        false: dict[tuple[str, bool], list[dict[str, float]]] = {}
        for number, fold in enumerate(folds, start=1):
            name = f"fold {number} of {len(folds)}, {fold.corpus.name}"
            training_side = self._training_side(fold)
            jobs = self._jobs(fold, training_side)
            if self.settings.lines:
                jobs += self._line_jobs(fold, folds, training_side)
            for job, classified in self._classified(training_side, jobs, name).items():
                if job.stream is None:
                    kinds = np.array([kind_of(name) for name in job.part.whole.streams.speaker.tolist()])
                    shares = false_emotion(classified, kinds)
                    false.setdefault((job.corpus, job.baseline), []).append(shares)
                else:
                    place = job.corpus, job.stream, job.condition, job.baseline
                    results.setdefault(place, []).append(classified)
        return [
            Cell(
                corpus,
                stream,
                condition,
                baseline,
                measure(pool(parts), self.recipe.win_seconds),
                _mean_shares(false.get((corpus, baseline), ())),
            )
            for (corpus, stream, condition, baseline), parts in results.items()
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

    def _line_jobs(
        self, fold: Fold, folds: Sequence[Fold], training_side: Sequence[TablePart]
    ) -> Iterator[_Job]:
        """List the jobs on lines: every draw of each kind, for the balanced streams of a fold."""
        most = max(kind.callers for kind in LINE_KINDS)
        if (others := len(fold.test_speakers) - 1) < most:
            self.log.say(
                f"note: {fold.corpus.name}: {others} others to a speaker; lines hold no more callers"
            )
        for condition, baseline in product(self.settings.conditions, self.settings.baselines):
            part = self._balanced(fold.corpus, condition, fold.test_speakers)
            key = classification_key(self.recipe, training_side, part, baseline=baseline, line=FIRST)
            yield _Job(fold.corpus.name, FIRST, condition, baseline, part, key)
        for kind, condition in product(LINE_KINDS, self.settings.conditions):
            callers = self._callers(kind, fold, folds, condition)
            if callers is None or kind.stream not in {"balanced", *self.settings.kinds}:
                continue
            seeds = (TRAINING_SEED,) if kind.stream == "balanced" else self.settings.seeds(kind.stream)
            tables = self.tables_of(fold.corpus, condition, kind.stream, seeds)
            for order, baseline in product(self.settings.seeds(kind.name), self.settings.baselines):
                if baseline and not kind.learns_voice:
                    continue
                part = TablePart(tables[order % len(tables)], fold.test_speakers)
                facts: Fact = [LINES_VERSION, kind.name, order, callers.key]
                key = classification_key(self.recipe, training_side, part, baseline=baseline, line=facts)
                line = _Line(kind, order, callers)
                yield _Job(fold.corpus.name, kind.name, condition, baseline, part, key, line)

    def _callers(self, kind: LineKind, fold: Fold, folds: Sequence[Fold], condition: str) -> TablePart | None:
        """Find those who may have called earlier; None where there is nobody of that kind."""
        if kind.origin == "same":
            return self._balanced(fold.corpus, condition, fold.test_speakers)
        if kind.origin == "by-phone":
            # A wrong line only for what is heard without a phone.
            return self._balanced(fold.corpus, "phone", fold.test_speakers) if condition == "clean" else None
        corpora = list({each.corpus.name: each.corpus for each in folds}.values())
        following = corpora[(corpora.index(fold.corpus) + 1) % len(corpora)]
        return None if following == fold.corpus else self._balanced(following, condition, None)

    def _balanced(self, corpus: Corpus, condition: str, speakers: tuple[str, ...] | None) -> TablePart:
        return TablePart(self.tables_of(corpus, condition, "balanced", (TRAINING_SEED,))[0], speakers)

    def _classified(
        self, training_side: Sequence[TablePart], jobs: Sequence[_Job], name: str
    ) -> dict[_Job, ClassifiedStreams]:
        """Classify, or find what was classified before; without the lines of a model that knows none."""
        cached = {job: self.cache.load(job.key) for job in jobs}
        found = {job: ClassifiedStreams.from_arrays(arrays) for job, arrays in cached.items() if arrays}
        missing = [job for job in jobs if job not in found]
        if not missing:
            self.log.say(f"{name}: heard before, nothing to be done")
            return found
        classifier = self._fit(training_side, name)
        if not classifier.decision.knows_lines and any(job.line for job in missing):
            self.log.say(f"note: {self.recipe.name} knows no lines: streams on lines are left out")
            missing = [job for job in missing if job.line is None]
        num_windows = sum(job.part.num_windows for job in missing)
        callers: dict[str, Callers] = {}
        with self.log.step(f"{name}: hear {num_windows} windows", num_windows) as advance:
            for job in missing:
                table, lines = job.table(), None
                if job.line is not None:
                    lines = _lines(job.line, table, classifier, callers)
                found[job] = classify_table(
                    table, classifier, baseline=job.baseline, lines=lines, advance=advance
                )
                self.cache.store(job.key, found[job].arrays())
        return {job: found[job] for job in jobs if job in found}

    def _fit(self, training_side: Sequence[TablePart], name: str) -> FittedClassifier:
        if not training_side:
            return self.recipe.fit(())
        # Folds may share one training side: it is fitted once.
        side = tuple(part.key for part in training_side)
        if side not in self._fitted:
            num_windows = sum(part.num_windows for part in training_side)
            with self.log.step(f"{name}: fit {self.recipe.name} on {num_windows} windows"):
                self._fitted[side] = self.recipe.fit([part.table() for part in training_side])
            for corpus, remark in self._fitted[side].remarks.items():
                if corpus not in self._remarked:
                    self._remarked.add(corpus)
                    self.log.say(f"note: {remark}")
        return self._fitted[side]


def _lines(
    line: _Line, table: StepTable, classifier: FittedClassifier, callers: dict[str, Callers]
) -> list[LineState]:
    """Draw a line for each stream of a table; calls once heard are kept."""
    if line.callers.key not in callers:
        callers[line.callers.key] = Callers(line.callers.table(), classifier)
    speakers = table.streams.speaker_key.tolist()
    return callers[line.callers.key].lines(line.kind, line.order, speakers)


def classification_key(
    recipe: Recipe,
    training_side: Sequence[TablePart],
    part: TablePart,
    *,
    baseline: bool,
    line: Fact = None,
) -> str:
    """Digest all that decides about how a part of a table is classified."""
    return cache_key(
        judging=CLASSIFICATION_VERSION,
        recipe=recipe.version,
        parameters={each.name: getattr(recipe, each.name) for each in fields(recipe) if each.repr},
        training=[part.key for part in training_side],
        heard=part.key,
        baseline=baseline,
        **({} if line is None else {"line": line}),
        libraries=library_versions(*_LIBRARIES),
    )


def _mean_shares(parts: Sequence[dict[str, float]]) -> dict[str, float]:
    return {name: float(np.mean([part[name] for part in parts])) for name in (parts[0] if parts else ())}
