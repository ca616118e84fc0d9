"""No speaker and no clip ever stands on both sides, whatever the data look like."""

from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotion.card import LABELS
from emotion.errors import DatasetError
from trainer.dataset import Clip
from trainer.splits import split_clips
from trainer.svm import MAX_FOLDS, grouped_folds


@st.composite
def clip_lists(draw: st.DrawFn) -> list[Clip]:
    """Draw corpora: some with speakers, some without, some lopsided."""
    clips: list[Clip] = []
    for corpus in range(draw(st.integers(1, 3))):
        speakers = draw(st.integers(0, 8))
        for number in range(draw(st.integers(8, 60))):
            label = draw(st.sampled_from(LABELS))
            speaker = f"s{draw(st.integers(1, speakers))}" if speakers else None
            clips.append(Clip(Path(f"{corpus}/{number}.wav"), f"c{corpus}", speaker, label))
    return clips


@given(clips=clip_lists(), seed=st.integers(0, 5))
def test_nobody_stands_on_both_sides(clips: list[Clip], seed: int) -> None:
    try:
        split = split_clips(clips, seed)
    except DatasetError:
        return
    sides = defaultdict(set)
    for clip, is_test in zip(clips, split.is_test, strict=True):
        sides[clip.speaker_key or str(clip.path)].add(bool(is_test))
    assert all(len(side) == 1 for side in sides.values())
    for wanted in (True, False):
        on_side = {c.emotion for c, is_test in zip(clips, split.is_test, strict=True) if is_test == wanted}
        assert on_side == {clip.emotion for clip in clips}


@given(clips=clip_lists(), seed=st.integers(0, 5))
def test_folds_keep_groups_together_and_look_at_each_row_once(clips: list[Clip], seed: int) -> None:
    targets = np.array([LABELS.index(clip.emotion) for clip in clips])
    groups = np.array([clip.group for clip in clips])
    try:
        folds = grouped_folds(targets, groups, seed)
    except DatasetError:
        return
    assert 2 <= len(folds) <= MAX_FOLDS
    for fit, look in folds:
        assert not set(groups[fit]) & set(groups[look])
        assert set(targets[fit]) == set(targets)
        assert sorted([*fit, *look]) == list(range(len(clips)))
    assert sorted(np.concatenate([look for _, look in folds])) == list(range(len(clips)))


def full_corpus(name: str, speakers: int, takes: int = 3) -> list[Clip]:
    """Give each speaker the same clips of each emotion."""
    return [
        Clip(Path(f"{name}/{s}/{label}{take}.wav"), name, f"s{s}", label)
        for s in range(speakers)
        for label in LABELS
        for take in range(takes)
    ]


def test_each_corpus_gives_a_fifth_of_its_speakers_at_least_one() -> None:
    clips = [*full_corpus("a", 2), *full_corpus("b", 10), *full_corpus("c", 24)]
    split = split_clips(clips, seed=0)
    tested = Counter(clip.corpus for clip, is_test in zip(clips, split.is_test, strict=True) if is_test)
    assert {name: count // 12 for name, count in tested.items()} == {"a": 1, "b": 2, "c": 5}
    assert "8 of 36 speakers" in split.rule
    assert split.by_speaker


def test_speakers_are_chosen_so_that_every_label_is_tested() -> None:
    # Only two of ten speakers are ever angry; either must be tested, not both.
    clips = [c for c in full_corpus("a", 10) if c.emotion != "angry" or c.speaker in {"s3", "s8"}]
    for seed in range(10):
        split = split_clips(clips, seed)
        angry = {
            c.speaker
            for c, is_test in zip(clips, split.is_test, strict=True)
            if is_test and c.emotion == "angry"
        }
        assert len(angry) == 1


def test_a_corpus_of_one_speaker_is_learned_from_only() -> None:
    clips = [*full_corpus("solo", 1), *full_corpus("choir", 5)]
    split = split_clips(clips, seed=0)
    assert not split.is_test[:12].any()


def test_one_speaker_in_all_is_refused_with_the_way_out() -> None:
    with pytest.raises(DatasetError, match="leave the speaker column empty"):
        split_clips(full_corpus("solo", 1), seed=0)


def test_unknown_speakers_are_split_label_by_label() -> None:
    clips = [
        Clip(Path(f"{label}{i}.wav"), "own", None, label)
        for label, count in (("angry", 50), ("sad", 5))
        for i in range(count)
    ]
    split = split_clips(clips, seed=3)
    tested = Counter(clip.emotion for clip, is_test in zip(clips, split.is_test, strict=True) if is_test)
    assert tested == {"angry": 10, "sad": 1}
    assert "11 of 55 clips" in split.rule
    assert not split.by_speaker


def test_the_seed_decides() -> None:
    clips = full_corpus("a", 20)
    first, same, other = (split_clips(clips, seed).is_test for seed in (1, 1, 2))
    assert (first == same).all()
    assert (first != other).any()


def test_two_speakers_cannot_be_folded_after_one_was_tested_on() -> None:
    with pytest.raises(DatasetError, match="at least two speakers"):
        grouped_folds(np.array([0, 1, 0, 1]), np.array(["a"] * 4), seed=0)
