"""Styled lines as the bytes that a terminal understands."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from rich.color import ColorSystem
from rich.console import Console
from rich.segment import Segment
from rich.style import Style

_SYSTEMS: Final = MappingProxyType(
    {"standard": ColorSystem.STANDARD, "256": ColorSystem.EIGHT_BIT, "truecolor": ColorSystem.TRUECOLOR}
)
_RESET: Final = "\x1b[0m"
_ERASE_REST: Final = "\x1b[K"


@dataclass(frozen=True, slots=True)
class TerminalColours:
    """What a terminal can show.

    Attributes
    ----------
    system : ColorSystem or None
        None where it knows no attributes at all.
    coloured : bool
        False where NO_COLOR is set: then only bold remains.
    """

    system: ColorSystem | None
    coloured: bool

    @classmethod
    def of_environment(cls) -> "TerminalColours":
        """Read TERM, COLORTERM and NO_COLOR.

        Returns
        -------
        TerminalColours
            As rich understands them.
        """
        console = Console(force_terminal=True, legacy_windows=False)
        return cls(_SYSTEMS.get(console.color_system or ""), not console.no_color)

    @property
    def paints(self) -> bool:
        """True where there are colours enough for a picture."""
        return self.coloured and self.system in (ColorSystem.EIGHT_BIT, ColorSystem.TRUECOLOR)

    def line(self, runs: Sequence[Segment]) -> str:
        """Write a line.

        Parameters
        ----------
        runs : sequence of Segment
            Text and styles.

        Returns
        -------
        str
            With escape codes; blanks at the end become "erase to the end of the line".
        """
        written = []
        for text, style, _ in runs:
            start = _start(style, self) if style else ""
            written.append(f"{start}{text}{_RESET}" if start else text)
        line = "".join(written)
        bare = line.rstrip(" ")
        return line if bare == line else bare + _ERASE_REST


@lru_cache(maxsize=4096)
def _start(style: Style, colours: TerminalColours) -> str:
    # A rich Style keeps the codes of the first terminal it was rendered for: ours are for this one.
    own = Style(
        color=style.color, bgcolor=style.bgcolor, bold=style.bold, dim=style.dim, reverse=style.reverse
    )
    shown = own if colours.coloured else own.without_color
    return shown.render("x", color_system=colours.system).partition("x")[0]
