"""A recorded call made up: the speech that comes with callmood in turns, and rows that a model might give."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import soundfile
from numpy.typing import NDArray

from benchmarks.pages import SPEECH
from emotion.arrays import Samples
from emotion.card import LABELS
from emotion.signal import resample
from streamer.alerts import Alerting, AlertRule
from streamer.events import STATES, AudioBlock, Event, Mark, Row, Sound
from streamer.leg_plan import LegPlan
from streamer.recordings.session_audio import SessionAudio
from streamer.recordings.session_folder import JOURNAL_FILE, SessionFolder
from streamer.session_info import LegSummary, SessionInfo, Summary
from streamer.sinks.journal import JournalWriter
from streamer.sources.base import SourceInfo

STARTED: Final = 1_795_402_799.25
"""A quarter of a second past the last second of an hour of UTC, in November 2026."""
SAMPLE_RATE: Final = 16_000
_WIN, _STEP = 2.0, 0.5
_BLOCK_SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class CallScene:
    """What the call is to be like.

    Attributes
    ----------
    seconds : int
        Its length, s.
    legs : tuple of LegPlan
        One channel each.
    seed : int
        Of its turns and emotions.
    """

    seconds: int
    legs: tuple[LegPlan, ...] = (LegPlan("customer", 0, 0), LegPlan("partner", 0, 1))
    seed: int = 0

    @property
    def info(self) -> SessionInfo:
        """The head of its journal."""
        source = SourceInfo(
            name="a call that was made up", sample_rate=SAMPLE_RATE, channels=len(self.legs),
            sample_format="PCM_16", seconds=float(self.seconds), live=True,
        )  # fmt: skip
        return SessionInfo(
            session=f"20261123T025959Z-{self.seed:04x}",
            started=STARTED,
            sources=(source,),
            notes=(),
            model="speech",
            model_notes=("weights: non-commercial use only",),
            feature_set="speech/1",
            labels=LABELS,
            win_seconds=_WIN,
            step_seconds=_STEP,
            sample_rate=SAMPLE_RATE,
            legs=self.legs,
            callmood_version="0.1.0",
            learns_voice=True,
        )


def record_call(
    out_dir: Path,
    scene: CallScene,
    *,
    with_sound: bool = True,
    more: Sequence[Event] = (),
    ended: bool = True,
) -> Path:
    """Record a call as a session would, with journal and whole sound.

    Parameters
    ----------
    out_dir : Path
        Folder of recordings.
    scene : CallScene
        What it is like.
    with_sound : bool
        Keep the sound.
    more : sequence of Event
        For the journal, after the rows.
    ended : bool
        With a summary; otherwise as ``kill -9`` leaves it.

    Returns
    -------
    Path
        The session's folder.
    """
    generator = np.random.default_rng(scene.seed)
    folder = SessionFolder(out_dir)
    folder.open(scene.info)
    turns = _turns(scene, generator)
    journal = JournalWriter(folder.path / JOURNAL_FILE)
    journal.open(scene.info)
    rules = [AlertRule.parse("angry>0.7 for 5s")]
    alerting = Alerting(rules, [leg.name for leg in scene.legs if leg.analysed], _STEP)
    events: list[Event] = []
    for row in _rows(scene, turns, generator):
        events += [row, *alerting.take(row)]
    events += [Mark(scene.seconds / 3, STARTED + scene.seconds / 3), *more]
    for event in events:
        journal.handle(event)
    rows = [event for event in events if isinstance(event, Row)]
    summary = _summary(scene, turns, rows, alerting.num_alerts)
    if with_sound:
        audio = SessionAudio(folder)
        audio.open(scene.info)
        for block in _blocks(scene, turns, generator):
            audio.handle(Sound(block))
        audio.close(summary)
    journal.close(summary if ended else None)
    folder.close(summary if ended else None)
    return folder.path


_Turns = NDArray[np.int64]
"""For each step the leg that talks, or -1."""


def _turns(scene: CallScene, generator: np.random.Generator) -> _Turns:
    """Let the legs talk in turn for 3 to 15 s, with a short pause between."""
    num_steps = max(1, int(scene.seconds / _STEP))
    turns = np.full(num_steps, -1, dtype=np.int64)
    at, leg = 2, 0
    while at < num_steps:
        length = int(generator.integers(6, 30))
        turns[at : at + length] = leg
        at += length + int(generator.integers(1, 5))
        leg = (leg + 1) % len(scene.legs)
    return turns


def _rows(scene: CallScene, turns: _Turns, generator: np.random.Generator) -> Iterator[Row]:
    """Give the rows of all legs as they would come, window by window."""
    per_window = round(_WIN / _STEP)
    smoothed = np.full((len(scene.legs), len(LABELS)), 1 / len(LABELS))
    mood = np.zeros(len(scene.legs), dtype=np.int64)
    for window in range(len(turns) - per_window + 1):
        talking = turns[window : window + per_window]
        for number, leg in enumerate(scene.legs):
            if not leg.analysed:
                continue
            if generator.random() < 0.04:
                mood[number] = generator.choice(len(LABELS), p=[0.2, 0.15, 0.5, 0.15])
            raw = generator.dirichlet(np.where(np.arange(len(LABELS)) == mood[number], 6.0, 0.6))
            smoothed[number] = 0.8 * smoothed[number] + 0.2 * raw
            yield _row(leg, window, int((talking == number).sum()) >= 2, smoothed[number], raw)


def _row(
    leg: LegPlan, window: int, is_spoken: bool, smoothed: NDArray[np.float64], raw: NDArray[np.float64]
) -> Row:
    start, end = window * _STEP, window * _STEP + _WIN
    row = Row(
        leg=leg.name,
        window=window,
        start=start,
        end=end,
        start_sample=round(start * SAMPLE_RATE),
        end_sample=round(end * SAMPLE_RATE),
        state="silence",
        emotion=None,
        probabilities=None,
        smoothed=None,
        level_dbfs=-62.0,
        lag_seconds=0.05,
        voice_known=min(1.0, window / 400),
    )
    if not is_spoken:
        return row
    shares = dict(zip(LABELS, smoothed.tolist(), strict=True))
    is_sure = max(shares.values()) >= 0.45
    return replace(
        row,
        state="speech" if is_sure else "unsure",
        emotion=max(shares, key=shares.__getitem__) if is_sure else None,
        probabilities=dict(zip(LABELS, raw.tolist(), strict=True)),
        smoothed=shares,
        level_dbfs=-24.0,
    )


def _blocks(scene: CallScene, turns: _Turns, generator: np.random.Generator) -> Iterator[AudioBlock]:
    """Give the sound of all legs: speech in its turns, faint noise otherwise."""
    speech = _speech()
    per_step = round(_STEP * SAMPLE_RATE)
    steps_per_block = round(_BLOCK_SECONDS / _STEP)
    for first in range(0, len(turns), steps_per_block):
        talking = np.repeat(turns[first : first + steps_per_block], per_step)
        at = first * per_step
        voice = np.take(speech, np.arange(at, at + len(talking)), mode="wrap")
        samples = generator.normal(0.0, 0.001, (len(talking), len(scene.legs))).astype(np.float32)
        for number in range(len(scene.legs)):
            samples[:, number] += np.where(talking == number, np.roll(voice, 7 * number), np.float32(0.0))
        yield AudioBlock(samples=samples, first_sample=at, arrived=0.0)


def _speech() -> Samples:
    samples, rate = soundfile.read(SPEECH, dtype="float32", always_2d=True)
    mono: Samples = samples.mean(axis=1)
    return resample(mono, rate, SAMPLE_RATE)


def _summary(scene: CallScene, turns: _Turns, rows: Sequence[Row], num_alerts: int) -> Summary:
    analysed = [(number, leg.name) for number, leg in enumerate(scene.legs) if leg.analysed]
    talk_seconds = {name: float((turns == number).sum()) * _STEP for number, name in analysed}
    return Summary(
        seconds=float(scene.seconds),
        windows=len(rows),
        states={state: sum(row.state == state for row in rows) for state in STATES},
        emotions={label: sum(row.emotion == label for row in rows) for label in LABELS},
        overruns=0,
        gaps=0,
        marks=1,
        dropped_seconds=0.0,
        paused_seconds=0.0,
        slip_seconds=0.0,
        non_finite_samples=0,
        real_time_factor=0.02,
        max_lag_seconds=0.05,
        files=(),
        failures=(),
        alerts=num_alerts,
        talk_seconds=talk_seconds if len(talk_seconds) > 1 else {},
        overlap_seconds=0.0,
        legs={name: _leg_summary(name, rows, seconds) for name, seconds in talk_seconds.items()},
    )


def _leg_summary(leg: str, rows: Sequence[Row], talk_seconds: float) -> LegSummary:
    own = [row for row in rows if row.leg == leg]
    return LegSummary(
        windows=len(own),
        state_seconds={state: _STEP * sum(row.state == state for row in own) for state in STATES},
        emotion_seconds={label: _STEP * sum(row.emotion == label for row in own) for label in LABELS},
        talk_seconds=talk_seconds,
    )
