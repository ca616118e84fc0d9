"""The rows that belong to no leg: alerts, conversation, a machine that is too slow, keys."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from streamer.panel.canvas import MINUS, TALK, WARNING, Canvas, signed
from streamer.panel.panel import draw_panel
from streamer.panel.status import draw_alerts, draw_conversation, draw_keys, has_conversation
from streamer.session_info import SessionInfo
from streamer.snapshot import LegView, Snapshot
from tests.call_material import RULES, call_facts, calls, wandering_call
from tests.panel_material import STARTED, before_the_first_window, panel_facts, text_lines, wandering

ALERT = "customer angry > 0.7 for 5 s"
ONE_LEG = list(wandering(30))[-1], replace(panel_facts(), alerts=RULES)
TWO_LEGS = list(wandering_call(62))[-1], call_facts(alerts=RULES)


def line(alerts: Sequence[str], width: int) -> str:
    """Draw the line of alerts."""
    canvas = Canvas(width, 1)
    draw_alerts(canvas, alerts, RULES)
    return text_lines(canvas)[0]


@pytest.mark.parametrize("session", [ONE_LEG, TWO_LEGS])
@pytest.mark.parametrize(("width", "height"), [(80, 24), (160, 40), (60, 20), (40, 12), (20, 5)])
def test_an_alert_changes_its_own_row_and_no_other(
    session: tuple[Snapshot, SessionInfo], width: int, height: int
) -> None:
    snapshot, facts = session
    before = draw_panel(snapshot, facts, width, height, STARTED).lines()
    after = draw_panel(replace(snapshot, alerts=(ALERT,)), facts, width, height, STARTED).lines()
    [(old, new)] = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    assert "".join(run.text for run in old).strip().startswith("alerts: none now")
    [alert] = [run for run in new if "▲" in run.text]
    assert alert.style == WARNING
    assert alert.text.startswith("▲ customer angry")


@pytest.mark.parametrize("session", [ONE_LEG, TWO_LEGS])
def test_nothing_is_said_of_alerts_where_none_can_come(session: tuple[Snapshot, SessionInfo]) -> None:
    snapshot, facts = session
    text = "\n".join(text_lines(draw_panel(snapshot, replace(facts, alerts=()), 80, 24, STARTED)))
    assert "alert" not in text


def test_alerts_that_do_not_fit_are_counted() -> None:
    many = (ALERT, "agent sad > 0.8 for 10 s", "agent angry > 0.7 for 5 s")
    assert line(many, 120).rstrip() == f"▲ {ALERT}   ▲ {many[1]}   ▲ {many[2]}"
    assert line(many, 80).rstrip() == f"▲ {ALERT}   ▲ {many[1]} +1 more"
    assert line(many, 50).rstrip() == f"▲ {ALERT} +2 more"
    assert line(many, 20) == "▲ customer … +2 more"


def test_what_is_watched_for_is_said() -> None:
    assert all(rule in line((), 80) for rule in RULES)


@given(st.lists(st.text(max_size=50), max_size=6), st.integers(1, 150))
def test_alerts_fit_any_width(alerts: Sequence[str], width: int) -> None:
    assert cell_len(line(alerts, width)) == width


def talking(*shares: float | None, talks: tuple[bool, ...] = (), last: int | None = None) -> Snapshot:
    """Give legs of which each has its share of the talk."""
    names = ("customer", "agent", "boss")
    legs = tuple(
        LegView(
            names[number],
            None,
            -30.0,
            -60.0,
            (),
            talks=number < len(talks) and talks[number],
            talk_share=share,
            spoke_last=number == last,
        )
        for number, share in enumerate(shares)
    )
    return replace(before_the_first_window(), legs=legs, overlap_seconds=3.5)


def drawn_conversation(snapshot: Snapshot, width: int = 76) -> str:
    """Draw the line."""
    canvas = Canvas(width, 1)
    draw_conversation(canvas, snapshot)
    return text_lines(canvas)[0]


@pytest.mark.parametrize(("share", "filled"), [(0.0, 0), (0.25, 10), (0.5, 20), (1.0, 40)])
def test_the_bar_tells_the_shares_apart_without_colour(share: float, filled: int) -> None:
    line = drawn_conversation(talking(share, 1 - share), 120)
    start, end = line.index("%") + 2, line.rindex("%") - 4
    bar = line[start:end].strip()
    assert bar.count("▆") == round(len(bar) * filled / 40)
    assert bar == "▆" * bar.count("▆") + "▃" * bar.count("▃")
    assert f"customer {round(100 * share):3d} %" in line
    assert f"{round(100 * (1 - share)):3d} % agent" in line


def test_before_anybody_has_talked_the_bar_is_empty_and_nobody_was_last() -> None:
    line = drawn_conversation(talking(None, None))
    assert "▆" not in line
    assert "customer ───" in line
    assert "spoke last \N{EN DASH}" in line


def test_both_talk_is_said_while_they_do_with_the_seconds_so_far() -> None:
    assert "both talked   3.5 s" in drawn_conversation(talking(0.5, 0.5, talks=(True, False)))
    canvas = Canvas(76, 1)
    draw_conversation(canvas, talking(0.5, 0.5, talks=(True, True)))
    [mark] = [run for run in canvas.lines()[0] if "both talk ▸" in run.text]
    assert mark.style == TALK
    assert "3.5 s" in mark.text
    assert "both talk ▸" not in drawn_conversation(
        replace(talking(0.5, 0.5, talks=(True, True)), paused=True)
    )
    assert "several talk ▸   3.5 s" in drawn_conversation(talking(0.5, 0.3, 0.2, talks=(True, True, False)))


def test_it_says_who_spoke_last() -> None:
    assert "spoke last agent" in drawn_conversation(talking(0.5, 0.5, last=1))
    assert "spoke last boss" in drawn_conversation(talking(0.5, 0.3, 0.2, last=2))


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-0.02, f"{MINUS}0.02 s"), (0.1, "+0.10 s"), (-0.001, "+0.00 s"), (1e9, "+99.99 s")],
)
def test_drift_between_two_devices_is_said(seconds: float, words: str) -> None:
    snapshot = replace(talking(0.5, 0.5), drift_seconds=seconds)
    assert words in drawn_conversation(snapshot)
    assert "drift" not in drawn_conversation(talking(0.5, 0.5))
    alone = replace(talking(0.5), drift_seconds=seconds)
    assert has_conversation(alone)
    assert drawn_conversation(alone).strip().startswith("drift")


def test_one_leg_alone_is_no_conversation() -> None:
    assert not has_conversation(talking(1.0))
    assert has_conversation(talking(0.5, 0.5))


@given(calls(), st.integers(1, 200))
def test_the_conversation_fits_any_width(call: tuple[Snapshot, object], width: int) -> None:
    assert cell_len(drawn_conversation(call[0], width)) == width


@given(st.floats(-1e6, 1e6))
def test_differences_never_jump(value: float) -> None:
    assert len(signed(value)) == 6


SLOW_MONO = list(wandering(30))[-1], panel_facts()
SLOW_CALL = list(wandering_call(62))[-1], call_facts()


def lines_of(snapshot: Snapshot, facts: SessionInfo, size: tuple[int, int]) -> list[str]:
    return text_lines(draw_panel(snapshot, facts, *size, STARTED))


@pytest.mark.parametrize("session", [SLOW_MONO, SLOW_CALL])
@pytest.mark.parametrize("size", [(80, 24), (120, 40), (160, 40)])
@pytest.mark.parametrize(("factor", "said"), [(1.4, "x1.4"), (12.34, "x12.3"), (1e9, "x99.9")])
def test_it_says_how_much_too_slow_and_moves_nothing(
    session: tuple[Snapshot, SessionInfo], size: tuple[int, int], factor: float, said: str
) -> None:
    snapshot, facts = session
    before = lines_of(snapshot, facts, size)
    slow = replace(snapshot, too_slow=factor, skipped=37)
    after = lines_of(slow, facts, size)
    assert "skipped    0" in "\n".join(before)
    assert "skipped!  37" in "\n".join(after)
    assert f"!too slow: {said} " in "\n".join(after)
    assert "real-time factor" not in "\n".join(after)
    for old, new in zip(before, after, strict=True):
        at = old.find("real-time factor")
        changed = new if at < 0 else new[:at] + old[at : at + 22] + new[at + 22 :]
        assert changed.replace("skipped!  37", "skipped    0") == old
    runs = [run for line in draw_panel(slow, facts, *size, STARTED).lines() for run in line]
    assert {run.style for run in runs if "too slow" in run.text} == {WARNING}


def test_what_it_has_cost_stays_when_it_is_over() -> None:
    snapshot, facts = SLOW_MONO
    text = "\n".join(lines_of(replace(snapshot, skipped=37), facts, (80, 24)))
    assert "skipped!  37" in text
    assert "too slow" not in text


def drawn_keys(width: int, *, paused: bool) -> str:
    """Draw the keys."""
    canvas = Canvas(width, 1)
    draw_keys(canvas, paused=paused)
    return text_lines(canvas)[0]


@pytest.mark.parametrize(
    ("width", "paused", "line"),
    [
        (80, False, "space off the record    m mark this moment  q quit"),
        (80, True, "space go on the record  m mark this moment  q quit"),
        (40, False, "space off the record  m mark  q quit"),
        (40, True, "space on the record   m mark  q quit"),
        (33, False, "space off record  m mark  q quit"),
        (28, True, "space on   m mark  q quit"),
    ],
)
def test_they_say_what_they_do(width: int, paused: bool, line: str) -> None:
    assert drawn_keys(width, paused=paused).rstrip() == line


@given(st.integers(25, 200))
def test_none_moves_in_a_pause_and_none_is_cut(width: int) -> None:
    going, paused = drawn_keys(width, paused=False), drawn_keys(width, paused=True)
    assert going.index(" m mark") == paused.index(" m mark")
    assert going.rstrip().endswith("q quit")
    assert paused.rstrip().endswith("q quit")
