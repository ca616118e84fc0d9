"""The charts: bars of emotions, input level, probability history, the whole session, mel spectrogram."""

import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from rich.color import Color
from rich.style import Style

from emotion.arrays import FloatArray
from streamer.events import Row
from streamer.panel.canvas import FAINT, LEVEL, MINUS, PLAIN, STRONG, WARNING, Canvas, emotion_style, percent
from streamer.session_memory import dominant_kind
from streamer.snapshot import HISTORY_SECONDS, HistoryPoint, SpectrogramView, Tick, TickKind

_SMOOTHED: Final = "▆ smoothed"
_THIS_WINDOW: Final = "┃ this window"
_BOTH_WIDTH: Final = 58
"""Narrower than this there is only room for the smoothed percentage."""
_NAMED_WIDTH: Final = 30
"""Narrower than this the level has no room for its name."""

_QUIETEST_DBFS: Final = -80.0
_LOUD_DBFS: Final = -6.0


def label_width(labels: tuple[str, ...]) -> int:
    """Give the width of the column that holds labels."""
    return max(len(label) for label in (*labels, "level")) + 2


def draw_legend(canvas: Canvas) -> None:
    """Draw what bar and tick mean, above the percentages."""
    if canvas.width >= _BOTH_WIDTH:
        canvas.put_right(0, canvas.width, _THIS_WINDOW, FAINT)
        canvas.put_right(0, canvas.width - len(_THIS_WINDOW) - 2, _SMOOTHED, FAINT)
    else:
        canvas.put_right(0, canvas.width, f"{_SMOOTHED}  {_THIS_WINDOW}", FAINT)


def draw_bars(canvas: Canvas, row: Row | None, labels: tuple[str, ...]) -> None:
    """Draw a line per emotion: its name, its bar with a tick, its percentages."""
    pitch = canvas.height // len(labels)
    start = label_width(labels)
    both = canvas.width >= _BOTH_WIDTH
    end = canvas.width - (2 + len(_SMOOTHED) + 2 + len(_THIS_WINDOW) if both else 7)
    smoothed, raw, leader = (row.smoothed, row.probabilities, row.emotion) if row else (None, None, None)
    for number, label in enumerate(labels):
        line = canvas.part((number + 1) * pitch - 1, 0, 1, canvas.width)
        leads = label == leader
        line.put(0, 0, label, emotion_style(label, strong=leads) if smoothed else FAINT)
        bar = line.part(0, start, 1, end - start)
        _draw_bar(bar, "▆", emotion_style(label), _of(smoothed, label), _of(raw, label))
        smoothed_end = canvas.width - len(_THIS_WINDOW) - 2 if both else canvas.width
        line.put_right(0, smoothed_end, percent(_of(smoothed, label)), STRONG if leads else PLAIN)
        if both:
            line.put_right(0, canvas.width, percent(_of(raw, label)), FAINT)


def draw_level(canvas: Canvas, level_dbfs: float | None, floor_dbfs: float, labels: tuple[str, ...]) -> None:
    """Draw the input level with a tick at the room's noise floor."""
    wide = canvas.width >= _BOTH_WIDTH
    start = label_width(labels) if canvas.width >= _NAMED_WIDTH else 0
    loud = level_dbfs is not None and level_dbfs > _LOUD_DBFS
    number = "   \N{EN DASH}" if level_dbfs is None else _decibels(level_dbfs)
    figure = f"{number} dBFS{'!' if loud else ' '}"
    end = canvas.width - (27 if wide else len(figure) + 1)
    if start:
        canvas.put(0, 0, "level", FAINT)
    style = WARNING if loud else LEVEL
    filled = None if level_dbfs is None else _meter(level_dbfs)
    bar = canvas.part(0, start, 1, end - start)
    _draw_bar(bar, "━", style, filled, _meter(floor_dbfs))
    if wide:
        canvas.put_right(0, canvas.width, f"┃ room {_decibels(floor_dbfs)}", FAINT)
        canvas.put_right(0, canvas.width - len(_THIS_WINDOW) - 1, figure)
    else:
        canvas.put_right(0, canvas.width, figure)


def _draw_bar(canvas: Canvas, block: str, style: Style, filled: float | None, tick: float | None) -> None:
    """Draw a track, a bar of one character on it, and a tick across it; both in 0..1."""
    width = canvas.width
    canvas.put(0, 0, "─" * width, FAINT)
    canvas.put(0, 0, block * round(width * (filled or 0.0)), style)
    if tick is not None and width:
        canvas.put(0, min(width - 1, math.floor(width * tick)), "┃", STRONG)


def _of(values: Mapping[str, float] | None, label: str) -> float | None:
    return None if values is None else min(1.0, max(0.0, values[label]))


def _decibels(value: float) -> str:
    """Write a level in four cells."""
    return f"{max(-120, min(99, round(value))):4d}".replace("-", MINUS)


def _meter(value: float) -> float:
    return min(1.0, max(0.0, 1.0 - value / _QUIETEST_DBFS))


