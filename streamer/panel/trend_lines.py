"""The last minute: a line of block characters per emotion, or a strip of initials where rows are few."""

import math
from collections.abc import Sequence
from typing import Final

from streamer.panel.canvas import MINUS, Canvas
from streamer.panel.palette import FAINT, emotion_style
from streamer.snapshot import TrendPoint
from streamer.trend import TREND_SECONDS

_BLOCKS: Final = " ▁▂▃▄▅▆▇█"


def draw_trend(
    canvas: Canvas, trend: Sequence[TrendPoint], labels: tuple[str, ...], step_seconds: float
) -> None:
    """Draw the smoothed probabilities of the last minute, now at the right.

    Parameters
    ----------
    canvas : Canvas
        One row for the strip of initials, or a whole number of rows per emotion.
    trend : sequence of TrendPoint
        Oldest first.
    labels : tuple of str
        The emotions, in order.
    step_seconds : float
        Distance of the points, s.
    """
    if not canvas.width or not canvas.height:
        return
    points = _points_by_column(trend, canvas.width, step_seconds)
    if canvas.height < len(labels):
        for column, in_column in enumerate(points):
            if in_column:
                emotion = in_column[-1].emotion
                canvas.put(0, column, emotion[0] if emotion else "·", emotion_style(emotion or ""))
        return
    rows = canvas.height // len(labels)
    for number, label in enumerate(labels):
        line = canvas.part(number * rows, 0, rows, canvas.width)
        for column, in_column in enumerate(points):
            _draw_column(line, column, in_column, number, label)


def draw_time_axis(canvas: Canvas, seconds: float) -> None:
    """Draw the axis under a picture whose right edge is now.

    Parameters
    ----------
    canvas : Canvas
        One row, as wide as the picture.
    seconds : float
        What the whole width stands for.
    """
    every = next((each for each in (1, 2, 5, 10, 15, 30, 60) if each * canvas.width >= 12 * seconds), 60)
    canvas.put_right(0, canvas.width, "now", FAINT)
    for mark in range(every, math.floor(seconds) + 1, every):
        column = round(canvas.width * (1 - mark / seconds))
        if column <= canvas.width - 10:
            canvas.put(0, column, f"{MINUS}{mark} s", FAINT)


def _draw_column(canvas: Canvas, column: int, points: Sequence[TrendPoint], number: int, label: str) -> None:
    spoken = [point.smoothed[number] for point in points if point.smoothed is not None]
    if not spoken:
        if points:
            canvas.put(canvas.height - 1, column, "·", FAINT)
        return
    eighths = max(1, round(8 * canvas.height * sum(spoken) / len(spoken)))
    for row in range(canvas.height):
        share = min(8, max(0, eighths - 8 * (canvas.height - 1 - row)))
        canvas.put(row, column, _BLOCKS[share], emotion_style(label))


def _points_by_column(trend: Sequence[TrendPoint], width: int, step_seconds: float) -> list[list[TrendPoint]]:
    """Sort points into columns that stand still on the stream's clock, so that old columns never change."""
    columns: list[list[TrendPoint]] = [[] for _ in range(width)]
    if not trend:
        return columns
    each = TREND_SECONDS / width
    newest = math.floor(trend[-1].end / each)
    for point in trend:
        column = math.floor(point.end / each) - newest + width - 1
        if 0 <= column < width:
            columns[column].append(point)
    held = math.ceil(step_seconds / each) - 1
    for column in [column for column in range(width) if columns[column]]:
        for between in range(column - 1, max(-1, column - held - 1), -1):
            if columns[between]:
                break
            columns[between] = columns[column]
    return columns
