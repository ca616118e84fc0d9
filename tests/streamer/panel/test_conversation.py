"""The line for all legs: shares of the talk, both at once, who was last, drift."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from streamer.panel.canvas import MINUS, Canvas
from streamer.panel.conversation import draw_conversation, has_conversation
from streamer.panel.figures import signed
from streamer.panel.palette import TALK
from streamer.snapshot import LegView, Snapshot
from tests.call_material import calls
from tests.panel_material import before_the_first_window, text_lines


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


def drawn(snapshot: Snapshot, width: int = 76) -> str:
    """Draw the line."""
    canvas = Canvas(width, 1)
    draw_conversation(canvas, snapshot)
    return text_lines(canvas)[0]


@pytest.mark.parametrize(("share", "filled"), [(0.0, 0), (0.25, 10), (0.5, 20), (1.0, 40)])
def test_the_bar_tells_the_shares_apart_without_colour(share: float, filled: int) -> None:
    line = drawn(talking(share, 1 - share), 120)
    start, end = line.index("%") + 2, line.rindex("%") - 4
    bar = line[start:end].strip()
    assert bar.count("▆") == round(len(bar) * filled / 40)
    assert bar == "▆" * bar.count("▆") + "▃" * bar.count("▃")
    assert f"customer {round(100 * share):3d} %" in line
    assert f"{round(100 * (1 - share)):3d} % agent" in line


def test_before_anybody_has_talked_the_bar_is_empty_and_nobody_was_last() -> None:
    line = drawn(talking(None, None))
    assert "▆" not in line
    assert "customer ───" in line
    assert "spoke last \N{EN DASH}" in line


def test_both_talk_is_said_while_they_do_with_the_seconds_so_far() -> None:
    assert "both talked   3.5 s" in drawn(talking(0.5, 0.5, talks=(True, False)))
    canvas = Canvas(76, 1)
    draw_conversation(canvas, talking(0.5, 0.5, talks=(True, True)))
    [mark] = [run for run in canvas.lines()[0] if "both talk ▸" in run.text]
    assert mark.style == TALK
    assert "3.5 s" in mark.text
    assert "both talk ▸" not in drawn(replace(talking(0.5, 0.5, talks=(True, True)), paused=True))
    assert "several talk ▸   3.5 s" in drawn(talking(0.5, 0.3, 0.2, talks=(True, True, False)))


def test_it_says_who_spoke_last() -> None:
    assert "spoke last agent" in drawn(talking(0.5, 0.5, last=1))
    assert "spoke last boss" in drawn(talking(0.5, 0.3, 0.2, last=2))


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-0.02, f"{MINUS}0.02 s"), (0.1, "+0.10 s"), (-0.001, "+0.00 s"), (1e9, "+99.99 s")],
)
def test_drift_between_two_devices_is_said(seconds: float, words: str) -> None:
    snapshot = replace(talking(0.5, 0.5), drift_seconds=seconds)
    assert words in drawn(snapshot)
    assert "drift" not in drawn(talking(0.5, 0.5))
    alone = replace(talking(0.5), drift_seconds=seconds)
    assert has_conversation(alone)
    assert drawn(alone).strip().startswith("drift")


def test_one_leg_alone_is_no_conversation() -> None:
    assert not has_conversation(talking(1.0))
    assert has_conversation(talking(0.5, 0.5))


@given(calls(), st.integers(1, 200))
def test_it_fits_any_width(call: tuple[Snapshot, object], width: int) -> None:
    assert cell_len(drawn(call[0], width)) == width


@given(st.floats(-1e6, 1e6))
def test_differences_never_jump(value: float) -> None:
    assert len(signed(value)) == 6
