"""The panel: everything in its place at any size, and nothing that jumps."""

import sys
import time
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rich.color import ColorSystem

from emotion.card import LABELS
from streamer.events import State
from streamer.panel.canvas import MINUS, big_letters
from streamer.panel.panel import draw_panel
from streamer.snapshot import Snapshot
from streamer.terminal import TerminalColours
from tests.panel_material import (
    MODEL_NOTE,
    SOURCE_NOTE,
    STARTED,
    before_the_first_window,
    is_exactly,
    panel_facts,
    snapshots,
    text_lines,
    wandering,
)

SIZES = [(80, 24), (80, 43), (120, 40), (200, 60), (60, 20), (40, 12), (30, 7), (20, 5), (3, 2), (1, 1)]
CLOCK = STARTED + 192.0


def shown(snapshot: Snapshot, width: int = 80, height: int = 24, seconds: float | None = None) -> list[str]:
    """Draw the panel as plain lines."""
    return text_lines(draw_panel(snapshot, panel_facts(seconds=seconds), width, height, CLOCK))


def heard(num_windows: int, *, with_spectrogram: bool = False) -> Snapshot:
    """Give the latest of so many windows."""
    return list(wandering(num_windows, with_spectrogram=with_spectrogram))[-1]


def words_of(emotion: str) -> str:
    """Give the first row of an emotion in big letters."""
    picture = big_letters(emotion)
    assert picture is not None
    return picture[0]


@given(snapshots(), st.integers(1, 220), st.integers(1, 70), st.booleans(), st.none() | st.floats(0, 1e5))
@example(before_the_first_window(), 80, 24, True, None)
@settings(deadline=None)
def test_fills_any_terminal_exactly(
    snapshot: Snapshot, width: int, height: int, coloured: bool, seconds: float | None
) -> None:
    panel = draw_panel(snapshot, panel_facts(seconds=seconds), width, height, CLOCK, coloured=coloured)
    assert is_exactly(text_lines(panel), width, height)


@pytest.mark.parametrize("with_spectrogram", [False, True])
@pytest.mark.parametrize("seconds", [None, 83.0])
def test_everything_is_visible_on_80_by_24(with_spectrogram: bool, seconds: float | None) -> None:
    snapshot = replace(
        heard(62, with_spectrogram=with_spectrogram), saving=True, overruns=3, dropped_seconds=1.25, marks=4
    )
    row = snapshot.legs[0].row
    assert row is not None
    assert row.emotion is not None
    assert row.smoothed is not None
    lines = shown(snapshot, seconds=seconds)
    text = "\n".join(lines)
    assert words_of(row.emotion) in text
    for label in LABELS:
        [bar] = [line for line in lines if label in line and " %" in line]
        assert f"{round(100 * row.smoothed[label])} %" in bar
        assert "┃" in bar
    for fact in (
        ["callmood", "Built-in Audio", "● REC", "smoothed", "this window", "dBFS", f"{MINUS}60 s", "now"]
        + ["elapsed  0:03:12", "lag", "real-time factor", "overruns!   3", "dropped!  1.2 s", "marks   4"]
        + ["model speech-classic", "win 2 s", "step 0.5 s", MODEL_NOTE, SOURCE_NOTE, "message 8"]
        + ["space off the record", "m mark this moment", "q quit"]
        + (["heard 00:32 of 01:23"] if seconds else [])
        + (["kHz", f"{MINUS}10 s"] if with_spectrogram else ["┃ room"])
    ):
        assert fact in text, fact


@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 40), (40, 12), (20, 5)])
def test_silence_names_no_emotion_and_its_bars_are_empty(width: int, height: int) -> None:
    snapshot = heard(40)
    assert snapshot.legs[0].row is not None
    assert snapshot.legs[0].row.state == "silence"
    snapshot = replace(snapshot, legs=(replace(snapshot.legs[0], history=()),))
    text = "\n".join(shown(snapshot, width, height))
    assert words_of("silence") in text or "SILENCE" in text
    for emotion in LABELS:
        assert words_of(emotion) not in text
        assert emotion.upper() not in text
    assert "%" not in text
    assert "▆" not in text.replace("▆ smoothed", "")


