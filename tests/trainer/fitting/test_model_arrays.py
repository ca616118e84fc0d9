"""What scikit-learn fitted, taken apart."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC

from emotion.rbf_svc import ARRAYS
from trainer.fitting.model_arrays import arrays_from_scikit_learn

RNG = np.random.default_rng(2)
VECTORS = RNG.standard_normal((40, 5)) + np.arange(40)[:, np.newaxis] % 4


@pytest.mark.parametrize("num_classes", [2, 3, 4])
def test_names_types_and_shapes_are_those_of_the_schema(num_classes: int) -> None:
    targets = np.arange(40) % num_classes
    svc = SVC(decision_function_shape="ovo").fit(VECTORS, targets)
    calibrator = LogisticRegression().fit(svc.decision_function(VECTORS).reshape(40, -1), targets)
    arrays = arrays_from_scikit_learn(None, svc, calibrator)
    num_pairs = num_classes * (num_classes - 1) // 2
    sizes = {"d": 5, "n": len(svc.support_), "k": num_classes, "k-1": num_classes - 1, "pairs": num_pairs}
    assert {name: (array.dtype.str, array.shape) for name, array in arrays.items()} == {
        name: (dtype, tuple(sizes[side] for side in sides)) for name, (dtype, sides) in ARRAYS.items()
    }


def test_another_kernel_is_refused() -> None:
    targets = np.arange(40) % 2
    svc = SVC(kernel="linear").fit(VECTORS, targets)
    with pytest.raises(ValueError, match="'linear'"):
        arrays_from_scikit_learn(None, svc, LogisticRegression().fit(VECTORS, targets))


def test_a_calibration_of_other_classes_is_refused() -> None:
    svc = SVC().fit(VECTORS, np.arange(40) % 2)
    with pytest.raises(ValueError, match="calibration"):
        arrays_from_scikit_learn(None, svc, LogisticRegression().fit(VECTORS, np.arange(40) % 3))
