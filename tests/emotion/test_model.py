"""A model folder loads only where card, arrays and this program agree."""

import hashlib
import json
import os
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emotion.array_file import read_arrays, write_arrays
from emotion.errors import ModelError
from emotion.labels import LABELS
from emotion.model import load_model, read_model_card
from emotion.rbf_svc import ARRAYS
from tests.model_maker import make_model, tone_of


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("models") / "tiny", clips_per_label=3)


@pytest.fixture
def model(good: Path, tmp_path: Path) -> Path:
    """A copy to be spoiled."""
    return shutil.copytree(good, tmp_path / "spoiled")


@pytest.mark.parametrize("feature_set", ["classic", "classic-speech"])
def test_it_tells_tones_apart(tmp_path: Path, feature_set: str) -> None:
    model = load_model(make_model(tmp_path / "tiny", feature_set))
    assert model.card.feature_set == model.feature_set.name == feature_set
    assert model.folder == tmp_path / "tiny"
    for label in LABELS:
        probabilities = model.predict(
            model.feature_set.clip_vector(tone_of(label, 99, model.card.sample_rate))
        )
        assert probabilities.shape == (4,)
        assert probabilities.sum() == pytest.approx(1.0)
        assert LABELS[int(np.argmax(probabilities))] == label


def test_two_labels_will_do(tmp_path: Path) -> None:
    model = load_model(make_model(tmp_path / "two", labels=("happy", "sad")))
    for place, label in enumerate(("happy", "sad")):
        probabilities = model.predict(model.feature_set.clip_vector(tone_of(label, 99, 22_050)))
        assert np.argmax(probabilities) == place


def test_the_same_folder_gives_the_same_bits(good: Path) -> None:
    vector = load_model(good).feature_set.clip_vector(tone_of("sad", 5, 22_050))
    np.testing.assert_array_equal(load_model(good).predict(vector), load_model(good).predict(vector))


