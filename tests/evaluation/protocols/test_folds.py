"""Folds: nobody on both sides, everybody tested once."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotion.errors import DatasetError
from emotion.labels import LABELS
from evaluation.protocols.corpora import CorporaFolder, Corpus
from evaluation.protocols.folds import NUM_FOLDS, folds_of
from trainer.dataset.clip import Clip


def corpus(name: str, num_speakers: int) -> Corpus:
    """Speakers who say everything once."""
    clips = [
        Clip(Path(f"{name}/{number}-{label}.wav"), name, f"{number}", label)
        for number in range(num_speakers)
        for label in LABELS
    ]
    return Corpus(name, tuple(clips))


@given(st.lists(st.integers(2, 30), min_size=1, max_size=3))
def test_speakers_left_out_are_on_one_side_and_tested_once(sizes: list[int]) -> None:
    corpora = tuple(corpus(f"c{number}", size) for number, size in enumerate(sizes))
    folds = folds_of("leave-speakers-out", CorporaFolder(corpora, corpora, ()))
    assert len(folds) == sum(min(NUM_FOLDS, size) for size in sizes)
    for fold in folds:
        ((trained_on, speakers),) = fold.training
        assert trained_on.name == fold.corpus.name
        assert not set(speakers) & set(fold.test_speakers)
        assert sorted((*speakers, *fold.test_speakers)) == list(fold.corpus.speakers)
        assert speakers
    for each in corpora:
        tested = [name for fold in folds if fold.corpus is each for name in fold.test_speakers]
        assert sorted(tested) == list(each.speakers)


def test_a_corpus_left_out_is_fitted_on_by_nobody() -> None:
    alpha, beta, extra = corpus("alpha", 3), corpus("beta", 2), corpus("extra", 2)
    folds = folds_of("leave-one-corpus-out", CorporaFolder((alpha, beta), (alpha, beta, extra), ()))
    sides = {fold.corpus.name: [other.name for other, _ in fold.training] for fold in folds}
    assert sides == {"alpha": ["beta", "extra"], "beta": ["alpha", "extra"]}
    for fold in folds:
        assert fold.test_speakers == fold.corpus.speakers
        assert all(speakers == other.speakers for other, speakers in fold.training)


def test_a_fitted_model_learns_from_nobody() -> None:
    alpha = corpus("alpha", 3)
    (fold,) = folds_of("unseen-data", CorporaFolder((alpha,), (alpha,), ()))
    assert (fold.training, fold.test_speakers) == ((), alpha.speakers)


def test_nobody_else_to_learn_from_is_told() -> None:
    alpha = corpus("alpha", 1)
    folder = CorporaFolder((alpha,), (alpha,), ())
    with pytest.raises(DatasetError, match=r"no corpus beside alpha"):
        folds_of("leave-one-corpus-out", folder)
    with pytest.raises(DatasetError, match=r"alpha has one speaker only"):
        folds_of("leave-speakers-out", folder)
