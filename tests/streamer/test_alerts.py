"""Alert rules: what is parsed and refused, and the alerts that rows raise."""

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from itertools import accumulate, pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from emotion.card import LABELS
from emotion.errors import UsageError
from streamer.alerts import COOLDOWN_SECONDS, PAUSE_SECONDS, Alerting, AlertRule
from streamer.events import Alert, Row
from tests.alert_material import RATE, STEP_SECONDS, WIN_SECONDS, angry_row

GOOD = {
    "angry>0.7": (None, "angry", 0.7, False, 0.0),
    "angry>0.7 for 5s": (None, "angry", 0.7, False, 5.0),
    "angry > .7": (None, "angry", 0.7, False, 0.0),
    "customer:sad>=60% for 8 s": ("customer", "sad", 0.6, True, 8.0),
    " customer : sad >= 62.5 % for 0.5s ": ("customer", "sad", 0.625, True, 0.5),
    "leg-2.b:happy>5%": ("leg-2.b", "happy", 0.05, False, 0.0),
    "angry:neutral>0.99 for 0s": ("angry", "neutral", 0.99, False, 0.0),
    "Kundë:angry\t>\n.5": ("Kundë", "angry", 0.5, False, 0.0),
    "angry>0.5" + "0" * 191: (None, "angry", 0.5, False, 0.0),
}

BAD = {
    "": "--alert '': it has no '>' between the emotion and the value; write for example 'angry",
    "angry": "no '>'",
    "angry<0.7": "no '>'",
    ">0.7": "'' is none of angry, happy, neutral, sad",
    "mad>0.7": "'mad' is none of",
    "Angry>0.7": "'Angry' is none of",
    ":angry>0.7": "'' cannot be the name of a leg",
    "a b:angry>0.7": "'a b' cannot be the name of a leg",
    "a:b:angry>0.7": "'a:b' cannot be the name of a leg",
    "angry>": "'' is neither",
    "angry>>0.7": "'>0.7' is neither",
    "angry=>0.7": "'angry=' is none of",
    "angry>0": "'0' is neither",
    "angry>1": "'1' is neither",
    "angry>70": "'70' is neither",
    "angry>0%": "'0%' is neither",
    "angry>100%": "'100%' is neither",
    "angry>-0.5": "'-0.5' is neither",
    "angry>nan": "'nan' is neither",
    "angry>5e-1": "'5e-1' is neither",
    "angry>0.7.1": "'0.7.1' is neither",
    "angry>\u0660.\u0667": "is neither",
    "angry>0.7 for": "'0.7 for' is neither",
    "angry>0.7 for 5": "'5' after 'for' is no time in seconds",
    "angry>0.7 for s": "'s' after 'for' is no time",
    "angry>0.7 for -5s": "'-5s' after 'for' is no time",
    "angry>0.7 for 5min": "'5min' after 'for' is no time",
    "angry>0.7 for inf s": "'inf s' after 'for' is no time",
    "angry>0.7 for 5s for 6s": "'5s for 6s' after 'for' is no time",
    "angry>0.7 5s": "'0.7 5s' is neither",
}


@pytest.mark.parametrize("text", GOOD)
def test_a_rule_is_understood(text: str) -> None:
    rule = AlertRule.parse(text)
    assert (rule.leg, rule.label, rule.threshold, rule.or_equal, rule.hold_seconds) == GOOD[text]
    assert rule.text == " ".join(text.split())
    assert AlertRule.parse(rule.text) == rule


