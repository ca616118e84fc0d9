"""A model folder is loaded only where card, arrays and program agree, and saved whole or not at all."""

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
from numpy.typing import NDArray

from emotion.card import LABELS
from emotion.errors import ModelError, OutputError
from emotion.model import (
    _move_into_place,
    load_model,
    read_model_card,
    refuse_to_replace,
    save_model,
)
from emotion.rbf_svc import ARRAYS, OPTIONAL
from emotion.untrusted import read_arrays, write_arrays
from tests.model_maker import make_card, make_model, tone_of
from tests.voice_model import line_arrays, make_voice_model, random_arrays


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
    model = load_model(good)
    for ask in (model.predict, model.open_voice().update, model.open_voice().peek):
        with pytest.raises(ValueError, match=words):
            ask(vector)


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
            arrays = read_arrays(file, frozenset(ARRAYS) - OPTIONAL)
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


def _arrays(folder: Path) -> dict[str, Any]:
    with (folder / "model.npz").open("rb") as file:
        return read_arrays(file, frozenset(ARRAYS) - OPTIONAL)


@pytest.fixture
def model_to_save(tmp_path: Path) -> Path:
    return make_model(tmp_path / "models" / "mine", clips_per_label=2)


def test_a_folder_is_made_with_all_its_files(tmp_path: Path, model_to_save: Path) -> None:
    place = tmp_path / "deep" / "down" / "copy"
    card, folder = save_model(
        place, make_card(), _arrays(model_to_save), {"report.txt": b"fine", "confusion.png": b"\x89PNG"}
    )
    assert sorted(path.name for path in place.iterdir()) == [
        "card.json",
        "confusion.png",
        "model.npz",
        "report.txt",
    ]
    assert (place / "report.txt").read_bytes() == b"fine"
    assert folder == place
    assert load_model(place).card == card
    assert [path.name for path in place.parent.iterdir()] == ["copy"]


def test_a_model_is_replaced_whole_where_that_is_asked_for(model_to_save: Path) -> None:
    arrays = _arrays(model_to_save)
    save_model(model_to_save, make_card(notes=("second",)), arrays, {"report.txt": b"2"}, force=True)
    save_model(model_to_save, make_card(notes=("third",)), arrays, force=True)
    assert load_model(model_to_save).card.notes == ("third",)
    assert sorted(path.name for path in model_to_save.iterdir()) == ["card.json", "model.npz"]
    assert [path.name for path in model_to_save.parent.iterdir()] == ["mine"]


def test_an_empty_folder_may_be_filled(tmp_path: Path, model_to_save: Path) -> None:
    (tmp_path / "empty").mkdir()
    save_model(tmp_path / "empty", make_card(), _arrays(model_to_save))
    load_model(tmp_path / "empty")


def test_a_model_is_refused_a_place_that_is_taken(tmp_path: Path, model_to_save: Path) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "dear.txt").write_text("caller")
    (tmp_path / "file").write_text("caller")
    (tmp_path / "link").symlink_to(model_to_save)
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    for name in ("letters", "file", "link", "dangling"):
        with pytest.raises(OutputError, match=f"{name} (is not a folder|holds something that is no model)"):
            refuse_to_replace(tmp_path / name, force=True)
    with pytest.raises(OutputError, match="mine holds a model; choose another --name, or replace it with"):
        refuse_to_replace(model_to_save, force=False)
    refuse_to_replace(model_to_save, force=True)
    refuse_to_replace(tmp_path / "new", force=False)


@pytest.mark.parametrize("name", ["diary.txt", "notes"])
def test_a_model_with_something_of_others_in_its_folder_is_not_replaced(
    model_to_save: Path, name: str
) -> None:
    if name == "notes":
        (model_to_save / name).mkdir()
    else:
        (model_to_save / name).write_text("mine")
    with pytest.raises(OutputError, match=f"mine holds {name}, which callmood did not write"):
        refuse_to_replace(model_to_save, force=True)
    assert save_model(model_to_save, make_card(), _arrays(model_to_save), force=True)[
        1
    ] == model_to_save.with_name("mine-2")
    assert (model_to_save / name).exists()


@pytest.mark.parametrize("force", [False, True])
def test_what_has_appeared_meanwhile_is_left_alone(tmp_path: Path, model_to_save: Path, force: bool) -> None:
    (tmp_path / "file").write_text("caller")
    (tmp_path / "file-2").write_text("caller")
    arrays, before = _arrays(model_to_save), (model_to_save / "card.json").read_bytes()
    assert save_model(tmp_path / "file", make_card(), arrays, force=force)[1] == tmp_path / "file-3"
    again = save_model(model_to_save, make_card(notes=("again",)), arrays, force=force)[1]
    assert again == (model_to_save if force else model_to_save.with_name("mine-2"))
    assert load_model(again).card.notes == ("again",)
    assert ((model_to_save / "card.json").read_bytes() == before) is not force


@pytest.mark.parametrize(
    "broken",
    [
        {"scale": np.zeros(657)},
        {"mean": np.zeros(5)},
        {"gamma": np.array(1, np.int32)},
        {"gamma": np.array(np.nan)},
    ],
)
def test_what_would_not_load_is_not_written(model_to_save: Path, broken: dict[str, Any]) -> None:
    before = {path: path.read_bytes() for path in model_to_save.iterdir()}
    with pytest.raises(ModelError):
        save_model(model_to_save, make_card(notes=("broken",)), _arrays(model_to_save) | broken, force=True)
    assert {path: path.read_bytes() for path in model_to_save.iterdir()} == before
    assert [path.name for path in model_to_save.parent.iterdir()] == ["mine"]


