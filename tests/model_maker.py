"""Small real models for tests: fitted by scikit-learn, written and read by the product's own code."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from emotion.arrays import Samples
from emotion.card import LABELS, Card, DataSource
from emotion.features.catalogue import feature_set as find_feature_set
from emotion.model import save_model
from trainer.svm import arrays_from_scikit_learn

_PITCHES_HZ = {"angry": 240.0, "happy": 320.0, "neutral": 160.0, "sad": 110.0}
_BURSTS_HZ = {"angry": 8.0, "happy": 6.0, "neutral": 4.0, "sad": 2.0}


def tone_of(label: str, seed: int, sample_rate: int, seconds: float = 0.8) -> Samples:
    """Give a trembling tone that stands for a label: tests need classes apart, not people.

    Parameters
    ----------
    label : str
        One of LABELS.
    seed : int
        Varies pitch, phase and noise.
    sample_rate : int
        Hz.
    seconds : float
        Its length.

    Returns
    -------
    ndarray, shape (round(seconds * sample_rate),), float32
        About -15 dBFS.
    """
    rng = np.random.default_rng([seed, LABELS.index(label)])
    time = np.arange(round(seconds * sample_rate)) / sample_rate
    phase = 2 * np.pi * _PITCHES_HZ[label] * rng.uniform(0.9, 1.1) * time
    voice = sum(np.sin(k * phase + rng.uniform(0, 6)) / k for k in range(1, 6))
    tremble = 1 + 0.8 * np.sin(2 * np.pi * _BURSTS_HZ[label] * time + rng.uniform(0, 6))
    return (0.15 * voice * tremble + 0.01 * rng.standard_normal(len(time))).astype(np.float32)


def fit_arrays(
    vectors: NDArray[np.float32], targets: NDArray[np.int64], *, scaled: bool = True
) -> dict[str, NDArray[Any]]:
    """Fit scaler, SVC and calibration (in sample: tests need numbers, not honesty).

    Parameters
    ----------
    vectors : ndarray, shape (n, d)
        To be fitted on.
    targets : ndarray, shape (n,)
        Classes 0, 1, ...
    scaled : bool
        False for a machine without a scaler.

    Returns
    -------
    dict of str to ndarray
        Of kind rbf-svc.
    """
    scaler = StandardScaler().fit(vectors) if scaled else None
    inputs = scaler.transform(vectors) if scaler is not None else vectors
    svc = SVC(C=10.0, decision_function_shape="ovo").fit(inputs, targets)
    margins = svc.decision_function(inputs).reshape(len(vectors), -1)
    return arrays_from_scikit_learn(scaler, svc, LogisticRegression().fit(margins, targets))


def make_card(feature_set: str = "classic", **changes: Any) -> Card:
    """Make a card for a feature set.

    Parameters
    ----------
    feature_set : str
        Its name.
    **changes
        Fields that differ.

    Returns
    -------
    Card
        Without digests.
    """
    features = find_feature_set(feature_set)
    values: dict[str, Any] = {
        "name": "tiny",
        "kind": "rbf-svc",
        "created": "2025-01-31",
        "callmood_version": "0.1.0",
        "labels": LABELS,
        "feature_set": features.name,
        "feature_set_version": features.version,
        "num_features": len(features.feature_names),
        "sample_rate": features.sample_rate,
        "win_seconds": 2.0,
        "step_seconds": 0.5,
        "allowed_win_seconds": (1.0, 5.0),
        "allowed_step_seconds": (0.1, 5.0),
        "notes": ("fitted on trembling tones: says nothing about people",),
        "weights_licence": "MIT",
        "commercial_use": True,
        "data": (DataSource("tones", 24, None, 24, "MIT"),),
        "split": "none",
        "scores": {"uar": 0.5},
        "fails_on": ("everything that is no tone",),
        "recipe": "tests/model_maker.py",
        "seed": 0,
        "libraries": {"scikit-learn": "1"},
        "gate": "level" if feature_set.startswith("classic") else "voice",
        "digests": {},
    }
    return Card(**{**values, **changes})


def make_model(
    folder: Path,
    feature_set: str = "classic",
    seed: int = 0,
    labels: tuple[str, ...] = LABELS,
    clips_per_label: int = 6,
    **changes: Any,
) -> Path:
    """Fit and write a tiny model that tells trembling tones apart, in well under a second.

    Parameters
    ----------
    folder : Path
        Where; its last part becomes the name.
    feature_set : str
        classic, classic-speech, ...
    seed : int
        Of the tones.
    labels : tuple of str
        At least two.
    clips_per_label : int
        Tones of each.
    **changes
        Fields of the card that differ: ``win_seconds=1.0``, ``notes=()``.

    Returns
    -------
    Path
        The folder.
    """
    features = find_feature_set(feature_set)
    vectors, targets = [], []
    for target, label in enumerate(labels):
        for clip in range(clips_per_label):
            vectors.append(features.clip_vector(tone_of(label, 1000 * seed + clip, features.sample_rate)))
            targets.append(target)
    arrays = fit_arrays(np.array(vectors), np.array(targets))
    card = make_card(feature_set, **{"name": folder.name, "labels": labels, "seed": seed, **changes})
    save_model(folder, card, arrays)
    return folder
