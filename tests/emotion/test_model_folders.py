"""Names and paths of models, and where they are looked for."""

import shutil
from pathlib import Path

import pytest

from emotion.errors import ModelError
from emotion.model_folders import find_model, find_model_folder, model_folders, pickled_models
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
@pytest.mark.parametrize("asked", ["tiny", "models/tiny", "./models/tiny", "./models/tiny/"])
def test_by_name_and_by_path(asked: str) -> None:
    assert find_model(asked).card.name == "tiny"
    assert find_model_folder(asked) == Path("models/tiny")


def test_a_whole_path(good: Path) -> None:
    assert find_model(str(good)).folder == good


def test_a_model_in_the_working_directory_needs_no_separator(
    good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(good, tmp_path / "mine")
    monkeypatch.chdir(tmp_path)
    assert find_model("mine").folder == Path("mine")


def test_another_folder_of_the_name_does_not_hide_a_model(here: Path) -> None:
    (here / "tiny").mkdir()
    assert find_model_folder("tiny") == Path("models/tiny")


def test_a_missing_model_names_those_that_are(here: Path) -> None:
    shutil.copytree(here / "models" / "tiny", here / "models" / "other")
    with pytest.raises(ModelError, match=r"there is no model 'nobody'; there are .*other.*tiny"):
        find_model("nobody")


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("name", ["", "a\0b"])
def test_no_name_at_all(name: str) -> None:
    with pytest.raises(ModelError, match=r"no name of a model; there are .*tiny"):
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
    own = [folder.name for folder in model_folders() if folder.parent == Path("models")]
    assert own == ["apple", "tiny", "zebra"]
    assert [folder.name for folder in model_folders()] == sorted(folder.name for folder in model_folders())


def test_packaged_models_are_found_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    checkout = Path(__file__).parents[2] / "models"
    shipped = sorted(path.parent.name for path in checkout.glob("*/card.json"))
    assert [folder.name for folder in model_folders()] == shipped