@pytest.mark.parametrize("text", BAD)
def test_anything_else_is_refused_with_what_is_wrong_and_an_example(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        AlertRule.parse(text)
    message = str(caught.value)
    assert message.startswith(f"--alert {text!r}: ")
    assert BAD[text] in message
    assert "angry>0.7 for 5s" in message


@pytest.mark.parametrize(
    "text", ["a" * 100_000, "angry>0." + "7" * 100_000, "angry>0.7 for " + "9" * 400 + "s"]
)
def test_a_rule_of_absurd_length_is_refused_by_its_beginning(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        AlertRule.parse(text)
    message = str(caught.value)
    assert message.startswith(f"--alert '{text[:200]}...': it has {len(text)} characters")
    assert len(message) < 500


PARTS = [
    "angry",
    "sad",
    "customer",
    ":",
    ">",
    ">=",
    "0.7",
    ".5",
    "60",
    "%",
    " ",
    " for ",
    "5",
    "s",
    "\x00",
    "é",
]


@given(st.one_of(st.text(), st.lists(st.sampled_from(PARTS), max_size=12).map("".join)))
@example("customer\x1b[2J:angry>0.5\ud800")
def test_garbage_gives_a_rule_or_one_line_of_refusal(text: str) -> None:
    try:
        rule = AlertRule.parse(text)
    except UsageError as error:
        text = str(error)
    else:
        text = rule.text
        assert rule.label in LABELS
        assert 0 < rule.threshold < 1
        assert 0 <= rule.hold_seconds < float("inf")
    assert text.isprintable()


def test_more_than_is_not_as_much_as() -> None:
    more, as_much = AlertRule.parse("angry>0.5"), AlertRule.parse("angry>=0.5")
    assert [more.is_over(value) for value in (0.49, 0.5, 0.51)] == [False, False, True]
    assert [as_much.is_over(value) for value in (0.49, 0.5, 0.51)] == [False, True, True]


def test_a_rule_watches_all_legs_or_the_one_it_names() -> None:
    legs = ("Customer", "friend")
    assert AlertRule.parse("angry>0.7").watched_legs(legs) == legs
    assert AlertRule.parse("customer:angry>0.7").watched_legs(legs) == ("Customer",)
    with pytest.raises(
        UsageError, match="watches the leg 'boss', but those analysed are Customer, friend; name"
    ):
        AlertRule.parse("boss:angry>0.7").watched_legs(legs)


OVER, BAND, BELOW, SILENT = 0.8, 0.65, 0.3, None
COOLDOWN_WINDOWS = round(COOLDOWN_SECONDS / STEP_SECONDS)
PAUSE_WINDOWS = round(PAUSE_SECONDS / STEP_SECONDS)

Probabilities = Sequence[float | None]


def watch(rule: str = "angry>0.7 for 5s") -> Alerting:
    return Alerting([AlertRule.parse(rule)], ["customer"], STEP_SECONDS)


def alerts_of(watching: Alerting, rows: Iterable[Row]) -> list[Alert]:
    return [alert for row in rows for alert in watching.take(row)]


def alerts(probabilities: Probabilities, rule: str = "angry>0.7 for 5s") -> list[Alert]:
    return alerts_of(watch(rule), (angry_row(at, value) for at, value in enumerate(probabilities)))


def windows_needed(hold_seconds: float) -> int:
    """Count the windows above the threshold that make up so many seconds."""
    return 1 + max(0, math.ceil((hold_seconds - WIN_SECONDS) / STEP_SECONDS))


def test_an_alert_names_its_onset_and_its_delay() -> None:
    raised = alerts([BELOW] * 4 + [OVER] * 20)
    assert raised == [
        Alert(
            leg="customer",
            rule="angry>0.7 for 5s",
            label="angry",
            onset_seconds=2.0,
            at_seconds=7.0,
            probability=0.8,
            delay_seconds=5.0,
            window=10,
            onset_sample=2 * RATE,
            end_sample=7 * RATE,
        )
    ]
    assert raised[0].text == "customer angry 0.80 for 5.0 s (angry>0.7 for 5s)"


holds = st.sampled_from([0.0, 0.3, 1.0, 2.0, 2.1, 2.5, 4.9, 5.0, 8.0])


@given(
    holds,
    st.lists(st.tuples(st.integers(1, 20), st.sampled_from([BELOW, SILENT])), min_size=1, max_size=6),
)
def test_each_episode_that_lasts_raises_one_alert_after_its_seconds(
    hold: float, episodes: list[tuple[int, float | None]]
) -> None:
    probabilities: list[float | None] = []
    onsets = []
    for length, between in episodes:
        if length >= windows_needed(hold):
            onsets.append(len(probabilities) * STEP_SECONDS)
        probabilities += [OVER] * length + [between] * COOLDOWN_WINDOWS
    raised = alerts(probabilities, f"angry>0.7 for {hold}s")
    delay = max(WIN_SECONDS, math.ceil(hold / STEP_SECONDS) * STEP_SECONDS)
    assert [alert.onset_seconds for alert in raised] == onsets
    assert [alert.delay_seconds for alert in raised] == [delay] * len(onsets)


wavers = st.lists(st.integers(-PAUSE_WINDOWS, 12), min_size=1, max_size=20)
"""After each window above the threshold: so many just under it or, if negative, so many without speech."""


@given(st.lists(wavers, min_size=1, max_size=4))
def test_wavering_and_pauses_make_an_alert_later_but_neither_lose_nor_double_it(
    episodes: list[list[int]],
) -> None:
    probabilities: list[float | None] = []
    expected = []
    for episode in episodes:
        for number, waver in enumerate(episode, start=1):
            probabilities.append(OVER)
            if number == windows_needed(5.0):
                expected.append(len(probabilities) - 1)
            probabilities += [BAND] * waver if waver > 0 else [SILENT] * -waver
        probabilities += [BELOW] * COOLDOWN_WINDOWS
    assert [alert.window for alert in alerts(probabilities)] == expected


@given(st.lists(st.sampled_from([OVER, OVER, OVER, BAND, BELOW, SILENT]), max_size=300), holds)
def test_whatever_comes_two_alerts_are_of_two_episodes_and_a_cool_down_apart(
    probabilities: list[float | None], hold: float
) -> None:
    raised = alerts(probabilities, f"angry>0.7 for {hold}s")
    for first, second in pairwise(raised):
        assert second.at_seconds - first.at_seconds >= COOLDOWN_SECONDS
        between = probabilities[first.window + 1 : round(second.onset_seconds / STEP_SECONDS)]
        silent = "".join("." if value is SILENT else "x" for value in between)
        assert BELOW in between or "." * (PAUSE_WINDOWS + 1) in silent
    for alert in raised:
        onset = round(alert.onset_seconds / STEP_SECONDS)
        assert probabilities[onset] == probabilities[alert.window] == OVER
        assert BELOW not in probabilities[onset : alert.window]


@pytest.mark.parametrize(
    ("middle", "is_one_episode"),
    [
        ([BAND] * 200, True),
        ([0.6] * 3, True),
        ([0.59], False),
        ([SILENT] * PAUSE_WINDOWS, True),
        ([SILENT] * (PAUSE_WINDOWS + 1), False),
        ([SILENT] * PAUSE_WINDOWS + [BAND] + [SILENT] * PAUSE_WINDOWS, True),
    ],
)
def test_what_ends_an_episode(middle: Probabilities, *, is_one_episode: bool) -> None:
    raised = alerts([OVER] * 5 + list(middle) + [OVER] * 5)
    assert bool(raised) is is_one_episode
    assert all(alert.onset_seconds == 0.0 for alert in raised)


@pytest.mark.parametrize("num_unsure", [PAUSE_WINDOWS, PAUSE_WINDOWS + 1])
@pytest.mark.parametrize("probability", [OVER, BELOW])
def test_unsure_windows_are_taken_like_silence(num_unsure: int, probability: float) -> None:
    unsure = [angry_row(5 + number, probability, state="unsure") for number in range(num_unsure)]
    before = [angry_row(number, OVER) for number in range(5)]
    after = [angry_row(5 + num_unsure + number, OVER) for number in range(5)]
    assert bool(alerts_of(watch(), [*before, *unsure, *after])) is (num_unsure <= PAUSE_WINDOWS)


def test_an_episode_within_the_cool_down_raises_its_alert_after_it_with_the_delay() -> None:
    first, second = alerts([OVER] * 10 + [BELOW] * 10 + [OVER] * COOLDOWN_WINDOWS)
    assert second.at_seconds == first.at_seconds + COOLDOWN_SECONDS
    assert second.onset_seconds == 20 * STEP_SECONDS
    assert second.delay_seconds == second.at_seconds - second.onset_seconds > 5.0


def test_an_episode_that_is_over_before_the_cool_down_raises_no_alert() -> None:
    assert len(alerts([OVER] * 10 + [BELOW] * 10 + [OVER] * 20 + [BELOW] * COOLDOWN_WINDOWS)) == 1


def test_a_long_episode_raises_one_alert() -> None:
    assert len(alerts([OVER] * (COOLDOWN_WINDOWS * 10))) == 1


def test_a_gap_ends_the_episode_but_not_the_cool_down() -> None:
    watching = watch()
    assert alerts_of(watching, (angry_row(at, OVER) for at in range(6))) == []
    watching.interrupt("customer")
    raised = alerts_of(watching, (angry_row(at, OVER) for at in range(100, 120)))
    assert [alert.onset_seconds for alert in raised] == [50.0]
    watching.interrupt("customer")
    assert alerts_of(watching, (angry_row(at, OVER) for at in range(130, 150))) == []


def test_a_low_threshold_can_be_fallen_under() -> None:
    raised = alerts(([0.07] * 2 + [0.02] * COOLDOWN_WINDOWS) * 2, "angry>6%")
    assert len(raised) == 2


def test_a_low_threshold_is_fallen_under_at_half_of_it() -> None:
    assert len(alerts(([0.07] * 2 + [0.035] * COOLDOWN_WINDOWS) * 2, "angry>6%")) == 1


def test_other_legs_are_passed_over() -> None:
    watching = watch("angry>0.7")
    rows = [angry_row(0, OVER, leg="friend"), angry_row(0, BELOW), angry_row(1, OVER)]
    assert [alert.window for alert in alerts_of(watching, rows)] == [1]


@pytest.mark.parametrize("rate", [11_025, 44_100, 48_000])
def test_windows_on_whole_samples_are_long_enough(rate: int) -> None:
    """A window may be a sample shorter than win, and a step too."""
    watching = watch()
    rows = (
        replace(
            angry_row(number, OVER),
            start=math.ceil(number * STEP_SECONDS * rate) / rate,
            end=math.floor((number * STEP_SECONDS + WIN_SECONDS) * rate) / rate,
        )
        for number in range(1, 30)
    )
    assert [alert.window for alert in alerts_of(watching, rows)] == [windows_needed(5.0)]


def with_holes(probabilities: Probabilities, skipped: Collection[int]) -> list[Row]:
    """Give the rows of all windows but those skipped."""
    return [angry_row(at, value) for at, value in enumerate(probabilities) if at not in skipped]


COVERED_HOLE = round(WIN_SECONDS / STEP_SECONDS) - 1
"""So many windows in a row can be skipped, and the windows on both sides still cover all sound."""

covered_holes = st.lists(st.integers(0, COVERED_HOLE), min_size=30, max_size=30)
long_holes = st.lists(st.integers(0, 3 * COVERED_HOLE), min_size=30, max_size=30)


@given(holds, covered_holes | long_holes)
def test_holes_neither_break_nor_shorten_what_an_alert_asks_for(hold: float, lengths: list[int]) -> None:
    kept = [0, *accumulate(length + 1 for length in lengths)]
    probabilities = [OVER] * (kept[-1] + 1)
    rule = f"angry>0.7 for {hold}s"
    whole = alerts(probabilities, rule)[0]
    raised = alerts_of(watch(rule), with_holes(probabilities, set(range(kept[-1])) - set(kept)))[0]
    assert raised.onset_seconds == whole.onset_seconds
    in_time = min(at for at in kept if at >= whole.window)
    assert raised.window == in_time or (raised.window > in_time and max(lengths) > COVERED_HOLE)


def test_sound_that_no_window_covers_counts_for_nothing() -> None:
    # Two windows, two seconds each, with four seconds between them that were skipped.
    rows = with_holes([OVER] * 20, set(range(1, 12)))
    [alert] = alerts_of(watch("angry>0.7 for 5s"), rows)
    assert alert.window == 14, "2 s, 2 s, and then two steps"
    assert alert.onset_seconds == 0.0


@pytest.mark.parametrize("before", [OVER, BAND, SILENT])
def test_a_hole_longer_than_a_pause_ends_no_episode(before: float | None) -> None:
    num_skipped = PAUSE_WINDOWS + 2
    probabilities = [OVER] * 5 + [before] + [OVER] * (num_skipped + 6)
    [alert] = alerts_of(watch("angry>0.7 for 6s"), with_holes(probabilities, set(range(6, 6 + num_skipped))))
    assert alert.onset_seconds == 0.0


def test_what_is_below_after_a_hole_ends_the_episode() -> None:
    rows = with_holes([OVER] * 5 + [OVER] * 4 + [BELOW] + [OVER] * 3, set(range(5, 9)))
    assert not alerts_of(watch("angry>0.7 for 5s"), rows)


LEGS = ("customer", "friend")
OVER_ROW, BELOW_ROW = 0.8, 0.1
LEGS_COOLDOWN_SECONDS = 10.0


def alerting(*rules: str) -> Alerting:
    return Alerting([AlertRule.parse(rule) for rule in rules], LEGS, STEP_SECONDS, LEGS_COOLDOWN_SECONDS)


def test_each_rule_is_followed_on_each_of_its_legs() -> None:
    following = alerting("angry>0.5", "friend:angry>0.6")
    assert (following.num_alerts, following.holding) == (0, ())
    assert [(each.leg, each.rule) for each in following.take(angry_row(0, OVER_ROW, leg="friend"))] == [
        ("friend", "angry>0.5"),
        ("friend", "friend:angry>0.6"),
    ]
    assert [(each.leg, each.rule) for each in following.take(angry_row(0, OVER_ROW))] == [
        ("customer", "angry>0.5")
    ]
    assert following.take(angry_row(1, OVER_ROW)) == []
    assert following.num_alerts == 3
    assert following.holding == (
        "customer angry 0.80 for 2.0 s (angry>0.5)",
        "friend angry 0.80 for 2.0 s (angry>0.5)",
        "friend angry 0.80 for 2.0 s (friend:angry>0.6)",
    )


def test_the_cool_down_and_the_step_are_those_given() -> None:
    following = alerting("angry>0.5 for 3s")
    rows = [angry_row(number, BELOW_ROW if number == 10 else OVER_ROW) for number in range(60)]
    raised = [alert for row in rows for alert in following.take(row)]
    assert [alert.at_seconds for alert in raised] == [3.0, 13.0]


def test_a_gap_ends_the_episodes_of_its_leg_alone() -> None:
    following = alerting("angry>0.5")
    for leg in LEGS:
        following.take(angry_row(0, OVER_ROW, leg=leg))
    following.interrupt("friend")
    assert following.holding == ("customer angry 0.80 for 2.0 s (angry>0.5)",)
    following.take(angry_row(1, BELOW_ROW))
    assert not following.holding


def test_a_rule_for_a_leg_that_there_is_not_is_refused() -> None:
    with pytest.raises(UsageError, match="those analysed are customer, friend; name"):
        alerting("boss:angry>0.5")
