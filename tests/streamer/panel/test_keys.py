"""The keys: whole words where there is room, and the same places in a pause."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamer.panel.canvas import Canvas
from streamer.panel.keys import draw_keys
from tests.panel_material import text_lines


def drawn(width: int, *, paused: bool) -> str:
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
    assert drawn(width, paused=paused).rstrip() == line


@given(st.integers(25, 200))
def test_none_moves_in_a_pause_and_none_is_cut(width: int) -> None:
    going, paused = drawn(width, paused=False), drawn(width, paused=True)
    assert going.index(" m mark") == paused.index(" m mark")
    assert going.rstrip().endswith("q quit")
    assert paused.rstrip().endswith("q quit")
