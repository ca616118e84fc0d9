"""Score a recipe on its own training data: each speaker is tested once, by a fit on the others."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from callmood.evaluation.corpora import NUM_FOLDS, TRAINING_KIND, Corpus, Fold, Settings
from callmood.evaluation.protocol import Evaluation
from callmood.evaluation.report import Cell, Record, records
from callmood.evaluation.stream_tables import TablesOf
from emotion.card import LABELS
from emotion.errors import DatasetError
from trainer.augmentation.catalogue import EVALUATION_CONDITIONS
from trainer.cache import Cache
from trainer.dataset import Clip
from trainer.metrics import Scores, classification_lines, confusion_lines, corpus_lines, score
from trainer.progress import TrainingLog
from trainer.recipes.base import Recipe
from trainer.svm import grouped_folds

BY_SPEAKER: Final = "leave-speakers-out"
BY_CLIP: Final = "leave-clips-out"
"""The protocols, as records name them."""

CLEAN: Final = "clean"

CLIPS_OF_A_GROUP: Final = 30
LEAST_GROUPS: Final = 3 * NUM_FOLDS
"""Clips of unknown speakers are dealt into groups, each a stream: of about so many clips, but enough of them
for folds within folds."""

_SEED: Final = 0


@dataclass(frozen=True, slots=True)
class Voices:
    """What is known of who speaks in some clips.

    Attributes
    ----------
    clips : tuple of Clip
        As they were read.
    corpora : tuple of Corpus
        The same by corpus. All clips have a speaker: those of unknown speakers are dealt into groups.
    num_speakers : int
        Known speakers.
    by_speaker : bool
        Whether speakers can be left out: there are two or more.
    are_learned : bool
        Whether what is usual for a voice can be learned: two speakers or more have several emotions.
    """

    clips: tuple[Clip, ...]
    corpora: tuple[Corpus, ...]
    num_speakers: int
    by_speaker: bool
    are_learned: bool

    @property
    def labels(self) -> tuple[str, ...]:
        """Those that occur."""
        present = {clip.emotion for clip in self.clips}
        return tuple(label for label in LABELS if label in present)

    def as_given(self, corpus: Corpus) -> tuple[Clip, ...]:
        """Give the clips of a corpus without the groups that stand for unknown speakers."""
        return tuple(clip for clip in self.clips if clip.corpus == corpus.name)

    @property
    def num_unknown(self) -> int:
        """Clips of unknown speakers."""
        return sum(clip.speaker is None for clip in self.clips)


def voices_of(clips: Sequence[Clip]) -> Voices:
    """Group clips by corpus and speaker."""
    emotions: dict[str, set[str]] = {}
    for clip in clips:
        if clip.speaker_key is not None:
            emotions.setdefault(clip.speaker_key, set()).add(clip.emotion)
    by_speaker = len(emotions) > 1
    # With one speaker nobody can be left out: the clips are dealt into groups as well.
    known = [clip for clip in clips if by_speaker and clip.speaker is not None]
    unknown = [clip for clip in clips if not by_speaker or clip.speaker is None]
    grouped = _dealt(unknown)
    corpora = tuple(
        Corpus(name, tuple(clip for clip in (*known, *grouped) if clip.corpus == name))
        for name in sorted({clip.corpus for clip in clips})
    )
    are_learned = sum(len(each) > 1 for each in emotions.values()) > 1
    return Voices(tuple(clips), corpora, len(emotions), by_speaker, are_learned)


def _dealt(clips: Sequence[Clip]) -> list[Clip]:
    """Deal the clips of each corpus, label by label, into groups that stand for speakers."""
    dealt: list[Clip] = []
    for corpus in sorted({clip.corpus for clip in clips}):
        own = [clip for clip in clips if clip.corpus == corpus]
        num_groups = max(LEAST_GROUPS, len(own) // CLIPS_OF_A_GROUP)
        order = np.random.default_rng(_SEED).permutation(len(own)).tolist()
        order.sort(key=lambda place: own[place].emotion)
        dealt += [
            replace(own[place], speaker=f"group {number % num_groups}") for number, place in enumerate(order)
        ]
    return dealt


def folds_of_training(corpora: Sequence[Corpus]) -> tuple[Fold, ...]:
    """Leave out each speaker once, in grouped folds over all corpora.

    Raises
    ------
    DatasetError
        If some emotion comes from one speaker only.
    """
    clips = [clip for corpus in corpora for clip in corpus.clips]
    targets = np.array([LABELS.index(clip.emotion) for clip in clips], dtype=np.int64)
    groups = np.array([clip.group for clip in clips], dtype=np.str_)
    for label in np.unique(targets).tolist():
        if len(np.unique(groups[targets == label])) < 2:
            raise DatasetError(
                f"every clip of {LABELS[label]} is of one speaker, so that none can be left out to test on; "
                "add speakers, or leave them unknown to split by clip"
            )
    folds = []
    for _, rows in grouped_folds(targets, groups, _SEED):
        tested = set(groups[rows].tolist())
        sides = [
            (corpus, [name for name in corpus.speakers if (name in tested) is is_tested])
            for is_tested in (True, False)
            for corpus in corpora
        ]
        halves = sides[: len(corpora)], sides[len(corpora) :]
        training = tuple((corpus, tuple(names)) for corpus, names in halves[1] if names)
        folds += [Fold(corpus, tuple(names), training) for corpus, names in halves[0] if names]
    return tuple(folds)


@dataclass(frozen=True, slots=True, eq=False)
class HeldOutScores:
    """What folds over the training data gave.

    Attributes
    ----------
    voices : Voices
        Whose.
    cells : tuple of Cell
        Of balanced streams; each corpus, condition, and without and with the baseline where one is learned.
    num_folds : int
        Fits.
    """

    voices: Voices
    cells: tuple[Cell, ...]
    num_folds: int

    @property
    def protocol(self) -> str:
        """`BY_SPEAKER` or `BY_CLIP`."""
        return BY_SPEAKER if self.voices.by_speaker else BY_CLIP

    @property
    def split(self) -> str:
        """How the sides were made, in words."""
        voices = self.voices
        rest = "each is tested by a fit on the others; the model is fitted on all"
        if not voices.by_speaker:
            why = "one speaker" if voices.num_speakers else "speakers unknown"
            clips = f"{len(voices.clips)} clips in {self.num_folds} folds that share voices"
            return f"by clip, {why}: {clips}; {rest}"
        beside = f", and {voices.num_unknown} clips of unknown speakers" if voices.num_unknown else ""
        return f"by speaker: {voices.num_speakers} speakers{beside} in {self.num_folds} folds; {rest}"

    @property
    def clips(self) -> Scores:
        """Over all corpora, clean, as the model will be used."""
        return self.scores(CLEAN, baseline=self.voices.are_learned)

    @property
    def by_corpus(self) -> dict[str, Scores]:
        """The same for each corpus; empty where there is only one."""
        names = [corpus.name for corpus in self.voices.corpora]
        baseline = self.voices.are_learned
        parts = {name: self.scores(CLEAN, baseline=baseline, corpus=name) for name in names}
        return parts if len(parts) > 1 else {}

    def scores(self, condition: str, *, baseline: bool, corpus: str | None = None) -> Scores:
        """Score the answers to clips under one condition."""
        cells = self._cells(condition, baseline=baseline, corpus=corpus)
        targets = np.concatenate([cell.measures.targets for cell in cells])
        answers = np.concatenate([cell.measures.answers for cell in cells])
        columns = [LABELS.index(label) for label in self.voices.labels]
        return score(np.searchsorted(columns, targets), answers[:, columns], self.voices.labels)

    def report(self, name: str) -> str:
        """Write the classification report."""
        learned = self.voices.are_learned
        lines = [f"{name}: classification report", f"split {self.split}", ""]
        how = ", the voice learned while it speaks" if learned else ""
        lines += [f"Clips (mean of the windows of a clip){how}", *classification_lines(self.clips), ""]
        if learned:
            unknown = self.scores(CLEAN, baseline=False)
            lines += ["Clips, nothing known of the voice", *classification_lines(unknown), ""]
        lines += ["Confusion of clips: rows are what was true, columns what was predicted"]
        lines += [*confusion_lines(self.clips), ""]
        lines += ["UAR by condition", *self._conditions(), "", self._certainty()]
        if self.by_corpus:
            lines += ["", "Clips of each corpus", *corpus_lines(self.by_corpus)]
        return "\n".join(lines) + "\n"

    def records(self) -> list[Record]:
        """Write the figures as `callmood evaluate --json` does."""
        return records(self.cells, {"protocol": self.protocol})

    def _cells(self, condition: str, *, baseline: bool, corpus: str | None = None) -> list[Cell]:
        return [
            cell
            for cell in self.cells
            if (cell.condition, cell.baseline) == (condition, baseline) and corpus in {None, cell.corpus}
        ]

    def _conditions(self) -> list[str]:
        baselines = {"voice learned": True, "voice unknown": False}
        named = baselines if self.voices.are_learned else {"": False}
        conditions = dict.fromkeys(cell.condition for cell in self.cells)
        rows = {
            each: [self.scores(each, baseline=baseline).uar for baseline in named.values()]
            for each in conditions
        }
        head = "  " + " " * 10 + "".join(f"{title:>15}" for title in named)
        return [
            *([head] if self.voices.are_learned else []),
            *(f"  {each:10}" + "".join(f"{uar:15.3f}" for uar in uars) for each, uars in rows.items()),
        ]

    def _certainty(self) -> str:
        cells = self._cells(CLEAN, baseline=self.voices.are_learned)
        weights = [cell.measures.num_speech_windows for cell in cells]
        if not sum(weights):
            return "The gate heard no speech"
        unsure = np.average([cell.measures.certainty.unsure_share for cell in cells], weights=weights)
        right = np.average([cell.measures.certainty.sure_window_accuracy for cell in cells], weights=weights)
        return (
            f"Of the windows of speech {100 * unsure:.0f} % are unsure; "
            f"of the others {100 * right:.0f} % are right"
        )


def score_held_out(recipe: Recipe, voices: Voices, tables_of: TablesOf, log: TrainingLog) -> HeldOutScores:
    """Fit and test in folds, on the tables that the recipe is fitted on anyway."""
    conditions = tuple(each for each in EVALUATION_CONDITIONS if each in recipe.train_conditions)
    baselines = (False, True) if voices.are_learned else (False,)
    settings = Settings((TRAINING_KIND,), conditions, baselines)
    folds = folds_of_training(voices.corpora)
    evaluation = Evaluation(recipe, settings, tables_of, lambda: None, Cache.of_kind("judged"), log)
    cells = tuple(evaluation.cells(folds))
    return HeldOutScores(voices, cells, len({fold.training for fold in folds}))
