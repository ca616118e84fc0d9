"""Records, tables and pictures of an evaluation."""

import json
import math
from typing import Any

import numpy as np
import pytest

from callmood.evaluation.report import (
    MEAN,
    Cell,
    Record,
    Table,
    plain_text,
    print_tables,
    records,
    reliability_picture,
    tables_of,
)
from callmood.evaluation.stream_metrics import false_emotion, measure
from emotion.card import LABELS
from tests.callmood.evaluation.table_material import WIN_SECONDS, make_classified

ANGRY, HAPPY = [0.7, 0.1, 0.1, 0.1], [0.1, 0.7, 0.1, 0.1]


def cells() -> list[Cell]:
    """Two corpora: in the first 1 of 2 angry and 1 of 1 happy clips are right, in the second all."""
    first = make_classified([ANGRY, HAPPY, HAPPY], [0, 1, 2], [0, 0, 1])
    second = make_classified([ANGRY, HAPPY], [0, 1], [0, 1])
    return [
        Cell("one", "balanced", "clean", False, measure(first, WIN_SECONDS), {"rain": 0.25, "hum": 0.0}),
        Cell("two", "balanced", "clean", False, measure(second, WIN_SECONDS), {"rain": 0.75, "hum": 0.0}),
    ]


@pytest.fixture
def written() -> list[Record]:
    """As they stand in the file."""
    content = json.dumps(records(cells(), {"protocol": "unseen-data", "model": "m"}), allow_nan=False)
    loaded: list[Record] = json.loads(content)
    return loaded


def of(written: list[Record], corpus: str) -> dict[str, Any]:
    """Find the one record of a corpus."""
    (found,) = [record for record in written if record["corpus"] == corpus]
    return found


def test_the_fields_that_others_rely_on(written: list[Record]) -> None:
    one = of(written, "one")
    place = {"corpus": "one", "stream": "balanced", "condition": "clean", "baseline": False}
    assert place.items() <= one.items()
    assert one["uar"] == pytest.approx((1 / 2 + 1) / 2)
    assert one["accuracy"] == pytest.approx(2 / 3, abs=1e-6)
    # All three are said with .7, two are right.
    assert one["ece"] == pytest.approx(0.7 - 2 / 3, abs=1e-6)
    assert one["brier"] == pytest.approx(
        (2 * (0.3**2 + 3 * 0.1**2) + 0.7**2 + 0.9**2 + 2 * 0.1**2) / 3, abs=1e-6
    )
    assert (one["unsure_share"], one["clips"], one["answers"], one["speakers"]) == (0.0, 3, 3, 3)
    assert one["recalls"] == {"angry": 0.5, "happy": 1.0, "neutral": None, "sad": None}
    assert one["confusion"][0] == [1, 1, 0, 0]
    assert (one["protocol"], one["model"]) == ("unseen-data", "m")
    assert one["delay_median_seconds"] == 0.5, "the clips begin at 0, 1, 2 s; the window of 2.5 s is happy"
    assert of(written, "two")["sure_window_accuracy"] == 1.0
    assert one["uar_low"] <= one["uar"] <= one["uar_high"]


def test_the_mean_is_over_corpora_and_clips_are_added_up(written: list[Record]) -> None:
    mean, one, two = (of(written, name) for name in (MEAN, "one", "two"))
    for name in ("uar", "accuracy", "ece", "brier", "selective_accuracy", "unsure_share"):
        assert mean[name] == pytest.approx((one[name] + two[name]) / 2, abs=1e-6)
    assert mean["clips"] == 5
    assert mean["baseline"] is False
    assert mean["recalls"]["angry"] == pytest.approx(0.75)
    assert mean["recalls"]["sad"] is None
    assert np.array(mean["confusion"]).sum() == 5
    assert mean["false_emotion_of"] == {"rain": 0.5, "hum": 0.0}
    assert mean["false_emotion"] == pytest.approx(0.25)
    assert one["uar_low"] < mean["uar_low"] <= mean["uar"] <= mean["uar_high"] == 1.0


def test_placed_again_a_clip_is_answered_again_and_counted_once() -> None:
    classified = make_classified([ANGRY, HAPPY], [0, 1], [0, 0])
    classified.placements.clip[:] = "same.wav"
    measures = measure(classified, WIN_SECONDS)
    assert (measures.num_clips, len(measures.answers)) == (1, 2)


def test_tables_have_a_row_for_each_mean_and_a_column_for_each_corpus() -> None:
    text = plain_text(tables_of(records(cells(), {})))
    uar, certainty, recalls, sounds = text.split("\n\n")
    head, row = (line.split() for line in uar.splitlines()[1:])
    assert head == ["stream", "condition", "baseline", "one", "two", "mean", "interval", "clips"]
    assert row[:6] == ["balanced", "clean", "without", ".750", "1.00", ".875"]
    assert row[-1] == "5"
    assert "60 % surest right" in certainty
    assert all(label in recalls for label in LABELS)
    assert sounds.splitlines()[-1].split() == ["no", "speech", "clean", "without", ".500", ".000"]


def test_windows_of_sounds_that_show_an_emotion_are_counted_by_kind() -> None:
    classified = make_classified(
        [ANGRY] * 4, [-1] * 4, [], heard=[True, False, True, True], unsure=[False] * 3 + [True]
    )
    assert false_emotion(classified, np.array(["rain"])) == {"rain": 0.5}
    assert math.isclose(sum(false_emotion(classified, np.array(["hum"])).values()), 0.5)


def test_the_same_answers_give_the_same_picture_and_others_another() -> None:
    confidence = np.linspace(0.3, 1.0, 50)
    right = np.arange(50) % 3 > 0
    picture = reliability_picture(confidence, right, "title", "subtitle")
    assert picture.startswith(b"\x89PNG")
    assert picture == reliability_picture(confidence, right, "title", "subtitle")
    assert picture != reliability_picture(confidence, ~right, "title", "subtitle")


def test_every_cell_is_drawn_as_it_is(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    head = ("stream", "condition", "baseline", "mean")
    print_tables([Table("UAR [of clips]", head, (("balanced", "clean", "with", ".780"),))])
    drawn = capsys.readouterr().out
    assert drawn.splitlines()[0].strip() == "UAR [of clips]"
    assert [cell for line in drawn.splitlines()[1:] for cell in line.split() if cell.strip("─ ")] == [
        *head,
        *("balanced", "clean", "with", ".780"),
    ]
