"""How legs are named, and what is refused."""

import pytest

from emotion.errors import UsageError
from streamer.leg_plan import (
    LegPlan,
    choose_analysed,
    is_staff_name,
    kept_channels,
    leg_notes,
    named_legs,
    side_legs,
)
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
        ("right=agent", [source(1)], "one channel; its number is 1$"),
        ("a,b", [source(1)], "2 names, but call.wav has one channel; give one name, such as --legs a$"),
        ("a,b,c", STEREO, "3 names, but call.wav has 2 channels; .* such as --legs left=customer,right="),
        ("a,b", [source(6)], "2 names, but call.wav has 6 channels; .* such as --legs 1=a,2=b$"),
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
    legs = choose_analysed(named_legs("left=customer,right=friend", STEREO), " Customer")
    assert [leg.analysed for leg in legs] == [True, False]
    assert kept_channels(legs, 0, 2) == (0,)
    assert leg_notes(legs, STEREO) == ("friend: level only, neither analysed nor recorded",)
    nobody = choose_analysed(named_legs("me,them", TWO_DEVICES), "them")
    assert (kept_channels(nobody, 0, 1), kept_channels(nobody, 1, 2)) == ((), (0, 1))
    with pytest.raises(UsageError, match="--analyse names 'boss', but the legs are customer, friend"):
        choose_analysed(legs, "customer,boss")


@pytest.mark.parametrize(
    "name",
    ["agent", "Agent", "AGENTS", "agent2", "agent-2", "support_agent", "employee.1", "staff", "\uff41gent"],
)
def test_a_leg_called_so_is_staff(name: str) -> None:
    assert is_staff_name(name)
    (customer, staff) = choose_analysed([LegPlan("customer", channel=0), LegPlan(name, channel=1)])
    assert (customer.staff, customer.analysed) == (False, True)
    assert (staff.staff, staff.analysed) == (True, False)


@pytest.mark.parametrize("name", ["management", "agency", "reagent", "staffan", "customer", "me", "mono"])
def test_a_leg_called_otherwise_is_not(name: str) -> None:
    assert not is_staff_name(name)
    assert choose_analysed([LegPlan(name)]) == (LegPlan(name),)


def analysed_names(text: str, analyse: str | None, staff: str | None) -> tuple[list[str], list[str]]:
    legs = choose_analysed(named_legs(text, [source(3)]), analyse, staff)
    return [leg.name for leg in legs if leg.analysed], [leg.name for leg in legs if leg.staff]


def test_staff_is_analysed_only_where_analyse_names_it() -> None:
    names = "a,b,agent"
    assert analysed_names(names, None, None) == (["a", "b"], ["agent"])
    assert analysed_names(names, None, "B") == (["a"], ["b", "agent"])
    assert analysed_names(names, "agent", None) == (["agent"], ["agent"])
    assert analysed_names(names, "a,b", "b") == (["a", "b"], ["b", "agent"])
    with pytest.raises(UsageError, match="--staff names 'c', but the legs are a, b, agent"):
        analysed_names(names, None, "c")
    with pytest.raises(UsageError, match="--staff names ''"):
        analysed_names(names, None, "")


def test_a_session_of_nobody_but_staff_is_refused_unless_one_is_named() -> None:
    with pytest.raises(UsageError, match=r"nobody to analyse but staff \(a, b, agent\).*--analyse a$"):
        analysed_names("a,b,agent", None, "a,b")
    assert analysed_names("a,b,agent", "b", "a,b") == (["b"], ["a", "b", "agent"])


def test_a_recorded_session_keeps_its_staff_and_what_was_not_analysed() -> None:
    recorded = [
        LegPlan("a", channel=0, staff=True),
        LegPlan("b", channel=1),
        LegPlan("c", channel=2, analysed=False),
    ]
    assert [leg.analysed for leg in choose_analysed(recorded)] == [False, True, False]
    assert [leg.analysed for leg in choose_analysed(recorded, "a,c")] == [True, False, True]


def test_staff_is_noted_whether_it_is_analysed_or_not() -> None:
    legs = named_legs("customer,agent", STEREO)
    assert leg_notes(choose_analysed(legs), STEREO) == (
        "agent: staff, level only (AI Act art. 5(1)(f)); --analyse overrides",
    )
    assert leg_notes(choose_analysed(legs, "customer,agent"), STEREO) == (
        "agent: staff, analysed by --analyse; AI Act art. 5(1)(f) prohibits this",
    )


def test_what_is_mixed_down_is_noted_once() -> None:
    assert leg_notes([LegPlan()], STEREO) == ("two channels mixed down to one",)
    assert leg_notes(side_legs(STEREO), STEREO) == ()
