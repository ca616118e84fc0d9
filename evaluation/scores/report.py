"""The records as tables for people."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from emotion.labels import LABELS
from evaluation.scores.records import MEAN, Record

_PLACE_HEAD: Final = ("stream", "condition", "baseline")

NUM_NAMES: Final = len(_PLACE_HEAD)
"""Columns of every table that say where in it a row stands; the others are figures."""


@dataclass(frozen=True, slots=True)
class Table:
    """Cells of text.

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
    """Lay out the figures.

    Parameters
    ----------
    records : sequence of dict
        As `evaluation.scores.records.records` gives them.

    Returns
    -------
    list of Table
        UAR of every corpus; what doubt is worth; recalls and delays; sounds that are no speech.
    """
    means = [record for record in records if record["corpus"] == MEAN]
    return [_uar(records, means), _certainty(means), _recalls(means), *_false_emotion(means)]


def plain_text(tables: Sequence[Table]) -> str:
    """Write tables without a terminal's help.

    Parameters
    ----------
    tables : sequence of Table
        Any number.

    Returns
    -------
    str
        Ends with a newline.
    """
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


def _place(record: Record) -> tuple[str, ...]:
    return record["stream"], record["condition"], "with" if record["baseline"] else "without"


def _uar(records: Sequence[Record], means: Sequence[Record]) -> Table:
    corpora = list(dict.fromkeys(record["corpus"] for record in records if record["corpus"] != MEAN))
    by_place = {(record["corpus"], *_place(record)): record for record in records}
    rows = []
    for mean in means:
        parts = [by_place.get((corpus, *_place(mean)), {}).get("uar") for corpus in corpora]
        between = f"{_figure(mean['uar_low'])}-{_figure(mean['uar_high'])}"
        rows.append((*_place(mean), *map(_figure, parts), _figure(mean["uar"]), between, str(mean["clips"])))
    title = "UAR of clips: the mean of the four recalls (chance .250), 95 % interval over speakers"
    return Table(title, (*_PLACE_HEAD, *corpora, "mean", "interval", "clips"), tuple(rows))


def _certainty(means: Sequence[Record]) -> Table:
    columns = {
        "accuracy": "accuracy",
        "ECE": "ece",
        "Brier": "brier",
        "unsure": "unsure_share",
        "sure windows right": "sure_window_accuracy",
        "clips swallowed": "swallowed_share",
        "the others right": "sure_clip_accuracy",
        "60 % surest right": "selective_accuracy",
    }
    rows = [(*_place(mean), *(_figure(mean[name]) for name in columns.values())) for mean in means]
    title = (
        "What its certainty is worth: clips, but `unsure` is a share of windows of speech; means over corpora"
    )
    return Table(title, (*_PLACE_HEAD, *columns), tuple(rows))


def _recalls(means: Sequence[Record]) -> Table:
    delays = {
        "delay, median s": "delay_median_seconds",
        "delay, p90 s": "delay_p90_seconds",
        "changes shown": "delay_shown_share",
    }
    rows = [
        (
            *_place(mean),
            *(_figure(mean["recalls"][label]) for label in LABELS),
            *(_figure(mean[name]) for name in delays.values()),
        )
        for mean in means
    ]
    title = "Recalls, and the delay from a change of clip to its label on the panel; means over corpora"
    return Table(title, (*_PLACE_HEAD, *LABELS, *delays), tuple(rows))


def _false_emotion(means: Sequence[Record]) -> list[Table]:
    # It is the same in all streams and conditions: said once for each baseline.
    once = {mean["baseline"]: mean for mean in means if mean["false_emotion_of"]}
    if not once:
        return []
    sounds = list(next(iter(once.values()))["false_emotion_of"])
    rows = [
        (
            "no speech",
            "clean",
            _place(mean)[-1],
            *(_figure(mean["false_emotion_of"][name]) for name in sounds),
        )
        for mean in once.values()
    ]
    title = "Share of windows that show an emotion where nobody speaks (synthesised sounds)"
    return [Table(title, (*_PLACE_HEAD, *sounds), tuple(rows))]


def _figure(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.3f}".removeprefix("0") if value < 1 else f"{value:.2f}"
