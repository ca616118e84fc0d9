"""Models: those there are, the option `--model`, and the model and voice that a caller names."""

import argparse
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from callmood.process import say_note

if TYPE_CHECKING:
    from emotion.card import Card
    from emotion.model import EmotionModel
    from streamer.lines import LineKey
    from streamer.session_info import LegLine
    from streamer.voices import SavedVoice

DEFAULT_MODEL: Final = "speech"
"""Used unless `--model` names another."""

MODEL_HELP: Final = "name of a model that came with callmood, or a path such as ./models/mine"


def add_model_argument(parser: argparse._ActionsContainer) -> None:
    """Add `--model` for commands that use the default model without it."""
    parser.add_argument(
        "-m", "--model", metavar="MODEL", default=DEFAULT_MODEL, help=f"{MODEL_HELP} (default: %(default)s)"
    )


def choose_model(wanted: str = DEFAULT_MODEL) -> "EmotionModel":
    """Load the model that `--model` names."""
    from emotion.model import load_model

    return load_model(choose_folder(wanted))


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
    from emotion.model import EmotionModel, find_model
    from emotion.model import load_model as load_folder

    if isinstance(model, EmotionModel):
        return model
    if isinstance(model, str):
        return find_model(model)
    if not isinstance(model, os.PathLike):
        raise UsageError(f"model is {model!r:.60}; give a name, a path or a loaded model")
    return load_folder(Path(model))


@dataclass(frozen=True, slots=True)
class ListedModel:
    """A model folder with its card, or with the problem that makes the card unreadable.

    The name is the one that `--model` takes: bare for a model that came with callmood, else a path.
    """

    folder: Path
    name: str
    card: "Card | None"
    problem: str | None

    def facts(self) -> dict[str, object]:
        """Give the entry of the JSON list."""
        facts: dict[str, object] = {
            "name": self.name,
            "folder": str(self.folder),
            "default": self.name == DEFAULT_MODEL,
            "problem": self.problem,
        }
        if self.card is not None:
            facts |= {
                "feature_set": f"{self.card.feature_set}/{self.card.feature_set_version}",
                "labels": list(self.card.labels),
                "win_seconds": self.card.win_seconds,
                "step_seconds": self.card.step_seconds,
                "weights_licence": self.card.weights_licence,
                "commercial_use": self.card.commercial_use,
                "notes": list(self.card.notes),
            }
        return facts


def listed_models() -> list[ListedModel]:
    """Read the cards of the models that came with callmood, and of those in ``./models``.

    Returns
    -------
    list of ListedModel
        Those that came with callmood first, each group sorted by name; then pickles, which are refused.
    """
    from emotion.errors import ModelError
    from emotion.model import as_path, model_folders, own_model_folders, pickled_models, read_model_card
    from emotion.untrusted import refusal_of

    models = []
    named = [(folder, folder.name) for folder in model_folders()]
    named += [(folder, as_path(folder)) for folder in own_model_folders()]
    for folder, name in named:
        try:
            models.append(ListedModel(folder, name, read_model_card(folder), None))
        except ModelError as error:
            models.append(ListedModel(folder, name, None, str(error)))
    models += [ListedModel(path, as_path(path), None, refusal_of(path)) for path in pickled_models()]
    return models


def choose_folder(wanted: str) -> Path:
    """Find the folder of a model, and name models of the same name that are not used."""
    from emotion.model import as_path, find_model_folder, shadows_of

    folder = find_model_folder(wanted)
    for shadow in map(as_path, shadows_of(wanted)):
        say_note(
            f"{shadow} is not used: {wanted} is the model that came with callmood; for the other give the "
            f"path {shadow}"
        )
    return folder


def files_of_model(wanted: str) -> list[Path]:
    """List the files of a model, which no output may replace."""
    from emotion.card import CARD_NAME
    from emotion.model import MODEL_NAME, find_model_folder

    folder = find_model_folder(wanted)
    return [folder / CARD_NAME, folder / MODEL_NAME]


def file_of_voice(given: str) -> Path:
    """Find the file of a voice that a session goes on with, which no output may replace."""
    from streamer.saved_states import refuse_reserved
    from streamer.voices import VoiceFolder

    name = given.rpartition("=")[2]
    refuse_reserved(name, "voice")
    return VoiceFolder().path_of(name)


def files_of_line(given: str) -> list[Path]:
    """List the files of a line, with any codec, which no output may replace."""
    from streamer.lines import CODECS, LineFolder, LineKey
    from streamer.saved_states import refuse_reserved

    name = given.rpartition("=")[2]
    refuse_reserved(name, "line")
    return [LineFolder().path_of(LineKey(name, codec)) for codec in CODECS]


def saved_voice(name: str, model: "EmotionModel") -> "SavedVoice":
    """Read the voice that must be there, for this model."""
    from streamer.sinks.voice_saver import refuse_voice_for
    from streamer.voices import VoiceFolder

    refuse_voice_for(model)
    folder = VoiceFolder()
    saved = folder.for_model(name, model)
    if saved is None:
        raise folder.missing(name)
    return saved


def saved_line(key: "LineKey", model: "EmotionModel") -> "LegLine":
    """Read the line that must be there, for this model."""
    from streamer.lines import LineFolder, refuse_line_for
    from streamer.session_info import LegLine

    refuse_line_for(model)
    folder = LineFolder()
    saved = folder.for_model(key, model)
    if saved is None:
        raise folder.missing(str(key))
    return LegLine(key.name, key.codec, saved.num_voices, saved.state, saved.model_digest)
