"""The canvas and its palette: nothing leaves it, and every colour can be told from the others."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray
from rich.cells import cell_len
from rich.style import Style

from emotion.card import LABELS
from streamer.panel.canvas import (
    EMOTION_COLOURS,
    FAINT,
    LEVEL,
    OTHER,
    WARNING,
    Canvas,
    emotion_style,
    shortened,
)
from tests.panel_material import is_exactly, text_lines

PLACES = st.tuples(st.integers(-3, 12), st.integers(-3, 30), st.text(max_size=40))


@given(st.integers(1, 25), st.integers(1, 8), st.lists(PLACES, max_size=8))
def test_is_filled_exactly_whatever_is_written(
    width: int, height: int, writes: list[tuple[int, int, str]]
) -> None:
    canvas = Canvas(width, height)
    part = canvas.part(1, 2, 3, 9)
    for row, column, text in writes:
        canvas.put(row, column, text)
        canvas.put_right(row, column, text)
        part.put(row, column, text)
        part.put_right(row, column, text)
    assert is_exactly(text_lines(canvas), width, height)


@given(st.text())
def test_lets_no_control_character_through(text: str) -> None:
    canvas = Canvas(60, 1)
    canvas.put(0, 0, text)
    assert text_lines(canvas)[0].isprintable()


def test_a_name_cannot_steer_the_terminal() -> None:
    canvas = Canvas(30, 1)
    canvas.put(0, 0, "mic\x1b[2J\x9b31m")
    assert text_lines(canvas)[0].rstrip() == "mic?[2J?31m"


def test_wide_characters_take_two_cells_and_are_never_cut_in_half() -> None:
    canvas = Canvas(5, 2)
    canvas.put(0, 0, "麦克风")
    canvas.put(1, 0, "麦克风")
    canvas.put(1, 1, "x")
    assert text_lines(canvas) == ["麦克 ", " x克 "]


def test_composes_accents() -> None:
    canvas = Canvas(4, 1)
    canvas.put(0, 0, "cafe\u0301")
    assert text_lines(canvas) == ["café"]


def test_a_part_shows_on_the_whole_and_cuts_at_its_own_edge() -> None:
    canvas = Canvas(6, 2)
    canvas.part(1, 2, 5, 3).put(0, 1, "abcdef")
    assert text_lines(canvas) == ["      ", "   ab "]


@given(st.text(), st.integers(0, 30))
@example("00000\U00018d80", 6)  # wide, and newer than this Python: not printed
def test_shortened_text_fits(text: str, width: int) -> None:
    assert cell_len(shortened(text, width)) <= width


# Machado, Oliveira and Fernandes 2009, severity 1.0, on linear RGB.
SIGHTS = {
    "common": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}


def colour_of(style: Style) -> str:
    """Give a style's colour as a hex code."""
    assert style.color is not None
    return style.color.name


def linear(colour: str) -> NDArray[np.float64]:
    """Linear RGB of a hex colour."""
    channels = np.array([int(colour[start : start + 2], 16) for start in (1, 3, 5)]) / 255
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def lab(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    """CIE L*a*b*, D65."""
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    x, y, z = np.cbrt(to_xyz @ np.clip(rgb, 0.001, 1) / np.array([0.9505, 1.0, 1.089]))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize(
    "colour", [*EMOTION_COLOURS.values(), *map(colour_of, (FAINT, LEVEL, OTHER, WARNING))]
)
def test_contrast_to_black_and_to_white_is_at_least_three(colour: str) -> None:
    luminance = linear(colour) @ np.array([0.2126, 0.7152, 0.0722])
    assert (luminance + 0.05) / 0.05 >= 3.0
    assert 1.05 / (luminance + 0.05) >= 3.0


@pytest.mark.parametrize("sight", SIGHTS)
def test_two_on_one_bar_differ_for_every_sight(sight: str) -> None:
    one, other = (lab(SIGHTS[sight] @ linear(colour)) for colour in map(colour_of, (LEVEL, OTHER)))
    assert np.linalg.norm(one - other) >= 20.0


@pytest.mark.parametrize("sight", SIGHTS)
def test_emotions_differ_for_every_sight(sight: str) -> None:
    for one, other in combinations(EMOTION_COLOURS.values(), 2):
        distance = np.linalg.norm(lab(SIGHTS[sight] @ linear(one)) - lab(SIGHTS[sight] @ linear(other)))
        assert distance >= 20.0, (one, other)


def test_no_style_sets_a_background() -> None:
    assert set(EMOTION_COLOURS) == set(LABELS)
    for label in (*LABELS, "noise"):
        assert emotion_style(label).bgcolor is None
        assert emotion_style(label, strong=True).bold
