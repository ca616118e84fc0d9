"""``card.json``: read without trust, written so that people can read it too."""

import json
from dataclasses import asdict, fields
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from emotion.card import CARD_FORMAT, Card, DataSource
from emotion.errors import ModelError
from emotion.json_values import (
    MIN_STEP_SECONDS,
    OBJECT,
    OBJECTS,
    SECONDS,
    SECONDS_RANGE,
    TEXT,
    TEXT_MAPPING,
    TEXTS,
    TRUTH,
    JsonValueError,
    Kind,
    or_null,
    parse_object,
    refuse_unknown,
    take,
    whole,
)
from emotion.labels import LABELS

CARD_NAME: Final = "card.json"
MAX_CARD_BYTES: Final = 200_000

WHAT_TO_DO: Final = "copy the model folder again, or train it again with `callmood train`"
"""The advice where a part of a model is damaged."""


def card_json(card: Card) -> str:
    """Write a card down.

    Parameters
    ----------
    card : Card
        To be written.

    Returns
    -------
    str
        JSON with the keys in the card's order, two blanks of indentation, and a newline at the end.

    Raises
    ------
    ModelError
        If a score is no JSON value, such as a NaN.
    """
    values = asdict(card)
    ordered = {"format": values.pop("format"), **values}
    try:
        return json.dumps(ordered, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    except (TypeError, ValueError) as error:
        raise ModelError(f"the card of model {card.name} cannot be written: {error}") from error


def read_card(path: Path) -> Card:
    """Read a card and check every field.

    Parameters
    ----------
    path : Path
        The file ``card.json``.

    Returns
    -------
    Card
        With all its values of the right kind and in bounds.

    Raises
    ------
    ModelError
        If the file is missing, too big, not JSON, not an object, of a newer format, or a field is missing,
        unknown, or wrong.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_CARD_BYTES + 1)
    except OSError as error:
        raise ModelError(f"{path} cannot be read ({error.strerror}); {WHAT_TO_DO}") from error
    if len(raw) > MAX_CARD_BYTES:
        raise ModelError(f"{path} is longer than {MAX_CARD_BYTES} bytes, which is no card; {WHAT_TO_DO}")
    try:
        values = parse_object(raw)
        _refuse_newer(path, values)
        return _card(values)
    except JsonValueError as error:
        raise ModelError(f"{path}: {error}; {WHAT_TO_DO}") from error


def _refuse_newer(path: Path, values: dict[str, object]) -> None:
    version = take(values, "format", whole(1))
    if version > CARD_FORMAT:
        raise ModelError(
            f"{path} is of card format {version}, this callmood reads up to {CARD_FORMAT}; update callmood"
        )


def _card(values: dict[str, object]) -> Card:
    refuse_unknown(values, [field.name for field in fields(Card)])
    # Cards written before there was a choice of gates do not name one.
    values = {"gate": None, **values}
    card = Card(**{name: take(values, name, kind) for name, kind in _CARD_KINDS.items()})
    _refuse_half_a_grid(card)
    return card


def _data_source(values: dict[str, object]) -> DataSource:
    refuse_unknown(values, _DATA_KINDS)
    return DataSource(**{name: take(values, name, kind) for name, kind in _DATA_KINDS.items()})


def _iso_date(value: object) -> str:
    text = TEXT.convert(value)
    datetime.fromisoformat(text)
    return text


def _labels(value: object) -> tuple[str, ...]:
    labels = TEXTS.convert(value)
    strangers = [label for label in labels if label not in LABELS]
    if strangers:
        raise JsonValueError(f"label {strangers[0][:40]!r} is not known; the known are {', '.join(LABELS)}")
    if len(labels) < 2 or len(set(labels)) < len(labels):
        raise JsonValueError(
            f"labels are {', '.join(labels[:9]) or 'none'}; expected at least two, none twice"
        )
    return labels


def _refuse_half_a_grid(card: Card) -> None:
    win, step = card.win_seconds, card.step_seconds
    if (win is None) != (step is None):
        raise JsonValueError("win_seconds and step_seconds go together: both a number, or both null")
    if win is not None and step is not None and step > win:
        raise JsonValueError(f"step_seconds {step:g} is longer than win_seconds {win:g}")
    steps = (step, *(card.allowed_step_seconds or ()))
    shortest = min((each for each in steps if each is not None), default=MIN_STEP_SECONDS)
    if shortest < MIN_STEP_SECONDS:
        raise JsonValueError(f"a step of {shortest:g} s is allowed; none is under {MIN_STEP_SECONDS:g} s")
    for name, default, allowed in (
        ("win_seconds", win, card.allowed_win_seconds),
        ("step_seconds", step, card.allowed_step_seconds),
    ):
        if allowed is not None and (default is None or not allowed[0] <= default <= allowed[1]):
            raise JsonValueError(f"{name} {default} lies outside allowed_{name} {list(allowed)}")


_DATA_KINDS: Final[dict[str, Kind[Any]]] = {
    "name": TEXT,
    "clips": whole(0),
    "speakers": or_null(whole(0)),
    "windows": whole(0),
    "licence": TEXT,
}

_CARD_KINDS: Final[dict[str, Kind[Any]]] = {
    "name": TEXT,
    "kind": TEXT,
    "created": Kind("an ISO date such as 2025-01-31", _iso_date),
    "callmood_version": TEXT,
    "labels": Kind("a list of labels", _labels),
    "feature_set": TEXT,
    "feature_set_version": whole(1),
    "num_features": whole(1),
    "sample_rate": whole(1),
    "win_seconds": or_null(SECONDS),
    "step_seconds": or_null(SECONDS),
    "allowed_win_seconds": or_null(SECONDS_RANGE),
    "allowed_step_seconds": or_null(SECONDS_RANGE),
    "notes": TEXTS,
    "weights_licence": TEXT,
    "commercial_use": TRUTH,
    "data": Kind("a list of objects", lambda value: tuple(map(_data_source, OBJECTS.convert(value)))),
    "split": TEXT,
    "scores": OBJECT,
    "fails_on": TEXTS,
    "recipe": TEXT,
    "seed": whole(0),
    "libraries": TEXT_MAPPING,
    "gate": or_null(TEXT),
    "digests": TEXT_MAPPING,
    "format": whole(1),
}