@pytest.mark.parametrize(
    ("vector", "words"),
    [
        (np.zeros(656, np.float32), r"shape \(656,\) for 657 features"),
        (np.zeros((1, 657), np.float32), "657 features"),
        (np.full(657, np.nan, np.float32), "not finite"),
    ],
)
def test_a_vector_that_does_not_fit(
    good: Path, vector: np.ndarray[Any, np.dtype[np.float32]], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        load_model(good).predict(vector)


# Spoiled models.


def _card(model: Path, **changes: object) -> None:
    values = json.loads((model / "card.json").read_text(encoding="utf-8"))
    (model / "card.json").write_text(json.dumps(values | changes), encoding="utf-8")


def _changed_card(**changes: object) -> Callable[[Path], None]:
    return lambda model: _card(model, **changes)


def _changed_array(name: str, change: Callable[[Any], Any]) -> Callable[[Path], None]:
    """Change an array and let the card agree, as a hostile author would."""

    def spoil(model: Path) -> None:
        with (model / "model.npz").open("rb") as file:
            arrays = read_arrays(file, frozenset(ARRAYS))
        write_arrays(model / "model.npz", arrays | {name: change(arrays[name].copy())})
        _card(model, digests={"model.npz": hashlib.sha256((model / "model.npz").read_bytes()).hexdigest()})

    return spoil


def _with_a_nan(array: Any) -> Any:
    array.flat[0] = np.nan
    return array


def _cut_arrays(model: Path) -> None:
    raw = (model / "model.npz").read_bytes()
    (model / "model.npz").write_bytes(raw[: len(raw) // 2])


def _flipped_bit(model: Path) -> None:
    raw = bytearray((model / "model.npz").read_bytes())
    raw[len(raw) // 2] ^= 1
    (model / "model.npz").write_bytes(raw)


def _arrays_of_another(model: Path) -> None:
    other = make_model(model.parent / "other", seed=3, clips_per_label=3)
    shutil.copy(other / "model.npz", model / "model.npz")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (
            _changed_card(feature_set_version=99),
            "classic version 99, this callmood computes version 1; train",
        ),
        (_changed_card(feature_set="telepathy"), "telepathy.*classic"),
        (_changed_card(num_features=7), "asks for 7 features at 22050 Hz, but classic version 1 gives 657"),
        (_changed_card(sample_rate=8000), "657 features at 8000 Hz"),
        (_changed_card(kind="oracle"), "is of kind 'oracle', this callmood knows rbf-svc, voice-linear"),
        (_changed_card(labels=["angry", "happy"]), "the card asks for"),
        (_changed_card(digests={}), "card and model disagree"),
        (_changed_card(digests={"model.npz": "0" * 64}), "card and model disagree: .* 000000000000"),
        (_cut_arrays, r"model\.npz is damaged"),
        (_flipped_bit, "card and model disagree"),
        (_arrays_of_another, "card and model disagree"),
        (
            _changed_array("mean", lambda array: array[:-1]),
            r"mean is <f8 \(656,\), the card asks for <f8 \(657,\)",
        ),
        (_changed_array("mean", lambda array: array.astype(np.float32)), "mean is <f4"),
        (_changed_array("gamma", lambda array: array.reshape(1)), r"gamma is <f8 \(1,\)"),
        (_changed_array("support_vectors", lambda array: array.reshape(-1)), "support_vectors is <f4"),
        (_changed_array("support_vectors", lambda array: array[0, 0].reshape(())), "is <f"),
        (_changed_array("intercepts", _with_a_nan), "intercepts holds a value that is not finite"),
        (_changed_array("class_counts", lambda array: array * 2), "class_counts says"),
        (_changed_array("scale", lambda array: array * 0), "scale holds a value that is not over 0"),
        (lambda model: (model / "model.npz").unlink(), r"holds no model\.npz"),
        (lambda model: (model / "card.json").unlink(), r"holds no card\.json"),
        (lambda model: (model / "card.json").write_text("?"), r"card\.json: not readable as JSON"),
    ],
)
def test_a_model_that_does_not_fit(model: Path, spoil: Callable[[Path], object], words: str) -> None:
    spoil(model)
    with pytest.raises(ModelError, match=words) as refused:
        load_model(model)
    assert "spoiled" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_an_offline_set_cannot_promise_windows(model: Path) -> None:
    _card(model, feature_set="classic-33", num_features=33)
    with pytest.raises(ModelError, match="classic-33 needs whole clips, but the card asks for windows"):
        load_model(model)


def test_a_card_can_be_read_where_the_arrays_cannot(model: Path) -> None:
    _flipped_bit(model)
    assert read_model_card(model).name == "tiny"


# What is no model folder.


class _Trap:
    """Leaves a file behind if anything unpickles it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, (f"touch {self.path}",)


@pytest.mark.parametrize("place", ["emotion_model.pkl", "emotion.joblib", "model", "old/emotion_model.pkl"])
def test_a_pickle_is_refused_unopened(tmp_path: Path, place: str) -> None:
    path = tmp_path / place
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(pickle.dumps(_Trap(tmp_path / "sprung")))
    asked = path.parent if "/" in place else path
    with pytest.raises(
        ModelError, match=r"is a pickle: .* callmood loads no code; train it again with `callmood"
    ):
        load_model(asked)
    assert not (tmp_path / "sprung").exists()


def test_a_pickle_in_place_of_the_arrays(model: Path) -> None:
    (model / "model.npz").write_bytes(pickle.dumps(_Trap(model / "sprung")))
    with pytest.raises(ModelError, match=r"model\.npz is a pickle"):
        load_model(model)
    assert not (model / "sprung").exists()


def test_a_file_is_no_folder(good: Path) -> None:
    with pytest.raises(ModelError, match=r"card\.json is a file; give the model's folder"):
        load_model(good / "card.json")


def test_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="nowhere is not there; `callmood models` lists"):
        load_model(tmp_path / "nowhere")


def test_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"holds no card\.json, so it is no model"):
        load_model(tmp_path)


def test_pipes_in_place_of_files_do_not_hang(tmp_path: Path) -> None:
    for name in ("card.json", "model.npz"):
        os.mkfifo(tmp_path / name)
    with pytest.raises(ModelError, match=r"holds no card\.json"):
        load_model(tmp_path)