_BLOCKS: Final = " ▁▂▃▄▅▆▇█"


class TimeAxis(NamedTuple):
    """The time from `start_seconds` to `end_seconds` of the stream, on so many cells."""

    start_seconds: float
    end_seconds: float
    width: int

    @property
    def cell_seconds(self) -> float:
        """Time of a cell, s."""
        return (self.end_seconds - self.start_seconds) / max(1, self.width)

    def column(self, seconds: float) -> int | None:
        """Give the cell of a moment; None outside."""
        column = math.floor((seconds - self.start_seconds) / self.cell_seconds + 1e-9)
        return column if 0 <= column < self.width else None


def recent_axis(
    history: Sequence[HistoryPoint], width: int, zoom_seconds: float = HISTORY_SECONDS, now: float = 0.0
) -> TimeAxis:
    """Give the axis of a history: its right edge is the newest, or `now` if later.

    Its cells stand still on the stream's clock, so that old columns never change.
    """
    each = zoom_seconds / max(1, width)
    newest = math.floor(max(now, history[-1].end if history else 0.0) / each)
    return TimeAxis((newest + 1 - max(1, width)) * each, (newest + 1) * each, max(1, width))


def draw_history(
    canvas: Canvas,
    history: Sequence[HistoryPoint],
    labels: tuple[str, ...],
    step_seconds: float,
    axis: TimeAxis,
) -> None:
    """Draw the smoothed probabilities of the time of an axis."""
    if not canvas.width or not canvas.height:
        return
    points = _points_by_column(history, canvas.width, step_seconds, axis)
    if canvas.height < len(labels):
        for column, in_column in enumerate(points):
            if in_column:
                newest = in_column[-1]
                kind = newest.emotion or ("silence" if newest.smoothed is None else "unsure")
                canvas.put(0, column, _KIND_SIGNS.get(kind, kind[0]), emotion_style(kind))
        return
    rows = canvas.height // len(labels)
    for number, label in enumerate(labels):
        line = canvas.part(number * rows, 0, rows, canvas.width)
        for column, in_column in enumerate(points):
            _draw_column(line, column, in_column, number, label)


_TICKS: Final[Mapping[TickKind, tuple[str, Style]]] = MappingProxyType(
    {"mark": ("◆", STRONG), "alert": ("▲", WARNING)}
)
"""Of two in a cell, the later one here is seen."""


def draw_time_axis(canvas: Canvas, seconds: float, ticks: Collection[tuple[int, TickKind]] = ()) -> None:
    """Draw the time axis of a chart whose right edge is now, and ticks by column in place of its labels."""
    every = next((each for each in _EVERY if each * canvas.width >= 12 * seconds), _EVERY[-1])
    labels = [(canvas.width - len("now"), "now")]
    for mark in range(every, math.floor(seconds) + 1, every):
        column = round(canvas.width * (1 - mark / seconds))
        if column <= canvas.width - 10:
            text = f"{MINUS}{mark} s" if seconds <= HISTORY_SECONDS else f"{MINUS}{mark // 60} min"
            labels.append((column, text))
    _draw_labels(canvas, labels, ticks)


_EVERY: Final = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)


def _draw_labels(
    canvas: Canvas, labels: Sequence[tuple[int, str]], ticks: Collection[tuple[int, TickKind]]
) -> None:
    """Draw the labels of an axis, but for those that a tick would cut, and the ticks."""
    columns = {column for column, _ in ticks}
    for column, text in labels:
        if columns.isdisjoint(range(column - 1, column + len(text) + 1)):
            canvas.put(0, column, text, FAINT)
    draw_ticks(canvas, ticks)


def draw_ticks(canvas: Canvas, ticks: Collection[tuple[int, TickKind]]) -> None:
    """Draw marks and alerts."""
    for kind, (sign, style) in _TICKS.items():
        for column, of_kind in ticks:
            if of_kind == kind:
                canvas.put(0, column, sign, style)


def ticks_on(axis: TimeAxis, ticks: Sequence[Tick], leg: str | None = None) -> set[tuple[int, TickKind]]:
    """Give the cells of ticks; of alerts only those of a leg, where one is given."""
    shown = (tick for tick in ticks if leg is None or tick.leg in {"", leg})
    placed = ((axis.column(tick.at_seconds), tick.kind) for tick in shown)
    return {(column, kind) for column, kind in placed if column is not None}


_KIND_SIGNS: Final[Mapping[str, str]] = MappingProxyType(
    {"silence": "·", "unsure": "?", "noise": "~", "clipped": "!", "gap": "/", "pause": "‖"}
)
"""What is no emotion, as a cell of one row shows it: each differs without colour."""


def draw_strip(canvas: Canvas, kinds: Sequence[str], bin_seconds: float, axis: TimeAxis) -> None:
    """Draw what the bins of a leg show, a cell each: a run of an emotion begins with its first letter."""
    before = ""
    for column, kind in enumerate(_kinds_by_cell(kinds, bin_seconds, axis)):
        if kind:
            sign = _KIND_SIGNS.get(kind) or ("▆" if kind == before else kind[0])
            canvas.put(0, column, sign, FAINT if kind in _KIND_SIGNS else emotion_style(kind))
        before = kind


