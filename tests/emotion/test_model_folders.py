"""Names and paths of models, and where they are looked for."""

import shutil
from pathlib import Path

import pytest

from callmood.model_choice import DEFAULT_MODEL
from emotion.errors import ModelError
from emotion.model import (
    as_path,
    find_model,
    find_model_folder,
    model_folders,
    own_model_folders,
    pickled_models,
    shadows_of,
)
from tests.model_maker import make_model


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("models") / "tiny", clips_per_label=2)


@pytest.fixture
def here(tmp_path: Path, good: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with models/tiny."""
    shutil.copytree(good, tmp_path / "models" / "tiny")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("asked", ["models/tiny", "./models/tiny", "./models/tiny/"])
def test_by_path(asked: str) -> None:
    assert find_model(asked).card.name == "tiny"
    assert find_model_folder(asked) == Path("models/tiny")


def test_a_whole_path(good: Path) -> None:
    assert find_model(str(good)).folder == good


@pytest.mark.parametrize("name", [".", "mine/.."])
def test_a_path_may_be_the_working_directory(good: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(good)
    assert find_model_folder(name) == Path(name)


@pytest.mark.parametrize("place", ["models/tiny", "tiny"])
def test_a_bare_name_is_no_folder_of_the_working_directory(
    good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    shutil.copytree(good, tmp_path / place)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError, match=f"in the working directory write ./{place}$") as refused:
        find_model("tiny")
    assert find_model(str(refused.value).split()[-1]).card.name == "tiny"


@pytest.mark.parametrize("place", ["models/speech", "speech"])
def test_what_came_along_is_not_replaced_by_a_folder_of_its_name(
    good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.chdir(tmp_path)
    shipped = find_model_folder(DEFAULT_MODEL)
    assert shadows_of(DEFAULT_MODEL) == []
    (tmp_path / "speech").mkdir()
    assert shadows_of(DEFAULT_MODEL) == [], "a folder of recordings, say"
    shutil.copytree(good, tmp_path / place, dirs_exist_ok=True)
    assert find_model_folder(DEFAULT_MODEL) == shipped
    assert shadows_of(DEFAULT_MODEL) == [Path(place)]
    assert shadows_of(f"./{place}") == shadows_of("") == []


def test_a_checkout_casts_no_shadow_on_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkout = Path(__file__).parents[2]
    (tmp_path / "models").symlink_to(checkout / "models")
    for folder in (checkout, tmp_path):
        monkeypatch.chdir(folder)
        assert (shadows_of(DEFAULT_MODEL), own_model_folders()) == ([], [])


@pytest.mark.parametrize(
    ("folder", "path"),
    [("mine", "./mine"), ("models/mine", "./models/mine"), ("-x", "./-x"), ("/m/mine", "/m/mine")],
)
def test_a_path_that_is_no_bare_name(folder: str, path: str) -> None:
    assert as_path(Path(folder)) == path
    assert find_model_folder(path) == Path(folder)


def test_a_missing_model_names_those_that_are(here: Path) -> None:
    shutil.copytree(here / "models" / "tiny", here / "models" / "other")
    with pytest.raises(
        ModelError,
        match=r"there is no model 'nobody'; there are .*speech, .*\./models/other, \./models/tiny$",
    ):
        find_model("nobody")


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("name", ["", "a\0b"])
def test_no_name_at_all(name: str) -> None:
    with pytest.raises(ModelError, match=r"no name of a model; there are speech.*tiny"):
        find_model(name)


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("asked", ["emotion_model.pkl", "old.joblib", "models/emotion_model.pkl"])
def test_a_pickle_by_its_name(asked: str) -> None:
    with pytest.raises(ModelError, match=r"is a pickle: .*train it again with `callmood train`"):
        find_model(asked)


def test_pickles_among_the_models_are_found_and_not_taken_for_models(here: Path) -> None:
    (here / "models" / "emotion_model.pkl").touch()
    (here / "models" / "old").mkdir()
    (here / "models" / "old" / "model").write_bytes(b"\x80\x04")
    (here / "models" / "tiny" / "extra.pkl").touch()
    assert pickled_models() == [Path("models/emotion_model.pkl"), Path("models/old/model")]


@pytest.mark.usefixtures("here")
def test_a_name_that_no_file_can_have() -> None:
    with pytest.raises(ModelError, match="there is no model 'xxx"):
        find_model("x" * 5_000)


def test_the_list_is_sorted_and_holds_only_cards(here: Path) -> None:
    for name in ("zebra", "apple", ".hidden"):
        shutil.copytree(here / "models" / "tiny", here / "models" / name)
    (here / "models" / "notes").mkdir()
    (here / "models" / "LICENSES.md").touch()
    assert own_model_folders() == [Path("models", name) for name in ("apple", "tiny", "zebra")]
    assert [folder.name for folder in model_folders()] == sorted(folder.name for folder in model_folders())


def test_a_thousand_models_are_not_all_named(here: Path) -> None:
    for number in range(50):
        (here / "models" / f"m{number}").mkdir()
        (here / "models" / f"m{number}" / "card.json").touch()
    more = len(model_folders()) + 51 - 20
    with pytest.raises(ModelError, match=rf", \./models/m\d+ and {more} more$"):
        find_model("nobody")


def test_packaged_models_are_found_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    checkout = Path(__file__).parents[2] / "models"
    shipped = sorted(path.parent.name for path in checkout.glob("*/card.json"))
    assert [folder.name for folder in model_folders()] == shipped
