"""Colours that read on dark and on light backgrounds, and for people who see red and green alike.

No colour stands alone: every emotion also has its name or its initial beside it. No background is ever set
but under the spectrogram, so the terminal's own shows through. Each colour keeps a contrast of at least 3 to
both black and white (WCAG 2.2, success criterion 1.4.11), which a test computes.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from rich.style import Style

EMOTION_COLOURS: Final[Mapping[str, str]] = MappingProxyType(
    {"angry": "#cb2c40", "happy": "#bc8a00", "neutral": "#82868c", "sad": "#2f72dc"}
)
"""Hex colours by label; matplotlib takes them as well."""

FAINT_COLOUR: Final = "#7c7c7c"
WARNING_COLOUR: Final = "#c8501e"
LEVEL_COLOUR: Final = "#1f8a70"
OTHER_COLOUR: Final = "#8f5fc0"
"""Of the other leg, where two stand on one bar."""

FAINT: Final = Style(color=FAINT_COLOUR)
"""Labels, axes and tracks. Never the attribute "dim", which vanishes on some light backgrounds."""
STRONG: Final = Style(bold=True)
WARNING: Final = Style(color=WARNING_COLOUR, bold=True)
LEVEL: Final = Style(color=LEVEL_COLOUR)
OTHER: Final = Style(color=OTHER_COLOUR)
TALK: Final = Style(color=LEVEL_COLOUR, bold=True)
"""Somebody talks now."""

_STYLES: Final = MappingProxyType({label: Style(color=colour) for label, colour in EMOTION_COLOURS.items()})
_STRONG_STYLES: Final = MappingProxyType(
    {label: Style(color=colour, bold=True) for label, colour in EMOTION_COLOURS.items()}
)


def emotion_style(label: str, *, strong: bool = False) -> Style:
    """Give the style of an emotion.

    Parameters
    ----------
    label : str
        One of the labels; any other word gets the terminal's own colour.
    strong : bool
        Bold as well.

    Returns
    -------
    Style
        A foreground, never a background.
    """
    if strong:
        return _STRONG_STYLES.get(label, STRONG)
    return _STYLES.get(label, Style.null())
