"""The figures as records: what `--json` writes, and what the table is printed from."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from emotion.labels import LABELS
from evaluation.scores.intervals import interval
from evaluation.scores.measures import Measures

MEAN: Final = "mean"
"""What stands in `corpus` where a record is the mean over corpora."""

_DIGITS: Final = 6

Record = dict[str, Any]
"""Plain values, in the order in which they are written."""


@dataclass(frozen=True, slots=True, eq=False)
class Cell:
    """Where in the table, and what was measured there.

    Attributes
    ----------
    corpus, stream, condition : str
        Who was tested, in which kind of stream, through which line.
    baseline : bool
        Whether the voice was learned.
    measures : Measures
        The figures.
    false_emotion : mapping of str to float
        For each kind of sound that is no speech, the share of its windows that showed an emotion.
    """

    corpus: str
    stream: str
    condition: str
    baseline: bool
    measures: Measures
    false_emotion: Mapping[str, float]


def records(cells: Sequence[Cell], facts: Mapping[str, Any]) -> list[Record]:
    """Write every cell as a record, and the mean over corpora before them.

    Parameters
    ----------
    cells : sequence of Cell
        One for each corpus, stream, condition and baseline.
    facts : mapping of str to anything
        What is the same for all: protocol, model or recipe.

    Returns
    -------
    list of dict
        Figures that could not be measured are None.
    """
    groups: dict[tuple[str, str, bool], list[Cell]] = {}
    for cell in cells:
        groups.setdefault((cell.stream, cell.condition, cell.baseline), []).append(cell)
    means = [_mean_of(group) for group in groups.values()]
    return [record | dict(facts) for record in (*means, *map(_record, cells))]


def _record(cell: Cell) -> Record:
    measures, scores = cell.measures, cell.measures.scores
    low, high = interval(measures.uar_draws)
    figures = {
        "uar": scores.uar,
        "uar_low": low,
        "uar_high": high,
        "accuracy": scores.accuracy,
        "ece": scores.ece,
        "brier": scores.brier,
        "unsure_share": measures.certainty.unsure_share,
        "sure_window_accuracy": measures.certainty.sure_window_accuracy,
        "swallowed_share": measures.certainty.swallowed_share,
        "sure_clip_accuracy": measures.certainty.sure_clip_accuracy,
        "selective_accuracy": measures.certainty.selective_accuracy,
        "delay_median_seconds": measures.delays.median,
        "delay_p90_seconds": measures.delays.p90,
        "delay_shown_share": measures.delays.shown_share,
        "false_emotion": _mean(list(cell.false_emotion.values())),
    }
    return (
        _place(cell)
        | {name: _plain(value) for name, value in figures.items()}
        | {
            "clips": measures.num_clips,
            "answers": len(measures.targets),
            "speakers": measures.num_speakers,
            "speech_windows": measures.num_speech_windows,
            "changes": measures.delays.num_changes,
            "recalls": {label: _plain(scores.recall[i]) for i, label in enumerate(LABELS)},
            "confusion": scores.confusion.tolist(),
            "false_emotion_of": {name: _plain(share) for name, share in cell.false_emotion.items()},
        }
    )


def _mean_of(group: Sequence[Cell]) -> Record:
    parts = [_record(cell) for cell in group]
    low, high = interval(np.mean([cell.measures.uar_draws for cell in group], axis=0))
    mean: Record = {}
    for name, first in parts[0].items():
        values = [part[name] for part in parts]
        if name in _place(group[0]):
            mean[name] = first
        elif name == "confusion":
            mean[name] = np.sum(values, axis=0).tolist()
        elif isinstance(first, dict):
            mean[name] = {key: _plain(_mean([value[key] for value in values])) for key in first}
        elif isinstance(first, int):
            mean[name] = sum(values)
        else:
            mean[name] = _plain(_mean(values))
    return mean | {"corpus": MEAN, "uar_low": _plain(low), "uar_high": _plain(high)}


def _place(cell: Cell) -> Record:
    return {
        "corpus": cell.corpus,
        "stream": cell.stream,
        "condition": cell.condition,
        "baseline": cell.baseline,
    }


def _mean(values: Sequence[float | None]) -> float:
    known = [value for value in values if value is not None and not math.isnan(value)]
    return sum(known) / len(known) if known else math.nan


def _plain(value: float) -> float | None:
    return None if math.isnan(value) else round(float(value), _DIGITS)
