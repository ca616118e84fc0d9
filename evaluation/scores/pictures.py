"""Pictures of an evaluation: what was taken for what, and what certainty is worth."""

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Final

import numpy as np

from emotion.labels import LABELS
from evaluation.protocols.settings import Settings
from evaluation.scores.records import Cell
from evaluation.scores.reliability_picture import reliability_picture
from trainer.pictures.confusion_picture import confusion_picture
from trainer.scoring.scores import score

_KINDS: Final = ("confusion", "reliability")


def picture_names(settings: Settings) -> list[str]:
    """Name the files that an evaluation draws.

    Parameters
    ----------
    settings : Settings
        Of the evaluation.

    Returns
    -------
    list of str
        Two PNG files for each stream, condition and baseline.
    """
    places = product(settings.kinds, settings.conditions, settings.baselines)
    return [_name(kind, *place) for place in places for kind in _KINDS]


def draw_pictures(cells: Sequence[Cell], name: str) -> Iterator[tuple[str, bytes]]:
    """Draw a confusion matrix and a reliability diagram for each stream, condition and baseline.

    Parameters
    ----------
    cells : sequence of Cell
        Answers of all corpora are pooled.
    name : str
        What was scored, for the titles.

    Yields
    ------
    str, bytes
        The name of a file, as `picture_names` has it, and the PNG.

    Raises
    ------
    MissingExtraError
        Without matplotlib.
    """
    groups: dict[tuple[str, str, bool], list[Cell]] = {}
    for cell in cells:
        groups.setdefault((cell.stream, cell.condition, cell.baseline), []).append(cell)
    for place, group in groups.items():
        stream, condition, baseline = place
        targets = np.concatenate([cell.measures.targets for cell in group])
        answers = np.concatenate([cell.measures.answers for cell in group])
        scores = score(targets, answers, LABELS)
        title = f"{name}: {stream}, {condition}, {_how(baseline=baseline)} baseline"
        of = f"{len(targets)} answers, {', '.join(cell.corpus for cell in group)}, pooled"
        right = answers.argmax(axis=1) == targets
        yield (
            _name("confusion", *place),
            confusion_picture(scores, f"{title}: UAR {scores.uar:.3f}", of),
        )
        yield (
            _name("reliability", *place),
            reliability_picture(answers.max(axis=1), right, f"{title}: ECE {scores.ece:.3f}", of),
        )


def _how(*, baseline: bool) -> str:
    return "with" if baseline else "without"


def _name(kind: str, stream: str, condition: str, baseline: bool) -> str:
    return f"{kind}-{stream}-{condition}-{_how(baseline=baseline)}-baseline.png"
