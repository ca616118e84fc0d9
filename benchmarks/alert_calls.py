"""Calls with known turns of anger, and the alerts on them: how many, how soon, and how many are wrong."""

import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final

import numpy as np
import soundfile

from benchmarks.strangers import spoken_span
from callmood.evaluation.streams import STREAM_RATE_HZ, StreamPlan, render_stream
from emotion.arrays import Samples, read_only
from emotion.errors import UsageError
from emotion.model import EmotionModel
from streamer.alerts import Alert, Alerting, AlertRule
from streamer.analysis.leg import Leg
from streamer.events import AudioBlock, Row
from trainer.dataset import Clip

CALM, ANGRY = "neutral", "angry"
NUM_ANGRY: Final = 8
"""Turns of anger in a call; it begins and ends calm."""

CLIP_SECONDS: Final = {CALM: (10.0, 14.0), ANGRY: (8.0, 12.0)}
"""Clips of a turn together, without the pauses between: at least, and at most where clips allow it."""


@dataclass(frozen=True, slots=True)
class Turn:
    """Some seconds in which all is said in one emotion.

    Attributes
    ----------
    emotion : str
        The label of its clips.
    start : float
        Where the voice of its first clip begins, s.
    end : float
        Where the voice of its last clip ends, s.
    """

    emotion: str
    start: float
    end: float


@dataclass(frozen=True, slots=True, eq=False)
class TurningCall:
    """What one speaker is heard with.

    Attributes
    ----------
    corpus, speaker : str
        Who speaks.
    samples : ndarray, shape (n,), float32
        Mono at `STREAM_RATE_HZ`.
    turns : tuple of Turn
        In order.
    """

    corpus: str
    speaker: str
    samples: Samples
    turns: tuple[Turn, ...]

    @property
    def angry_turns(self) -> tuple[Turn, ...]:
        """Those that alerts are to be raised in."""
        return tuple(turn for turn in self.turns if turn.emotion == ANGRY)

    @property
    def calm_seconds(self) -> float:
        """All that is not anger, pauses included, s."""
        return len(self.samples) / STREAM_RATE_HZ - sum(turn.end - turn.start for turn in self.angry_turns)


def plan_calls(clips: Sequence[Clip], seed: int, num_angry: int = NUM_ANGRY) -> tuple[StreamPlan, ...]:
    """Choose the clips of each speaker's call.

    Parameters
    ----------
    clips : sequence of Clip
        Of one corpus, without silent edges.
    seed : int
        Decides about the order of clips and, later, about pauses.
    num_angry : int, optional
        Turns of anger.

    Returns
    -------
    tuple of StreamPlan
        One a speaker who has clips of both kinds. All clips of a kind are heard in one order, then in a
        fresh one.

    Raises
    ------
    UsageError
        If no speaker has both.
    """
    own: defaultdict[str, list[Clip]] = defaultdict(list)
    for clip in sorted(clips, key=lambda clip: clip.path.as_posix()):
        if clip.speaker is not None and clip.emotion in CLIP_SECONDS:
            own[clip.speaker].append(clip)
    plans = []
    for speaker, said in sorted(own.items()):
        if {clip.emotion for clip in said} == set(CLIP_SECONDS):
            order = _order(said, num_angry, np.random.default_rng([seed, *speaker.encode()]))
            plans.append(StreamPlan(said[0].corpus, speaker, "balanced", None, seed, order))
    if not plans:
        raise UsageError(f"no speaker has clips of both {CALM} and {ANGRY}; name another corpus")
    return tuple(plans)


