"""Legs on the panel: all of each, nothing on top of anything, and nothing that jumps."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.style import Style

from emotion.card import LABELS
from streamer.leg_plan import MONO
from streamer.panel.canvas import MINUS, Canvas, big_letters
from streamer.panel.layout import PanelView
from streamer.panel.panel import draw_panel
from streamer.session_info import SessionInfo
from streamer.snapshot import Snapshot
from tests.call_material import NAMES, RULES, call_facts, calls, legs, wandering_call
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

SIZES = [(80, 24), (160, 40), (60, 20), (40, 12), (20, 5), (200, 60), (110, 30)]
CLOCK = STARTED + 192.0
CHANGING = re.compile("▲|alerts:|talked|talk ▸")
"""In the lines that name those whom an alert is about, or who spoke last."""


def shown(snapshot: Snapshot, facts: SessionInfo, width: int, height: int) -> list[str]:
    """Draw the panel as plain lines."""
    return text_lines(draw_panel(snapshot, facts, width, height, CLOCK))


def heard(
    num_windows: int,
    names: Sequence[str] = NAMES[:2],
    *,
    level_only: Sequence[str] = (),
    with_spectrogram: bool = False,
) -> Snapshot:
    """Give the latest of so many windows."""
    return list(wandering_call(num_windows, names, level_only=level_only, with_spectrogram=with_spectrogram))[
        -1
    ]


@contextmanager
def counted_letters() -> Iterator[list[int]]:
    """Count the letters and digits that are drawn on all canvases, those that are drawn over as well."""
    put_cells = Canvas.put_cells
    counts: list[int] = []

    def counting(
        canvas: Canvas, row: int, column: int, cells: Sequence[str], styles: Sequence[Style]
    ) -> None:
        if 0 <= row < canvas.height:
            counts.append(num_letters(cells[: max(0, canvas.width - column)]))
        put_cells(canvas, row, column, cells, styles)

    with patch.object(Canvas, "put_cells", counting):
        yield counts


def num_letters(texts: Sequence[str]) -> int:
    """Count letters and digits."""
    return sum(character.isalnum() for text in texts for character in text)


@given(calls(), st.integers(1, 220), st.integers(1, 70), st.booleans())
@settings(deadline=None)
def test_any_call_fills_any_terminal_exactly(
    call: tuple[Snapshot, SessionInfo], width: int, height: int, coloured: bool
) -> None:
    panel = draw_panel(*call, width, height, CLOCK, view=PanelView(coloured=coloured))
    assert is_exactly(text_lines(panel), width, height)


@given(calls(ascii_only=True), st.integers(1, 220), st.integers(1, 70))
@settings(deadline=None, max_examples=40)
def test_nothing_is_ever_drawn_over_a_word(
    call: tuple[Snapshot, SessionInfo], width: int, height: int
) -> None:
    with counted_letters() as counts:
        panel = draw_panel(*call, width, height, CLOCK)
    assert num_letters(text_lines(panel)) == sum(counts)


@given(st.data(), calls(), st.integers(1, 220), st.integers(1, 70))
@settings(deadline=None)
def test_of_a_leg_that_is_not_analysed_nothing_but_its_level_is_shown(
    data: st.DataObject, call: tuple[Snapshot, SessionInfo], width: int, height: int
) -> None:
    snapshot, facts = call
    meddled = []
    for leg in snapshot.legs:
        other = data.draw(legs(leg.name, analysed=leg.analysed))
        same_sound = replace(other, level_dbfs=leg.level_dbfs, floor_dbfs=leg.floor_dbfs)
        meddled.append(leg if leg.analysed else same_sound)
    before, after = (
        shown(each, facts, width, height) for each in (snapshot, replace(snapshot, legs=tuple(meddled)))
    )
    assert before == after


@pytest.mark.parametrize(("width", "height"), [(80, 24), (160, 40), (200, 60), (110, 30)])
def test_everything_of_both_legs_is_visible(width: int, height: int) -> None:
    facts = call_facts()
    snapshot = heard(75)
    lines = shown(snapshot, facts, width, height)
    text = "\n".join(lines)
    for label in LABELS:
        assert len(re.findall(rf"{label} +[▆┃─]{{20,}}", text)) == 2, label
    assert len(re.findall("level +[━┃─]+", text)) == 2
    assert text.count("dBFS") == 2
    assert text.count(f"{MINUS}60 s") == 2
    for leg in snapshot.legs:
        assert leg.row is not None
        assert leg.row.smoothed is not None
        for label in LABELS:
            assert f"{round(100 * leg.row.smoothed[label])} %" in text
        assert leg.talk_share is not None
        assert f"talk  {round(100 * leg.talk_share)} %" in text
    assert len(re.findall("adapted (to voice )?100 %", text)) == 2
    for fact in (
        *(
            "callmood",
            "customer",
            "agent",
            "elapsed",
            "lag",
            "marks",
            "model speech-classic",
        ),
        *(
            "real-time factor",
            MODEL_NOTE,
            "message 9",
            "space off the record",
            "m mark this moment",
            "q quit",
        ),
        *("smoothed", "this window", "spoke last"),
    ):
        assert fact in text, fact


@pytest.mark.parametrize(("width", "height"), [(60, 20), (40, 12), (20, 5)])
def test_a_small_terminal_still_shows_both_legs(width: int, height: int) -> None:
    snapshot = heard(75)
    lines = shown(snapshot, call_facts(), width, height)
    for leg in snapshot.legs:
        assert leg.row is not None
        assert leg.row.emotion is not None
        [title] = [line for line in lines if line.strip().startswith(leg.name)]
        assert leg.row.emotion.upper() in title
        assert width < 40 or (" % " in title and "▸" in title)
    assert sum("dBFS" in line for line in lines) == 2


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("names", [NAMES[:2], NAMES[:5]])
def test_nothing_jumps_while_a_call_wanders(width: int, height: int, names: Sequence[str]) -> None:
    fixed = (
        "▆ smoothed",
        "elapsed",
        "lag",
        "factor",
        "space",
        "weights",
        "dBFS",
        "level",
    )
    facts = call_facts(names, alerts=RULES)
    places = set()
    for number, snapshot in enumerate(wandering_call(60, names)):
        alerts = ("customer angry > 0.7 for 5 s",) if number // 20 % 2 else ()
        lines = shown(replace(snapshot, alerts=alerts, messages=()), facts, width, height)
        places.add(
            tuple(
                (word, row, line.find(word))
                for row, line in enumerate(lines)
                for word in (*fixed, *(name[:9] for name in names if not CHANGING.search(line)))
            )
        )
    assert len(places) == 1


@pytest.mark.parametrize(
    ("width", "words"),
    [
        (160, "level only: not analysed, not recorded"),
        (80, "level only: not analysed, not recorded"),
        (60, "level only: not analysed, not recorded"),
        (40, "level only, not analysed"),
        (20, "level only"),
    ],
)
def test_a_leg_that_is_not_analysed_says_so(width: int, words: str) -> None:
    snapshot = heard(75, level_only=["agent"])
    lines = shown(snapshot, call_facts(level_only=["agent"]), width, 24)
    [title] = [row for row, line in enumerate(lines) if line.strip().startswith("agent")]
    assert words in lines[title]
    assert "dBFS" in lines[title + 1]
    text = "\n".join(lines)
    assert "both" not in text
    assert "talk " not in text  # the share of one leg among one says nothing


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_off_the_record_no_leg_shows_an_emotion_or_speaks(width: int, height: int) -> None:
    snapshot = replace(heard(75), paused=True)
    snapshot = replace(
        snapshot, legs=tuple(replace(leg, history=(), talk_share=None) for leg in snapshot.legs)
    )
    lines = shown(snapshot, call_facts(), width, height)
    text = "\n".join(lines)
    picture = big_letters("off the record")
    assert picture is not None
    words = {20: "OFF RECORD", 160: picture[0], 200: picture[0]}.get(width, "OFF THE RECORD")
    assert len(re.findall(rf"(?<!‖ ){words}", text)) == 2
    assert width < 40 or ("‖ OFF THE RECORD" if width > 60 else "‖ OFF") in lines[0]
    assert "▸" not in text
    assert "%" not in re.sub(r"adapted (to voice )?100 %", "", text)
    for emotion in LABELS:
        assert emotion.upper() not in text


def test_silence_names_no_emotion() -> None:
    snapshot = heard(92)
    assert snapshot.legs[0].row is not None
    assert snapshot.legs[0].row.state == "silence"
    [title] = [line for line in shown(snapshot, call_facts(), 80, 24) if line.startswith("  customer  ")]
    assert "SILENCE" in title
    assert not any(label.upper() in title for label in LABELS)


def test_legs_without_a_row_are_counted() -> None:
    snapshot = heard(9, NAMES)
    assert "+2 legs" in "\n".join(shown(snapshot, call_facts(NAMES), 80, 7))
    assert "legs" not in "\n".join(shown(snapshot, call_facts(NAMES), 80, 8))


def test_the_spectrogram_says_whose_it_is() -> None:
    names = ("agent", "customer")
    snapshot = heard(75, names, level_only=["agent"], with_spectrogram=True)
    text = "\n".join(shown(snapshot, call_facts(names, level_only=["agent"]), 110, 40))
    assert "spectrogram of customer" in text
    assert "kHz" in text


def test_a_saved_voice_is_named_where_there_is_room() -> None:
    facts = replace(call_facts(), voices={"customer": "anna"})
    wide = "\n".join(shown(heard(75), facts, 160, 40))
    assert "adapted to anna 100 %" in wide
    assert wide.count("adapted to voice 100 %") == 1


def facts(voice: str | None = None, *, seconds: float | None = None) -> SessionInfo:
    voices = {} if voice is None else {MONO: voice}
    return replace(
        panel_facts(seconds=seconds), voices=voices, learns_voice=True, shows_change_after_seconds=1.63
    )


def shown_mono(snapshot: Snapshot, head: SessionInfo, width: int = 80, height: int = 24) -> list[str]:
    return text_lines(draw_panel(snapshot, head, width, height, STARTED + 192.0))


def knowing(known: float, *, with_spectrogram: bool = False) -> Snapshot:
    snapshot = list(wandering(62, with_spectrogram=with_spectrogram))[-1]
    return replace(snapshot, legs=(replace(snapshot.legs[0], voice_known=known),))


@pytest.mark.parametrize(
    ("known", "words"),
    [
        (0.0, "adapted to voice   0 %"),
        (0.63, "adapted to voice  63 %"),
        (1.0, "adapted to voice 100 %"),
    ],
)
def test_adaptation_is_a_percentage_and_no_certificate(known: float, words: str) -> None:
    text = "\n".join(shown_mono(knowing(known), facts()))
    assert words in text
    assert "known" not in text


def test_a_saved_voice_is_named() -> None:
    assert "adapted to anna  90 %" in "\n".join(shown_mono(knowing(0.9), facts("anna")))
    assert "adapted to maximiliana…  90 %" in "\n".join(
        shown_mono(knowing(0.9), facts("maximiliana-rosalinde"))
    )


def on_a_line(snapshot: Snapshot, num_voices: int, *, fits: bool) -> Snapshot:
    legs = (replace(leg, line_voices=num_voices, line_fits=fits) for leg in snapshot.legs)
    return replace(snapshot, legs=tuple(legs))


@pytest.mark.parametrize(
    ("num_voices", "fits", "words"),
    [
        (0, True, "line: 0 voices"),
        (1, True, r"line: 1 voice\b"),
        (3, True, "line: 3 voices"),
        (3, False, "!line (does not fit: )?not used"),
    ],
)
def test_a_line_says_how_many_voices_it_has_or_that_it_is_not_used(
    num_voices: int, fits: bool, words: str
) -> None:
    for snapshot, head in ((knowing(0.63), facts()), (heard(75), call_facts())):
        text = "\n".join(shown_mono(on_a_line(snapshot, num_voices, fits=fits), head, 160, 40))
        assert len(re.findall(words, text)) == len(snapshot.legs)
    assert "line" not in "\n".join(shown_mono(knowing(0.63), facts(), 160, 40))


@pytest.mark.parametrize("width", [60, 80, 120])
def test_on_a_small_terminal_a_line_that_is_not_used_goes_before_the_voice(width: int) -> None:
    text = "\n".join(shown(on_a_line(heard(75), 3, fits=False), call_facts(), width, 20))
    assert len(re.findall("!line (does not fit: )?not used", text)) == 2
    text = "\n".join(shown(on_a_line(heard(75), 3, fits=True), call_facts(), width, 20))
    assert text.count("adapted") == (0 if width == 60 else 2)


def test_nobody_is_known_before_the_first_window() -> None:
    assert "adapted to voice   0 %" in "\n".join(shown_mono(before_the_first_window(), facts()))


def test_a_model_without_voices_says_nothing_of_them() -> None:
    text = "\n".join(shown_mono(knowing(0.0), panel_facts()))
    assert "voice" not in text
    assert "shows a change" not in text


@pytest.mark.parametrize("with_spectrogram", [False, True])
@pytest.mark.parametrize("seconds", [None, 83.0])
def test_all_of_the_status_fits_on_80_by_24(with_spectrogram: bool, seconds: float | None) -> None:
    text = "\n".join(shown_mono(knowing(0.5, with_spectrogram=with_spectrogram), facts(seconds=seconds)))
    for fact in (
        *("heard" if seconds else "elapsed", "lag", "adapted to voice", "marks", "model speech-classic"),
        "win 2 s",
        *("step 0.5 s", "real-time factor", "shows a change after 1.6 s", MODEL_NOTE, SOURCE_NOTE),
        *("message", "space pause" if seconds else "space off the record", "smoothed"),
    ):
        assert fact in text, fact


@given(snapshots(), st.integers(1, 220), st.integers(1, 70), st.none() | st.text(min_size=1, max_size=64))
def test_it_fills_any_terminal_exactly(
    snapshot: Snapshot, width: int, height: int, voice: str | None
) -> None:
    safe = None if voice is None else "".join(each for each in voice if each.isalnum()) or "x"
    assert is_exactly(shown_mono(snapshot, facts(safe), width, height), width, height)


MONO_SESSION = list(wandering(30))[-1], panel_facts()
CALL_SESSION = list(wandering_call(62))[-1], call_facts()


@pytest.mark.parametrize("session", [MONO_SESSION, CALL_SESSION])
@pytest.mark.parametrize(("width", "height"), [(80, 24), (160, 40), (60, 20), (40, 12), (30, 8)])
def test_away_is_said_and_shows_no_level_of_before(
    session: tuple[Snapshot, SessionInfo], width: int, height: int
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
    snapshot, facts = CALL_SESSION
    away = replace(snapshot, absent=(facts.legs[0].name,))
    before = text_lines(draw_panel(snapshot, facts, 160, 40, STARTED))
    after = text_lines(draw_panel(away, facts, 160, 40, STARTED))
    assert [line[81:] for line in before] == [line[81:] for line in after]
    assert any("%" in line[:79] for line in before if line.startswith("  angry"))
    bars = [line[:79] for line in after if "angry" in line and "─" in line]
    assert bars
    assert not any("%" in line for line in bars)


def test_whoever_is_away_does_not_talk_at_the_same_time() -> None:
    snapshot, facts = CALL_SESSION
    both = replace(snapshot, legs=tuple(replace(leg, talks=True) for leg in snapshot.legs))
    away = replace(both, absent=(facts.legs[0].name,))
    assert "both talk ▸" in " ".join(text_lines(draw_panel(both, facts, 160, 40, STARTED)))
    assert "both talk ▸" not in " ".join(text_lines(draw_panel(away, facts, 160, 40, STARTED)))
