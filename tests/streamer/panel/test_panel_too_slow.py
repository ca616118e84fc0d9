"""The panel of a machine that is too slow: it says by how much and what it cost, and nothing else moves."""

from dataclasses import replace

import pytest

from streamer.panel.palette import WARNING
from streamer.panel.panel import draw_panel
from streamer.session_facts import SessionFacts
from streamer.snapshot import Snapshot
from tests.call_material import call_facts, wandering_call
from tests.panel_material import STARTED, panel_facts, text_lines, wandering

ONE_LEG = list(wandering(30))[-1], panel_facts()
TWO_LEGS = list(wandering_call(62))[-1], call_facts()


def lines_of(snapshot: Snapshot, facts: SessionFacts, size: tuple[int, int]) -> list[str]:
    return text_lines(draw_panel(snapshot, facts, *size, STARTED))


@pytest.mark.parametrize("session", [ONE_LEG, TWO_LEGS])
@pytest.mark.parametrize("size", [(80, 24), (120, 40), (160, 40)])
@pytest.mark.parametrize(("factor", "said"), [(1.4, "x1.4"), (12.34, "x12.3"), (1e9, "x99.9")])
def test_it_says_how_much_too_slow_and_moves_nothing(
    session: tuple[Snapshot, SessionFacts], size: tuple[int, int], factor: float, said: str
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
    snapshot, facts = ONE_LEG
    text = "\n".join(lines_of(replace(snapshot, skipped=37), facts, (80, 24)))
    assert "skipped!  37" in text
    assert "too slow" not in text