def make_call(plan: StreamPlan) -> TurningCall:
    """Read the clips and put pauses of 0.5 to 1 s between, as the evaluation's streams have them.

    Parameters
    ----------
    plan : StreamPlan
        As `plan_calls` gives it.

    Returns
    -------
    TurningCall
        The same for the same plan and files.

    Raises
    ------
    AudioFileError
        If a clip cannot be read.
    """
    sound = render_stream(plan)
    turns = []
    for emotion, group in groupby(range(len(plan.clips)), key=lambda number: plan.clips[number].emotion):
        numbers = list(group)
        first, last = int(sound.starts[numbers[0]]), int(sound.starts[numbers[-1]])
        begins, _ = spoken_span(sound.samples[first : sound.ends[numbers[0]]])
        _, ends = spoken_span(sound.samples[last : sound.ends[numbers[-1]]])
        turns.append(Turn(emotion, (first + begins) / STREAM_RATE_HZ, (last + ends) / STREAM_RATE_HZ))
    return TurningCall(plan.corpus, plan.speaker, sound.samples, tuple(turns))


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
class WatchedCall:
    """A call that was heard.

    Attributes
    ----------
    call : TurningCall
        What was heard.
    rows : tuple of Row
        Of all its windows.
    alerts : mapping of tuple of str and float to tuple of Alert
        By the text of the rule and the cool-down, s.
    """

    call: TurningCall
    rows: tuple[Row, ...]
    alerts: Mapping[tuple[str, float], tuple[Alert, ...]]


def hear_call(
    call: TurningCall, model: EmotionModel, rules: Sequence[AlertRule], cooldowns: Sequence[float]
) -> WatchedCall:
    """Hear a call as a session does, and watch it by each rule under each cool-down.

    Parameters
    ----------
    call : TurningCall
        Of a voice that is new to the leg.
    model : EmotionModel
        Of windows.
    rules : sequence of AlertRule
        Each is watched by itself.
    cooldowns : sequence of float
        Seconds.

    Returns
    -------
    WatchedCall
        A row's lag is what its windows took to compute: blocks arrive when the leg is ready for them.

    Raises
    ------
    ModelError
        If the model was fitted on whole clips.
    """
    grid = model.card.grid()
    leg = Leg(LEG, model, grid, STREAM_RATE_HZ)
    rows = []
    length = round(BLOCK_SECONDS * STREAM_RATE_HZ)
    for first in range(0, len(call.samples), length):
        samples = read_only(call.samples[first : first + length, None].copy())
        block = AudioBlock(samples, first, time.monotonic())
        rows += [each for each in leg.push(block) if isinstance(each, Row)]
    rows += [each for each in leg.finish() if isinstance(each, Row)]
    step_seconds = grid.step / grid.sample_rate
    alerts = {
        (rule.text, cooldown): raised(rows, Alerting([rule], [LEG], step_seconds, cooldown))
        for rule in rules
        for cooldown in cooldowns
    }
    return WatchedCall(call, tuple(rows), alerts)


def raised(rows: Sequence[Row], alerting: Alerting) -> tuple[Alert, ...]:
    """Hand rows to an alerting.

    Parameters
    ----------
    rows : sequence of Row
        In the order of the stream.
    alerting : Alerting
        That has seen none yet.

    Returns
    -------
    tuple of Alert
        In their order.
    """
    return tuple(alert for row in rows for alert in alerting.take(row))


@dataclass(frozen=True, slots=True)
class ToldTurn:
    """A turn of anger, and what was told of it.

    Attributes
    ----------
    speaker : str
        Whose.
    turn : Turn
        When.
    delays : tuple of float
        From the first sound of the turn to the end of the window that raised an alert, s; in order.
    lags : tuple of float
        Of the same alerts, from the arrival of that window's last sample to its row, s.
    began_before : bool
        The episode of the first alert began with a window that had ended before the turn began.
    shown : Counter of str
        What its windows showed, those with more than half of them in the turn: an emotion or, without one,
        the state.
    """

    speaker: str
    turn: Turn
    delays: tuple[float, ...]
    lags: tuple[float, ...] = ()
    began_before: bool = False
    shown: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class AlertScore:
    """How one rule did on the calls of a corpus.

    Attributes
    ----------
    rule : str
        Its text.
    cooldown_seconds : float
        Least time between two of its alerts, s.
    turns : tuple of ToldTurn
        All turns of anger.
    num_false : int
        Alerts whose windows lie in no turn of anger.
    calm_seconds : float
        All the time that is none, s.
    """

    rule: str
    cooldown_seconds: float
    turns: tuple[ToldTurn, ...]
    num_false: int
    calm_seconds: float

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
        """Turns whose first alert is owed to an episode from before."""
        return sum(each.began_before for each in self.turns)

    @property
    def false_per_hour(self) -> float:
        """False alerts in an hour without anger."""
        return self.num_false / (self.calm_seconds / 3600.0)

    @property
    def first_delays(self) -> tuple[float, ...]:
        """Of the first alert of each turn that raised any, s."""
        return tuple(each.delays[0] for each in self.turns if each.delays)

    @property
    def lags(self) -> tuple[float, ...]:
        """Of all true alerts, s."""
        return tuple(lag for each in self.turns for lag in each.lags)

    def shown(self, *, missed: bool) -> Counter[str]:
        """Count what the windows of anger showed.

        Parameters
        ----------
        missed : bool
            In the turns without an alert; else in those with one or more.

        Returns
        -------
        Counter of str
            Emotions and states.
        """
        return sum((each.shown for each in self.turns if missed != bool(each.delays)), Counter[str]())

    def once_by_speaker(self) -> dict[str, tuple[int, int]]:
        """Give, for each speaker, how many turns were told once, and how many there were."""
        counts: dict[str, tuple[int, int]] = {}
        for each in self.turns:
            once, of = counts.get(each.speaker, (0, 0))
            counts[each.speaker] = (once + (len(each.delays) == 1), of + 1)
        return counts

    def told_by_speaker(self) -> dict[str, tuple[int, int]]:
        """Give the same of the turns that were told at all."""
        counts: dict[str, tuple[int, int]] = {}
        for each in self.turns:
            told, of = counts.get(each.speaker, (0, 0))
            counts[each.speaker] = (told + bool(each.delays), of + 1)
        return counts