def draw_pause(canvas: Canvas, start_seconds: float, end_seconds: float, axis: TimeAxis) -> None:
    """Draw a pause that lasts on a strip, up to now."""
    first, last = axis.column(start_seconds), axis.column(end_seconds)
    if first is not None:
        last = axis.width - 1 if last is None else last
        canvas.put(0, first, _KIND_SIGNS["pause"] * (last + 1 - first), FAINT)


def _kinds_by_cell(kinds: Sequence[str], bin_seconds: float, axis: TimeAxis) -> list[str]:
    """Give what each cell shows: its bins, or, where it is shorter than one, the bin it lies in."""
    cells = []
    for column in range(axis.width):
        start = axis.start_seconds + column * axis.cell_seconds
        first = math.floor(start / bin_seconds + 1e-9)
        last = max(first + 1, math.floor((start + axis.cell_seconds) / bin_seconds + 1e-9))
        if last - first == 1:
            cells.append(kinds[first] if first < len(kinds) else "")
            continue
        counts = Counter(kind for kind in kinds[first:last] if kind)
        cells.append(dominant_kind(counts, [kind for kind in counts if kind not in _KIND_SIGNS]))
    return cells


_STRIP_SPANS: Final = (60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 28800, 43200, 86400)


def strip_axis(seconds: float, whole_seconds: float | None, width: int) -> TimeAxis:
    """Give the axis of a session: the length of a recording, or a round time that the session fits into."""
    longer = next((span for span in _STRIP_SPANS if span >= seconds), None)
    end = whole_seconds or longer or 86400 * math.ceil(seconds / 86400)
    return TimeAxis(0.0, max(end, seconds, 1.0), max(1, width))


def draw_strip_axis(canvas: Canvas, axis: TimeAxis, ticks: Collection[tuple[int, TickKind]]) -> None:
    """Draw the stream time below a strip, and ticks."""
    every = next((each for each in _EVERY if each * canvas.width >= 12 * axis.end_seconds), None)
    every = every or 3600 * math.ceil(axis.end_seconds / 3600 * 12 / max(1, canvas.width))
    labels = []
    for mark in range(0, math.floor(axis.end_seconds) + 1, every):
        column = min(math.floor(mark / axis.cell_seconds), canvas.width - 1)
        text = f"{mark // 3600}:{mark // 60 % 60:02d}:{mark % 60:02d}"
        if column + len(text) <= canvas.width:
            labels.append((column, text))
    _draw_labels(canvas, labels, ticks)


def _draw_column(
    canvas: Canvas, column: int, points: Sequence[HistoryPoint], number: int, label: str
) -> None:
    speech = [point.smoothed[number] for point in points if point.smoothed is not None]
    if not speech:
        if points:
            canvas.put(canvas.height - 1, column, "·", FAINT)
        return
    eighths = max(1, round(8 * canvas.height * sum(speech) / len(speech)))
    is_unsure = all(point.emotion is None for point in points)
    style = FAINT if is_unsure else emotion_style(label)
    for row in range(canvas.height):
        share = min(8, max(0, eighths - 8 * (canvas.height - 1 - row)))
        canvas.put(row, column, _BLOCKS[share], style)


def _points_by_column(
    history: Sequence[HistoryPoint], width: int, step_seconds: float, axis: TimeAxis
) -> list[list[HistoryPoint]]:
    columns: list[list[HistoryPoint]] = [[] for _ in range(width)]
    for point in history:
        column = axis.column(point.end)
        if column is not None:
            columns[column].append(point)
    repeated = math.ceil(step_seconds / axis.cell_seconds - 1e-9) - 1
    for column in [column for column in range(width) if columns[column]]:
        for between in range(column - 1, max(-1, column - repeated - 1), -1):
            if columns[between]:
                break
            columns[between] = columns[column]
    return columns


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


def _merged(view: SpectrogramView, count: int) -> FloatArray:
    """Average neighbours, in groups that stand still on the stream's clock; the newest may be incomplete."""
    columns = view.columns
    first = round(view.end / view.column_seconds) - len(columns)
    columns = columns[-first % count :]
    starts = np.arange(0, len(columns), count)
    sizes = np.diff(starts, append=len(columns)).astype(np.float32)
    averaged = np.add.reduceat(columns, starts, axis=0) / sizes[:, np.newaxis]
    return averaged.astype(np.float32, copy=False)


def _levels(columns: FloatArray, num_bins: int) -> NDArray[np.int64]:
    """Turn dB into colour numbers, ``(num_bins, num_columns)``; a bin takes the loudest of its bands."""
    num_bands = columns.shape[1]
    starts = np.arange(num_bins) * num_bands // num_bins
    loudest = np.maximum.reduceat(columns, starts, axis=1).T
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
