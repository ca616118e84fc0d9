"""Snapshots for the screen: a session that wanders, and whatever Hypothesis can think of."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import get_args

import numpy as np
from hypothesis import strategies as st
from rich.cells import cell_len

from emotion.arrays import read_only
from emotion.card import LABELS
from streamer.events import STATES, Row
from streamer.leg_plan import LegPlan
from streamer.panel.canvas import Canvas
from streamer.panel.layout import PanelView
from streamer.session_info import SessionInfo
from streamer.snapshot import (
    ZOOMS,
    HistoryPoint,
    LegView,
    LogEntry,
    LogKind,
    Snapshot,
    SpectrogramView,
    StripView,
    Tick,
    TickKind,
)
from streamer.sources.base import SourceInfo

STARTED = 1_795_402_799.25
WIN_SECONDS = 2.0
STEP_SECONDS = 0.5
MODEL_NOTE = "weights: non-commercial use only"
SOURCE_NOTE = "2 channels mixed down to mono"


def panel_facts(*, seconds: float | None = None, source_name: str = "Built-in Audio") -> SessionInfo:
    """Give the head of a session on a microphone, or on a file of so many seconds."""
    source = SourceInfo(source_name, 48_000, 2, "FLOAT", seconds, seconds is None, (SOURCE_NOTE,))
    return SessionInfo(
        session="20261123T025959Z-0abc",
        started=STARTED,
        sources=(source,),
        notes=source.notes,
        model="speech-classic",
        model_notes=(MODEL_NOTE,),
        feature_set="classic-speech/1",
        labels=LABELS,
        win_seconds=WIN_SECONDS,
        step_seconds=STEP_SECONDS,
        sample_rate=16_000,
        legs=(LegPlan(),),
        callmood_version="0.1.0",
    )


def spectrogram(num_columns: int = 300, end: float = 12.0, seed: int = 0) -> SpectrogramView:
    """Give bands of noise with a harmonic that glides."""
    bands = np.arange(48)
    noise = np.random.default_rng(seed).normal(-75, 4, (num_columns, 48))
    glide = 15 + 8 * np.sin(np.arange(num_columns) / 25)
    columns = noise + 45 * np.exp(-(((bands - glide[:, np.newaxis]) / 1.5) ** 2))
    hz = 700 * (10 ** (np.linspace(60, 2840, 48) / 2595) - 1)
    return SpectrogramView(read_only(columns.astype(np.float32)), tuple(hz.tolist()), 0.04, end)


def before_the_first_window(heard_seconds: float = 1.2) -> Snapshot:
    """Give a session whose first window is not full."""
    leg = LegView("mono", None, -120.0, -60.0, ())
    return Snapshot(
        stream_seconds=heard_seconds,
        windows=0,
        legs=(leg,),
        lag_seconds=0.0,
        real_time_factor=0.0,
        overruns=0,
        gaps=0,
        marks=0,
        dropped_seconds=0.0,
        paused=False,
        saving=False,
        messages=(),
        spectrogram=None,
    )


def wandering(
    num_windows: int, *, seed: int = 0, silent_from: int = 33, with_spectrogram: bool = False
) -> Iterator[Snapshot]:
    """Give the snapshots of a session whose emotions wander, a quarter of it silence."""
    rng = np.random.default_rng(seed)
    scores = np.zeros(len(LABELS))
    smoothed = np.full(len(LABELS), 1 / len(LABELS))
    history: list[HistoryPoint] = []
    for window in range(num_windows):
        scores = 0.93 * scores + rng.normal(0, 0.8, len(LABELS))
        raw = np.exp(scores) / np.exp(scores).sum()
        smoothed = 0.65 * smoothed + 0.35 * raw
        end = WIN_SECONDS + window * STEP_SECONDS
        row = _row(window, end, raw, smoothed, silent=(window - silent_from) % 44 < 11, rng=rng)
        point = HistoryPoint(end, row.emotion, tuple(row.smoothed.values()) if row.smoothed else None)
        history = [kept for kept in (*history, point) if kept.end > end - 60.0]
        leg = LegView(
            "mono", row, row.level_dbfs + rng.normal(), -61.0, tuple(history), voice_known=row.voice_known
        )
        yield replace(
            before_the_first_window(end),
            windows=window + 1,
            legs=(leg,),
            lag_seconds=10 ** rng.uniform(-3, 2),
            real_time_factor=10 ** rng.uniform(-2.5, 1),
            overruns=window // 50,
            gaps=window // 50,
            dropped_seconds=1.3 * (window // 40),
            saving=window % 20 > 10,
            messages=tuple(f"message {number}" for number in range(window // 10, window // 10 + 3)),
            spectrogram=spectrogram(end=end) if with_spectrogram else None,
        )


def _row(
    window: int,
    end: float,
    raw: Sequence[float],
    smoothed: Sequence[float],
    *,
    silent: bool,
    rng: np.random.Generator,
) -> Row:
    labelled = {label: float(value) for label, value in zip(LABELS, smoothed, strict=True)}
    return Row(
        leg="mono",
        window=window,
        start=end - WIN_SECONDS,
        end=end,
        start_sample=round(48_000 * (end - WIN_SECONDS)),
        end_sample=round(48_000 * end),
        state="silence" if silent else "speech",
        emotion=None if silent else max(labelled, key=labelled.__getitem__),
        probabilities=None if silent else {k: float(v) for k, v in zip(LABELS, raw, strict=True)},
        smoothed=None if silent else labelled,
        level_dbfs=float(rng.normal(-64 if silent else -25, 2)),
        lag_seconds=0.012,
    )


def text_lines(canvas: Canvas) -> list[str]:
    """Give what a canvas shows, line by line."""
    return ["".join(run.text for run in line) for line in canvas.lines()]


def is_exactly(lines: list[str], width: int, height: int) -> bool:
    """Tell whether lines fill a terminal exactly."""
    return len(lines) == height and all(cell_len(line) == width for line in lines)


_FIGURES = st.floats(0, 1e7) | st.sampled_from([0.0, 1e-9, 9.995, 99.95, 1e12])
_DBFS = st.floats(-120, 20)


@st.composite
def histories(draw: st.DrawFn) -> tuple[HistoryPoint, ...]:
    """Give a minute or less of points, silence among them."""
    first, count = draw(st.integers(0, 10_000)), draw(st.integers(0, 120))
    shares = st.tuples(*[st.floats(0, 1)] * len(LABELS))
    kinds = draw(st.lists(st.none() | shares, min_size=count, max_size=count))
    return tuple(
        HistoryPoint(
            (first + number) * STEP_SECONDS + WIN_SECONDS,
            None if kind is None else LABELS[max(range(len(LABELS)), key=kind.__getitem__)],
            kind,
        )
        for number, kind in enumerate(kinds)
    )


_KINDS = (*LABELS, *STATES, "gap", "pause", "")


def _past(seed: int, text: str) -> tuple[tuple[LogEntry, ...], tuple[Tick, ...], StripView]:
    """Give a log, ticks and a strip of any length."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    kinds = tuple(chance.choices(_KINDS, k=chance.randrange(513)))
    ticks = tuple(
        Tick(chance.uniform(0, 1e6), chance.choice(get_args(TickKind)), chance.choice(["", "mono"]))
        for _ in range(chance.randrange(9))
    )
    log = tuple(
        LogEntry(chance.uniform(0, 1e6), text, chance.choice(get_args(LogKind)))
        for _ in range(chance.randrange(51))
    )
    return log, ticks, StripView(chance.choice([1.0, 2.0, 1024.0]), {"mono": kinds}, ticks)