def test_a_card_that_would_not_load_is_not_written(tmp_path: Path, model_to_save: Path) -> None:
    for changes in ({"labels": ("angry", "bored", "happy", "sad")}, {"name": ""}, {"recipe": "two\nlines"}):
        with pytest.raises(ModelError):
            save_model(tmp_path / "new", make_card(**changes), _arrays(model_to_save))
    assert not (tmp_path / "new").exists()


def test_a_place_that_cannot_be_written(tmp_path: Path, model_to_save: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match=r"cannot be written .*choose another place"):
        save_model(tmp_path / "file" / "mine", make_card(), _arrays(model_to_save))


def test_the_old_model_comes_back_where_the_new_one_cannot_move_in(
    tmp_path: Path, model_to_save: Path
) -> None:
    before = load_model(model_to_save).card
    with pytest.raises(FileNotFoundError):
        _move_into_place(tmp_path / "never filled", model_to_save, tmp_path / "old")
    assert load_model(model_to_save).card == before
    assert not (tmp_path / "old").exists()


NUM_FEATURES = 657


def _save(folder: Path, **changes: NDArray[Any]) -> Path:
    save_model(folder, make_card(kind="voice-linear"), random_arrays(NUM_FEATURES) | changes)
    return folder


def test_it_tells_tones_apart_and_learns_the_voice(tmp_path: Path) -> None:
    model = load_model(make_voice_model(tmp_path / "tiny", "classic-speech"))
    voice = model.open_voice()
    for clip in range(40, 44):
        for place, label in enumerate(LABELS):
            vector = model.feature_set.clip_vector(tone_of(label, clip, model.card.sample_rate))
            assert np.argmax(model.predict(vector)) == place
            assert np.argmax(voice.update(vector)) == place
    assert voice.known > 0.5
    assert load_model(model.folder).open_voice(voice.state()).known == voice.known


@pytest.mark.parametrize(
    ("vector", "words"),
    [
        (np.zeros(656, np.float32), r"shape \(656,\) for 657 features"),
        (np.full(NUM_FEATURES, np.inf, np.float32), "not finite"),
        (np.full(NUM_FEATURES, np.nan, np.float32), "not finite"),
    ],
)
def test_an_odd_vector_teaches_nothing(tmp_path: Path, vector: NDArray[np.float32], words: str) -> None:
    model = load_model(_save(tmp_path / "model"))
    voice = model.open_voice()
    for ask in (model.predict, voice.update, voice.peek):
        with pytest.raises(ValueError, match=words):
            ask(vector)
    assert voice.known == 0.0
    assert voice.state()["windows"] == 0.0


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"raw_weights": np.zeros((NUM_FEATURES, 3), np.float32)},
            r"raw_weights is <f4 \(657, 3\)",
        ),
        ({"own_bias": np.zeros(4)}, "own_bias is <f8"),
        ({"rule": np.ones((2, 2))}, r"rule is <f8 \(2, 2\)"),
        ({"rule": np.ones(2)}, "rule holds 2 values"),
        ({"temperatures": np.zeros(2)}, "temperatures holds a value that is not over 0"),
        ({"gamma": np.array(1.0)}, "holds 'gamma.npy', which no such model has"),
    ],
)
def test_arrays_that_do_not_fit_are_neither_written_nor_read(
    tmp_path: Path, changes: dict[str, NDArray[Any]], words: str
) -> None:
    with pytest.raises(ModelError, match=words):
        _save(tmp_path / "model", **changes)
    assert not (tmp_path / "model").exists()


def test_a_model_may_know_lines(tmp_path: Path) -> None:
    plain = load_model(_save(tmp_path / "plain"))
    knowing = load_model(_save(tmp_path / "knowing", **line_arrays(NUM_FEATURES)))
    assert (plain.knows_lines, knowing.knows_lines) == (False, True)
    assert knowing.open_voice(line={}).line_state()
    with pytest.raises(ModelError, match="array line_bias is missing beside line_weights"):
        _save(tmp_path / "half", line_weights=line_arrays(NUM_FEATURES)["line_weights"])
    with pytest.raises(ModelError, match=r"line_bias is <f4 \(3,\)"):
        _save(tmp_path / "odd", **line_arrays(NUM_FEATURES) | {"line_bias": np.zeros(3, np.float32)})


def test_a_voice_of_another_kind_of_model_is_refused(tmp_path: Path) -> None:
    plain = load_model(make_model(tmp_path / "plain", clips_per_label=2))
    learning = load_model(_save(tmp_path / "learning"))
    with pytest.raises(ValueError, match="which learns none: arrays enrolled, enrolled_margins"):
        plain.open_voice(learning.open_voice().state())
    with pytest.raises(ValueError, match="kind voice-linear: arrays none; expected enrolled"):
        learning.open_voice(plain.open_voice().state())
    assert not plain.is_unsure(np.full(4, 0.25))
    assert learning.is_unsure(np.full(4, 0.25))


def test_a_threshold_of_doubt_may_be_missing_but_not_of_another_shape(
    model_to_save: Path, tmp_path: Path
) -> None:
    arrays = _arrays(model_to_save)
    uniform = np.full(4, 0.25)
    assert not load_model(model_to_save).is_unsure(uniform)
    save_model(tmp_path / "doubts", make_card(), arrays | {"unsure_below": np.array(0.4)})
    assert load_model(tmp_path / "doubts").is_unsure(uniform)
    with pytest.raises(ModelError, match=r"unsure_below is <f8 \(2,\), the card asks for <f8 \(\)"):
        save_model(tmp_path / "other", make_card(), arrays | {"unsure_below": np.zeros(2)})
