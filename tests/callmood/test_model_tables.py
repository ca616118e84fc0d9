"""Scores of cards, by whomever they were written."""

from collections.abc import Mapping
from io import StringIO

import pytest
from rich.console import Console

from callmood.model_tables import score_tables


def _printed(scores: Mapping[str, object], width: int = 80) -> str:
    out = StringIO()
    console = Console(file=out, width=width)
    for table in score_tables(scores):
        console.print(table)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


def test_corpora_stand_side_by_side() -> None:
    scores = {
        "balanced, clean": {
            "mean": {"uar": 0.7749, "clips": 6046, "recalls": {"angry": 0.8162, "sad": 0.00338}},
            "emodb": {"uar": 1.0, "clips": 339, "recalls": {"angry": None}},
        }
    }
    assert _printed(scores).splitlines() == [
        "balanced, clean     mean  emodb",
        "uar                0.775  1.000",
        "clips               6046    339",
        "recalls angry      0.816      -",
        "recalls sad      0.00338      -",
    ]


def test_what_is_no_table_of_corpora_is_a_list() -> None:
    scores = {
        "fit": {"windows": 553, "per_label": {"sad": {"recall": 0.5}}},
        "test_speakers": ["03", "08"],
        "shows_change_after_seconds": 1.6941,
    }
    assert _printed(scores).splitlines() == [
        "fit",
        "windows               553",
        "per_label sad recall  0.500",
        "scores",
        "test_speakers               03 08",
        "shows_change_after_seconds  1.694",
    ]


def test_a_confusion_has_a_line_for_each_emotion() -> None:
    assert _printed({"clips": {"uar": 0.5, "confusion": [[1, 2], [3, 4]]}}).splitlines() == [
        "clips",
        "uar        0.500",
        "confusion  1 2",
        "           3 4",
    ]


def test_no_scores_are_no_tables() -> None:
    assert list(score_tables({})) == []


@pytest.mark.parametrize("odd", [{}, {"x": {}}, {"x": []}, {"x": [[]]}, {"[bold]x": "[red]y"}])
def test_odd_scores_are_printed_as_they_stand(odd: dict[str, object]) -> None:
    printed = _printed(odd)
    assert all(name in printed for name in odd)
    assert "[red]y" in printed or "[bold]x" not in odd
