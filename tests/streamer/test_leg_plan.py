"""How legs are named, and what is refused."""

import pytest

from emotion.errors import UsageError
from streamer.leg_plan import LegPlan, kept_channels, leg_notes, named_legs, only_analysed, side_legs
from streamer.sources.base import SourceInfo


def source(channels: int, *, live: bool = False) -> SourceInfo:
    return SourceInfo("call.wav", 8000, channels, "PCM_16", None, live)


STEREO = [source(2)]
TWO_DEVICES = [source(1, live=True), source(2, live=True)]


@pytest.mark.parametrize(
    ("text", "sources", "legs"),
    [
        ("left=customer,right=agent", STEREO, (LegPlan("customer", 0, 0), LegPlan("agent", 0, 1))),
        ("Right = agent , left=customer", STEREO, (LegPlan("agent", 0, 1), LegPlan("customer", 0, 0))),
        ("2=bob,1=ann", STEREO, (LegPlan("bob", 0, 1), LegPlan("ann", 0, 0))),
        ("3=eve", [source(3)], (LegPlan("eve", 0, 2),)),
        ("left=customer", STEREO, (LegPlan("customer", 0, 0),)),
        ("customer,agent", STEREO, (LegPlan("customer", 0, 0), LegPlan("agent", 0, 1))),
        ("everybody", STEREO, (LegPlan("everybody"),)),
        ("me,them", TWO_DEVICES, (LegPlan("me", 0), LegPlan("them", 1))),
    ],
)
def test_names(text: str, sources: list[SourceInfo], legs: tuple[LegPlan, ...]) -> None:
    assert named_legs(text, sources) == legs


@pytest.mark.parametrize(
    ("text", "sources", "message"),
    [
        ("left=customer,right=Customer", STEREO, "twice"),
        ("left=,right=agent", STEREO, "''"),
        ("left=a b,right=agent", STEREO, "'a b'"),
        ("left=../x", STEREO, "letters"),
        ("left=customer,agent", STEREO, "not of all"),
        ("middle=agent", STEREO, "'middle', but call.wav has 2 channels"),
        ("0=agent", STEREO, "'0'"),
        ("3=agent", STEREO, "'3'"),
        ("²=agent", STEREO, "'²'"),
        ("right=agent", [source(1)], "one channel"),
        ("a,b,c", STEREO, "3 names, but call.wav has 2 channels"),
        ("me", TWO_DEVICES, "1 names for 2 sources"),
        ("left=me,right=them", TWO_DEVICES, "2 sources; give a name for each"),
        ("a,b,c,d,e,f,g,h,i", [source(9)], "8 are the most"),
    ],
)
def test_what_cannot_be_is_refused(text: str, sources: list[SourceInfo], message: str) -> None:
    with pytest.raises(UsageError, match=message.replace("'", "'")):
        named_legs(text, sources)


def test_unnamed_legs() -> None:
    assert side_legs([source(1)]) == side_legs([source(6)]) == (LegPlan("mono"),)
    assert side_legs(STEREO) == (LegPlan("left", 0, 0), LegPlan("right", 0, 1))
    assert side_legs([source(2, live=True)]) == (LegPlan("mono"),), "a microphone of two channels is one leg"
    assert side_legs(TWO_DEVICES) == (LegPlan("leg1", 0), LegPlan("leg2", 1))


def test_what_is_not_analysed_is_kept_from_every_sink_and_noted() -> None:
    legs = only_analysed(named_legs("left=customer,right=agent", STEREO), " Customer")
    assert [leg.analysed for leg in legs] == [True, False]
    assert kept_channels(legs, 0, 2) == (0,)
    assert leg_notes(legs, STEREO) == ("agent: level only, neither analysed nor recorded",)
    nobody = only_analysed(named_legs("me,them", TWO_DEVICES), "them")
    assert (kept_channels(nobody, 0, 1), kept_channels(nobody, 1, 2)) == ((), (0, 1))
    with pytest.raises(UsageError, match="'boss', but the legs are customer, agent"):
        only_analysed(legs, "customer,boss")


def test_what_is_mixed_down_is_noted_once() -> None:
    assert leg_notes([LegPlan()], STEREO) == ("two channels mixed down to one",)
    assert leg_notes(side_legs(STEREO), STEREO) == ()
