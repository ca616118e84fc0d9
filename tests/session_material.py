"""Sessions in small: facts, rows, and sound cut into blocks."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from types import MappingProxyType
from typing import Literal

import numpy as np
from hypothesis import strategies as st

from emotion.arrays import Samples, read_only
from emotion.card import LABELS
from streamer.events import AudioBlock, Row
from streamer.leg_plan import LegPlan
from streamer.session_info import LegLine, LegSummary, SessionInfo, StrongMoment, Summary
from streamer.sources.base import SourceInfo

SESSION = "20261123T025959Z-0abc"

STARTED = 1_795_402_799.25
"""A quarter of a second past the last second of an hour of UTC, in November 2026."""


def facts(
    *,
    session: str = SESSION,
    sample_rate: int = 1000,
    channels: int = 1,
    sample_format: Literal["PCM_16", "FLOAT"] = "PCM_16",
    win_seconds: float = 0.2,
    legs: Sequence[LegPlan] = (LegPlan(),),
    announced: str | None = None,
    lines: Mapping[str, LegLine] = MappingProxyType({}),
) -> SessionInfo:
    """Give the head of a session."""
    source = SourceInfo(
        name="a source — with ünicode",
        sample_rate=sample_rate,
        channels=channels,
        sample_format=sample_format,
        seconds=None,
        live=True,
    )
    return SessionInfo(
        session=session,
        started=STARTED,
        sources=(source,),
        notes=("two channels mixed down to one",) if channels == 2 else (),
        model="speech-classic",
        model_notes=("weights: non-commercial use only",),
        feature_set="classic-speech/1",
        labels=LABELS,
        win_seconds=win_seconds,
        step_seconds=win_seconds / 4,
        sample_rate=16_000,
        legs=tuple(legs),
        callmood_version="0.1.0",
        announced=announced,
        lines=lines,
    )


SUMMARY = Summary(
    seconds=63.5,
    windows=3,
    states={"speech": 2, "silence": 1},
    emotions={"sad": 1, "angry": 1},
    overruns=1,
    gaps=2,
    marks=1,
    dropped_seconds=0.25,
    paused_seconds=3.0,
    slip_seconds=-0.004,
    non_finite_samples=0,
    real_time_factor=0.0213,
    max_lag_seconds=0.034,
    files=("call.jsonl",),
    failures=(),
    legs={
        "mono": LegSummary(
            windows=3,
            state_seconds={"speech": 0.1, "silence": 0.05, "noise": 0.0, "clipped": 0.0, "unsure": 0.0},
            emotion_seconds={"angry": 0.05, "happy": 0.0, "neutral": 0.0, "sad": 0.05},
            talk_seconds=0.1,
            moments=(
                StrongMoment("angry", 61.0, 62.25, mean_probability=0.75, peak_probability=0.875),
                StrongMoment("sad", 0.0, 0.2, mean_probability=0.5, peak_probability=0.5),
            ),
        )
    },
)


def speech_row(window: int = 0, *, emotion: str = "angry", probability: float = 0.1 + 0.6) -> Row:
    """Give the row of a window with speech, 200 samples long at 1 kHz, 50 after the one before."""
    smoothed = dict.fromkeys(LABELS, (1 - probability) / 3) | {emotion: probability}
    start = 50 * window
    return Row(
        leg="mono",
        window=window,
        start=start / 1000,
        end=(start + 200) / 1000,
        start_sample=start,
        end_sample=start + 200,
        state="speech",
        emotion=emotion,
        probabilities=dict.fromkeys(LABELS, 0.25),
        smoothed=smoothed,
        level_dbfs=-23.456,
        lag_seconds=0.0123,
    )


def silent_row(window: int = 0) -> Row:
    """Give the row of a window without speech, in the same place."""
    return replace(
        speech_row(window),
        state="silence",
        emotion=None,
        probabilities=None,
        smoothed=None,
        level_dbfs=-120.0,
    )


def sound(num_samples: int, channels: int = 1, *, whole_steps: bool = True, seed: int = 0) -> Samples:
    """Give noise of any value that 16 bits have, or of floats between and beyond them."""
    generator = np.random.default_rng(seed)
    if whole_steps:
        steps = generator.integers(-32768, 32768, (num_samples, channels))
        return (steps / 32768).astype(np.float32)
    return generator.normal(0.0, 0.7, (num_samples, channels)).astype(np.float32)


def blocks(samples: Samples, cuts: Iterable[int], first_sample: int = 0) -> Iterator[AudioBlock]:
    """Cut sound at the given places."""
    edges = [0, *sorted({cut for cut in cuts if 0 < cut < len(samples)}), len(samples)]
    for start, end in pairwise(edges):
        piece = read_only(samples[start:end].copy())
        yield AudioBlock(piece, first_sample + start, arrived=0.0)


def cuts(num_samples: int) -> st.SearchStrategy[Sequence[int]]:
    """Places to cut a signal of so many samples, from none to many."""
    return st.lists(st.integers(1, num_samples - 1), max_size=40, unique=True)
