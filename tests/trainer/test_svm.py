"""Fit an RBF SVM, and write what was fitted as arrays."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from emotion.rbf_svc import ARRAYS, OPTIONAL, RbfSvc
from trainer import svm
from trainer.metrics import score
from trainer.progress import TrainingLog
from trainer.svm import (
    arrays_from_scikit_learn,
    choose_parameters,
    fit_article,
    fit_calibration,
    fit_tuned,
    grouped_folds,
    pairwise_margins,
    unsure_threshold,
)
from trainer.window_table import WindowTable


def cloud(
    num: int = 240, speakers: int = 12, labels: int = 4, seed: int = 0, shift: float = 1.2
) -> WindowTable:
    """Draw overlapping clouds, each speaker with an offset of their own, features of different sizes."""
    rng = np.random.default_rng(seed)
    targets = np.arange(num) % labels
    speaker = rng.integers(0, speakers, num)
    centres, offsets = rng.normal(0, shift, (labels, 6)), rng.normal(0, 0.7, (speakers, 6))
    vectors = (centres[targets] + offsets[speaker] + rng.normal(0, 1, (num, 6))) * 10.0 ** np.arange(-2, 4)
    groups = np.char.add("s", speaker.astype(str))
    return WindowTable(vectors.astype(np.float32), targets, np.arange(num), np.full(num, "c"), groups)


def test_the_search_finds_what_the_slow_way_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(svm, "C_GRID", (0.3, 3.0, 30.0))
    monkeypatch.setattr(svm, "GAMMA_GRID", (0.25, 2.0))
    table = cloud()
    uars = {}
    for c in (0.3, 3.0, 30.0):
        for gamma in (0.25 / 6, 2.0 / 6):
            said = np.zeros(len(table), dtype=int)
            for fit, look in grouped_folds(table.targets, table.groups, 7):
                scaler = StandardScaler().fit(table.vectors[fit])
                svc = SVC(C=c, gamma=gamma, class_weight="balanced")
                svc.fit(scaler.transform(table.vectors[fit]), table.targets[fit])
                said[look] = svc.predict(scaler.transform(table.vectors[look]))
            recalls = [(said[table.targets == label] == label).mean() for label in range(4)]
            uars[c, gamma] = np.mean(recalls)
    chosen = choose_parameters(table, grouped_folds(table.targets, table.groups, 7))
    assert chosen.uar == pytest.approx(max(uars.values()), abs=0.005)
    assert uars[chosen.c, chosen.gamma] == pytest.approx(max(uars.values()), abs=0.005)
    assert min(uars.values()) < chosen.uar - 0.02


def test_a_tuned_model_knows_unseen_speakers_and_says_how_sure_it_is() -> None:
    # One draw of centres for both sides: the last speakers are kept out.
    table = cloud(num=1200, speakers=24, shift=2.0)
    unseen = np.isin(table.groups, [f"s{number}" for number in range(18, 24)])
    fitted = fit_tuned(table.take(~unseen), max_windows=400, seed=0, log=TrainingLog())
    assert fitted.facts["windows"] == 400
    decision = RbfSvc.from_arrays(fitted.arrays())
    tested = table.take(unseen)
    found = score(
        tested.targets, decision.probabilities(tested.vectors), ("angry", "happy", "neutral", "sad")
    )
    assert found.uar > 0.7
    assert found.ece < 0.08


def test_calibration_learns_from_windows_outside_the_fit() -> None:
    # Labels are pure chance: in sample the margins look sure, outside they know nothing.
    table = cloud(num=400, shift=0.0)
    svc = SVC(C=30.0, gamma=2.0, decision_function_shape="ovo")
    machine = make_pipeline(StandardScaler(), svc).fit(table.vectors, table.targets)
    calibration = fit_calibration(table, machine, max_windows=400, seed=0).machine
    sure = calibration.predict_proba(pairwise_margins(machine, table.vectors)).max(axis=1)
    assert (machine.predict(table.vectors) == table.targets).mean() > 0.95
    assert sure.mean() < 0.5


def test_two_labels_have_one_margin() -> None:
    table = cloud(labels=2)
    fitted = fit_tuned(table, max_windows=200, seed=0, log=TrainingLog())
    expected = fitted.calibration.machine.predict_proba(pairwise_margins(fitted.machine, table.vectors))
    np.testing.assert_allclose(
        RbfSvc.from_arrays(fitted.arrays()).probabilities(table.vectors), expected, atol=1e-4
    )


def test_the_article_scales_nothing_and_chooses_nothing() -> None:
    table = cloud(num=120)
    fitted = fit_article(table, seed=0, log=TrainingLog())
    plain = SVC().fit(table.vectors.astype(np.float64), table.targets)
    assert len(fitted.machine) == 1
    np.testing.assert_array_equal(fitted.machine.predict(table.vectors), plain.predict(table.vectors))


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
        name: (dtype, tuple(sizes[side] for side in sides))
        for name, (dtype, sides) in ARRAYS.items()
        if name not in OPTIONAL
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


@pytest.mark.parametrize(
    ("confidence", "right", "threshold"),
    [
        # All are right: only what is rather wrong than right.
        (np.linspace(0.7, 1.0, 10), [True] * 10, 0.5),
        # The three least sure are wrong, and no more than three may be unsure.
        (np.arange(1, 11) / 10, [False] * 3 + [True] * 7, 0.4),
        # The two least sure are wrong.
        (0.5 + np.arange(10) / 20, [False, False] + [True] * 8, 0.6),
        # Never right: no more than three are unsure even so.
        (np.arange(1, 11) / 10, [False] * 10, 0.4),
        # Few labels are likely: the least sure three are still all.
        (np.arange(1, 11) / 30, [True] * 10, 4 / 30),
    ],
)
def test_as_few_windows_are_unsure_as_it_takes(
    confidence: "np.ndarray", right: list[bool], threshold: float
) -> None:
    shuffled = np.random.default_rng(0).permutation(10)
    assert unsure_threshold(confidence[shuffled], np.array(right)[shuffled]) == pytest.approx(threshold)


def test_a_fitted_machine_is_unsure_where_its_threshold_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(svm, "C_GRID", (3.0,))
    monkeypatch.setattr(svm, "GAMMA_GRID", (0.5,))
    arrays = fit_tuned(cloud(), max_windows=200, seed=0, log=TrainingLog()).arrays()
    threshold = float(arrays["unsure_below"])
    assert 0.25 < threshold < 1.0
    decision = RbfSvc.from_arrays(arrays)
    assert decision.is_unsure(np.array([threshold - 0.01, 0.1, 0.1, 0.1]))
    assert not decision.is_unsure(np.array([threshold + 0.01, 0.1, 0.1, 0.1]))
    old = RbfSvc.from_arrays({name: array for name, array in arrays.items() if name != "unsure_below"})
    assert not old.is_unsure(np.full(4, 0.01))
    with pytest.raises(ValueError, match=r"unsure_below is 1.5; expected 0 to 1"):
        RbfSvc.from_arrays(arrays | {"unsure_below": np.array(1.5)})
