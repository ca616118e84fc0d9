"""Words three rows high, made of half blocks."""

from types import MappingProxyType
from typing import Final

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

ROWS: Final = 3
"""Height of a big word, terminal rows."""


def big_word(word: str) -> tuple[str, ...] | None:
    """Draw a word in letters five pixels high, two pixels to a row.

    Parameters
    ----------
    word : str
        Letters from a to z, and blanks.

    Returns
    -------
    tuple of str, or None
        Three rows of one width; None where a character has no picture.
    """
    letters = [_PIXELS.get(letter) for letter in word.upper()]
    if not letters or None in letters:
        return None
    pixels = [".".join(row) for row in zip(*(letter.split() for letter in letters if letter), strict=True)]
    pixels.append("." * len(pixels[0]))
    return tuple(
        "".join(_HALVES[upper + lower] for upper, lower in zip(*pixels[row : row + 2], strict=True))
        for row in range(0, len(pixels), 2)
    )
