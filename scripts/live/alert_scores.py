"""Alerts held against what was said: told once, twice, not at all, without cause, and how late."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from scripts.live.turning_calls import Turn
from scripts.live.watched_calls import WatchedCall
from streamer.alerts.alert import Alert
from streamer.row import Row


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