def score_rule(calls: Sequence[WatchedCall], rule: str, cooldown_seconds: float) -> AlertScore:
    """Hold the alerts of a rule against the turns of all calls.

    An alert belongs to the turn that the window which raised it overlaps; one that overlaps none is false.

    Parameters
    ----------
    calls : sequence of WatchedCall
        Of a corpus.
    rule : str
        Its text.
    cooldown_seconds : float
        That was kept, s.

    Returns
    -------
    AlertScore
        Over all calls.
    """
    turns: list[ToldTurn] = []
    num_false = 0
    for watched in calls:
        alerts = watched.alerts[rule, cooldown_seconds]
        told = [told_turn(watched, turn, alerts) for turn in watched.call.angry_turns]
        num_false += len(alerts) - sum(len(each.delays) for each in told)
        turns += told
    calm = sum(watched.call.calm_seconds for watched in calls)
    return AlertScore(rule, cooldown_seconds, tuple(turns), num_false, calm)


def told_turn(watched: WatchedCall, turn: Turn, alerts: Iterable[Alert]) -> ToldTurn:
    """Pick what was told of a turn.

    Parameters
    ----------
    watched : WatchedCall
        The call.
    turn : Turn
        One of its turns; the next one of anger begins more than a window after it.
    alerts : iterable of Alert
        All that a rule raised in the call.

    Returns
    -------
    ToldTurn
        Its delays are positive.
    """
    rows = {row.window: row for row in watched.rows}
    own = [each for each in alerts if rows[each.window].start < turn.end and each.at_seconds > turn.start]
    shown = Counter(
        row.emotion or row.state
        for row in watched.rows
        if 2 * (min(row.end, turn.end) - max(row.start, turn.start)) > row.end - row.start
    )
    return ToldTurn(
        watched.call.speaker,
        turn,
        tuple(each.at_seconds - turn.start for each in own),
        tuple(rows[each.window].lag_seconds for each in own),
        bool(own) and _first_end(rows.values(), own[0]) <= turn.start,
        shown,
    )


def spread(values: Sequence[float]) -> dict[str, float]:
    """Give the tenth, the middle, nine of ten and the largest; none of nothing.

    Parameters
    ----------
    values : sequence of float
        Delays or lags, s.

    Returns
    -------
    dict of str to float
        `p10`, `median`, `p90`, `max`.
    """
    if not values:
        return {}
    p10, median, p90 = np.percentile(values, [10, 50, 90])
    return {"p10": float(p10), "median": float(median), "p90": float(p90), "max": float(max(values))}


def _first_end(rows: Iterable[Row], alert: Alert) -> float:
    """Tell when the first window of an alert's episode ended, s."""
    return next(row.end for row in rows if row.start_sample == alert.onset_sample)


def _length(turn: Turn) -> float:
    return turn.end - turn.start