_PASTS = st.builds(_past, st.integers(0, 10**6), st.text(max_size=60))

panel_views = st.builds(
    PanelView,
    st.booleans(),
    st.sampled_from(ZOOMS),
    st.none() | st.text(max_size=200),
    st.text(max_size=99),
    st.booleans(),
)
"""Whatever a user may have done to the panel."""


@st.composite
def snapshots(draw: st.DrawFn) -> Snapshot:
    """Give any snapshot at all."""
    silent = draw(st.booleans())
    shares = [draw(st.floats(0, 1)) for _ in range(2 * len(LABELS))]
    rng = np.random.default_rng(0)
    row = _row(7, 5.5, shares[: len(LABELS)], shares[len(LABELS) :], silent=silent, rng=rng)
    log, ticks, strip = draw(_PASTS)
    points = draw(histories())
    long = (points[::2], points[::3])
    leg = LegView(
        *("mono", draw(st.none() | st.just(row)), draw(_DBFS), draw(_DBFS), points, long),
        line_voices=draw(st.none() | st.integers(0, 100)),
        line_fits=draw(st.booleans()),
    )
    views = st.builds(spectrogram, st.integers(0, 400), st.floats(0, 1e5))
    return Snapshot(
        stream_seconds=draw(_FIGURES),
        windows=draw(st.integers(0, 10**9)),
        legs=(leg,),
        lag_seconds=draw(_FIGURES),
        real_time_factor=draw(_FIGURES),
        overruns=draw(st.integers(0, 10**9)),
        gaps=draw(st.integers(0, 10**9)),
        marks=draw(st.integers(0, 10**9)),
        dropped_seconds=draw(_FIGURES),
        paused=draw(st.booleans()),
        saving=draw(st.booleans()),
        messages=tuple(draw(st.lists(st.text(max_size=300), max_size=8))),
        spectrogram=draw(st.none() | views),
        held=draw(st.booleans()),
        log=log,
        ticks=ticks,
        strip=strip,
    )
