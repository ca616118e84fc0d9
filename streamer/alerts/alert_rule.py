"""`--alert`: which emotion on which leg, above what, for how long."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from emotion.errors import UsageError
from emotion.labels import LABELS

_LEG: Final = re.compile(r"[\w.-]+")
_VALUE: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?|\.[0-9]+) ?(%?)")
_SECONDS: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?|\.[0-9]+) ?s")
_MAX_CHARACTERS: Final = 200
"""Each alert repeats its rule: on the panel, in the journal, to a command, to a server."""
_EXAMPLES: Final = "write for example 'angry>0.7 for 5s' or 'customer:sad>=60% for 8s'"


@dataclass(frozen=True, slots=True)
class AlertRule:
    """What `--alert` was given.

    Attributes
    ----------
    text : str
        As it was written, with single blanks; for messages.
    leg : str or None
        The only leg that it watches; None for every leg.
    label : str
        One of `emotion.labels.LABELS`.
    threshold : float
        Smoothed probability, between 0 and 1.
    or_equal : bool
        Whether the threshold itself counts: ``>=``.
    hold_seconds : float
        How much sound must be above it, s; 0 where the first window is enough.
    """

    text: str
    leg: str | None
    label: str
    threshold: float
    or_equal: bool = False
    hold_seconds: float = 0.0

    @classmethod
    def parse(cls, text: str) -> "AlertRule":
        """Read a rule.

        Parameters
        ----------
        text : str
            ``[LEG:]LABEL>VALUE [for SECONDS s]``, or with ``>=``; the value as a probability or in per cent.

        Returns
        -------
        AlertRule
            What it means.

        Raises
        ------
        UsageError
            If it is anything else; the message shows the text, what is wrong with it, and an example.
        """
        text = " ".join(text.split())
        if len(text) > _MAX_CHARACTERS:
            raise _refusal(
                f"{text[:_MAX_CHARACTERS]}...",
                f"it has {len(text)} characters, and no rule needs more than {_MAX_CHARACTERS}",
            )
        head, sign, tail = text.partition(">")
        if not sign:
            raise _refusal(text, "it has no '>' between the emotion and the value")
        leg, colon, label = (part.strip() for part in head.rpartition(":"))
        if colon and not _LEG.fullmatch(leg):
            raise _refusal(text, f"{leg!r} cannot be the name of a leg")
        if label not in LABELS:
            raise _refusal(text, f"{label!r} is none of {', '.join(LABELS)}")
        value, has_hold, hold = tail.removeprefix("=").partition(" for ")
        return cls(
            text,
            leg if colon else None,
            label,
            _threshold(text, value.strip()),
            or_equal=tail.startswith("="),
            hold_seconds=_seconds(text, hold.strip()) if has_hold else 0.0,
        )

    def is_over(self, probability: float) -> bool:
        """Tell whether a probability is above the threshold.

        Parameters
        ----------
        probability : float
            Smoothed, of the rule's label.

        Returns
        -------
        bool
            True where it is, or with ``>=`` equals it.
        """
        return probability > self.threshold or (self.or_equal and probability == self.threshold)

    def watched_legs(self, legs: Sequence[str]) -> tuple[str, ...]:
        """Pick the legs that the rule is for.

        Parameters
        ----------
        legs : sequence of str
            Names of the legs that are analysed.

        Returns
        -------
        tuple of str
            All of them, or the one it names, upper and lower case being the same.

        Raises
        ------
        UsageError
            If it names a leg that is not among them.
        """
        if self.leg is None:
            return tuple(legs)
        wanted = self.leg.casefold()
        if found := tuple(leg for leg in legs if leg.casefold() == wanted):
            return found
        raise UsageError(
            f"--alert {self.text!r} watches the leg {self.leg!r}, but those analysed are {', '.join(legs)}; "
            "name one of them, or none to watch all"
        )


def _threshold(text: str, value: str) -> float:
    matched = _VALUE.fullmatch(value)
    threshold = float(matched[1]) / (100 if matched[2] else 1) if matched else math.nan
    if not 0.0 < threshold < 1.0:
        raise _refusal(text, f"{value!r} is neither between 0 and 1 nor between 0% and 100%")
    return threshold


def _seconds(text: str, hold: str) -> float:
    matched = _SECONDS.fullmatch(hold)
    seconds = float(matched[1]) if matched else math.nan
    if not math.isfinite(seconds):
        raise _refusal(text, f"{hold!r} after 'for' is no time in seconds")
    return seconds


def _refusal(text: str, wrong: str) -> UsageError:
    return UsageError(f"--alert {text!r}: {wrong}; {_EXAMPLES}")
