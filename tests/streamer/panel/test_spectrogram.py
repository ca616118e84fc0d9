"""The spectrogram in the terminal: loud is light, now is at the right, and old columns never change."""

from dataclasses import replace

import numpy as np
from rich.segment import Segment
from rich.style import Style

from emotion.arrays import read_only
from streamer.panel.canvas import MINUS, Canvas
from streamer.panel.spectrogram import colour_scale, draw_spectrogram
from streamer.snapshot import SpectrogramView
from tests.panel_material import spectrogram, text_lines

NAMES = 9


def drawn(view: SpectrogramView, width: int = 80, height: int = 9, *, coloured: bool = True) -> Canvas:
    """Draw a spectrogram on a canvas of its own."""
    canvas = Canvas(width, height)
    draw_spectrogram(canvas, view, NAMES, coloured=coloured)
    return canvas


def lightness(style: Style | None) -> tuple[int, int]:
    """Give the brightness of the upper and the lower half of a cell."""
    assert style is not None
    assert style.color is not None
    assert style.bgcolor is not None
    upper, lower = style.color.triplet, style.bgcolor.triplet
    assert upper is not None
    assert lower is not None
    return sum(upper), sum(lower)


def cells(line: list[Segment]) -> list[Style | None]:
    """Spread runs over cells."""
    return [run.style for run in line for _ in run.text]


def of_power(columns: np.ndarray) -> SpectrogramView:
    """Give a view of bands up to 8 kHz."""
    return SpectrogramView(
        read_only(columns.astype(np.float32)), tuple(np.linspace(100, 8000, 8).tolist()), 1.0, 60.0
    )


def test_a_loud_band_is_light_where_it_belongs() -> None:
    columns = np.full((30, 8), -90.0)
    columns[-1, 7] = -20.0  # the highest band, now
    columns[-3, 0] = -20.0  # the lowest, two columns ago
    lines = drawn(of_power(columns), NAMES + 10, 5).lines()
    upper, lower = lightness(cells(lines[0])[-1])
    assert upper > 600
    assert lower < 60
    assert lightness(cells(lines[3])[-3])[1] > 600
    assert lightness(cells(lines[1])[-1])[0] < 60


def test_what_was_drawn_only_moves_to_the_left() -> None:
    view = spectrogram(1500, end=60.0)
    width = NAMES + 68
    pictures: dict[int, Style] = {}
    for end in range(1000, 1400):
        columns = view.columns[max(0, end - 900) : end]
        cut = replace(view, columns=columns, end=end * view.column_seconds)
        line = cells(drawn(cut, width).lines()[3])[NAMES:]
        newest = (end - 1) // 4
        for back, style in enumerate(reversed(line)):
            if back and style is not None and style.bgcolor is not None:
                assert pictures.setdefault(newest - back, style) == style
    assert len(pictures) > 150


def test_axes_name_seconds_and_kilohertz() -> None:
    lines = text_lines(drawn(spectrogram(), 80, 12))
    for mark in ("4 kHz", "2 kHz", "1 kHz"):
        assert any(line.startswith(mark.rjust(NAMES - 1)) for line in lines)
    assert lines[-1].rstrip().endswith("now")
    assert f"{MINUS}10 s" in lines[-1]


def test_shades_serve_terminals_without_colours() -> None:
    columns = np.full((30, 8), -90.0)
    columns[-5:] = -20.0
    canvas = drawn(of_power(columns), NAMES + 20, 3, coloured=False)
    assert text_lines(canvas)[0].endswith("  █████")
    assert all(style is None or style.bgcolor is None for line in canvas.lines() for style in cells(line))


def test_the_scale_grows_lighter_all_the_way() -> None:
    light = colour_scale(64) @ np.array([0.2126, 0.7152, 0.0722])
    assert (np.diff(light) > 0).all()


def test_nothing_heard_yet_leaves_the_picture_blank() -> None:
    canvas = drawn(spectrogram(0))
    assert text_lines(canvas)[0][NAMES:].strip() == ""
