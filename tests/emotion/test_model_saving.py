"""A model folder appears whole or not at all, and only a model is ever replaced."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emotion.array_file import read_arrays
from emotion.errors import ModelError, OutputError
from emotion.model import load_model
from emotion.model_saving import _move_into_place, refuse_to_replace, save_model
from emotion.rbf_svc import ARRAYS
from tests.model_maker import make_card, make_model


def _arrays(folder: Path) -> dict[str, Any]:
    with (folder / "model.npz").open("rb") as file:
        return read_arrays(file, frozenset(ARRAYS))


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return make_model(tmp_path / "models" / "mine", clips_per_label=2)


def test_a_folder_is_made_with_all_its_files(tmp_path: Path, model: Path) -> None:
    place = tmp_path / "deep" / "down" / "copy"
    card, folder = save_model(
        place, make_card(), _arrays(model), {"report.txt": b"fine", "confusion.png": b"\x89PNG"}
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


def test_a_model_is_replaced_whole_where_that_is_asked_for(model: Path) -> None:
    arrays = _arrays(model)
    save_model(model, make_card(notes=("second",)), arrays, {"report.txt": b"2"}, force=True)
    save_model(model, make_card(notes=("third",)), arrays, force=True)
    assert load_model(model).card.notes == ("third",)
    assert sorted(path.name for path in model.iterdir()) == ["card.json", "model.npz"]
    assert [path.name for path in model.parent.iterdir()] == ["mine"]


def test_an_empty_folder_may_be_filled(tmp_path: Path, model: Path) -> None:
    (tmp_path / "empty").mkdir()
    save_model(tmp_path / "empty", make_card(), _arrays(model))
    load_model(tmp_path / "empty")


def test_a_model_is_refused_a_place_that_is_taken(tmp_path: Path, model: Path) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "dear.txt").write_text("caller")
    (tmp_path / "file").write_text("caller")
    (tmp_path / "link").symlink_to(model)
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    for name in ("letters", "file", "link", "dangling"):
        with pytest.raises(OutputError, match=f"{name} (is not a folder|holds something that is no model)"):
            refuse_to_replace(tmp_path / name, force=True)
    with pytest.raises(OutputError, match="mine holds a model; choose another --name, or replace it with"):
        refuse_to_replace(model, force=False)
    refuse_to_replace(model, force=True)
    refuse_to_replace(tmp_path / "new", force=False)


@pytest.mark.parametrize("name", ["diary.txt", "notes"])
def test_a_model_with_something_of_others_in_its_folder_is_not_replaced(model: Path, name: str) -> None:
    if name == "notes":
        (model / name).mkdir()
    else:
        (model / name).write_text("mine")
    with pytest.raises(OutputError, match=f"mine holds {name}, which callmood did not write"):
        refuse_to_replace(model, force=True)
    assert save_model(model, make_card(), _arrays(model), force=True)[1] == model.with_name("mine-2")
    assert (model / name).exists()


@pytest.mark.parametrize("force", [False, True])
def test_what_has_appeared_meanwhile_is_left_alone(tmp_path: Path, model: Path, force: bool) -> None:
    (tmp_path / "file").write_text("caller")
    (tmp_path / "file-2").write_text("caller")
    arrays, before = _arrays(model), (model / "card.json").read_bytes()
    assert save_model(tmp_path / "file", make_card(), arrays, force=force)[1] == tmp_path / "file-3"
    again = save_model(model, make_card(notes=("again",)), arrays, force=force)[1]
    assert again == (model if force else model.with_name("mine-2"))
    assert load_model(again).card.notes == ("again",)
    assert ((model / "card.json").read_bytes() == before) is not force


@pytest.mark.parametrize(
    "broken",
    [
        {"scale": np.zeros(657)},
        {"mean": np.zeros(5)},
        {"gamma": np.array(1, np.int32)},
        {"gamma": np.array(np.nan)},
    ],
)
def test_what_would_not_load_is_not_written(model: Path, broken: dict[str, Any]) -> None:
    before = {path: path.read_bytes() for path in model.iterdir()}
    with pytest.raises(ModelError):
        save_model(model, make_card(notes=("broken",)), _arrays(model) | broken, force=True)
    assert {path: path.read_bytes() for path in model.iterdir()} == before
    assert [path.name for path in model.parent.iterdir()] == ["mine"]


def test_a_card_that_would_not_load_is_not_written(tmp_path: Path, model: Path) -> None:
    for changes in ({"labels": ("angry", "bored", "happy", "sad")}, {"name": ""}, {"recipe": "two\nlines"}):
        with pytest.raises(ModelError):
            save_model(tmp_path / "new", make_card(**changes), _arrays(model))
    assert not (tmp_path / "new").exists()


def test_a_place_that_cannot_be_written(tmp_path: Path, model: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match=r"cannot be written .*choose another place"):
        save_model(tmp_path / "file" / "mine", make_card(), _arrays(model))


def test_the_old_model_comes_back_where_the_new_one_cannot_move_in(tmp_path: Path, model: Path) -> None:
    before = load_model(model).card
    with pytest.raises(FileNotFoundError):
        _move_into_place(tmp_path / "never filled", model, tmp_path / "old")
    assert load_model(model).card == before
    assert not (tmp_path / "old").exists()
