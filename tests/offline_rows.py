"""The slow, obvious way from a whole signal to rows, to hold the streaming one against."""

import math
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import numpy as np

from emotion.arrays import Samples
from emotion.features.base import window_vectors
from emotion.model import EmotionModel
from emotion.signal import level_dbfs, level_of_moments, mix_down, moments_of, resample
from emotion.window_grid import WindowGrid
from streamer.events import LegEvent, LegOutput, LineFit, Row


def rows_of(
    stretches: Sequence[tuple[int, Samples]], model: EmotionModel, grid: WindowGrid, source_rate: int
) -> list[Row]:
    """Give the rows of sound that is there as a whole.

    Parameters
    ----------
    stretches : sequence of (int, ndarray of shape (n, channels))
        First sample and sound of each stretch between gaps.
    model : EmotionModel
        Heard with.
    grid : WindowGrid
        At the model's rate.
    source_rate : int
        Hz.

    Returns
    -------
    list of Row
        With a lag of 0.
    """
    rows: list[Row] = []
    rate = grid.sample_rate
    known_slices: list[float] = []
    for origin, samples in stretches:
        sound = resample(mix_down(samples), source_rate, rate)
        vectors = window_vectors(model.feature_set, grid, sound)
        slices = [level_dbfs(sound[i : i + rate // 10]) for i in range(0, len(sound), rate // 10)]
        smoothed = None
        num_silent = 0
        for window, vector in enumerate(vectors):
            begin, end = window * grid.step, window * grid.step + grid.win
            heard = (known_slices + slices[: end // (rate // 10)])[-120:]
            floor = min(-35.0, sorted(heard)[(len(heard) - 1) // 10]) if heard else -120.0
            level = _window_level(sound[begin:end], grid)
            speech = level >= -60 and level >= floor + 6
            probabilities = None
            if speech:
                num_silent = 0
                probabilities = model.predict(vector)
                # A clear change is shown at once.
                if smoothed is None or max(probabilities) > math.e * probabilities[np.argmax(smoothed)]:
                    smoothed = probabilities
                else:
                    share = 1 - math.exp(-grid.step / rate)
                    smoothed = smoothed + share * (probabilities - smoothed)
            else:
                num_silent += 1
                if num_silent * grid.step / rate > 2.0:
                    smoothed = None
            labels = model.card.labels
            shown = smoothed if speech else None
            start_time = Fraction(origin, source_rate) + Fraction(begin, rate)
            end_time = Fraction(origin, source_rate) + Fraction(end, rate)
            rows.append(
                Row(
                    leg="mono",
                    window=len(rows),
                    start=float(start_time),
                    end=float(end_time),
                    start_sample=math.ceil(start_time * source_rate),
                    end_sample=math.ceil(end_time * source_rate),
                    state="speech" if speech else "silence",
                    emotion=None if shown is None else labels[int(np.argmax(shown))],
                    probabilities=None if probabilities is None else _by_label(labels, probabilities),
                    smoothed=None if shown is None else _by_label(labels, shown),
                    level_dbfs=level,
                    lag_seconds=0.0,
                )
            )
        known_slices += slices[: len(sound) // (rate // 10)]
    return rows


def without_lag(events: Sequence[LegOutput]) -> list[LegEvent]:
    """Set the one thing to 0 that depends on when it was computed; leave out what is told of lines."""
    return [
        replace(event, lag_seconds=0.0) if isinstance(event, Row) else event
        for event in events
        if not isinstance(event, LineFit)
    ]


def _window_level(window: Samples, grid: WindowGrid) -> float:
    """Add up what lies between the places where any window begins or ends."""
    places = sorted({0, *range(0, grid.win, grid.step), *range(grid.win, 0, -grid.step)})
    return level_of_moments([moments_of(window[begin:end]) for begin, end in pairwise(places)])


def _by_label(
    labels: Sequence[str], values: np.ndarray[tuple[int], np.dtype[np.float64]]
) -> dict[str, float]:
    return {label: float(value) for label, value in zip(labels, values, strict=True)}
