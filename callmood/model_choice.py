"""The model that a command line asks for."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

from callmood.messages import say_note

if TYPE_CHECKING:
    from emotion.model import EmotionModel

MODEL_HELP: Final = "name of a model that came with callmood, or a path such as ./models/mine"


def choose_model(wanted: str | None) -> "EmotionModel":
    """Load the model that `--model` names."""
    from emotion.model import load_model
    from emotion.model_folders import DEFAULT_MODEL

    return load_model(choose_folder(DEFAULT_MODEL if wanted is None else wanted))


def choose_folder(wanted: str) -> Path:
    """Find the folder of a model, and say which models of the same name are not used."""
    from emotion.model_folders import as_path, find_model_folder, shadows_of

    folder = find_model_folder(wanted)
    for shadow in map(as_path, shadows_of(wanted)):
        say_note(
            f"{shadow} is not used: {wanted} is the model that came with callmood; for the other give the "
            f"path {shadow}"
        )
    return folder


def files_of_model(wanted: str | None) -> list[Path]:
    """Name the files of a model, which no output may replace."""
    from emotion.card import CARD_NAME
    from emotion.model import MODEL_NAME
    from emotion.model_folders import DEFAULT_MODEL, find_model_folder

    folder = find_model_folder(DEFAULT_MODEL if wanted is None else wanted)
    return [folder / CARD_NAME, folder / MODEL_NAME]


def file_of_voice(given: str) -> Path:
    """Name the file of a voice, which no output may replace."""
    from streamer.voices import VoiceFolder

    return VoiceFolder().path_of(given.rpartition("=")[2])
