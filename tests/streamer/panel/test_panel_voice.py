"""The panel says how well the voice is known, and how long a change takes to be shown."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from streamer.leg_plan import MONO
from streamer.panel.panel import draw_panel
from streamer.panel.voice_words import voice_words
from streamer.session_facts import SessionFacts
from streamer.snapshot import Snapshot
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


def facts(voice: str | None = None, *, seconds: float | None = None) -> SessionFacts:
    voices = {} if voice is None else {MONO: voice}
    return replace(
        panel_facts(seconds=seconds), voices=voices, learns_voice=True, shows_change_after_seconds=1.63
    )


def shown(snapshot: Snapshot, head: SessionFacts, width: int = 80, height: int = 24) -> list[str]:
    return text_lines(draw_panel(snapshot, head, width, height, STARTED + 192.0))


def knowing(known: float, *, with_spectrogram: bool = False) -> Snapshot:
    snapshot = list(wandering(62, with_spectrogram=with_spectrogram))[-1]
    leg = snapshot.legs[0]
    assert leg.row is not None
    return replace(snapshot, legs=(replace(leg, row=replace(leg.row, voice_known=known)),))


@pytest.mark.parametrize(
    ("known", "words"),
    [
        (0.0, "voice ──── new"),
        (0.19, "voice ━─── new"),
        (0.2, "voice ━─── getting to know"),
        (0.59, "voice ━━── getting to know"),
        (0.6, "voice ━━── known"),
        (1.0, "voice ━━━━ known"),
    ],
)
def test_it_says_how_well_the_voice_is_known(known: float, words: str) -> None:
    assert words in "\n".join(shown(knowing(known), facts()))


def test_a_saved_voice_is_named() -> None:
    assert "voice anna: ━━━━ known" in "\n".join(shown(knowing(0.9), facts("anna")))
    assert "voice maximiliana…: " in "\n".join(shown(knowing(0.9), facts("maximiliana-rosalinde")))


def test_nobody_is_known_before_the_first_window() -> None:
    assert "voice ──── new" in "\n".join(shown(before_the_first_window(), facts()))


def test_a_model_without_voices_says_nothing_of_them() -> None:
    text = "\n".join(shown(knowing(0.0), panel_facts()))
    assert "voice" not in text
    assert "shows a change" not in text


@pytest.mark.parametrize("with_spectrogram", [False, True])
@pytest.mark.parametrize("seconds", [None, 83.0])
def test_all_of_the_status_fits_on_80_by_24(with_spectrogram: bool, seconds: float | None) -> None:
    text = "\n".join(shown(knowing(0.5, with_spectrogram=with_spectrogram), facts(seconds=seconds)))
    for fact in (
        *("elapsed", "lag", "voice", "overruns", "dropped", "marks", "model speech-classic", "win 2 s"),
        *("step 0.5 s", "real-time factor", "shows a change after 1.6 s", MODEL_NOTE, SOURCE_NOTE),
        *("message", "space off the record", "smoothed"),
    ):
        assert fact in text, fact


@given(snapshots(), st.integers(1, 220), st.integers(1, 70), st.none() | st.text(min_size=1, max_size=64))
def test_it_fills_any_terminal_exactly(
    snapshot: Snapshot, width: int, height: int, voice: str | None
) -> None:
    safe = None if voice is None else "".join(each for each in voice if each.isalnum()) or "x"
    assert is_exactly(shown(snapshot, facts(safe), width, height), width, height)


@given(st.floats(-1, 2))
def test_the_words_never_jump(known: float) -> None:
    assert cell_len(voice_words(known)) == len("━━━━ getting to know")
