"""Which clips a stream holds, and in which order."""

from collections import Counter
from pathlib import Path

import pytest

from emotion.errors import UsageError
from evaluation.streams.plan import (
    MAX_SINGLE,
    NUM_NEUTRAL,
    NUM_OTHER,
    NUM_SEEDS,
    StreamKind,
    default_seeds,
    plan_streams,
)
from trainer.dataset.clip import Clip


def clips_of(corpus: str, speaker: str | None, counts: dict[str, int]) -> list[Clip]:
    """Name clips that need not exist."""
    return [
        Clip(Path(corpus) / f"{speaker}" / f"{label}{take}.wav", corpus, speaker, label)
        for label, count in counts.items()
        for take in range(count)
    ]


RICH = clips_of("x", "rich", {"angry": 20, "happy": 3, "neutral": 30, "sad": 1})
POOR = clips_of("x", "poor", {"angry": 2, "neutral": 3})
NO_NEUTRAL = clips_of("y", "none", {"angry": 2, "sad": 2})


def test_a_balanced_stream_holds_every_clip_once() -> None:
    plans = plan_streams([*RICH, *POOR, *NO_NEUTRAL], "balanced", 0)
    assert [(plan.corpus, plan.speaker) for plan in plans] == [("x", "poor"), ("x", "rich"), ("y", "none")]
    assert Counter(plans[1].clips) == Counter(RICH)
    assert {plan.emotion for plan in plans} == {None}


def test_a_mostly_neutral_stream_is_neutral_to_four_fifths() -> None:
    plans = plan_streams([*RICH, *POOR, *NO_NEUTRAL], "mostly-neutral", 0)
    assert [(plan.speaker, plan.emotion) for plan in plans] == [
        ("poor", "angry"),
        ("rich", "angry"),
        ("rich", "happy"),
        ("rich", "sad"),
    ]
    for plan in plans:
        assert Counter(clip.emotion for clip in plan.clips) == {
            "neutral": NUM_NEUTRAL,
            plan.emotion: NUM_OTHER,
        }
    assert NUM_NEUTRAL / (NUM_NEUTRAL + NUM_OTHER) == 0.8


def test_clips_are_heard_again_only_after_all_others() -> None:
    (plan,) = plan_streams(POOR, "mostly-neutral", 0)
    uses = Counter(plan.clips)
    neutral = [uses[clip] for clip in POOR if clip.emotion == "neutral"]
    assert max(neutral) - min(neutral) == 1
    assert [uses[clip] for clip in POOR if clip.emotion == "angry"] == [2, 2]
    rich = plan_streams(RICH, "mostly-neutral", 0)[0]
    assert max(Counter(rich.clips).values()) == 1


def test_a_single_stream_holds_one_emotion_without_repeats() -> None:
    plans = plan_streams([*RICH, *NO_NEUTRAL], "single", 0)
    assert [(plan.speaker, plan.emotion, len(plan.clips)) for plan in plans] == [
        ("rich", "angry", MAX_SINGLE),
        ("rich", "happy", 3),
        ("rich", "neutral", MAX_SINGLE),
        ("rich", "sad", 1),
        ("none", "angry", 2),
        ("none", "sad", 2),
    ]
    for plan in plans:
        assert {clip.emotion for clip in plan.clips} == {plan.emotion}
        assert len(set(plan.clips)) == len(plan.clips)


@pytest.mark.parametrize("kind", ["balanced", "mostly-neutral", "single"])
def test_seeds_give_other_orders_and_the_same_seed_the_same(kind: StreamKind) -> None:
    orders = [plan_streams(RICH, kind, seed)[0].clips for seed in range(NUM_SEEDS)]
    assert len(set(orders)) == NUM_SEEDS
    assert plan_streams(RICH, kind, 1)[0].clips == orders[1]


@pytest.mark.parametrize("kind", ["balanced", "mostly-neutral", "single"])
def test_a_speaker_s_streams_do_not_depend_on_others_nor_on_the_order_of_a_manifest(kind: StreamKind) -> None:
    alone = plan_streams(RICH, kind, 3)
    among = plan_streams([*NO_NEUTRAL, *reversed(RICH), *POOR], kind, 3)
    assert alone == tuple(plan for plan in among if plan.speaker == "rich")


def test_clips_of_nobody_known_are_speakers_by_themselves() -> None:
    plans = plan_streams(clips_of("z", None, {"angry": 2, "sad": 1}), "balanced", 0)
    assert [(plan.speaker, len(plan.clips)) for plan in plans] == [
        ("unknown 0", 1),
        ("unknown 1", 1),
        ("unknown 2", 1),
    ]


def test_streams_of_few_clips_are_heard_in_five_orders() -> None:
    assert len(default_seeds("balanced")) == 1
    assert len(default_seeds("mostly-neutral")) == len(default_seeds("single")) == 5


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(UsageError, match=r"'angry-only'.*balanced, mostly-neutral, single"):
        plan_streams(RICH, "angry-only", 0)  # type: ignore[arg-type]
