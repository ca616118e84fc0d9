"""The figures about alerts on strangers for machines: `alert-delay.json`."""

from collections.abc import Mapping, Sequence
from typing import Any

from scripts.live.alert_page import CorpusScores
from scripts.live.alert_scores import AlertScore, spread


def alert_figures(corpora: Sequence[CorpusScores], seed: int) -> dict[str, Any]:
    """Give all figures, and every turn of anger.

    Parameters
    ----------
    corpora : sequence of CorpusScores
        At least one.
    seed : int
        Of the calls.

    Returns
    -------
    dict
        What JSON can hold; seconds rounded to milliseconds. ``false_alerts`` are those of no turn.
    """
    return {
        "seed": seed,
        "corpora": [
            {
                "corpus": each.corpus,
                "fitted_on": list(each.fitted_on),
                "speakers": each.num_speakers,
                "row_lag_seconds": _rounded(spread(each.lags)),
                "rules": [_of_rule(score) for score in each.scores],
            }
            for each in corpora
        ],
    }


def _of_rule(score: AlertScore) -> dict[str, Any]:
    return {
        "rule": score.rule,
        "cooldown_seconds": score.cooldown_seconds,
        "turns": len(score.turns),
        "told_once": score.num_once,
        "missed": score.num_missed,
        "told_more_often": score.num_doubled,
        "told_when_over": score.num_late,
        "told_of_an_episode_from_before": score.num_began_before,
        "false_alerts": score.num_false,
        "calm_seconds": round(score.calm_seconds, 3),
        "false_per_hour": round(score.false_per_hour, 3),
        "delay_seconds": _rounded(spread(score.first_delays)),
        "lag_seconds": _rounded(spread(score.lags)),
        # speaker, first sound, last sound, delays of all alerts
        "each_turn": [
            [told.speaker, *_milliseconds(told.turn.start, told.turn.end), _milliseconds(*told.delays)]
            for told in score.turns
        ],
    }


def _rounded(values: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, 3) for name, value in values.items()}


def _milliseconds(*seconds: float) -> list[float]:
    return [round(each, 3) for each in seconds]
