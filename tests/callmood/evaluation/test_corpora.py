"""The corpora of a folder, and the folds of each protocol."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callmood.evaluation.corpora import NUM_FOLDS, CorporaFolder, Corpus, Settings, folds_of, read_corpora
from callmood.evaluation.streams import plan_streams
from emotion.card import LABELS
from emotion.errors import DatasetError, UsageError
from tests.callmood.evaluation.corpus_maker import make_corpus
from trainer.dataset import Clip

SHORT = 0.05


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two whole corpora, one without neutral clips, one in effect without angry ones, and a stray folder."""
    make_corpus(tmp_path / "alpha", ["a", "b"], seconds=SHORT)
    make_corpus(tmp_path / "beta", ["a"], seconds=SHORT, unlabelled=2)
    make_corpus(tmp_path / "three", ["a"], {"angry": 2, "happy": 2, "sad": 2}, seconds=SHORT)
    make_corpus(
        tmp_path / "uneven", ["a"], {"angry": 1, "happy": 30, "neutral": 20, "sad": 30}, seconds=SHORT
    )
    (tmp_path / "notes").mkdir()
    return tmp_path


def test_corpora_with_all_four_emotions_are_scored_and_the_others_learned_from(root: Path) -> None:
    found = read_corpora(root)
    assert [corpus.name for corpus in found.scored] == ["alpha", "beta"]
    assert [corpus.name for corpus in found.learned_from] == ["alpha", "beta", "three", "uneven"]
    assert [len(corpus.clips) for corpus in found.scored] == [8, 4]
    remarks = "\n".join(found.remarks)
    assert "three lacks an emotion (angry 2, happy 2, neutral 0, sad 2): not scored" in remarks
    assert "uneven lacks an emotion (angry 1, happy 30, neutral 20, sad 30): not scored" in remarks


def test_streams_of_few_clips_are_heard_in_five_orders() -> None:
    assert Settings().seeds("balanced") == (0,)
    assert Settings().seeds("mostly-neutral") == Settings().seeds("single") == (0, 1, 2, 3, 4)
    assert Settings(num_seeds=2).seeds("single") == (0, 1)


def test_whoever_is_named_is_scored(root: Path) -> None:
    found = read_corpora(root, only=["three"], learn_from=["alpha"])
    assert [corpus.name for corpus in found.scored] == ["three"]
    assert [corpus.name for corpus in found.learned_from] == ["alpha"]
    assert any("its UAR is over those that occur" in remark for remark in found.remarks)


def test_a_corpus_that_may_only_be_measured_on_is_scored_and_never_learned_from(root: Path) -> None:
    make_corpus(root / "turev", ["a"], seconds=SHORT)
    for named in ((), ["alpha", "turev"]):
        found = read_corpora(root, learn_from=named)
        assert "turev" in [corpus.name for corpus in found.scored]
        assert "turev" not in [corpus.name for corpus in found.learned_from]
        assert any("turev is never learned from: its licence" in remark for remark in found.remarks)


def test_a_corpus_by_itself_is_a_folder_of_one(root: Path) -> None:
    found = read_corpora(root / "alpha")
    assert [corpus.name for corpus in found.scored] == ["alpha"]
    assert found.scored[0].speakers == ("alpha/a", "alpha/b")


def test_a_corpus_goes_by_the_name_of_its_folder(root: Path) -> None:
    (root / "alpha").rename(root / "renamed")
    (corpus, _) = sorted(read_corpora(root).scored, key=lambda each: each.name != "renamed")
    assert {clip.corpus for clip in corpus.clips} == {"renamed"}


def test_speakers_go_by_the_names_that_streams_have(tmp_path: Path) -> None:
    make_corpus(tmp_path / "gamma", ["a", ""], seconds=SHORT)
    (corpus,) = read_corpora(tmp_path).scored
    plans = plan_streams(corpus.clips, "balanced", 0)
    assert sorted(f"{plan.corpus}/{plan.speaker}" for plan in plans) == sorted(corpus.speakers)
    assert len(corpus.speakers) == 1 + 4, "a clip of nobody known is a speaker by itself"


def test_what_cannot_be_scored_is_told(root: Path, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"no folder .*nowhere"):
        read_corpora(tmp_path / "nowhere")
    with pytest.raises(DatasetError, match=r"no corpus with labelled clips"):
        read_corpora(root / "notes")
    with pytest.raises(DatasetError, match=r"--only"):
        read_corpora(root / "three")
    with pytest.raises(UsageError, match=r"no corpus 'delta'.*alpha, beta"):
        read_corpora(root, only=["delta"])
    with pytest.raises(UsageError, match=r"no corpus 'delta'"):
        read_corpora(root, learn_from=["delta"])


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