@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 40), (40, 12), (20, 5)])
@pytest.mark.parametrize(
    ("state", "said"),
    [("noise", "sound, but no speech"), ("clipped", "too loud: turn the input down"), ("unsure", "")],
)
def test_what_is_no_emotion_is_named_and_says_what_to_do(
    state: State, said: str, width: int, height: int
) -> None:
    snapshot = heard(40)
    view = snapshot.legs[0]
    assert view.row is not None
    snapshot = replace(snapshot, legs=(replace(view, row=replace(view.row, state=state), history=()),))
    text = "\n".join(shown(snapshot, width, height))
    assert words_of(state) in text or state.upper() in text
    assert width < 80 or said in text
    assert all(words_of(emotion) not in text and emotion.upper() not in text for emotion in LABELS)


def test_before_the_first_window_is_full_it_says_how_much_was_heard() -> None:
    assert "listening… 1.2 of 2.0 s" in "\n".join(shown(before_the_first_window(1.2)))
    assert "listening… 2.0 of 2.0 s" in "\n".join(shown(before_the_first_window(9.0), 40, 12))


def test_off_the_record_shows_no_emotion() -> None:
    text = "\n".join(shown(replace(heard(5), paused=True)))
    assert "‖ OFF THE RECORD" in text
    assert words_of("off the record") in text
    assert "space go on the record" in text
    assert "%" not in text


def test_off_the_record_nobody_measures_the_level() -> None:
    before, after = (shown(replace(heard(5), paused=paused)) for paused in (False, True))
    (level,) = (line for line in after if line.strip().startswith("level"))
    assert "\N{EN DASH} dBFS" in level
    assert "━" not in level
    assert any("━" in line for line in before if line.strip().startswith("level"))


@pytest.mark.parametrize(("width", "height"), [(80, 24), (20, 5)])
def test_nothing_but_zeros_is_said_at_once(width: int, height: int) -> None:
    snapshot = heard(5)
    mute = replace(snapshot, mute=(snapshot.legs[0].name,))
    text = "\n".join(shown(mute, width, height))
    assert "NO SOUND" in text or words_of("no sound") in text
    assert ("unmute it" in text) == (width == 80)


def test_the_smallest_terminal_shows_the_leading_emotion_and_the_level_only() -> None:
    snapshot = heard(5)
    row = snapshot.legs[0].row
    assert row is not None
    assert row.emotion is not None
    first, second = [line for line in shown(snapshot, 20, 5) if line.strip()]
    assert row.emotion.upper() in first
    assert "dBFS" in second


@pytest.mark.parametrize(("width", "height"), SIZES[:6])
def test_nothing_jumps_while_a_session_wanders(width: int, height: int) -> None:
    fixed = [
        "▆ smoothed",
        "dBFS",
        "elapsed",
        "lag",
        "overruns",
        "dropped",
        "marks",
        "factor",
        "space",
        "weights",
    ]
    places = set()
    for snapshot in wandering(130):
        lines = shown(snapshot, width, height)
        places.add(tuple((name, row, line.find(name)) for name in fixed for row, line in enumerate(lines)))
    assert len(places) == 1


def test_a_snapshot_always_gives_the_same_picture() -> None:
    snapshot = heard(30, with_spectrogram=True)
    assert draw_panel(snapshot, panel_facts(), 80, 24, CLOCK).lines() == (
        draw_panel(snapshot, panel_facts(), 80, 24, CLOCK).lines()
    )


def test_a_minute_of_drawing_costs_at_most_three_percent_of_a_core() -> None:
    session = list(wandering(120, with_spectrogram=True))
    colours = TerminalColours(ColorSystem.TRUECOLOR, coloured=True)
    tracer = sys.gettrace()
    sys.settrace(None)  # a coverage run counts lines, at a cost that no user has
    before = time.process_time()
    for frame in range(240):
        panel = draw_panel(session[frame // 2], panel_facts(), 80, 24, CLOCK + frame / 4)
        assert len([colours.line(line) for line in panel.lines()]) == 24
    seconds = time.process_time() - before
    sys.settrace(tracer)
    assert seconds <= 0.03 * 60
