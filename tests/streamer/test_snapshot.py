"""Who talks, for how long, and who talked last."""

from dataclasses import replace

from streamer.events import Row
from streamer.snapshot import TalkTime
from tests.session_material import silent_row, speech_row

STEP = 0.05


def rows(leg: str, spoken: str) -> list[Row]:
    """Give a row a step: ``x`` where the leg talks."""
    return [
        replace(speech_row(step) if each == "x" else silent_row(step), leg=leg)
        for step, each in enumerate(spoken)
    ]


def talk_of(customer: str, agent: str) -> TalkTime:
    talk = TalkTime(["customer", "agent"], STEP)
    for pair in zip(rows("customer", customer), rows("agent", agent), strict=True):
        for row in pair:
            talk.take(row)
    return talk


def test_shares_and_overlap() -> None:
    talk = talk_of("xxxxxx....", "....xxxx..")
    assert talk.seconds("customer") == 6 * STEP
    assert talk.seconds("agent") == 4 * STEP
    assert talk.share("customer") == 0.6
    assert talk.overlap_seconds == 2 * STEP
    assert talk.last == "agent"


def test_who_began_later_spoke_last_also_while_both_talk() -> None:
    assert talk_of("xxxxxx", "..xx..").last == "customer"
    assert talk_of("xxxxxx", "...xxx").last == "agent"
    assert talk_of("x..", "...").last == "customer"


def test_nobody_has_talked() -> None:
    talk = talk_of("...", "...")
    assert talk.last is None
    assert talk.share("customer") is None
    assert not talk.talks_now("customer", 0.2)


def test_one_that_is_not_analysed_has_no_share() -> None:
    talk = talk_of("x", ".")
    assert talk.share("boss") is None
    assert not talk.talks_now("boss", 0.2)


def test_now_is_the_latest_step() -> None:
    talk = talk_of("xx.", ".xx")
    end = speech_row(2).end
    assert talk.talks_now("agent", end)
    assert talk.talks_now("customer", end), "for half a step more, so that nothing flickers"
    assert not talk.talks_now("customer", end + STEP)


def test_the_order_of_the_legs_does_not_matter() -> None:
    talk = TalkTime(["customer", "agent"], STEP)
    for row in [*rows("agent", "..xx"), *rows("customer", "xxx.")]:
        talk.take(row)
    assert talk.overlap_seconds == STEP
