"""The figures of an evaluation: records for JSON, tables and pictures for people."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from itertools import product
from typing import Any, Final, TypeAlias

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from callmood.evaluation.corpora import Settings
from callmood.evaluation.stream_metrics import Measures, interval
from emotion.card import LABELS
from trainer.metrics import NUM_BINS, rounded, score
from trainer.plots import FAINT_INK, INK, confusion_picture, new_figure, png_of, write_titles

MEAN: Final = "mean"
"""In `corpus` where a record is the mean over corpora."""

Record: TypeAlias = dict[str, Any]
"""Plain values, in the order in which they are written."""

Place: TypeAlias = tuple[str, str, bool]
"""Kind of stream, condition, and whether there is a baseline."""

_PLACE_HEAD: Final = ("stream", "condition", "baseline")

NUM_NAMES: Final = len(_PLACE_HEAD)
"""Columns of every table that name the place of a row; the others are figures."""

_plain: Final = partial(rounded, digits=6)
_BLUE: Final = "#2b6cb0"
_PICTURES: Final = ("confusion", "reliability")

_CERTAINTY: Final = {
    "accuracy": "accuracy",
    "ECE": "ece",
    "Brier": "brier",
    "unsure": "unsure_share",
    "sure windows right": "sure_window_accuracy",
    "clips swallowed": "swallowed_share",
    "the others right": "sure_clip_accuracy",
    "60 % surest right": "selective_accuracy",
}
_DELAYS: Final = {
    "delay, median s": "delay_median_seconds",
    "delay, p90 s": "delay_p90_seconds",
    "changes shown": "delay_shown_share",
}
"""Figures by the heads of their columns."""


@dataclass(frozen=True, slots=True, eq=False)
class Cell:
    """What was measured at one place of the table.

    Attributes
    ----------
    corpus, stream, condition : str
        What was tested, in which kind of stream, under which condition.
    baseline : bool
        Whether the speaker baseline was used.
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

    @property
    def place(self) -> Place:
        """What the cells of all corpora share."""
        return self.stream, self.condition, self.baseline


def _by_place(cells: Sequence[Cell]) -> dict[Place, list[Cell]]:
    groups: dict[Place, list[Cell]] = {}
    for cell in cells:
        groups.setdefault(cell.place, []).append(cell)
    return groups


def records(cells: Sequence[Cell], facts: Mapping[str, Any]) -> list[Record]:
    """Write every cell as a record, and the mean over corpora before them."""
    means = [_mean_of(group) for group in _by_place(cells).values()]
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
        **asdict(measures.certainty),
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


def _place(cell: Cell) -> Record:
    return {"corpus": cell.corpus} | dict(zip(_PLACE_HEAD, cell.place, strict=True))


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


def _mean(values: Sequence[float | None]) -> float:
    known = [value for value in values if value is not None and not math.isnan(value)]
    return sum(known) / len(known) if known else math.nan


@dataclass(frozen=True, slots=True)
class Table:
    """A table of text.

    Attributes
    ----------
    title : str
        Above it.
    head : tuple of str
        Names of the columns.
    rows : tuple of tuple of str
        As many cells as the head has.
    """

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def tables_of(records: Sequence[Record]) -> list[Table]:
    """Arrange records as tables."""
    means = [record for record in records if record["corpus"] == MEAN]
    return [
        _uar(records, means),
        _figures(
            "What its certainty is worth: clips, but `unsure` is a share of windows of speech; "
            "means over corpora",
            _CERTAINTY,
            [(mean, [mean[name] for name in _CERTAINTY.values()]) for mean in means],
        ),
        _figures(
            "Recalls, and the delay from a change of clip to its label on the panel; means over corpora",
            (*LABELS, *_DELAYS),
            [
                (mean, [*(mean["recalls"][label] for label in LABELS), *(mean[n] for n in _DELAYS.values())])
                for mean in means
            ],
        ),
        *_false_emotion(means),
    ]


def _figures(
    title: str, columns: Iterable[str], rows: Sequence[tuple[Record, Sequence[float | None]]]
) -> Table:
    return Table(
        title,
        (*_PLACE_HEAD, *columns),
        tuple((*_place_cells(record), *map(_figure, figures)) for record, figures in rows),
    )


def _uar(records: Sequence[Record], means: Sequence[Record]) -> Table:
    corpora = list(dict.fromkeys(record["corpus"] for record in records if record["corpus"] != MEAN))
    by_place = {(record["corpus"], *_place_cells(record)): record for record in records}
    rows = []
    for mean in means:
        parts = [by_place.get((corpus, *_place_cells(mean)), {}).get("uar") for corpus in corpora]
        between = f"{_figure(mean['uar_low'])}-{_figure(mean['uar_high'])}"
        rows.append(
            (*_place_cells(mean), *map(_figure, parts), _figure(mean["uar"]), between, str(mean["clips"]))
        )
    title = "UAR of clips: the mean of the four recalls (chance .250), 95 % interval over speakers"
    return Table(title, (*_PLACE_HEAD, *corpora, "mean", "interval", "clips"), tuple(rows))


