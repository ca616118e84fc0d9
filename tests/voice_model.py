"""A small model that learns voices: two linear decisions on random directions, or on trembling tones."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from emotion.card import LABELS
from emotion.features.catalogue import feature_set as find_feature_set
from emotion.model import save_model
from emotion.voice_linear import KIND
from tests.model_maker import make_card, tone_of

RULE = (2.0, 6.0, 40.0, 0.3, 1.4, 0.2, 0.3, 0.1, 0.2, 0.1)
"""Most of what is said comes from the baseline within a few windows; 40 windows are as many as count."""


def random_arrays(num_features: int = 12, num_labels: int = 4, seed: int = 0) -> dict[str, NDArray[Any]]:
    """Give arrays of kind ``voice-linear`` that nobody fitted.

    Parameters
    ----------
    num_features, num_labels : int
        Sides of the matrices.
    seed : int
        Of the numbers.

    Returns
    -------
    dict of str to ndarray
        As the kind asks for.
    """
    rng = np.random.default_rng(seed)
    sides = (num_features, num_labels)
    return {
        "mean": rng.normal(0.0, 1.0, num_features).astype(np.float32),
        "scale": rng.uniform(0.5, 2.0, num_features).astype(np.float32),
        "raw_weights": rng.normal(0.0, 0.5, sides).astype(np.float32),
        "raw_bias": rng.normal(0.0, 0.2, num_labels).astype(np.float32),
        "own_weights": rng.normal(0.0, 0.5, sides).astype(np.float32),
        "own_bias": rng.normal(0.0, 0.2, num_labels).astype(np.float32),
        "ordinary": np.array([-0.4, -0.2, 0.7, -0.1])[:num_labels],
        "temperatures": np.array([1.5, 1.2]),
        "rule": np.array(RULE),
        "unsure_below": np.array(0.4),
    }


def line_arrays(num_features: int = 12, num_labels: int = 4, seed: int = 1) -> dict[str, NDArray[Any]]:
    """Give the arrays of a model that knows lines, which nobody fitted.

    Parameters
    ----------
    num_features, num_labels : int
        Sides of the matrices.
    seed : int
        Of the numbers.

    Returns
    -------
    dict of str to ndarray
        A voice whose mean place, here its line margins, is more than 6 away from that of the line does not
        fit it.
    """
    rng = np.random.default_rng(seed)
    weights = rng.normal(0.0, 0.1, (num_features, num_labels)).astype(np.float32)
    return {
        "line_weights": weights,
        "line_bias": rng.normal(0.0, 0.2, num_labels).astype(np.float32),
        "place_weights": weights.copy(),
        "line_rule": np.array([1.0, 0.0, 3.0, 6.0]),
    }


def make_voice_model(
    folder: Path,
    feature_set: str = "acoustic",
    *,
    unsure_below: float = 0.4,
    lines: bool = False,
    **changes: Any,
) -> Path:
    """Fit and write a tiny model with a baseline, in about a second.

    Parameters
    ----------
    folder : Path
        Where; its last part becomes the name.
    feature_set : str
        By name.
    unsure_below : float
        Probability under which it will not decide.
    lines : bool
        Whether it knows lines.
    **changes
        Fields of the card that differ: ``win_seconds=1.0``.

    Returns
    -------
    Path
        The folder.
    """
    features = find_feature_set(feature_set)
    rate = features.sample_rate
    sounds = [tone_of(label, clip, rate) for label in LABELS for clip in range(6)]
    vectors = np.array([features.clip_vector(sound) for sound in sounds])
    targets = np.repeat(np.arange(len(LABELS)), 6)
    mean, scale = vectors.mean(axis=0), vectors.std(axis=0) + np.float32(1e-3)
    scaled = np.clip((vectors - mean) / scale, -5.0, 5.0)
    raw = LogisticRegression(C=0.01).fit(scaled, targets)
    own = LogisticRegression(C=0.1).fit(scaled - scaled.mean(axis=0), targets)
    arrays = random_arrays(len(features.feature_names)) | {
        "mean": mean.astype(np.float32),
        "scale": scale.astype(np.float32),
        "raw_weights": raw.coef_.T.astype(np.float32),
        "raw_bias": raw.intercept_.astype(np.float32),
        "own_weights": own.coef_.T.astype(np.float32),
        "own_bias": own.intercept_.astype(np.float32),
        "unsure_below": np.array(unsure_below),
    }
    if lines:
        arrays |= line_arrays(len(features.feature_names))
    card = make_card(feature_set, **{"name": folder.name, "kind": KIND, **changes})
    save_model(folder, card, arrays)
    return folder
