"""A folder of pictures: what was taken for what, and what certainty is worth."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from emotion.errors import OutputError
from emotion.labels import LABELS
from emotion.whole_file import replace
from evaluation.scores.records import Cell
from evaluation.scores.reliability_picture import reliability_picture
from trainer.pictures.confusion_picture import confusion_picture
from trainer.scoring.scores import score


def write_pictures(cells: Sequence[Cell], name: str, folder: Path) -> list[Path]:
    """Draw a confusion matrix and a reliability diagram for each stream, condition and baseline.

    Parameters
    ----------
    cells : sequence of Cell
        Answers of all corpora are pooled.
    name : str
        What was scored, for the titles.
    folder : Path
        Made where it is not there.

    Returns
    -------
    list of Path
        The PNG files.

    Raises
    ------
    OutputError
        If the folder cannot be written.
    MissingExtraError
        Without matplotlib.
    """
    groups: dict[tuple[str, str, bool], list[Cell]] = {}
    for cell in cells:
        groups.setdefault((cell.stream, cell.condition, cell.baseline), []).append(cell)
    written = []
    for (stream, condition, baseline), group in groups.items():
        how = "with" if baseline else "without"
        targets = np.concatenate([cell.measures.targets for cell in group])
        answers = np.concatenate([cell.measures.answers for cell in group])
        scores = score(targets, answers, LABELS)
        place = f"{stream}, {condition}, {how} baseline"
        of = f"{len(targets)} answers, {', '.join(cell.corpus for cell in group)}, pooled"
        right = answers.argmax(axis=1) == targets
        file = f"{stream}-{condition}-{how}-baseline.png"
        confusion = confusion_picture(scores, f"{name}: {place}: UAR {scores.uar:.3f}", of)
        reliability = reliability_picture(
            answers.max(axis=1), right, f"{name}: {place}: ECE {scores.ece:.3f}", of
        )
        written.append(_write(folder / f"confusion-{file}", confusion))
        written.append(_write(folder / f"reliability-{file}", reliability))
    return written


def _write(path: Path, content: bytes) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace(path, content)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}; name another folder") from error
    return path
