"""Rules: what is understood, and that everything else is refused in one line with an example."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from emotion.errors import UsageError
from emotion.labels import LABELS
from streamer.alerts.alert_rule import AlertRule

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
        said = str(error)
    else:
        said = rule.text
        assert rule.label in LABELS
        assert 0 < rule.threshold < 1
        assert 0 <= rule.hold_seconds < float("inf")
    assert said.isprintable()


def test_more_than_is_not_as_much_as() -> None:
    more, as_much = AlertRule.parse("angry>0.5"), AlertRule.parse("angry>=0.5")
    assert [more.is_over(value) for value in (0.49, 0.5, 0.51)] == [False, False, True]
    assert [as_much.is_over(value) for value in (0.49, 0.5, 0.51)] == [False, True, True]


def test_a_rule_watches_all_legs_or_the_one_it_names() -> None:
    legs = ("Customer", "agent")
    assert AlertRule.parse("angry>0.7").watched_legs(legs) == legs
    assert AlertRule.parse("customer:angry>0.7").watched_legs(legs) == ("Customer",)
    with pytest.raises(
        UsageError, match="watches the leg 'boss', but those analysed are Customer, agent; name"
    ):
        AlertRule.parse("boss:angry>0.7").watched_legs(legs)
