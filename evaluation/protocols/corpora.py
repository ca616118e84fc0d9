"""A folder of corpora: which are scored, and which may only be learned from."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from emotion.errors import DatasetError, UsageError
from emotion.labels import LABELS
from emotion.printable import printable
from evaluation.protocols.settings import TRAINING_KIND, TRAINING_SEED
from evaluation.streams.plan import plan_streams
from trainer.dataset.clip import Clip
from trainer.dataset.manifest import MANIFEST, ClipList, read_manifest

LEAST_SHARE: Final = 0.02
"""A corpus is scored if each of the four labels has this share of its clips: with fewer its UAR hangs on a
handful of clips."""


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
        """Who speaks, as ``corpus/speaker``; sorted. A clip of nobody known is a speaker by itself."""
        # Asked of those who make the streams: it is their names that tables are cut by.
        plans = plan_streams(self.clips, TRAINING_KIND, TRAINING_SEED)
        return tuple(sorted({f"{plan.corpus}/{plan.speaker}" for plan in plans}))

    @property
    def has_all_labels(self) -> bool:
        """Whether each of the four labels has at least `LEAST_SHARE` of the clips."""
        return min(self.counts.values()) >= max(1.0, LEAST_SHARE * len(self.clips))


@dataclass(frozen=True, slots=True)
class CorporaFolder:
    """What was found, and what is done with it.

    Attributes
    ----------
    scored : tuple of Corpus
        Those that are tested on.
    learned_from : tuple of Corpus
        Those that may be fitted on; a scored one is never fitted on while it is tested.
    remarks : tuple of str
        One line for each thing left out, or done otherwise than one might think.
    """

    scored: tuple[Corpus, ...]
    learned_from: tuple[Corpus, ...]
    remarks: tuple[str, ...]


def read_corpora(root: Path, only: Collection[str] = (), learn_from: Collection[str] = ()) -> CorporaFolder:
    """Read a folder of corpora, or a single corpus.

    Parameters
    ----------
    root : Path
        Holds folders with a ``manifest.csv`` each, or one itself.
    only : collection of str
        Names of the corpora to score; by default those that have all four labels.
    learn_from : collection of str
        Names of those that may be fitted on; by default all.

    Returns
    -------
    CorporaFolder
        With at least one corpus to score.

    Raises
    ------
    DatasetError
        If there is no such folder, no corpus in it, or none that can be scored.
    UsageError
        If a name is none of the corpora's.
    """
    corpora, remarks = _read(root)
    for name in (*only, *learn_from):
        if name not in corpora:
            raise UsageError(f"there is no corpus {name!r} in {root}; there are {', '.join(corpora)}")
    scored = [corpora[name] for name in corpora if (name in only if only else corpora[name].has_all_labels)]
    if not scored:
        raise DatasetError(
            f"no corpus in {root} has clips of all of {', '.join(LABELS)}; name those to score with --only"
        )
    learned_from = [corpora[name] for name in corpora if not learn_from or name in learn_from]
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
        found: ClipList = read_manifest(folder)
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
