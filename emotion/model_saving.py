"""A model folder appears whole or not at all."""

import hashlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any, Final

from numpy.typing import NDArray

from emotion.array_file import write_arrays
from emotion.card import Card
from emotion.card_file import CARD_NAME, card_json, read_card
from emotion.errors import ModelError, OutputError
from emotion.model_file import MODEL_NAME, read_decision

OWN_FILES: Final = frozenset({CARD_NAME, MODEL_NAME, "confusion.png", "report.txt", "training.log"})
"""All that training writes into the folder of a model."""


def save_model(
    folder: Path,
    card: Card,
    arrays: Mapping[str, NDArray[Any]],
    files: Mapping[str, bytes] | None = None,
    *,
    force: bool = False,
) -> tuple[Card, Path]:
    """Write a model folder beside its place, read it back, and move it there.

    Parameters
    ----------
    folder : Path
        Its place. Where something has appeared since `refuse_to_replace` allowed it, the model takes the next
        free name, such as ``mine-2``.
    card : Card
        Its digests are computed here.
    arrays : mapping of str to ndarray
        As the card's kind asks for, see ``emotion.model_kinds``.
    files : mapping of str to bytes, optional
        What else lies in the folder, by plain file name: a confusion matrix, a report, the training log.
    force : bool, optional
        Replace a model that lies there, whole.

    Returns
    -------
    card : Card
        As written, with its digests.
    folder : Path
        Where it lies.

    Raises
    ------
    OutputError
        If the folder cannot be written, or something that is no model lies there.
    ModelError
        If card and arrays would not load again.
    """
    folder = Path(os.path.abspath(folder))  # noqa: PTH100 - a link is followed by what reads, not here
    folder = next(place for place in _places(folder) if _is_free(place, force=force))
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as workplace:
            fresh = Path(workplace, "new")
            fresh.mkdir()
            written = _fill(fresh, card, arrays, files or {})
            _move_into_place(fresh, folder, Path(workplace, "old"))
    except OSError as error:
        raise OutputError(f"{folder} cannot be written ({error.strerror}); choose another place") from error
    return written, folder


def _places(folder: Path) -> Iterator[Path]:
    yield folder
    yield from (folder.with_name(f"{folder.name}-{number}") for number in count(2))


def _is_free(folder: Path, *, force: bool) -> bool:
    try:
        refuse_to_replace(folder, force=force)
    except OutputError:
        return False
    return True


def refuse_to_replace(folder: Path, *, force: bool) -> None:
    """Refuse a place where something lies; call it before an hour of fitting.

    Parameters
    ----------
    folder : Path
        Where a model is to be written.
    force : bool
        Allow a model to be replaced, and nothing else.

    Raises
    ------
    OutputError
        If a file lies there, or a folder that is not empty.
    """
    if not os.path.lexists(folder):
        return
    if folder.is_symlink() or not folder.is_dir():
        raise OutputError(f"{folder} is not a folder; choose another --name, or move it away")
    is_model = (folder / CARD_NAME).is_file() and (folder / MODEL_NAME).is_file()
    if not is_model and any(folder.iterdir()):
        raise OutputError(
            f"{folder} holds something that is no model; choose another --name, or move it away"
        )
    strangers = sorted({each.name for each in folder.iterdir()} - OWN_FILES)
    if is_model and strangers:
        raise OutputError(
            f"{folder} holds {', '.join(strangers)[:100]}, which callmood did not write; "
            "choose another --name, or move it away"
        )
    if is_model and not force:
        raise OutputError(f"{folder} holds a model; choose another --name, or replace it with --force")


def _fill(fresh: Path, card: Card, arrays: Mapping[str, NDArray[Any]], files: Mapping[str, bytes]) -> Card:
    for name, content in files.items():
        (fresh / name).write_bytes(content)
    try:
        write_arrays(fresh / MODEL_NAME, arrays)
    except ValueError as error:
        raise ModelError(f"model {card.name} cannot be written: {error}") from error
    with (fresh / MODEL_NAME).open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    (fresh / CARD_NAME).write_text(card_json(replace(card, digests={MODEL_NAME: digest})), encoding="utf-8")
    written = read_card(fresh / CARD_NAME)
    read_decision(fresh / MODEL_NAME, written)
    return written


def _move_into_place(fresh: Path, folder: Path, old: Path) -> None:
    had_old = folder.exists()
    if had_old:
        folder.rename(old)
    try:
        fresh.rename(folder)
    except OSError:
        if had_old:
            old.rename(folder)
        raise
