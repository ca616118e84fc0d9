"""Where models are looked for: in ``./models``, then among those that came with callmood."""

import os
from pathlib import Path
from typing import Final

from emotion.card_file import CARD_NAME
from emotion.errors import ModelError
from emotion.model import EmotionModel, load_model
from emotion.pickles import is_pickle

DEFAULT_MODEL: Final = "speech"
"""The one that listens unless another is asked for."""


def find_model(name_or_path: str) -> EmotionModel:
    """Load the model that a user asks for.

    Parameters
    ----------
    name_or_path : str
        A path to a model, or with a separator in it; else the name of a model.

    Returns
    -------
    EmotionModel
        Ready to predict.

    Raises
    ------
    ModelError
        If there is none, naming those that are, or it does not load.
    """
    return load_model(find_model_folder(name_or_path))


def find_model_folder(name_or_path: str) -> Path:
    """Find the folder of a model without loading it.

    Parameters
    ----------
    name_or_path : str
        As for `find_model`.

    Returns
    -------
    Path
        Of a folder or, for a path, of whatever was named.

    Raises
    ------
    ModelError
        If no model has this name, naming those that are there.
    """
    if not name_or_path or "\0" in name_or_path:
        raise ModelError(f"{name_or_path!r} is no name of a model; {_known_models()}")
    path = Path(name_or_path)
    if len(path.parts) > 1 or os.sep in name_or_path or _is_file(path / CARD_NAME):
        return path
    for root in model_roots():
        if _is_file(root / path / CARD_NAME):
            return root / path
    if os.path.exists(path) or is_pickle(path):  # noqa: PTH110 - see _is_file
        return path
    raise ModelError(f"there is no model {name_or_path[:80]!r}; {_known_models()}")


def model_roots() -> list[Path]:
    """List the folders that hold models.

    Returns
    -------
    list of Path
        ``models`` in the working directory, then the packaged ones; each once, only those that are there.
    """
    packages = Path(__file__).parents[1]
    roots = [Path("models"), packages / "callmood" / "models"]
    # Beside the packages lies a checkout's own models/; in site-packages it would be some other project's.
    if (packages / "pyproject.toml").is_file():
        roots.append(packages / "models")
    seen: dict[Path, Path] = {}
    for root in roots:
        if root.is_dir():
            seen.setdefault(root.resolve(), root)
    return list(seen.values())


def model_folders() -> list[Path]:
    """List all models that go by a name.

    Returns
    -------
    list of Path
        Sorted by name; a model in ``./models`` hides a packaged one of its name.
    """
    found: dict[str, Path] = {}
    for root in model_roots():
        for card in root.glob(f"*/{CARD_NAME}"):
            if not card.parent.name.startswith("."):
                found.setdefault(card.parent.name, card.parent)
    return [found[name] for name in sorted(found)]


def pickled_models() -> list[Path]:
    """List what lies among the models and is a pickle.

    Returns
    -------
    list of Path
        Files, sorted: those beside the models, and those in a folder that holds no card.
    """
    found: list[Path] = []
    for root in model_roots():
        for path in root.glob("*"):
            inside = path.is_dir() and not (path / CARD_NAME).is_file()
            found += [each for each in (path.glob("*") if inside else (path,)) if is_pickle(each)]
    return sorted(found)


def _is_file(path: Path) -> bool:
    """Tell whether a file is there; Path.is_file raises at a name that is too long."""
    return os.path.isfile(path)  # noqa: PTH113


def _known_models() -> str:
    names = [folder.name for folder in model_folders()]
    return f"there are {', '.join(names)}" if names else "there are none yet: train one with `callmood train`"
