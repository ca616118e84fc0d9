"""The decision in numpy agrees with scikit-learn."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from emotion.rbf_svc import RbfSvc
from trainer.svm import arrays_from_scikit_learn


def _data(num_classes: int, num_rows: int, seed: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    rng = np.random.default_rng(seed)
    targets = np.arange(num_rows) % num_classes
    centres = 1.5 * rng.standard_normal((num_classes, 40))
    spread = 10.0 ** rng.uniform(-3, 3, 40)
    vectors = (centres[targets] + rng.standard_normal((num_rows, 40))) * spread + 100.0 * spread
    return vectors.astype(np.float32), targets


def tiny_arrays() -> dict[str, NDArray[Any]]:
    vectors, targets = _data(3, 30, seed=5)
    scaler = StandardScaler().fit(vectors)
    svc = SVC(decision_function_shape="ovo").fit(scaler.transform(vectors), targets)
    margins = svc.decision_function(scaler.transform(vectors))
    return arrays_from_scikit_learn(scaler, svc, LogisticRegression().fit(margins, targets))


@pytest.mark.parametrize("num_classes", [2, 3, 4])
@pytest.mark.parametrize("scaled", [True, False])
@pytest.mark.parametrize("gamma", ["scale", 0.01])
@pytest.mark.parametrize("cost", [0.3, 100.0])
def test_equal_to_scikit_learn(num_classes: int, gamma: str | float, cost: float, *, scaled: bool) -> None:
    vectors, targets = _data(num_classes, 60 * num_classes, seed=num_classes)
    others, _ = _data(num_classes, 50, seed=num_classes)
    others += np.float32(0.1) * others.std(axis=0)
    scaler = StandardScaler().fit(vectors) if scaled else None
    inputs, questions = (scaler.transform(vectors), scaler.transform(others)) if scaler else (vectors, others)
    svc = SVC(C=cost, gamma=gamma, decision_function_shape="ovo").fit(inputs, targets)
    calibrator = LogisticRegression().fit(svc.decision_function(inputs).reshape(len(inputs), -1), targets)
    margins = svc.decision_function(questions).reshape(len(questions), -1)
    decision = RbfSvc.from_arrays(arrays_from_scikit_learn(scaler, svc, calibrator))

    # Unscaled columns six orders of magnitude apart under weights of 100 ask more of float32 than 1e-5.
    tolerance = 1e-5 if scaled or cost < 1 else 3e-4
    np.testing.assert_allclose(decision.margins(others), margins, rtol=0, atol=tolerance)
    np.testing.assert_allclose(
        decision.probabilities(others), calibrator.predict_proba(margins), rtol=0, atol=tolerance
    )
    for vector, row in zip(others, margins, strict=True):
        np.testing.assert_allclose(decision.margins(vector), row, rtol=0, atol=tolerance)
        np.testing.assert_allclose(decision.probabilities(vector).sum(), 1.0, atol=1e-12)


def test_far_from_everything_it_is_still_a_number() -> None:
    decision = RbfSvc.from_arrays(tiny_arrays())
    nowhere = np.full(40, np.finfo(np.float32).max, np.float32)
    np.testing.assert_allclose(decision.margins(nowhere), tiny_arrays()["intercepts"])
    for vector in (nowhere, -nowhere, np.zeros(40, np.float32)):
        assert decision.probabilities(vector).sum() == pytest.approx(1.0)


def test_the_same_vector_gives_the_same_bits() -> None:
    decision = RbfSvc.from_arrays(tiny_arrays())
    vectors, _ = _data(3, 7, seed=1)
    unaligned = np.empty(41, np.float32)[1:]
    for vector in vectors:
        unaligned[:] = vector
        np.testing.assert_array_equal(
            decision.probabilities(unaligned), decision.probabilities(vector.copy())
        )


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("support_vectors", np.nan, "support_vectors holds a value that is not finite"),
        ("intercepts", np.inf, "intercepts holds a value that is not finite"),
        ("calibration_bias", -np.inf, "calibration_bias holds a value that is not finite"),
        ("scale", 0.0, "scale holds a value that is not over 0"),
        ("gamma", -1.0, "gamma holds a value that is not over 0"),
        ("class_counts", -1, "class_counts says"),
        ("class_counts", 1_000, "class_counts says"),
        ("class_counts", 2**62, "class_counts says"),
    ],
)
def test_values_that_cannot_be(name: str, value: float, words: str) -> None:
    arrays = tiny_arrays()
    arrays[name].flat[0] = value
    with pytest.raises(ValueError, match=words):
        RbfSvc.from_arrays(arrays)
