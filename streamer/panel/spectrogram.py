"""The rolling mel spectrogram in the terminal, with its axes and colour scale."""

import math
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from rich.color import Color
from rich.style import Style

from streamer.panel.canvas import FAINT, Canvas
from streamer.panel.charts import draw_time_axis
from streamer.snapshot import SpectrogramView

QUIETEST_DB: Final = -90.0
LOUDEST_DB: Final = -20.0
"""The range of the colours, dB re full scale; fixed, so that a picture never changes after the fact."""

_ANCHORS: Final = ((8, 10, 28), (52, 24, 96), (132, 36, 116), (210, 66, 88), (246, 142, 66), (252, 236, 168))
"""From quiet to loud; lightness rises all the way, so it reads in grey and for the colour-blind."""

SHOWN_SECONDS: Final = 10.0
"""At least; a cell takes as many columns as that needs."""

_LEVELS: Final = 24
_SHADES: Final = " ░▒▓█"
_MARKS_HZ: Final = (16000, 8000, 4000, 2000, 1000, 500, 250, 125)


def draw_spectrogram(canvas: Canvas, view: SpectrogramView, names: int, *, coloured: bool) -> None:
    """Draw the newest columns that fit, with a frequency axis at the left and a time axis below."""
    rows = canvas.height - 1
    picture = canvas.part(0, names, rows, canvas.width - names)
    if rows < 1 or picture.width < 1 or not view.band_hz:
        return
    _draw_frequencies(canvas, view.band_hz, rows, names)
    in_a_cell = max(1, math.ceil(SHOWN_SECONDS / (picture.width * view.column_seconds)))
    axis = canvas.part(rows, names, 1, picture.width)
    draw_time_axis(axis, picture.width * in_a_cell * view.column_seconds)
    columns = _merged(view, in_a_cell)[-picture.width :]
    if not len(columns):
        return
    levels = _levels(columns, 2 * rows)
    start = picture.width - len(columns)
    for row in range(rows):
        upper, lower = levels[2 * (rows - row) - 1], levels[2 * (rows - row) - 2]
        if coloured:
            styles = [_half_blocks(*pair) for pair in zip(upper.tolist(), lower.tolist(), strict=True)]
            picture.put_cells(row, start, "▀" * len(styles), styles)
        else:
            shades = (upper + lower) * len(_SHADES) // (2 * _LEVELS)
            picture.put(row, start, "".join(_SHADES[shade] for shade in shades.tolist()))


def colour_scale(num_colours: int) -> NDArray[np.float64]:
    """Give the colours from quiet to loud."""
    anchors = np.array(_ANCHORS) / 255
    places = np.linspace(0, len(anchors) - 1, num_colours)
    return np.column_stack([np.interp(places, np.arange(len(anchors)), channel) for channel in anchors.T])


def _merged(view: SpectrogramView, count: int) -> NDArray[np.float32]:
    """Average neighbours, in groups that stand still on the stream's clock; the newest may be incomplete."""
    columns = view.columns
    first = round(view.end / view.column_seconds) - len(columns)
    columns = columns[-first % count :]
    starts = np.arange(0, len(columns), count)
    if count == 1 or not len(starts):
        return columns
    sizes = np.diff(np.append(starts, len(columns))).astype(np.float32)
    averaged = np.add.reduceat(columns, starts, axis=0) / sizes[:, np.newaxis]
    return averaged.astype(np.float32, copy=False)


def _levels(columns: NDArray[np.float32], num_bins: int) -> NDArray[np.int64]:
    """Turn dB into colour numbers, ``(num_bins, num_columns)``; a bin takes the loudest of its bands."""
    num_bands = columns.shape[1]
    starts = np.arange(num_bins) * num_bands // num_bins
    ends = np.maximum(starts + 1, (np.arange(1, num_bins + 1) * num_bands) // num_bins)
    loudest = np.array([columns[:, start:end].max(axis=1) for start, end in zip(starts, ends, strict=True)])
    share = (np.nan_to_num(loudest, nan=QUIETEST_DB) - QUIETEST_DB) / (LOUDEST_DB - QUIETEST_DB)
    levels: NDArray[np.int64] = (np.clip(share, 0, 1) * (_LEVELS - 1)).round().astype(np.int64)
    return levels


@lru_cache(maxsize=_LEVELS * _LEVELS)
def _half_blocks(upper: int, lower: int) -> Style:
    red_green_blue = (colour_scale(_LEVELS) * 255).round()
    return Style(color=Color.from_rgb(*red_green_blue[upper]), bgcolor=Color.from_rgb(*red_green_blue[lower]))


def _draw_frequencies(canvas: Canvas, band_hz: tuple[float, ...], rows: int, names: int) -> None:
    used = -2
    bands = np.arange(len(band_hz))
    for mark in _MARKS_HZ:
        if not band_hz[0] <= mark <= band_hz[-1]:
            continue
        band = float(np.interp(mark, band_hz, bands))
        row = rows - 1 - int(rows * (band + 0.5) / len(band_hz))
        if row >= used + 2:
            canvas.put_right(row, names - 1, f"{mark / 1000:g} kHz"[: names - 1], FAINT)
            used = row
