"""The reliability diagram."""

import numpy as np

from evaluation.scores.reliability_picture import reliability_picture


def test_the_same_answers_give_the_same_picture_and_others_another() -> None:
    confidence = np.linspace(0.3, 1.0, 50)
    right = np.arange(50) % 3 > 0
    picture = reliability_picture(confidence, right, "title", "subtitle")
    assert picture.startswith(b"\x89PNG")
    assert picture == reliability_picture(confidence, right, "title", "subtitle")
    assert picture != reliability_picture(confidence, ~right, "title", "subtitle")