def _false_emotion(means: Sequence[Record]) -> list[Table]:
    # The same in all streams and conditions: one row for each baseline.
    once = {mean["baseline"]: mean for mean in means if mean["false_emotion_of"]}
    rows = [
        (mean | {"stream": "no speech", "condition": "clean"}, list(mean["false_emotion_of"].values()))
        for mean in once.values()
    ]
    sounds = list(next(iter(once.values()))["false_emotion_of"]) if once else []
    title = "Share of windows that show an emotion where nobody speaks (synthesised sounds)"
    return [_figures(title, sounds, rows)] if once else []


def _figure(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.3f}".removeprefix("0") if value < 1 else f"{value:.2f}"


def _place_cells(record: Record) -> tuple[str, ...]:
    return record["stream"], record["condition"], _with(record["baseline"])


def plain_text(tables: Sequence[Table]) -> str:
    """Write tables for a file or a pipe."""
    return "\n".join(f"{table.title}\n{_columns(table)}" for table in tables)


def _columns(table: Table) -> str:
    lines = [table.head, *table.rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "".join(
        "  ".join(
            cell.ljust(width) if place < NUM_NAMES else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        + "\n"
        for line in lines
    )


def print_tables(tables: Sequence[Table]) -> None:
    """Print tables as wide as the terminal."""
    console = Console()
    for table in tables:
        drawn = RichTable(
            box=box.SIMPLE_HEAD, title=Text(table.title), title_justify="left", title_style="bold"
        )
        for place, name in enumerate(table.head):
            drawn.add_column(Text(name), justify="left" if place < NUM_NAMES else "right")
        for row in table.rows:
            drawn.add_row(*map(Text, row))
        console.print(drawn)


def picture_names(settings: Settings) -> list[str]:
    """Name the files that an evaluation draws."""
    places = product(settings.kinds, settings.conditions, settings.baselines)
    return [_name(kind, place) for place in places for kind in _PICTURES]


def draw_pictures(cells: Sequence[Cell], name: str) -> Iterator[tuple[str, bytes]]:
    """Draw a confusion matrix and a reliability diagram for each stream, condition and baseline."""
    for place, group in _by_place(cells).items():
        stream, condition, baseline = place
        targets = np.concatenate([cell.measures.targets for cell in group])
        answers = np.concatenate([cell.measures.answers for cell in group])
        scores = score(targets, answers, LABELS)
        title = f"{name}: {stream}, {condition}, {_with(baseline)} baseline"
        of = f"{len(targets)} answers, {', '.join(cell.corpus for cell in group)}, pooled"
        right = answers.argmax(axis=1) == targets
        confidence = answers.max(axis=1)
        yield _name("confusion", place), confusion_picture(scores, f"{title}: UAR {scores.uar:.3f}", of)
        yield (
            _name("reliability", place),
            reliability_picture(confidence, right, f"{title}: ECE {scores.ece:.3f}", of),
        )


def _name(kind: str, place: Place) -> str:
    stream, condition, baseline = place
    return f"{kind}-{stream}-{condition}-{_with(baseline)}-baseline.png"


def _with(baseline: bool) -> str:
    return "with" if baseline else "without"


def reliability_picture(confidence: np.ndarray, right: np.ndarray, title: str, subtitle: str) -> bytes:
    """Draw the accuracy of the answers in each bin of confidence, and how many lie in it."""
    place = np.minimum((confidence * NUM_BINS).astype(np.int64), NUM_BINS - 1)
    counts = np.bincount(place, minlength=NUM_BINS)
    filled = counts > 0
    means = np.bincount(place, weights=confidence, minlength=NUM_BINS)[filled] / counts[filled]
    accuracies = np.bincount(place, weights=right, minlength=NUM_BINS)[filled] / counts[filled]
    figure = new_figure(6.0, 5.6)
    axes = figure.add_subplot()
    axes.plot([0, 1], [0, 1], color=FAINT_INK, linewidth=1, linestyle=(0, (4, 4)))
    axes.bar(
        (np.arange(NUM_BINS) + 0.5) / NUM_BINS, counts / counts.sum(), width=0.8 / NUM_BINS, color="#d5dde6"
    )
    axes.plot(means, accuracies, color=_BLUE, linewidth=1.5, marker="o", markersize=6, clip_on=False)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.set_xlabel("how sure it says it is", fontsize=11, color=INK)
    axes.set_ylabel("how often it is right (bars: share of the clips)", fontsize=11, color=INK)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelcolor=INK, length=3)
    write_titles(axes, title, subtitle)
    return png_of(figure)
