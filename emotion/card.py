"""The model card: what a model needs to run, and how good it is; a card is read as untrusted input."""

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final

from msgspec import Meta, Struct
from msgspec.structs import asdict, replace

from emotion.errors import ModelError, UsageError
from emotion.untrusted import (
    MAX_ENTRIES,
    MIN_STEP_SECONDS,
    Count,
    JsonValueError,
    Positive,
    Seconds,
    Text,
    TextMapping,
    Texts,
    Versioned,
    convert,
    parse_object,
    shown,
)
from emotion.window_grid import WindowGrid

LABELS: Final[tuple[str, ...]] = ("angry", "happy", "neutral", "sad")
"""All labels, in the order of models, rows and pictures."""

CARD_NAME: Final = "card.json"
CARD_FORMAT: Final = 2
"""Raised when a field is added or changes its meaning."""
MAX_CARD_BYTES: Final = 200_000
WHAT_TO_DO: Final = "copy the model folder again, or train it again with `callmood train`"
"""The advice where a part of a model is damaged."""

_LONGEST_DELAY_SECONDS: Final = 3600.0

_GATE_OF_OLD_CARDS: Final[Mapping[str, str]] = {"speech": "voice", "acoustic": "voice"}
"""By feature set; `level` for others. Cards that named no gate were fitted with these."""


class DataSource(Struct, frozen=True, forbid_unknown_fields=True):
    """A corpus, or a folder of recordings, that a model was fitted on.

    Attributes
    ----------
    name : str
        Its usual name.
    clips, windows : int
        Recordings used, and the windows (or whole clips) cut from them.
    speakers : int or None
        Number of people; None where unknown.
    licence : str
        Under which it may be used.
    """

    name: Text
    clips: Count
    speakers: Count | None
    windows: Count
    licence: Text


class Card(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The content of ``card.json``, with its keys in this order.

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
    commercial_use : bool or None
        False where the licence of its data forbids that; None where that is for its user to know.
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
        How speech is told from what is none, ``voice`` or ``level``; a card that is read names one.
    digests : mapping of str to str
        SHA-256 of each file that must not change, in hexadecimal.
    format : int
        Of the card itself.
    """

    name: Text
    kind: Text
    created: Text
    callmood_version: Text
    labels: Texts
    feature_set: Text
    feature_set_version: Positive
    num_features: Positive
    sample_rate: Positive
    win_seconds: Seconds | None
    step_seconds: Seconds | None
    allowed_win_seconds: tuple[Seconds, Seconds] | None
    allowed_step_seconds: tuple[Seconds, Seconds] | None
    notes: Texts
    weights_licence: Text
    commercial_use: bool | None
    data: Annotated[tuple[DataSource, ...], Meta(max_length=MAX_ENTRIES)]
    split: Text
    scores: Mapping[str, object]
    fails_on: Texts
    recipe: Text
    seed: Count
    libraries: TextMapping
    gate: Text | None = None  # absent from cards written before there was a choice
    digests: TextMapping
    format: Positive = CARD_FORMAT

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
    ordered = {"format": card.format, **asdict(card), "data": [asdict(source) for source in card.data]}
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
        version = convert(values, Versioned).format
        if version > CARD_FORMAT:
            raise ModelError(
                f"{path} is of card format {version}, this callmood reads up to {CARD_FORMAT}; "
                "update callmood"
            )
        card = convert(values, Card)
        _check(card)
        if card.gate is None:
            card = replace(card, gate=_GATE_OF_OLD_CARDS.get(card.feature_set, "level"))
    except JsonValueError as error:
        raise ModelError(f"{path}: {error}; {WHAT_TO_DO}") from error
    return card


def _check(card: Card) -> None:
    """Check what the types of the fields do not say."""
    try:
        datetime.fromisoformat(card.created)
    except ValueError as error:
        raise JsonValueError(
            f"created is {shown(card.created)}, expected an ISO date such as 2025-01-31"
        ) from error
    if unknown := [label for label in card.labels if label not in LABELS]:
        raise JsonValueError(
            f"labels: label {unknown[0][:40]!r} is not known; the known are {', '.join(LABELS)}"
        )
    if len(card.labels) < 2 or len(set(card.labels)) < len(card.labels):
        raise JsonValueError(
            f"labels are {', '.join(card.labels[:9]) or 'none'}; expected at least two, none twice"
        )
    _check_grid(card)


def _check_grid(card: Card) -> None:
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
        if allowed is None:
            continue
        if allowed[0] > allowed[1]:
            raise JsonValueError(f"allowed_{name} is {list(allowed)}, expected [lowest, highest] in seconds")
        if default is None or not allowed[0] <= default <= allowed[1]:
            raise JsonValueError(f"{name} {default} lies outside allowed_{name} {list(allowed)}")
