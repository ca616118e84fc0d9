"""What is scored: the corpora of a folder, the settings of a run, and the folds of each protocol."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal, TypeAlias

import numpy as np

from callmood.evaluation.lines import NUM_ORDERS
from callmood.evaluation.streams import STREAM_KINDS, StreamKind, plan_streams
from emotion.card import LABELS
from emotion.errors import DatasetError, UsageError, name_advice, printable
from trainer.augmentation.catalogue import EVALUATION_CONDITIONS, check_condition
from trainer.dataset import MANIFEST, Clip, read_manifest
from trainer.options import MEASURE_ONLY, WHY_MEASURE_ONLY

TRAINING_KIND: Final[StreamKind] = "balanced"
"""Recipes are fitted on streams of all clips."""

TRAINING_SEED: Final = 0

LINES: Final = "line"
"""In the place of a kind of stream: all streams on lines. Their names begin with it."""

LEAST_SHARE: Final = 0.02
"""A corpus is scored if each of the four labels has this share of its clips: with fewer its UAR depends on a
handful of clips."""

Protocol: TypeAlias = Literal["leave-one-corpus-out", "leave-speakers-out", "unseen-data"]
"""How training and test side are separated."""

NUM_FOLDS: Final = 5
"""Folds of speakers; as many as speakers where there are fewer."""

_SEED: Final = 0


@dataclass(frozen=True, slots=True)
class Settings:
    """The axes of the table.

    Attributes
    ----------
    kinds : tuple of {'balanced', 'mostly-neutral', 'single'}
        Of streams.
    conditions : tuple of str
        Acoustic conditions of the test side.
    baselines : tuple of bool
        Without the speaker baseline, and with it.
    num_seeds : int
        Orders of the mostly neutral and single streams: they hold few clips, so chance weighs more.
        Balanced streams hold every clip, in one order.
    lines : bool
        Also balanced streams on lines on which others were heard before (`callmood.evaluation.lines`).
    """

    kinds: tuple[StreamKind, ...] = STREAM_KINDS
    conditions: tuple[str, ...] = EVALUATION_CONDITIONS
    baselines: tuple[bool, ...] = (False, True)
    num_seeds: int = 5
    lines: bool = False

    def seeds(self, stream: str) -> tuple[int, ...]:
        """Give the seeds of the streams of one name; on lines, the draws of earlier callers."""
        if stream.startswith(LINES):
            return tuple(range(NUM_ORDERS))
        return tuple(range(self.num_seeds if stream.startswith(("mostly-neutral", "single")) else 1))


def settings_of(
    kinds: Sequence[str], conditions: Sequence[str], baselines: tuple[bool, ...], num_seeds: int | None
) -> Settings:
    """Check the axes that a user asks for."""
    for name in kinds:
        if name not in (*STREAM_KINDS, LINES):
            advice = name_advice(name, (*STREAM_KINDS, LINES))
            raise UsageError(f"there is no kind of stream {name!r}; {advice}")
    for name in conditions:
        check_condition(name)
    chosen = tuple(kind for kind in STREAM_KINDS if not kinds or kind in kinds)
    settings = Settings(chosen, tuple(conditions) or EVALUATION_CONDITIONS, baselines, lines=LINES in kinds)
    return settings if num_seeds is None else replace(settings, num_seeds=num_seeds)


@dataclass(frozen=True, slots=True)
class Corpus:
    """The labelled clips of one folder.

    Attributes
    ----------
    name : str
        That of the folder.
    clips : tuple of Clip
        Whose `corpus` is that name.
    """

    name: str
    clips: tuple[Clip, ...]

    @property
    def counts(self) -> dict[str, int]:
        """Clips of each label, the absent ones included."""
        counted = Counter(clip.emotion for clip in self.clips)
        return {label: counted[label] for label in LABELS}

    @property
    def speakers(self) -> tuple[str, ...]:
        """Speakers as ``corpus/speaker``, sorted. A clip of an unknown speaker is a speaker by itself."""
        # Planned streams name the speakers by which tables are cut.
        plans = plan_streams(self.clips, TRAINING_KIND, TRAINING_SEED)
        return tuple(sorted({f"{plan.corpus}/{plan.speaker}" for plan in plans}))

    @property
    def has_all_labels(self) -> bool:
        """Whether each of the four labels has at least `LEAST_SHARE` of the clips."""
        return min(self.counts.values()) >= max(1.0, LEAST_SHARE * len(self.clips))


@dataclass(frozen=True, slots=True)
class CorporaFolder:
    """The corpora of a folder, and how they are used.

    Attributes
    ----------
    scored : tuple of Corpus
        Those that are tested on.
    learned_from : tuple of Corpus
        Those that may be fitted on; a scored one is never fitted on while it is tested.
    remarks : tuple of str
        One line for each corpus left out or of limited use.
    """

    scored: tuple[Corpus, ...]
    learned_from: tuple[Corpus, ...]
    remarks: tuple[str, ...]


def read_corpora(root: Path, only: Collection[str] = (), learn_from: Collection[str] = ()) -> CorporaFolder:
    """Read a folder of corpora, or a single corpus."""
    corpora, remarks = _read(root)
    for name in (*only, *learn_from):
        if name not in corpora:
            raise UsageError(f"there is no corpus {name!r} in {root}; {name_advice(name, corpora)}")
    scored = [corpora[name] for name in corpora if (name in only if only else corpora[name].has_all_labels)]
    if not scored:
        raise DatasetError(
            f"no corpus in {root} has clips of all of {', '.join(LABELS)}; name those to score with --only"
        )
    learned_from = [
        corpora[name]
        for name in corpora
        if name not in MEASURE_ONLY and (not learn_from or name in learn_from)
    ]
    remarks += [
        f"{name} is never learned from: {WHY_MEASURE_ONLY}"
        for name in learn_from or corpora
        if name in MEASURE_ONLY
    ]
    return CorporaFolder(
        tuple(scored), tuple(learned_from), (*remarks, *_remarks(corpora.values(), scored, only))
    )


def _read(root: Path) -> tuple[dict[str, Corpus], list[str]]:
    if not root.is_dir():
        raise DatasetError(f"there is no folder {root}; name a folder of corpora with --corpora")
    if (root / MANIFEST).is_file():
        folders = [root]
    else:
        folders = sorted(each for each in root.iterdir() if (each / MANIFEST).is_file())
    remarks: list[str] = []
    corpora: dict[str, Corpus] = {}
    for folder in folders:
        found = read_manifest(folder)
        remarks += found.remarks
        name = printable(folder.resolve().name)
        if found.clips:
            corpora[name] = Corpus(name, tuple(replace(clip, corpus=name) for clip in found.clips))
        else:
            remarks.append(f"{folder}: no clip has one of the four labels; it is left out")
    if not corpora:
        raise DatasetError(
            f"{root} holds no corpus with labelled clips; each is a folder with sound and a {MANIFEST}"
        )
    return corpora, remarks


def _remarks(corpora: Collection[Corpus], scored: Sequence[Corpus], only: Collection[str]) -> list[str]:
    lines = []
    for corpus in corpora:
        few = ", ".join(f"{label} {count}" for label, count in corpus.counts.items())
        if corpus in scored and not corpus.has_all_labels:
            lines.append(f"{corpus.name} lacks an emotion ({few}): its UAR is over those that occur")
        elif corpus not in scored and not only:
            lines.append(f"{corpus.name} lacks an emotion ({few}): not scored, it may only be learned from")
    return lines


@dataclass(frozen=True, slots=True)
class Fold:
    """One fit, and the speakers it is tested on.

    Attributes
    ----------
    corpus : Corpus
        Tested on.
    test_speakers : tuple of str
        Those of its speakers, as ``corpus/speaker``.
    training : tuple of tuple of Corpus and tuple of str
        Corpora with the speakers that are fitted on; empty for a model that is fitted already.
    """

    corpus: Corpus
    test_speakers: tuple[str, ...]
    training: tuple[tuple[Corpus, tuple[str, ...]], ...] = ()


def folds_of(protocol: Protocol, folder: CorporaFolder) -> tuple[Fold, ...]:
    """Make the folds of a protocol."""
    if protocol == "leave-one-corpus-out":
        return tuple(_all_others(corpus, folder) for corpus in folder.scored)
    if protocol == "leave-speakers-out":
        return tuple(fold for corpus in folder.scored for fold in _folds_of_speakers(corpus))
    return tuple(Fold(corpus, corpus.speakers) for corpus in folder.scored)


def _all_others(corpus: Corpus, folder: CorporaFolder) -> Fold:
    others = tuple((other, other.speakers) for other in folder.learned_from if other.name != corpus.name)
    if not others:
        raise DatasetError(
            f"there is no corpus beside {corpus.name} to fit on; add one, take --leave-speakers-out, "
            "or score a fitted model with --model"
        )
    return Fold(corpus, corpus.speakers, others)


def _folds_of_speakers(corpus: Corpus) -> tuple[Fold, ...]:
    speakers = corpus.speakers
    if len(speakers) < 2:
        raise DatasetError(
            f"{corpus.name} has one speaker only, so none can be left out; leave it out with --only"
        )
    shuffled = np.random.default_rng(_SEED).permutation(np.array(speakers))
    parts = [shuffled[first::NUM_FOLDS].tolist() for first in range(min(NUM_FOLDS, len(speakers)))]
    return tuple(
        Fold(
            corpus,
            tuple(sorted(part)),
            ((corpus, tuple(name for name in speakers if name not in set(part))),),
        )
        for part in parts
    )
