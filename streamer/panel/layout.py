"""Which part of the panel gets which rows: decided by the size alone, so that nothing jumps while it runs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

_ORDER: Final = (
    "header",
    "gap_header",
    "headline",
    "gap_headline",
    "legend",
    "bars",
    "gap_bars",
    "level",
    "gap_level",
    "trend",
    "axis",
    "gap_trend",
    "spectrogram",
    "stretch",
    "status",
    "notes",
    "messages",
    "gap_keys",
    "keys",
)
"""From top to bottom."""

SMALLEST_WIDTH: Final = 30
SMALLEST_HEIGHT: Final = 7
"""Below these only the leading emotion and the level are shown."""

NARROW_WIDTH: Final = 60
"""Below this there is neither a margin nor room for the marks in words."""

_BIG_WIDTH: Final = 60
_BESIDE_WIDTH: Final = 72
_ALWAYS_BESIDE_WIDTH: Final = 140
_STACKED_SPECTROGRAM_HEIGHT: Final = 36


@dataclass(frozen=True, slots=True)
class Needs:
    """What decides the layout besides the size of the terminal.

    Attributes
    ----------
    num_labels : int
        Bars.
    status_rows, note_rows : int
        Rows that the status and the notes take at this width.
    spectrogram : bool
        True where it was asked for.
    """

    num_labels: int
    status_rows: int
    note_rows: int
    spectrogram: bool


@dataclass(frozen=True, slots=True)
class Layout:
    """Rows of every part.

    Attributes
    ----------
    beside : bool
        The trend stands right of the bars, not under them.
    rows : mapping of str to (int, int)
        First row and number of rows by part; a part that has no room has 0 rows.
    """

    beside: bool
    rows: Mapping[str, tuple[int, int]]

    def height(self, part: str) -> int:
        """Give the rows of a part.

        Parameters
        ----------
        part : str
            Its name.

        Returns
        -------
        int
            0 where there was no room.
        """
        return self.rows[part][1]


def plan_layout(width: int, height: int, needs: Needs) -> Layout:
    """Share the rows out.

    Parameters
    ----------
    width, height : int
        Size of the terminal, cells.
    needs : Needs
        What the parts would take.

    Returns
    -------
    Layout
        Never more rows than there are. Wishes are granted in order of weight, each whole or not at all.
    """
    beside = width >= _ALWAYS_BESIDE_WIDTH or (
        needs.spectrogram and width >= _BESIDE_WIDTH and height < _STACKED_SPECTROGRAM_HEIGHT
    )
    granted = dict.fromkeys(_ORDER, 0)
    left = height
    tiny = width < SMALLEST_WIDTH or height < SMALLEST_HEIGHT
    for part, rows in _tiny_wishes() if tiny else _wishes(width, needs, beside=beside):
        if rows <= left:
            granted[part] += rows
            left -= rows
    granted["stretch"] += left
    placed = {}
    top = 0
    for part in _ORDER:
        placed[part] = (top, granted[part])
        top += granted[part]
    return Layout(beside, placed)


def _tiny_wishes() -> Iterable[tuple[str, int]]:
    return (("headline", 1), ("level", 1), ("gap_headline", 1), ("gap_header", 1))


def _wishes(width: int, needs: Needs, *, beside: bool) -> Iterable[tuple[str, int]]:
    labels = needs.num_labels
    yield from (("headline", 1), ("level", 1), ("bars", labels), ("keys", 1), ("header", 1), ("status", 1))
    yield "notes", min(1, needs.note_rows)
    yield "messages", 1
    if needs.spectrogram:
        yield "spectrogram", 6
    yield "status", needs.status_rows - 1
    if width >= _BIG_WIDTH:
        yield "headline", 2
    if beside:
        yield "legend", 1
    else:
        yield from (("trend", 1), ("axis", 1), ("trend", labels - 1), ("legend", 1))
    yield "notes", max(0, needs.note_rows - 1)
    yield "gap_header", 1
    if needs.spectrogram:
        yield "spectrogram", 2
    yield "stretch", 1
    yield from (("gap_level", 1), ("gap_bars", 0 if beside else 1))
    yield from (("messages", 1), ("gap_headline", 1), ("gap_keys", 1))
    if needs.spectrogram:
        yield from (("gap_trend", 0 if beside else 1), ("spectrogram", 2))
    yield "bars", labels
    if not beside:
        yield "trend", labels
    if needs.spectrogram:
        yield from (("spectrogram", 2) for _ in range(8))
    yield from (("messages", 1) for _ in range(4))
