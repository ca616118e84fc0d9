"""Who is fitted on, and who is tested, in each protocol."""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, get_args

import numpy as np

from emotion.errors import DatasetError
from evaluation.protocols.corpora import CorporaFolder, Corpus

Protocol: TypeAlias = Literal["leave-one-corpus-out", "leave-speakers-out", "unseen-data"]
"""How the sides of a test are set apart."""

PROTOCOLS: Final[tuple[Protocol, ...]] = get_args(Protocol)
"""All of them."""

NUM_FOLDS: Final = 5
"""Folds of speakers; as many as speakers where there are fewer."""

_SEED: Final = 0


@dataclass(frozen=True, slots=True)
class Fold:
    """One fit, and whom it is tested on.

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
    """Make the folds of a protocol.

    Parameters
    ----------
    protocol : {'leave-one-corpus-out', 'leave-speakers-out', 'unseen-data'}
        ``leave-one-corpus-out``: each scored corpus is tested by what was fitted on all the others.
        ``leave-speakers-out``: `NUM_FOLDS` folds of speakers within each scored corpus, fitted within it.
        ``unseen-data``: nothing is fitted.
    folder : CorporaFolder
        What there is.

    Returns
    -------
    tuple of Fold
        Every speaker of every scored corpus is tested once; none is on both sides of a fold.

    Raises
    ------
    DatasetError
        If a corpus has nobody else to be fitted on.
    """
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
