"""Folders of corpora: what is scored, and what may be learned from."""

from pathlib import Path

import pytest

from emotion.errors import DatasetError, UsageError
from evaluation.protocols.corpora import read_corpora
from evaluation.streams.plan import plan_streams
from tests.evaluation.corpus_maker import make_corpus

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


def test_whoever_is_named_is_scored(root: Path) -> None:
    found = read_corpora(root, only=["three"], learn_from=["alpha"])
    assert [corpus.name for corpus in found.scored] == ["three"]
    assert [corpus.name for corpus in found.learned_from] == ["alpha"]
    assert any("its UAR is over those that occur" in remark for remark in found.remarks)


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
