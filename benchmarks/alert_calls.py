"""Calls with known turns of anger, and the alerts on them: how many, how soon, how many false."""

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final

import numpy as np
import soundfile

from benchmarks.unseen_speakers import clips_by_speaker, spoken_span
from callmood.evaluation.streams import STREAM_RATE_HZ, StreamPlan, render_stream
from emotion.arrays import Samples, read_only
from emotion.errors import UsageError
from emotion.model import EmotionModel
from streamer.alerts import Alerting, AlertRule
from streamer.analysis.leg import Leg
from streamer.events import Alert, AudioBlock, Row
from trainer.dataset import Clip

CALM, ANGRY = "neutral", "angry"
NUM_ANGRY: Final = 8
"""Turns of anger in a call; it begins and ends calm."""

CLIP_SECONDS: Final = {CALM: (10.0, 14.0), ANGRY: (8.0, 12.0)}
"""Clips of a turn together, without the pauses between: at least, and at most where clips allow it."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A part of a call in one emotion."""

    emotion: str
    start: float  # where the voice of its first clip begins, s
    end: float  # where the voice of its last clip ends, s


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """What one speaker says, calm and angry by turns."""

    corpus: str
    speaker: str
    samples: Samples  # mono at `STREAM_RATE_HZ`
    turns: tuple[Turn, ...]

    @property
    def angry_turns(self) -> tuple[Turn, ...]:
        """Those that should raise an alert."""
        return tuple(turn for turn in self.turns if turn.emotion == ANGRY)

    @property
    def calm_seconds(self) -> float:
        """All that is not anger, pauses included, s."""
        return len(self.samples) / STREAM_RATE_HZ - sum(turn.end - turn.start for turn in self.angry_turns)


def plan_calls(clips: Sequence[Clip], seed: int, num_angry: int = NUM_ANGRY) -> tuple[StreamPlan, ...]:
    """Choose the clips of a call for each speaker with both emotions, in an order drawn from the seed."""
    plans = []
    for speaker, said in clips_by_speaker(clip for clip in clips if clip.emotion in CLIP_SECONDS).items():
        if {clip.emotion for clip in said} == set(CLIP_SECONDS):
            order = _order(said, num_angry, np.random.default_rng([seed, *speaker.encode()]))
            plans.append(StreamPlan(said[0].corpus, speaker, "balanced", None, seed, order))
    if not plans:
        raise UsageError(f"no speaker has clips of both {CALM} and {ANGRY}; name another corpus")
    return tuple(plans)


def make_call(plan: StreamPlan) -> Call:
    """Read the clips and put pauses of 0.5 to 1 s between, as the evaluation's streams have them."""
    sound = render_stream(plan)
    turns = []
    for emotion, group in groupby(range(len(plan.clips)), key=lambda number: plan.clips[number].emotion):
        numbers = list(group)
        first, last = int(sound.starts[numbers[0]]), int(sound.starts[numbers[-1]])
        begins, _ = spoken_span(sound.samples[first : sound.ends[numbers[0]]])
        _, ends = spoken_span(sound.samples[last : sound.ends[numbers[-1]]])
        turns.append(Turn(emotion, (first + begins) / STREAM_RATE_HZ, (last + ends) / STREAM_RATE_HZ))
    return Call(plan.corpus, plan.speaker, sound.samples, tuple(turns))


def _order(said: Sequence[Clip], num_angry: int, rng: np.random.Generator) -> tuple[Clip, ...]:
    queues = {
        emotion: _endless([clip for clip in said if clip.emotion == emotion], rng) for emotion in CLIP_SECONDS
    }
    order: list[Clip] = []
    for emotion in [*[CALM, ANGRY] * num_angry, CALM]:
        least, most = CLIP_SECONDS[emotion]
        seconds, passed_over = 0.0, 0
        while seconds < least:
            clip = next(queues[emotion])
            length = float(soundfile.info(clip.path).duration)
            # One that is too long is left for another time, unless all are.
            if seconds + length <= most or passed_over >= len(said):
                order.append(clip)
                seconds += length
            else:
                passed_over += 1
    return tuple(order)


def _endless(clips: Sequence[Clip], rng: np.random.Generator) -> Iterator[Clip]:
    while True:
        yield from (clips[index] for index in rng.permutation(len(clips)))


LEG: Final = "customer"
BLOCK_SECONDS: Final = 0.1
"""Handed over at once, as a sound card would."""


@dataclass(frozen=True, slots=True, eq=False)
class AnalysedCall:
    """A call, its rows, and the alerts on them."""

    call: Call
    rows: tuple[Row, ...]
    alerts: Mapping[tuple[str, float], tuple[Alert, ...]]  # by the text of the rule and the cool-down, s


def analyse_call(
    call: Call, model: EmotionModel, rules: Sequence[AlertRule], cooldowns: Sequence[float]
) -> AnalysedCall:
    """Analyse a call as a session does, and apply each rule with each cool-down."""
    grid = model.card.grid()
    leg = Leg(LEG, model, grid, STREAM_RATE_HZ)
    rows = []
    length = round(BLOCK_SECONDS * STREAM_RATE_HZ)
    for first in range(0, len(call.samples), length):
        samples = read_only(call.samples[first : first + length, None].copy())
        block = AudioBlock(samples, first, time.monotonic())
        rows += [each for each in leg.rows(leg.windows.push(block)) if isinstance(each, Row)]
    rows += [each for each in leg.rows(leg.windows.finish()) if isinstance(each, Row)]
    step_seconds = grid.step / grid.sample_rate
    alerts = {
        (rule.text, cooldown): raised(rows, Alerting([rule], [LEG], step_seconds, cooldown))
        for rule in rules
        for cooldown in cooldowns
    }
    return AnalysedCall(call, tuple(rows), alerts)


