"""How all reports show a label: its colour, letter and pattern."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import cycle
from typing import Final

from rich.cells import cell_len

from emotion.errors import printable
from streamer.panel.canvas import EMOTION_COLOURS

NEUTRAL: Final = "neutral"

_MORE_COLOURS: Final = ("#8f5fc0", "#1f8a70", "#b3537f", "#5c7a1e")
"""For labels that the panel has no colour for."""
_PATTERNS: Final = ("diagonal", "dots", "horizontal", "vertical", "cross")
"""They tell emotions apart without colour; neutral has none."""
_DIGITS: Final = "123456789"
_NO_LETTER: Final = "#"


@dataclass(frozen=True, slots=True)
class LabelStyle:
    """How reports show a label: a hex colour, a letter of one cell, a pattern of the page (neutral: None)."""

    colour: str
    letter: str
    pattern: str | None


def label_styles(labels: Iterable[str]) -> dict[str, LabelStyle]:
    """Give each label its style.

    Parameters
    ----------
    labels : iterable of str
        Those of all sessions of a report, so that one label looks the same in each; repeats are left out.

    Returns
    -------
    dict of str to LabelStyle
        In the order in which the labels came first. Colours and patterns repeat where labels outnumber them.
    """
    colours, patterns = cycle(_MORE_COLOURS), cycle(_PATTERNS)
    styles: dict[str, LabelStyle] = {}
    for label in dict.fromkeys(labels):
        styles[label] = LabelStyle(
            colour=EMOTION_COLOURS.get(label) or next(colours),
            letter=_letter(label, {style.letter for style in styles.values()}),
            pattern=None if label == NEUTRAL else next(patterns),
        )
    return styles


def _letter(label: str, taken: Collection[str]) -> str:
    """Give the first letter of a label that is free and one cell wide, else a digit, else `_NO_LETTER`."""
    letters = [each.upper() for each in printable(label) if each.isalpha()]
    candidates = (*(each for each in letters if cell_len(each) == 1 and len(each) == 1), *_DIGITS)
    return next((each for each in candidates if each not in taken), _NO_LETTER)
