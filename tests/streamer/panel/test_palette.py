"""The palette: every colour reads on black and on white, and for those who see fewer colours."""

from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray

from emotion.labels import LABELS
from streamer.panel.palette import (
    EMOTION_COLOURS,
    FAINT_COLOUR,
    LEVEL_COLOUR,
    OTHER_COLOUR,
    WARNING_COLOUR,
    emotion_style,
)

# Machado, Oliveira and Fernandes 2009, severity 1.0, on linear RGB.
SIGHTS = {
    "common": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}


def linear(colour: str) -> NDArray[np.float64]:
    """Linear RGB of a hex colour."""
    channels = np.array([int(colour[start : start + 2], 16) for start in (1, 3, 5)]) / 255
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def lab(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    """CIE L*a*b*, D65."""
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    x, y, z = np.cbrt(to_xyz @ np.clip(rgb, 0.001, 1) / np.array([0.9505, 1.0, 1.089]))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize(
    "colour", [*EMOTION_COLOURS.values(), FAINT_COLOUR, LEVEL_COLOUR, OTHER_COLOUR, WARNING_COLOUR]
)
def test_contrast_to_black_and_to_white_is_at_least_three(colour: str) -> None:
    luminance = linear(colour) @ np.array([0.2126, 0.7152, 0.0722])
    assert (luminance + 0.05) / 0.05 >= 3.0
    assert 1.05 / (luminance + 0.05) >= 3.0


@pytest.mark.parametrize("sight", SIGHTS)
def test_two_on_one_bar_differ_for_every_sight(sight: str) -> None:
    one, other = (lab(SIGHTS[sight] @ linear(colour)) for colour in (LEVEL_COLOUR, OTHER_COLOUR))
    assert np.linalg.norm(one - other) >= 20.0


@pytest.mark.parametrize("sight", SIGHTS)
def test_emotions_differ_for_every_sight(sight: str) -> None:
    for one, other in combinations(EMOTION_COLOURS.values(), 2):
        distance = np.linalg.norm(lab(SIGHTS[sight] @ linear(one)) - lab(SIGHTS[sight] @ linear(other)))
        assert distance >= 20.0, (one, other)


def test_no_style_sets_a_background() -> None:
    assert set(EMOTION_COLOURS) == set(LABELS)
    for label in (*LABELS, "noise"):
        assert emotion_style(label).bgcolor is None
        assert emotion_style(label, strong=True).bold