def raised(rows: Sequence[Row], alerting: Alerting) -> tuple[Alert, ...]:
    """Give the alerts on some rows."""
    return tuple(alert for row in rows for alert in alerting.take(row))


@dataclass(frozen=True, slots=True)
class TurnAlerts:
    """A turn of anger, and the alerts on it."""

    speaker: str
    turn: Turn
    # From the first sound of the turn to the end of the window that raised an alert, s.
    delays: tuple[float, ...]
    # Of the same alerts, from the arrival of that window's last sample to its row, s.
    lags: tuple[float, ...] = ()
    # The episode of the first alert began with a window that ended before the turn.
    began_before: bool = False
    # Emotions, else states, of the windows of which more than half lies in the turn.
    shown: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class AlertScore:
    """How one rule did on the calls of a corpus."""

    rule: str
    cooldown_seconds: float  # least time between two of its alerts, s
    turns: tuple[TurnAlerts, ...]
    num_false: int  # alerts whose windows lie in no turn of anger
    calm_seconds: float  # all the time that is none, s

    @property
    def num_once(self) -> int:
        """Turns that raised one alert."""
        return sum(len(each.delays) == 1 for each in self.turns)

    @property
    def num_missed(self) -> int:
        """Turns that raised none."""
        return sum(not each.delays for each in self.turns)

    @property
    def num_doubled(self) -> int:
        """Turns that raised more than one."""
        return sum(len(each.delays) > 1 for each in self.turns)

    @property
    def num_late(self) -> int:
        """Turns whose first alert came when they were over."""
        return sum(bool(each.delays) and each.delays[0] > _length(each.turn) for each in self.turns)

    @property
    def num_began_before(self) -> int:
        """Turns whose first alert belongs to an episode from before."""
        return sum(each.began_before for each in self.turns)

    @property
    def false_per_hour(self) -> float:
        """False alerts in an hour without anger."""
        return self.num_false / (self.calm_seconds / 3600.0)

    @property
    def first_delays(self) -> tuple[float, ...]:
        """Delays of the first alert of each turn that raised any, s."""
        return tuple(each.delays[0] for each in self.turns if each.delays)

    @property
    def lags(self) -> tuple[float, ...]:
        """Lags of all true alerts, s."""
        return tuple(lag for each in self.turns for lag in each.lags)

    def shown(self, *, missed: bool) -> Counter[str]:
        """Count what the windows of anger showed."""
        return sum((each.shown for each in self.turns if missed != bool(each.delays)), Counter[str]())

    def turns_by_speaker(self) -> dict[str, list[TurnAlerts]]:
        """Group the turns."""
        own: dict[str, list[TurnAlerts]] = {}
        for each in self.turns:
            own.setdefault(each.speaker, []).append(each)
        return own


def score_rule(calls: Sequence[AnalysedCall], rule: str, cooldown_seconds: float) -> AlertScore:
    """Compare the alerts of a rule with the turns of all calls.

    An alert belongs to the turn that the window which raised it overlaps; one that overlaps none is false.
    """
    turns: list[TurnAlerts] = []
    num_false = 0
    for analysed in calls:
        alerts = analysed.alerts[rule, cooldown_seconds]
        own = [turn_alerts(analysed, turn, alerts) for turn in analysed.call.angry_turns]
        num_false += len(alerts) - sum(len(each.delays) for each in own)
        turns += own
    calm = sum(analysed.call.calm_seconds for analysed in calls)
    return AlertScore(rule, cooldown_seconds, tuple(turns), num_false, calm)


def turn_alerts(analysed: AnalysedCall, turn: Turn, alerts: Iterable[Alert]) -> TurnAlerts:
    """Pick the alerts of a turn."""
    rows = {row.window: row for row in analysed.rows}
    own = [each for each in alerts if rows[each.window].start < turn.end and each.at_seconds > turn.start]
    shown = Counter(
        row.emotion or row.state
        for row in analysed.rows
        if 2 * (min(row.end, turn.end) - max(row.start, turn.start)) > row.end - row.start
    )
    return TurnAlerts(
        analysed.call.speaker,
        turn,
        tuple(each.at_seconds - turn.start for each in own),
        tuple(rows[each.window].lag_seconds for each in own),
        bool(own) and _first_end(rows.values(), own[0]) <= turn.start,
        shown,
    )


def spread(values: Sequence[float]) -> dict[str, float]:
    """Give p10, median, p90 and maximum; empty for no values."""
    if not values:
        return {}
    p10, median, p90 = np.percentile(values, [10, 50, 90])
    return {"p10": float(p10), "median": float(median), "p90": float(p90), "max": float(max(values))}


def _first_end(rows: Iterable[Row], alert: Alert) -> float:
    """Give the end of the first window of an alert's episode, s."""
    return next(row.end for row in rows if row.start_sample == alert.onset_sample)


def _length(turn: Turn) -> float:
    return turn.end - turn.start
