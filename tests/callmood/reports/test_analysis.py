"""What is told of a session, computed from the lines of its journal."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callmood.reports.analysis import (
    CLOSE,
    MOST_MOMENTS,
    OFTEN_WRONG,
    SessionAnalysis,
    analyse,
)
from emotion.card import LABELS
from emotion.errors import JournalError
from emotion.model import find_model_folder, read_model_card
from streamer.doubt import NOISY, TOO_SHORT, VOICE_NEW
from streamer.events import STATES, Absence, Alert, Event, Failure, Gap, LineFit, Row, Skip, State
from streamer.leg_plan import LegPlan
from streamer.recordings.journal_reader import Journal
from streamer.session_info import LegLine, LegSummary
from tests.session_material import SUMMARY, facts

CUSTOMER, PARTNER = LegPlan("customer", 0, 0), LegPlan("partner", 0, 1)
STEP, WIN = 0.5, 2.0
RATE = 1000


def row(leg: str, window: int, kind: str, share: float = 0.7, **more: Any) -> Row:
    """Give a window that shows an emotion, or a state without one."""
    is_label = kind in LABELS
    state: State = next((each for each in STATES if each == kind), "speech")
    smoothed = dict.fromkeys(LABELS, (1 - share) / 3) | {kind if is_label else "angry": share}
    has_shares = is_label or kind == "unsure"
    start, end = window * STEP, window * STEP + WIN
    made = Row(
        leg=leg,
        window=window,
        start=start,
        end=end,
        start_sample=round(start * RATE),
        end_sample=round(end * RATE),
        state=state,
        emotion=kind if is_label else None,
        probabilities=smoothed if has_shares else None,
        smoothed=smoothed if has_shares else None,
        level_dbfs=-25.0 if has_shares else -60.0,
        lag_seconds=0.01,
        voice_known=1.0,
    )
    return replace(made, **more)


def rows(leg: str, *spans: tuple[str, int], first: int = 0) -> list[Row]:
    """Give windows one after the other: what they show, and how many do."""
    kinds = [kind for kind, count in spans for _ in range(count)]
    return [row(leg, first + number, kind) for number, kind in enumerate(kinds)]


def journal(*events: Event, legs: Sequence[LegPlan] = (CUSTOMER, PARTNER), **more: Any) -> Journal:
    """Give the journal of events, without a summary."""
    kinds = {"rows": Row, "skips": Skip, "gaps": Gap, "alerts": Alert}
    by_kind = {name: tuple(each for each in events if isinstance(each, kind)) for name, kind in kinds.items()}
    header = replace(facts(legs=legs, channels=2, win_seconds=WIN, sample_rate=RATE), step_seconds=STEP)
    nothing: dict[str, Any] = dict.fromkeys(("absences", "marks", "pauses", "failures", "complaints"), ())
    values: dict[str, Any] = {"path": Path("call.jsonl"), "header": header, "summary": None}
    values |= nothing | by_kind | more
    return Journal(**values)


def gap(leg: str, start: float, end: float) -> Gap:
    samples = {"start_sample": round(start * RATE), "end_sample": round(end * RATE)}
    return Gap(leg=leg, start=start, end=end, cause="overrun", estimated=False, **samples)


def lane(analysis: SessionAnalysis, leg: int = 0) -> list[tuple[str, float, float]]:
    return [(each.kind, each.start, each.end) for each in analysis.legs[leg].episodes]


def test_a_leg_shows_one_thing_at_a_time_and_for_as_long_as_its_windows_step() -> None:
    found = analyse(journal(*rows("customer", ("silence", 4), ("angry", 6), ("unsure", 2))))
    customer, partner = found.legs
    assert lane(found) == [("silence", 0.0, 2.75), ("angry", 2.75, 5.75), ("unsure", 5.75, 7.5)]
    assert customer.state_seconds == {"speech": 3.0, "silence": 2.0, "noise": 0, "clipped": 0, "unsure": 1.0}
    assert customer.emotion_seconds == {"angry": 3.0, "happy": 0.0, "neutral": 0.0, "sad": 0.0}
    assert (customer.talk_seconds, customer.talk_share) == (4.0, 1.0)
    assert customer.dominant_emotion == "angry"
    assert customer.emotions.tolist() == [-1] * 4 + [0] * 6 + [-1] * 2
    assert np.isnan(customer.smoothed[:4]).all()
    assert customer.smoothed[4].tolist() == pytest.approx([0.7, 0.1, 0.1, 0.1])
    assert found.seconds == 7.5
    assert partner.episodes == ()
    assert partner.dominant_emotion is None


def test_the_strongest_moments_of_each_emotion_come_first() -> None:
    spans = [row("customer", number, "angry", 0.5 + number / 100) for number in range(0, 40, 5)]
    happy = [row("customer", number, "happy") for number in (41, 42)]
    moments = analyse(journal(*spans, *happy)).legs[0].moments
    assert [moment.episode.kind for moment in moments] == ["angry"] * MOST_MOMENTS + ["happy"]
    assert [moment.episode.peak_probability for moment in moments[:2]] == [0.85, 0.8]
    assert moments[0].episode.start == 17.5
    assert moments[0].probabilities["angry"] == pytest.approx(0.85, abs=1e-6)
    assert sum(moments[-1].probabilities.values()) == pytest.approx(1.0, abs=1e-6)


def test_a_change_is_from_one_emotion_that_held_to_another() -> None:
    spans = (("neutral", 20), ("unsure", 2), ("angry", 10), ("sad", 1), ("silence", 40), ("happy", 20))
    [change] = analyse(journal(*rows("customer", *spans))).legs[0].changes
    assert (change.before, change.after) == ("neutral", "angry")
    assert change.at == pytest.approx(11.75)
    assert [change.before_seconds, change.after_seconds] == pytest.approx([10.75, 5.0])


def test_what_is_unsure_names_two_labels_and_why_as_far_as_the_journal_shows() -> None:
    shares = {"angry": 0.35, "happy": 0.1, "neutral": 0.4, "sad": 0.15}
    quiet = rows("customer", ("silence", 10))
    doubts = {
        VOICE_NEW: {"voice_known": 0.1},
        NOISY: {"level_dbfs": -55.0},
        CLOSE: {},
    }
    for reason, values in doubts.items():
        spoken = [row("customer", 10 + number, "unsure", smoothed=shares, **values) for number in range(8)]
        known = [row("customer", 40, "neutral", voice_known=1.0)]
        leg = analyse(journal(*quiet, *spoken, *known)).legs[0]
        [span] = leg.unsure
        assert (span.first, span.second, span.reasons) == ("neutral", "angry", (reason,))
        assert leg.unsure_seconds == {reason: 8 * STEP}
    short = [row("customer", 10, "unsure", smoothed=shares)]
    [span] = analyse(journal(*quiet, *short, *rows("customer", ("silence", 5), first=11))).legs[0].unsure
    assert span.reasons == (TOO_SHORT,)


def test_an_alert_is_told_with_what_led_to_it() -> None:
    calm, rising = rows("customer", ("neutral", 20)), rows("customer", ("angry", 12), first=20)
    alert = Alert(
        leg="customer", rule="angry>0.6 for 5s", label="angry", onset_seconds=10.0, at_seconds=15.0,
        probability=0.7, delay_seconds=5.0, window=26, onset_sample=10_000, end_sample=15_000,
    )  # fmt: skip
    found = analyse(journal(*calm, *rising, alert))
    [story] = found.legs[0].alerts
    assert story.alert is alert
    assert [episode.kind for episode in story.episodes] == ["neutral", "angry"]
    assert story.before == pytest.approx(0.1)
    assert story.probabilities["angry"] == pytest.approx(0.7)
    assert found.legs[1].alerts == ()


def test_what_the_other_leg_showed_around_an_episode_is_counted() -> None:
    angry = [("silence", 20), ("angry", 10), ("silence", 50), ("angry", 10), ("silence", 30)]
    moved = [("happy", 25), ("sad", 25), ("silence", 20), ("happy", 15), ("unsure", 35)]
    found = analyse(journal(*rows("customer", *angry), *rows("partner", *moved)))
    [first] = [each for each in found.reactions if each.leg == "customer"]
    assert (first.emotion, first.other_leg, first.num_episodes) == ("angry", "partner", 2)
    assert first.before == {"happy": 2}
    assert first.after == {"sad": 1, "unsure": 1}
    assert first.moved == {("happy", "sad"): 1, ("happy", "unsure"): 1}
    assert {each.emotion for each in found.reactions if each.leg == "partner"} == {"happy", "sad"}


def test_a_reaction_says_how_often_one_emotion_became_another() -> None:
    def moved(*pairs: tuple[str, str]) -> dict[tuple[str, str], int]:
        """Give the pairs of a leg that shows the first before and the second after each angry episode."""
        angry = [("silence", 24), ("angry", 6), ("silence", 26)]
        other = [span for before, after in pairs for span in ((before, 27), (after, 29))]
        found = analyse(journal(*rows("customer", *angry * len(pairs)), *rows("partner", *other)))
        [of_angry] = [each for each in found.reactions if each.emotion == "angry" and each.leg == "customer"]
        return dict(of_angry.moved)

    # Both have the same totals before and after.
    swapped = moved(("neutral", "sad"), ("sad", "neutral"), ("neutral", "sad"))
    stayed = moved(("neutral", "neutral"), ("sad", "sad"), ("neutral", "sad"))
    assert swapped == {("neutral", "sad"): 2, ("sad", "neutral"): 1}
    assert stayed == {("neutral", "neutral"): 1, ("sad", "sad"): 1, ("neutral", "sad"): 1}


def test_overlap_is_the_time_in_which_several_legs_talk() -> None:
    found = analyse(
        journal(*rows("customer", ("angry", 10)), *rows("partner", ("silence", 6), ("unsure", 8)))
    )
    assert found.overlap_seconds == 2.0
    assert [leg.talk_share for leg in found.legs] == [5 / 9, 4 / 9]


def test_a_summary_knows_what_was_heard_of_the_other_leg() -> None:
    summary = replace(
        SUMMARY, seconds=60.0, talk_seconds={"customer": 3.0, "partner": 1.0}, overlap_seconds=0.5
    )
    found = analyse(journal(*rows("customer", ("angry", 10)), summary=summary))
    assert [(leg.talk_seconds, leg.talk_share) for leg in found.legs] == [(3.0, 0.75), (1.0, 0.25)]
    assert (found.overlap_seconds, found.seconds) == (0.5, 60.0)
    assert found.missing == ()


def test_the_talk_of_a_single_leg_is_that_of_its_summary() -> None:
    of_leg = LegSummary(windows=10, state_seconds={}, emotion_seconds={}, talk_seconds=2.5)
    summary = replace(SUMMARY, talk_seconds={}, legs={"customer": of_leg})
    spoken = rows("customer", ("angry", 10))
    [leg] = analyse(journal(*spoken, legs=(CUSTOMER,), summary=summary)).legs
    assert (leg.talk_seconds, leg.talk_is_estimated) == (2.5, False)
    [leg] = analyse(journal(*spoken, legs=(CUSTOMER,))).legs
    assert (leg.talk_seconds, leg.talk_is_estimated) == (5.0, True)


def test_what_failed_and_who_went_away_is_named_once() -> None:
    failure = Failure("clips are suspended: no space left")
    summary = replace(SUMMARY, failures=(failure.message, "the journal was closed"))
    away = Absence(0, "headset", 12.0, "unplugged")
    found = analyse(journal(failures=(failure, failure), absences=(away,), summary=summary))
    assert found.missing == (
        "at 0:00:12.0 the device headset went away: unplugged",
        failure.message,
        "the journal was closed",
    )


def test_what_is_not_whole_is_named() -> None:
    skip = Skip(
        leg="customer", window=9, start=4.5, end=6.5, start_sample=4500, end_sample=6500, lag_seconds=3.0,
        demand=2.0,
    )  # fmt: skip
    found = analyse(
        journal(*rows("customer", ("sad", 3)), skip, gap("partner", 5.0, 8.5), num_broken=1),
        missing=["its clips were kept and are not there any more"],
        is_running=False,
    )
    assert found.missing == (
        "its clips were kept and are not there any more",
        "the session did not end in order: its journal has no summary; these are the first 0:00:08.5",
        "1 line of the journal cut or damaged, left out",
        "customer: 1 window of speech skipped, the machine was slow",
        "partner: 1 gap, 3.5 s of sound (overrun)",
    )
    assert "is being recorded:" in analyse(journal(), is_running=True).missing[0]


def test_the_limits_name_the_line_of_a_leg_and_whether_it_fitted() -> None:
    header = replace(
        journal().header,
        lines={
            "customer": LegLine("trunk", "wideband", 3),
            "partner": LegLine("desk", "wideband", 1),
        },
    )
    found = journal(header=header, line_fits=(LineFit("customer", 12.5, fits=False),))
    assert analyse(found).limits[1:3] == (
        "customer: line trunk (wideband), 3 earlier voices; from 0:00:12.5 on it did not fit and was not "
        "used",
        "partner: line desk (wideband), 1 earlier voice, whose mean every estimate was corrected for",
    )
    assert not any("line" in limit for limit in analyse(journal()).limits[:1])


def test_the_limits_are_those_of_the_card_where_it_is_the_same_model() -> None:
    card = read_model_card(find_model_folder("speech"))
    own = replace(
        journal().header, model="speech", feature_set=f"{card.feature_set}/{card.feature_set_version}"
    )
    assert analyse(journal(header=own)).limits == (OFTEN_WRONG, *card.fails_on)
    for other in (
        {"model": "nobody"},
        {"model": "../speech"},
        {"feature_set": "other/1"},
        {"labels": ("a",)},
    ):
        limits = analyse(journal(header=replace(own, **other))).limits
        assert limits[0] == OFTEN_WRONG
        assert "not installed here" in limits[1]


def test_a_session_of_nothing_is_told_as_one() -> None:
    level_only = replace(PARTNER, analysed=False)
    found = analyse(journal(legs=(CUSTOMER, level_only)))
    assert (found.seconds, found.overlap_seconds, found.reactions) == (0.0, 0.0, ())
    assert [leg.starts.shape for leg in found.legs] == [(0,), (0,)]
    assert [leg.smoothed.shape for leg in found.legs] == [(0, 4), (0, 4)]
    assert (
        analyse(journal(*rows("customer", ("noise", 1)), legs=(replace(CUSTOMER, staff=True),)))
        .legs[0]
        .is_staff
    )


def test_a_journal_of_more_legs_than_there_can_be_is_refused() -> None:
    legs = [LegPlan(f"leg{number}", 0, 0) for number in range(9)]
    with pytest.raises(JournalError, match="has 9 legs, and 8 are the most"):
        analyse(journal(legs=legs))
    labels = tuple(map(str, range(33)))
    with pytest.raises(JournalError, match="has 33 labels, and 32 are the most"):
        analyse(journal(header=replace(journal().header, labels=labels)))


KINDS = st.sampled_from((*LABELS, "unsure", "silence", "noise", "clipped"))
SPANS = st.lists(st.tuples(KINDS, st.integers(1, 12)), max_size=12)


@given(SPANS, SPANS, st.lists(st.integers(0, 80), max_size=3), st.randoms(use_true_random=False))
def test_whatever_a_journal_holds_the_lane_has_each_window_once(
    customer: list[tuple[str, int]], partner: list[tuple[str, int]], gaps: list[int], random: Any
) -> None:
    events: list[Event] = [*rows("customer", *customer), *rows("partner", *partner)]
    events += [gap("customer", at * STEP, at * STEP + 1.0) for at in gaps]
    random.shuffle(events)
    found = analyse(journal(*events))
    for leg, spans in zip(found.legs, (customer, partner), strict=True):
        num_windows = sum(count for _, count in spans)
        assert len(leg.starts) == num_windows
        assert (np.diff(leg.starts) > 0).all()
        assert sum(episode.num_windows for episode in leg.episodes) == num_windows
        assert all(before.end <= after.start for before, after in pairwise(leg.episodes))
        assert sum(leg.state_seconds.values()) == pytest.approx(num_windows * STEP)
        for moment in leg.moments:
            # The mean is over the windows of the moment, and no other.
            assert moment.probabilities[moment.episode.kind] == pytest.approx(0.7, abs=1e-6)
        assert all(change.before != change.after for change in leg.changes)
    for reaction in found.reactions:
        assert sum(reaction.before.values()) <= reaction.num_episodes
        assert sum(reaction.after.values()) <= reaction.num_episodes
        for side, totals in enumerate((reaction.before, reaction.after)):
            for kind, count in totals.items():
                moved = sum(times for pair, times in reaction.moved.items() if pair[side] == kind)
                assert moved <= count
