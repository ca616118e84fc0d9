"""Terminal cells to draw on, with the colours, fixed-width figures and big letters of the panel."""

import unicodedata
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import groupby, islice
from types import MappingProxyType
from typing import Final, NamedTuple

from rich.cells import get_character_cell_size
from rich.segment import Segment
from rich.style import Style

PLAIN = Style.null()
MINUS = "\N{MINUS SIGN}"


class Canvas:
    """A rectangle of cells, each with a character and a style."""

    def __init__(self, width: int, height: int) -> None:
        self.width = max(1, width)
        self.height = max(1, height)
        self._left = 0
        self._texts = [[" "] * self.width for _ in range(self.height)]
        self._styles = [[PLAIN] * self.width for _ in range(self.height)]

    def part(self, top: int, left: int, height: int, width: int) -> "Canvas":
        """Give a view of a part of this canvas: what is drawn there appears here."""
        part = Canvas.__new__(Canvas)
        part._left = self._left + min(left, self.width)
        part.width = max(0, min(width, self.width - left))
        part._texts = self._texts[top : top + max(0, height)]
        part._styles = self._styles[top : top + max(0, height)]
        part.height = len(part._texts)
        return part

    def put(self, row: int, column: int, text: str, style: Style = PLAIN) -> None:
        """Write text from a cell to the right; what does not fit is cut off."""
        if not 0 <= row < self.height or column < 0:
            return
        cells = list(text) if text.isascii() and text.isprintable() else _cells(text)
        cells = cells[: max(0, self.width - column)]
        if not cells:
            return
        if len(cells) == self.width - column and get_character_cell_size(cells[-1] or " ") > 1:
            cells[-1] = " "
        self.put_cells(row, column, cells, [style] * len(cells))

    def put_right(self, row: int, end: int, text: str, style: Style = PLAIN) -> None:
        """Write text that ends before a column."""
        self.put(row, max(0, end - len(_cells(text))), text, style)

    def put_cells(self, row: int, column: int, cells: Sequence[str], styles: Sequence[Style]) -> None:
        """Set cells one by one; the quick way for pictures."""
        if not 0 <= row < self.height:
            return
        count = max(0, min(len(cells), self.width - column))
        start = self._left + column
        texts = self._texts[row]
        if count and texts[start] == "":
            texts[start - 1] = " "
        if count and start + count < len(texts) and texts[start + count] == "":
            texts[start + count] = " "
        texts[start : start + count] = cells[:count]
        self._styles[row][start : start + count] = styles[:count]

    def lines(self) -> list[list[Segment]]:
        """Give the rows as runs of one style."""
        return [
            [Segment("".join(islice(cells, len(list(same)))), style) for style, same in groupby(styles)]
            for cells, styles in zip(map(iter, self._texts), self._styles, strict=True)
        ]


def num_cells(text: str) -> int:
    """Count the cells that a text takes."""
    return len(_cells(text))


def shortened(text: str, width: int) -> str:
    """Cut a text that is too wide, and end it with an ellipsis."""
    cells = _cells(text)
    if len(cells) <= width:
        # Not the text: a character that is not printed may be wider than what stands for it.
        return "".join(cells)
    kept = cells[: max(0, width - 1)]
    if kept and cells[len(kept)] == "":
        kept[-1] = " "
    return "".join(kept) + "…" * (width > 0)


def _cells(text: str) -> list[str]:
    """Spread text over cells; a wide character takes two, the second of them empty."""
    cells: list[str] = []
    for character in unicodedata.normalize("NFC", text):
        if not character.isprintable():
            cells.append("?")
            continue
        size = get_character_cell_size(character)
        if size:
            cells += [character, *[""] * (size - 1)]
    return cells


EMOTION_COLOURS: Final[Mapping[str, str]] = MappingProxyType(
    {"angry": "#cb2c40", "happy": "#bc8a00", "neutral": "#82868c", "sad": "#2f72dc"}
)
"""Hex colours by label; matplotlib takes them as well."""

FAINT: Final = Style(color="#7c7c7c")
"""Labels, axes and tracks. Never the attribute "dim", which vanishes on some light backgrounds."""
STRONG: Final = Style(bold=True)
WARNING: Final = Style(color="#c8501e", bold=True)
LEVEL: Final = Style(color="#1f8a70")
OTHER: Final = Style(color="#8f5fc0")
"""The second leg on a bar of two."""
TALK: Final = LEVEL + STRONG
"""Somebody talks now."""


@lru_cache(maxsize=64)
def emotion_style(label: str, *, strong: bool = False) -> Style:
    """Give the style of an emotion."""
    return Style(color=EMOTION_COLOURS.get(label), bold=True if strong else None)


