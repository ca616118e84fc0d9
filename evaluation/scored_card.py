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
    "sure_clip_accuracy",
    "selective_accuracy",
    "delay_median_seconds",
    "false_emotion",
    "clips",
    "speakers",
    "recalls",
)
_POOR_RECALL: Final = 0.5

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
        place = (
            f"{record['stream']}, {record['condition']}, {'with' if record['baseline'] else 'no'} baseline"
        )
        scores.setdefault(place, {})[record["corpus"]] = {
            name: record[name] for name in _FIGURES if record.get(name) is not None
        }
    headline = _headline(figures, MEAN)
    if headline is not None and headline.get("delay_median_seconds") is not None:
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
        A line for each emotion of each corpus that is heard in less than half of its clips, then what no
        figure says.
    """
    lines = []
    for corpus in dict.fromkeys(str(record["corpus"]) for record in figures):
        record = None if corpus == MEAN else _headline(figures, corpus)
        for label, recall in (record or {}).get("recalls", {}).items():
            if recall is not None and recall < _POOR_RECALL:
                percent = f"{100 * recall:.0f} % of its clips"
                lines.append(f"{corpus}, left out of the fit: {label} is heard in {percent}")
    return (*lines, *BEYOND)


def _headline(figures: Sequence[Mapping[str, Any]], corpus: str) -> Mapping[str, Any] | None:
    for record in figures:
        wanted = (corpus, "balanced", "clean", True)
        if (record["corpus"], record["stream"], record["condition"], record["baseline"]) == wanted:
            return record
    return None
