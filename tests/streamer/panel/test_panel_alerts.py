"""Alerts on the panel: prominent, and without a push to anything else."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from streamer.panel.alerts_line import draw_alerts
from streamer.panel.canvas import Canvas
from streamer.panel.palette import WARNING
from streamer.panel.panel import draw_panel
from streamer.session_facts import SessionFacts
from streamer.snapshot import Snapshot
from tests.call_material import RULES, call_facts, wandering_call
from tests.panel_material import STARTED, panel_facts, text_lines, wandering

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
    session: tuple[Snapshot, SessionFacts], width: int, height: int
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
def test_nothing_is_said_of_alerts_where_none_can_come(session: tuple[Snapshot, SessionFacts]) -> None:
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
def test_it_fits_any_width(alerts: Sequence[str], width: int) -> None:
    assert cell_len(line(alerts, width)) == width
