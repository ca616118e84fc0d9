"""The model card: all that is needed to use a model and to judge it; read without trust."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from emotion.errors import ModelError, UsageError
from emotion.untrusted_text import (
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
from emotion.window_grid import WindowGrid

LABELS: Final[tuple[str, ...]] = ("angry", "happy", "neutral", "sad")
"""Every label there is, in the order in which models, rows and pictures show them."""


CARD_FORMAT: Final = 1
"""Raised when a field is added or changes its meaning."""

_LONGEST_DELAY_SECONDS: Final = 3600.0


@dataclass(frozen=True, slots=True)
class DataSource:
    """A corpus, or a folder of recordings, that a model was fitted on.

    Attributes
    ----------
    name : str
        As people call it.
    clips, windows : int
        Recordings used, and the windows or whole clips that they gave.
    speakers : int or None
        How many people are heard; None where nobody knows.
    licence : str
        Under which it may be used.
    """

    name: str
    clips: int
    speakers: int | None
    windows: int
    licence: str


@dataclass(frozen=True, slots=True)
class Card:
    """What ``card.json`` says; field order here is key order there.

    Attributes
    ----------
    name : str
        As shown on the panel.
    kind : str
        What the arrays mean: one of ``emotion.model.KINDS``.
    created : str
        ISO date.
    callmood_version : str
        The program that fitted it.
    labels : tuple of str
        In the order of the probabilities.
    feature_set, feature_set_version, num_features, sample_rate : str, int, int, int
        What the vector must be made by; the rate in Hz.
    win_seconds, step_seconds : float or None
        The grid to use unless asked otherwise, s; None for a model of whole clips.
    allowed_win_seconds, allowed_step_seconds : tuple of float or None
        Lowest and highest value that may be asked for, s; None where only the default will do.
    notes : tuple of str
        Lines that must stand wherever the model is shown.
    weights_licence : str
        Under which the model may be used.
    commercial_use : bool
        False where the licence of its data forbids that.
    data : tuple of DataSource
        What it was fitted on.
    split : str
        How test data were set apart.
    scores : mapping
        Figures on that test side.
    fails_on : tuple of str
        Where it is known to be wrong.
    recipe : str
        The command that makes it again.
    seed : int
        Of that command.
    libraries : mapping of str to str
        Versions that fitted it.
    gate : str or None
        How speech is told from what is none; None for what is usual with the feature set.
    digests : mapping of str to str
        SHA-256 of each file that must not change, in hexadecimal.
    format : int
        Of the card itself.
    """

    name: str
    kind: str
    created: str
    callmood_version: str
    labels: tuple[str, ...]
    feature_set: str
    feature_set_version: int
    num_features: int
    sample_rate: int
    win_seconds: float | None
    step_seconds: float | None
    allowed_win_seconds: tuple[float, float] | None
    allowed_step_seconds: tuple[float, float] | None
    notes: tuple[str, ...]
    weights_licence: str
    commercial_use: bool
    data: tuple[DataSource, ...]
    split: str
    scores: Mapping[str, object]
    fails_on: tuple[str, ...]
    recipe: str
    seed: int
    libraries: Mapping[str, str]
    gate: str | None = None
    digests: Mapping[str, str] = field(default_factory=dict)
    format: int = CARD_FORMAT

    @property
    def whole_clips(self) -> bool:
        """True for a model fitted on whole clips, which has no windows and cannot listen."""
        return self.win_seconds is None or self.step_seconds is None

    @property
    def shows_change_after_seconds(self) -> float | None:
        """How long after a change of emotion the panel shows it, s; None where nobody measured it."""
        seconds = self.scores.get("shows_change_after_seconds")
        if isinstance(seconds, bool) or not isinstance(seconds, int | float):
            return None
        return float(seconds) if 0.0 <= seconds <= _LONGEST_DELAY_SECONDS else None

    def grid(self, win_seconds: float | None = None, step_seconds: float | None = None) -> WindowGrid:
        """Lay the grid that the model is served with.

        Parameters
        ----------
        win_seconds, step_seconds : float or None
            What the user asks for, s; None takes the card's own.

        Returns
        -------
        WindowGrid
            At the model's sample rate.

        Raises
        ------
        UsageError
            If a value lies outside what the card allows, or step is longer than win.
        ModelError
            If the model was fitted on whole clips.
        """
        if self.win_seconds is None or self.step_seconds is None:
            raise ModelError(
                f"model {self.name} was fitted on whole clips: it can predict files, not listen; "
                "choose another with --model, or train one with --win and --step"
            )
        win = self._allowed("win", win_seconds, self.win_seconds, self.allowed_win_seconds)
        step = self._allowed("step", step_seconds, self.step_seconds, self.allowed_step_seconds)
        return WindowGrid.from_seconds(win, step, self.sample_rate)

    def _allowed(
        self, option: str, asked: float | None, default: float, allowed: tuple[float, float] | None
    ) -> float:
        if asked is None:
            return default
        lowest, highest = allowed or (default, default)
        if lowest <= asked <= highest:
            return asked
        bounds = f"{lowest:g} to {highest:g} s" if lowest < highest else f"{lowest:g} s and nothing else"
        raise UsageError(
            f"{option} is {asked:g} s, but model {self.name} allows {bounds}; "
            f"leave --{option} out for {default:g} s"
        )


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
