"""Earlier callers on a line: who is drawn, and how they spoke."""

import numpy as np
import pytest

from callmood.evaluation.lines import LINE_KINDS, Callers, LineKind, short_calls
from emotion.card import LABELS
from emotion.decision import line_voices
from emotion.voice_linear import VoiceLinear
from tests.callmood.evaluation.table_material import Talk, make_table
from tests.voice_model import line_arrays, random_arrays
from trainer.recipes.base import FittedClassifier

CLASSIFIER = FittedClassifier(VoiceLinear.from_arrays(random_arrays(4) | line_arrays(4)))
NAMES = "abcd"
TABLE = make_table([Talk("c", name, LABELS * 20, shift=float(n)) for n, name in enumerate(NAMES)], noise=0.0)


def test_kinds_go_by_their_names() -> None:
    names = [kind.name for kind in LINE_KINDS]
    assert len(set(names)) == len(names)
    assert names[1] == "line-3-balanced"
    assert LineKind(3, origin="by-phone").name == "line-3-by-phone"


def left_alone(speaker: str, mix: str) -> np.ndarray:
    """Give the mean margins of one speaker, by a line on which nobody else is drawn."""
    only = TABLE.of_speakers([f"c/{speaker}"])
    [line] = Callers(only, CLASSIFIER).lines(LineKind(1, mix), 0, ["another"])  # type: ignore[arg-type]
    return np.asarray(line["margins"])


def test_a_speaker_never_follows_on_a_line_where_the_same_speaker_was_heard() -> None:
    callers = Callers(TABLE, CLASSIFIER)
    speakers = [f"c/{name}" for name in NAMES]
    for number, line in enumerate(callers.lines(LineKind(8), 0, speakers)):
        assert line_voices(line) == 3
        others = [left_alone(name, "balanced") for place, name in enumerate(NAMES) if place != number]
        np.testing.assert_allclose(line["margins"], np.sum(others, axis=0))


def test_draws_differ_and_repeat() -> None:
    def drawn(order: int) -> list[list[float]]:
        lines = Callers(TABLE, CLASSIFIER).lines(LineKind(1), order, [f"c/{name}" for name in NAMES])
        return [line["margins"].tolist() for line in lines]

    assert drawn(0) == drawn(0)
    assert len({str(drawn(order)) for order in range(6)}) > 1


@pytest.mark.parametrize("mix", ["neutral", "angry"])
def test_in_a_mix_four_fifths_of_the_clips_are_in_one_emotion(mix: str) -> None:
    # Without noise and with a twentieth of each emotion, margins are linear in the shares of emotions.
    weights = line_arrays(4)["line_weights"] / random_arrays(4)["scale"][:, None]
    away = (left_alone("a", mix) - left_alone("a", "balanced")) @ np.linalg.inv(weights)
    assert away[LABELS.index(mix)] / 2.0 == pytest.approx(0.8 - 0.25, abs=0.1)


def test_every_four_clips_are_a_call_by_themselves() -> None:
    table = make_table([Talk("c", "a", (*LABELS, *LABELS, "sad")), Talk("c", "b", LABELS)])
    cut = short_calls(table)
    assert cut.streams.speaker_key.tolist() == ["c/a"] * 3 + ["c/b"]
    assert cut.clips.stream.tolist() == [0] * 4 + [1] * 4 + [2] + [3] * 4
    inside = table.clip >= 0
    np.testing.assert_array_equal(cut.stream[inside], cut.clips.stream[cut.clip[inside]])
    assert (np.diff(cut.stream) >= 0).all()
    assert cut.streams.num_windows.sum() == len(cut) == len(table)
    np.testing.assert_array_equal(cut.vectors, table.vectors)
    assert cut.key != table.key
