"""The option `--model`, and the model and the voice that a command line or a program names."""

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from callmood.messages import say_note

if TYPE_CHECKING:
    from emotion.model import EmotionModel

MODEL_HELP: Final = "name of a model that came with callmood, or a path such as ./models/mine"


def add_model_argument(parser: argparse._ActionsContainer) -> None:
    """Add `--model` for commands that use the default model without it."""
    parser.add_argument("-m", "--model", metavar="MODEL", help=f"{MODEL_HELP} (default: speech)")


def choose_model(wanted: str | None) -> "EmotionModel":
    """Load the model that `--model` names."""
    from emotion.model import load_model
    from emotion.model_folders import DEFAULT_MODEL

    return load_model(choose_folder(DEFAULT_MODEL if wanted is None else wanted))


def load_model(model: "str | os.PathLike[str] | EmotionModel") -> "EmotionModel":
    """Load a model once, to be shared by any number of listeners, in any threads.

    Parameters
    ----------
    model : str, path-like or EmotionModel
        Name of a model that came with callmood (`models` lists them), or the path of a model folder: a text
        with a slash such as ``./models/mine``, or any path object. A loaded model is handed through.

    Returns
    -------
    EmotionModel
        Ready to predict.

    Raises
    ------
    ModelError
        If there is no such model, or it is damaged or does not fit this callmood.
    """
    from emotion.errors import UsageError
    from emotion.model import EmotionModel
    from emotion.model import load_model as load_folder
    from emotion.model_folders import find_model

    if isinstance(model, EmotionModel):
        return model
    if isinstance(model, str):
        return find_model(model)
    if not isinstance(model, os.PathLike):
        raise UsageError(f"model is {model!r:.60}; give a name, a path or a loaded model")
    return load_folder(Path(model))


def choose_folder(wanted: str) -> Path:
    """Find the folder of a model, and name models of the same name that are not used."""
    from emotion.model_folders import as_path, find_model_folder, shadows_of

    folder = find_model_folder(wanted)
    for shadow in map(as_path, shadows_of(wanted)):
        say_note(
            f"{shadow} is not used: {wanted} is the model that came with callmood; for the other give the "
            f"path {shadow}"
        )
    return folder


def files_of_model(wanted: str | None) -> list[Path]:
    """List the files of a model, which no output may replace."""
    from emotion.card import CARD_NAME
    from emotion.model import MODEL_NAME
    from emotion.model_folders import DEFAULT_MODEL, find_model_folder

    folder = find_model_folder(DEFAULT_MODEL if wanted is None else wanted)
    return [folder / CARD_NAME, folder / MODEL_NAME]


def file_of_voice(given: str) -> Path:
    """Find the file of a voice, which no output may replace."""
    from streamer.voices import VoiceFolder

    return VoiceFolder().path_of(given.rpartition("=")[2])
