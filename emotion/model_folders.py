"""Find models: a bare name is a shipped or installed model, a path is a path."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from emotion.card import CARD_NAME
from emotion.errors import ModelError, name_advice
from emotion.model import EmotionModel, load_model
from emotion.untrusted_arrays import is_pickle

DEFAULT_MODEL: Final = "speech"
"""Used unless `--model` names another."""
OWN_MODELS: Final = Path("models")
"""Where `callmood train` writes models by default; they are named by their path."""


def find_model(name_or_path: str) -> EmotionModel:
    """Load the model that a user asks for."""
    return load_model(find_model_folder(name_or_path))


def find_model_folder(name_or_path: str) -> Path:
    """Find the folder of a model without loading it."""
    if not name_or_path or "\0" in name_or_path:
        raise ModelError(f"{name_or_path!r} is no name of a model; {_known_models(name_or_path)}")
    path = Path(name_or_path)
    if not is_bare_name(name_or_path):
        return path
    for root in _shipped_roots():
        if _is_file(root / path / CARD_NAME):
            return root / path
    if is_pickle(path):
        return path
    missing = f"there is no model {name_or_path[:80]!r}"
    if here := _here(name_or_path):
        raise ModelError(
            f"{missing} among those that came with callmood; for the one in the working directory write "
            f"{as_path(here[0])[:200]}"
        )
    raise ModelError(f"{missing}; {_known_models(name_or_path)}")


def is_bare_name(name_or_path: str) -> bool:
    """Tell a name from a path: ``speech`` is one, ``./speech``, ``speech/`` and ``.`` are none."""
    return Path(name_or_path).name == name_or_path != ".."


def shadows_of(name_or_path: str) -> list[Path]:
    """List models of the working directory that a bare name does not mean."""
    if not name_or_path or not is_bare_name(name_or_path):
        return []
    used = find_model_folder(name_or_path).resolve()
    return [folder for folder in _here(name_or_path) if folder.resolve() != used]


def as_path(folder: Path) -> str:
    """Give the path of a model so that nobody takes it for a bare name."""
    return str(folder) if folder.is_absolute() else os.path.join(os.curdir, folder)  # noqa: PTH118 - a Path drops the dot


def model_folders() -> list[Path]:
    """List the models that came with callmood: they go by their bare names."""
    found: dict[str, Path] = {}
    for root in _shipped_roots():
        for folder in _models_in(root):
            found.setdefault(folder.name, folder)
    return [found[name] for name in sorted(found)]


def own_model_folders() -> list[Path]:
    """List the models in ``./models``: they go by their paths."""
    shipped = {folder.resolve() for folder in model_folders()}
    return sorted(folder for folder in _models_in(OWN_MODELS) if folder.resolve() not in shipped)


def pickled_models() -> list[Path]:
    """List what lies among the models and is a pickle."""
    found: list[Path] = []
    own = [OWN_MODELS] if OWN_MODELS.is_dir() else []
    roots = {root.resolve(): root for root in (*_shipped_roots(), *own)}
    for root in roots.values():
        for path in root.glob("*"):
            inside = path.is_dir() and not (path / CARD_NAME).is_file()
            found += [each for each in (path.glob("*") if inside else (path,)) if is_pickle(each)]
    return sorted(found)


def _is_file(path: Path) -> bool:
    """Tell whether a file is there; Path.is_file raises at a name that is too long."""
    return os.path.isfile(path)  # noqa: PTH113


def _shipped_roots() -> list[Path]:
    packages = Path(__file__).parents[1]
    roots = [packages / "callmood" / "models"]
    # Beside the packages lies a checkout's own models/; in site-packages it would be some other project's.
    if (packages / "pyproject.toml").is_file():
        roots.append(packages / "models")
    return [root for root in roots if root.is_dir()]


def _models_in(root: Path) -> Iterator[Path]:
    return (card.parent for card in root.glob(f"*/{CARD_NAME}") if not card.parent.name.startswith("."))


def _here(name: str) -> list[Path]:
    """List the models of the working directory that have a bare name."""
    return [folder for folder in (OWN_MODELS / name, Path(name)) if _is_file(folder / CARD_NAME)]


def _known_models(wanted: str) -> str:
    names = [folder.name for folder in model_folders()] + [as_path(folder) for folder in own_model_folders()]
    if not names:
        return "there are none yet: train one with `callmood train`"
    return name_advice(wanted, names)
