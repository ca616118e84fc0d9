"""The card of a model: everything that must be known to use it, and to judge it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from emotion.errors import ModelError, UsageError
from emotion.window_grid import WindowGrid

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
        What the arrays mean: one of ``emotion.model_kinds.KINDS``.
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
