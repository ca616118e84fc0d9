"""A leg whose device is away: said in place of its emotion, and nothing of before stands as if now."""

from dataclasses import replace

import pytest

from streamer.panel.panel import draw_panel
from streamer.session_facts import SessionFacts
from streamer.snapshot import Snapshot
from tests.call_material import call_facts, wandering_call
from tests.panel_material import STARTED, panel_facts, text_lines, wandering

ONE_LEG = list(wandering(30))[-1], panel_facts()
TWO_LEGS = list(wandering_call(62))[-1], call_facts()


@pytest.mark.parametrize("session", [ONE_LEG, TWO_LEGS])
@pytest.mark.parametrize(("width", "height"), [(80, 24), (160, 40), (60, 20), (40, 12), (30, 8)])
def test_away_is_said_and_shows_no_level_of_before(
    session: tuple[Snapshot, SessionFacts], width: int, height: int
) -> None:
    snapshot, facts = session
    away = replace(snapshot, absent=(facts.legs[0].name,))
    there = " ".join(text_lines(draw_panel(snapshot, facts, width, height, STARTED)))
    gone = " ".join(text_lines(draw_panel(away, facts, width, height, STARTED)))
    # At most one of the two is drawn in big letters; the advice stands beside these.
    assert "AWAY" in gone or "its device is gone" in gone
    assert "AWAY" not in there
    assert "its device is gone" not in there


def test_only_the_bars_of_the_leg_that_is_away_are_empty() -> None:
    snapshot, facts = TWO_LEGS
    away = replace(snapshot, absent=(facts.legs[0].name,))
    before = text_lines(draw_panel(snapshot, facts, 160, 40, STARTED))
    after = text_lines(draw_panel(away, facts, 160, 40, STARTED))
    assert [line[81:] for line in before] == [line[81:] for line in after]
    assert any("%" in line[:79] for line in before if line.startswith("  angry"))
    bars = [line[:79] for line in after if "angry" in line and "─" in line]
    assert bars
    assert not any("%" in line for line in bars)


def test_whoever_is_away_does_not_talk_at_the_same_time() -> None:
    snapshot, facts = TWO_LEGS
    both = replace(snapshot, legs=tuple(replace(leg, talks=True) for leg in snapshot.legs))
    away = replace(both, absent=(facts.legs[0].name,))
    assert "both talk ▸" in " ".join(text_lines(draw_panel(both, facts, 160, 40, STARTED)))
    assert "both talk ▸" not in " ".join(text_lines(draw_panel(away, facts, 160, 40, STARTED)))