def fixed(value: float, width: int, decimals: int) -> str:
    """Write a number right-aligned, with fewer decimals where it grows too long."""
    texts = (f"{value:{width}.{each}f}" for each in range(decimals, -1, -1))
    return next((text for text in texts if len(text) <= width), "9" * (width - 1) + "+")


def signed(value: float) -> str:
    """Write a difference with its sign, in six cells."""
    shown = round(min(99.99, max(-99.99, value)), 2) + 0.0  # never a minus before nothing
    return f"{shown:+.2f}".replace("-", MINUS).rjust(6)


def percent(share: float | None) -> str:
    """Write a share in five cells; a dash for None."""
    return "  \N{EN DASH}  " if share is None else f"{round(100 * min(1.0, max(0.0, share))):3d} %"


def duration(seconds: float) -> str:
    """Write hours, minutes and seconds."""
    whole = min(3_599_999, max(0, int(seconds)))
    return f"{whole // 3600:d}:{whole // 60 % 60:02d}:{whole % 60:02d}".rjust(8)


_FIGURE_GAP: Final = 2


class Figure(NamedTuple):
    """A name and a value, side by side; the value keeps its width, so that nothing beside it moves."""

    name: str
    value: str
    style: Style = PLAIN

    @property
    def separator(self) -> str:
        """What stands between name and value: a warning needs no colour to be seen."""
        return "!" if self.style == WARNING else " " if self.name else ""

    @property
    def width(self) -> int:
        """Its cells."""
        return num_cells(self.name) + len(self.separator) + num_cells(self.value)


def figures_width(figures: Sequence[Figure]) -> int:
    """Count the cells that figures take side by side."""
    return sum(figure.width + _FIGURE_GAP for figure in figures) - _FIGURE_GAP if figures else 0


def draw_figures(canvas: Canvas, figures: Sequence[Figure], row: int = 0) -> None:
    """Draw figures from the left."""
    column = 0
    for figure in figures:
        canvas.put(row, column, figure.name, FAINT)
        value = f"{figure.separator.strip()}{figure.value}"
        canvas.put(row, column + figure.width - num_cells(value), value, figure.style)
        column += figure.width + _FIGURE_GAP


_PIXELS: Final = MappingProxyType(
    {
        "A": ".##. #..# #### #..# #..#",
        "B": "###. #..# ###. #..# ###.",
        "C": ".### #... #... #... .###",
        "D": "###. #..# #..# #..# ###.",
        "E": "#### #... ###. #... ####",
        "F": "#### #... ###. #... #...",
        "G": ".### #... #.## #..# .###",
        "H": "#..# #..# #### #..# #..#",
        "I": "# # # # #",
        "J": "..## ...# ...# #..# .##.",
        "K": "#..# #.#. ##.. #.#. #..#",
        "L": "#... #... #... #... ####",
        "M": "#...# ##.## #.#.# #...# #...#",
        "N": "#...# ##..# #.#.# #..## #...#",
        "O": ".##. #..# #..# #..# .##.",
        "P": "###. #..# ###. #... #...",
        "Q": ".##. #..# #..# #.## .###",
        "R": "###. #..# ###. #.#. #..#",
        "S": ".### #... .##. ...# ###.",
        "T": "##### ..#.. ..#.. ..#.. ..#..",
        "U": "#..# #..# #..# #..# .##.",
        "V": "#...# #...# .#.#. .#.#. ..#..",
        "W": "#...# #...# #.#.# ##.## #...#",
        "X": "#...# .#.#. ..#.. .#.#. #...#",
        "Y": "#...# .#.#. ..#.. ..#.. ..#..",
        "Z": "#### ...# .##. #... ####",
        " ": ".. .. .. .. ..",
    }
)
_HALVES: Final = MappingProxyType({"..": " ", "#.": "▀", ".#": "▄", "##": "█"})

BIG_ROWS: Final = 3
"""Height of big letters, terminal rows."""


def big_letters(text: str) -> tuple[str, ...] | None:
    """Draw letters and blanks five pixels high, two pixels to a row; None for any other character."""
    letters = [_PIXELS.get(letter) for letter in text.upper()]
    if not letters or None in letters:
        return None
    pixels = [".".join(row) for row in zip(*(letter.split() for letter in letters if letter), strict=True)]
    pixels.append("." * len(pixels[0]))
    return tuple(
        "".join(_HALVES[upper + lower] for upper, lower in zip(*pixels[row : row + 2], strict=True))
        for row in range(0, len(pixels), 2)
    )
