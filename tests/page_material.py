"""Sessions for the report page: two legs whose emotions wander, marks, gaps, alerts, and a tone for sound."""

import io
import math
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import soundfile

from callmood.reports.analysis import LegAnalysis, SessionAnalysis, analyse
from callmood.reports.html import PageSession
from callmood.reports.sound import MIME, LegAudio, Piece
from emotion.card import LABELS
from streamer.events import Alert, Gap, Mark, Row, State
from streamer.leg_plan import LegPlan
from streamer.recordings.journal_reader import Journal
from tests.session_material import facts

STEP_SECONDS, WIN_SECONDS = 0.5, 2.0
CUSTOMER, STAFF = LegPlan("customer", channel=0), LegPlan("me", channel=1)
TONE_HZ = 440.0
_REPEATED_SECONDS = 300.0


def wandering_rows(
    leg: str,
    num_windows: int,
    seed: int = 0,
    *,
    gap: tuple[int, int] = (0, 0),
    labels: Sequence[str] = LABELS,
) -> list[Row]:
    """Give rows of speech whose emotions come and go, with silence between; none in a gap of windows."""
    generator = np.random.default_rng(seed)
    steps = generator.normal(0.0, 0.5, (num_windows, len(labels)))
    walks = np.zeros_like(steps)
    for window in range(1, num_windows):
        walks[window] = 0.93 * walks[window - 1] + steps[window]
    shares = np.exp(1.6 * walks)
    shares /= shares.sum(axis=1, keepdims=True)
    talks = np.sin(np.arange(num_windows) / 9.0 + 2.5 * seed) > -0.35
    return [
        _row(leg, window, bool(talks[window]), dict(zip(labels, shares[window].tolist(), strict=True)))
        for window in range(num_windows)
        if not gap[0] <= window < gap[1]
    ]


def _row(leg: str, window: int, talks: bool, smoothed: dict[str, float]) -> Row:
    emotion = max(smoothed, key=smoothed.__getitem__)
    state: State = "speech" if talks else "noise" if window % 47 == 0 else "silence"
    if talks and smoothed[emotion] < 0.45:
        state = "unsure"
    start = window * STEP_SECONDS
    return Row(
        leg=leg,
        window=window,
        start=start,
        end=start + WIN_SECONDS,
        start_sample=round(start * 1000),
        end_sample=round((start + WIN_SECONDS) * 1000),
        state=state,
        emotion=emotion if state == "speech" else None,
        probabilities=smoothed if talks else None,
        smoothed=smoothed if talks else None,
        level_dbfs=-24.0 if talks else -68.0,
        lag_seconds=0.02,
        voice_known=min(1.0, window / 80) if talks else 0.0,
    )


def wandering_journal(
    num_windows: int = 240,
    *,
    legs: Sequence[LegPlan] = (CUSTOMER, STAFF),
    rule: str = "customer:angry>0.7 for 3s",
    note: str = "asked for the manager",
    labels: Sequence[str] = LABELS,
) -> Journal:
    """Give the journal of a call, without a file."""
    header = replace(
        facts(channels=2, legs=legs, win_seconds=WIN_SECONDS),
        step_seconds=STEP_SECONDS,
        alerts=(rule,),
        labels=tuple(labels),
        notes=(),
        learns_voice=True,
    )
    analysed = [leg for leg in legs if leg.analysed]
    hole = (num_windows // 2, num_windows // 2 + 12)
    rows = [
        row
        for seed, leg in enumerate(analysed)
        for row in wandering_rows(leg.name, num_windows, seed, gap=hole, labels=labels)
    ]
    gaps = [_gap(leg.name, hole[0] * STEP_SECONDS + 1.5, hole[1] * STEP_SECONDS) for leg in analysed]
    alerts = [
        Alert(
            analysed[0].name,
            rule,
            labels[0],
            at - 3.0,
            at,
            0.82,
            3.0,
            int(at),
            int(1000 * (at - 3)),
            int(1000 * at),
        )
        for at in (0.3 * num_windows * STEP_SECONDS, 0.75 * num_windows * STEP_SECONDS)
    ]
    return Journal(
        path=Path("journal.jsonl"),
        header=header,
        rows=tuple(sorted(rows, key=lambda row: row.end)),
        skips=(),
        gaps=tuple(gaps),
        absences=(),
        alerts=tuple(alerts),
        marks=(Mark(0.4 * num_windows * STEP_SECONDS, header.started, note),),
        pauses=(),
        failures=(),
        complaints=(),
        summary=None,
    )


def _gap(leg: str, start: float, end: float) -> Gap:
    return Gap(
        leg=leg, start=start, end=end, start_sample=int(1000 * start), end_sample=int(1000 * end),
        cause="pause", estimated=False,
    )  # fmt: skip


def page_session(journal: Journal, *, with_sound: bool = True) -> PageSession:
    """Analyse a journal; each leg sounds like a tone at its moments."""
    analysis = analyse(journal)
    if not with_sound:
        return PageSession(analysis)
    legs = [leg.plan.name for leg in analysis.legs if leg.moments]
    return PageSession(analysis, {leg: tone_audio(analysis, leg) for leg in legs})


def between_milliseconds(session: PageSession) -> PageSession:
    """Let all pieces begin a little later, between two milliseconds, as at 44.1 kHz after a gap."""
    return replace(
        session,
        audio={
            leg: replace(
                audio, pieces=tuple(replace(each, start=each.start + 13 / 44_100) for each in audio.pieces)
            )
            for leg, audio in session.audio.items()
        },
    )


def tone_audio(analysis: SessionAnalysis, leg: str) -> LegAudio:
    """Encode a tone for the moments of a leg, end to end."""
    [found] = [each for each in analysis.legs if each.plan.name == leg]
    pieces, offset = [], 0.0
    for episode in sorted((moment.episode for moment in found.moments), key=lambda each: each.start):
        pieces.append(Piece(episode.start, episode.end, offset))
        offset += episode.end - episode.start
    return LegAudio(MIME, _tone(60 * math.ceil((offset + 0.5) / 60)), tuple(pieces))


@cache
def _tone(seconds: int) -> bytes:
    """Encode a tone, once: that takes a while."""
    samples = 0.2 * np.sin(2 * np.pi * TONE_HZ * np.arange(8_000 * seconds) / 8_000)
    file = io.BytesIO()
    soundfile.write(file, samples, 8_000, format="OGG", subtype="OPUS")
    return file.getvalue()


def long_session(hours: float = 8.0) -> PageSession:
    """Give a session of hours: five minutes over and over, without the cost of analysing it."""
    short = analyse(wandering_journal(600))
    times = round(hours * 3600 / _REPEATED_SECONDS)
    legs = tuple(_repeated(leg, times) for leg in short.legs)
    return PageSession(replace(short, legs=legs, seconds=times * _REPEATED_SECONDS))


def _repeated(leg: LegAnalysis, times: int) -> LegAnalysis:
    shifts = np.repeat(_REPEATED_SECONDS * np.arange(times), len(leg.starts))
    return replace(
        leg,
        starts=np.tile(leg.starts, times) + shifts,
        ends=np.tile(leg.ends, times) + shifts,
        states=np.tile(leg.states, times),
        emotions=np.tile(leg.emotions, times),
        smoothed=np.tile(leg.smoothed, (times, 1)),
        levels=np.tile(leg.levels, times),
    )
