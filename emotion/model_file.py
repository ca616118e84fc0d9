"""``model.npz``: the arrays of a model, held against the card before and after they are read."""

import hashlib
from collections.abc import Mapping
from io import BufferedReader
from pathlib import Path
from typing import Any, Final

from numpy.typing import NDArray

from emotion.array_file import ArrayFileError, ArrayHeader, read_arrays, read_headers
from emotion.card import Card
from emotion.card_file import WHAT_TO_DO
from emotion.decision import Decision
from emotion.errors import ModelError
from emotion.model_kinds import KINDS, ModelKind
from emotion.pickles import refuse_pickle
from emotion.rbf_svc import num_pairs

MODEL_NAME: Final = "model.npz"


def read_decision(path: Path, card: Card) -> Decision:
    """Read the arrays and build the decision.

    Parameters
    ----------
    path : Path
        The file ``model.npz``.
    card : Card
        Of the same folder.

    Returns
    -------
    Decision
        Ready to decide.

    Raises
    ------
    ModelError
        If the file is missing or damaged, differs from the card's digest, or an array is not what the card
        asks for; if it is a pickle; or if the card is of an unknown kind.
    """
    kind = KINDS.get(card.kind)
    if kind is None:
        raise ModelError(
            f"{path.parent} is of kind {card.kind!r}, this callmood knows {', '.join(KINDS)}; "
            "update callmood, or train it again with `callmood train`"
        )
    refuse_pickle(path)
    try:
        with path.open("rb") as file:
            return kind.from_arrays(_checked_arrays(file, path, card, kind))
    except OSError as error:
        raise ModelError(f"{path} cannot be read ({error.strerror}); {WHAT_TO_DO}") from error
    except ValueError as error:
        if isinstance(error, ModelError):
            raise
        raise ModelError(f"{path} is damaged: {error}; {WHAT_TO_DO}") from error


def _checked_arrays(
    file: BufferedReader, path: Path, card: Card, kind: ModelKind
) -> Mapping[str, NDArray[Any]]:
    names = frozenset(kind.arrays)
    _refuse_other_shapes(read_headers(file, names), card, kind)
    _refuse_other_digest(file, path, card)
    return read_arrays(file, names)


def _refuse_other_shapes(headers: Mapping[str, ArrayHeader], card: Card, kind: ModelKind) -> None:
    num_labels = len(card.labels)
    sizes = {"d": card.num_features, "k": num_labels, "k-1": num_labels - 1, "pairs": num_pairs(num_labels)}
    for name, (dtype, sides) in kind.arrays.items():
        found = headers[name].shape
        for place, side in enumerate(sides):
            # A side that the card does not fix is as long as the first array that has it.
            sizes.setdefault(side, found[place] if place < len(found) else 0)
        shape = tuple(sizes[side] for side in sides)
        if headers[name] != (dtype, shape):
            raise ArrayFileError(
                f"array {name} is {headers[name].dtype} {found}, the card asks for {dtype} {shape}"
            )


def _refuse_other_digest(file: BufferedReader, path: Path, card: Card) -> None:
    file.seek(0)
    digest = hashlib.file_digest(file, "sha256").hexdigest()
    promised = card.digests.get(MODEL_NAME, "none")
    if digest != promised:
        raise ModelError(
            f"{path}: card and model disagree: the card promises SHA-256 {promised[:12]}, "
            f"the file has {digest[:12]}; {WHAT_TO_DO}"
        )
