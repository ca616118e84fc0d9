"""What the records of an evaluation come to on a model's card."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from evaluation.scores.records import MEAN

_FIGURES: Final = (
    "uar",
    "uar_low",
    "uar_high",
    "accuracy",
    "ece",
    "brier",
    "unsure_share",
    "sure_window_accuracy",
    "swallowed_share",
    "sure_clip_accuracy",
    "selective_accuracy",
    "delay_median_seconds",
    "delay_p90_seconds",
    "delay_shown_share",
    "false_emotion",
    "clips",
    "speakers",
    "orders",
    "recalls",
)
_POOR_RECALL: Final = 0.5
_HEADLINE: Final = "balanced, clean, with baseline"
_SPEAKERS_OUT: Final = "leave-speakers-out"

BEYOND: Final = (
    "people who act as nobody in its corpora does: most of its speech is acted or prompted, by adults",
    "a mood that does not change: it is told from a voice's usual only as far as the voice has varied",
    "speech under loud noise: what the gate does not hear as a voice shows no emotion",
)


def scores_of(figures: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Lay records out by stream, condition, baseline and corpus.

    Parameters
    ----------
    figures : sequence of mapping
        As `evaluation.scores.records.records` gives them.

    Returns
    -------
    dict
        For the card; empty without figures.
    """
    scores: dict[str, Any] = {}
    for record in figures:
        scores.setdefault(_place(record), {})[record["corpus"]] = {
            name: record[name] for name in _FIGURES if record.get(name) is not None
        }
    commands = [record["command"] for record in figures if isinstance(record.get("command"), str)]
    if commands:
        scores["scored_by"] = list(dict.fromkeys(commands))
    headline = scores.get(_HEADLINE, {}).get(MEAN, {})
    if "delay_median_seconds" in headline:
        scores["shows_change_after_seconds"] = headline["delay_median_seconds"]
    return scores


def fails_on(figures: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Say where it is known to be wrong.

    Parameters
    ----------
    figures : sequence of mapping
        As for `scores_of`.

    Returns
    -------
    tuple of str
        A line for each emotion of each corpus that is heard in less than half of its clips, with the stream
        and the condition where it is heard least; then what no figure says.
    """
    worst: dict[tuple[str, str], tuple[float, str]] = {}
    for record in figures:
        if record["corpus"] == MEAN or record.get("protocol") == _SPEAKERS_OUT:
            continue
        for label, recall in (record.get("recalls") or {}).items():
            if recall is not None and recall < _POOR_RECALL:
                cell = record["corpus"], label
                worst[cell] = min(worst.get(cell, (1.0, "")), (recall, _place(record)))
    lines = [
        f"{corpus}, left out of the fit: {label} is heard in {100 * recall:.0f} % of its clips ({place})"
        for (corpus, label), (recall, place) in worst.items()
    ]
    return (*lines, *BEYOND)


def _place(record: Mapping[str, Any]) -> str:
    baseline = "with baseline" if record["baseline"] else "no baseline"
    known = ", speakers left out" if record.get("protocol") == _SPEAKERS_OUT else ""
    return f"{record['stream']}, {record['condition']}, {baseline}{known}"
