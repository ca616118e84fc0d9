"""What the parts of the panel would like to have, in order of weight."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

SMALLEST_WIDTH: Final = 30
SMALLEST_HEIGHT: Final = 7
"""Below these only the leading emotions and the levels are shown."""

NARROW_WIDTH: Final = 60
"""Below this there is neither a margin nor room for the marks in words."""

_BIG_WIDTH: Final = 60
_BIG_LEG_WIDTH: Final = 48
_MARKS_IN_TITLE_WIDTH: Final = 70
_BESIDE_WIDTH: Final = 72
_ALWAYS_BESIDE_WIDTH: Final = 140
_STACKED_SPECTROGRAM_HEIGHT: Final = 36
_OTHER_ROWS: Final = 10
_TREND_UNDER_ROWS: Final = 14
"""What a leg takes where its trend stands under its bars; and what all else does."""

Wishes = Iterable[tuple[str, int]]
"""Parts, and rows on top of those that were granted before."""


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
    leg_rows : tuple of bool
        For each row of legs, top to bottom, whether they are analysed.
    columns : int
        Legs side by side.
    titled : bool
        The legs have names.
    conversation : bool
        There is something to say of all legs together.
    alerts : bool
        Alerts may come.
    more_legs : bool
        Not all legs have a row.
    """

    num_labels: int
    status_rows: int
    note_rows: int
    spectrogram: bool
    leg_rows: tuple[bool, ...] = (True,)
    columns: int = 1
    titled: bool = False
    conversation: bool = False
    alerts: bool = False
    more_legs: bool = False


def stands_beside(width: int, height: int, needs: Needs) -> bool:
    """Tell where the trend of a leg stands.

    Parameters
    ----------
    width, height : int
        Size of the terminal, cells.
    needs : Needs
        What the parts would take.

    Returns
    -------
    bool
        True right of its bars, False under them.
    """
    leg_width = width // needs.columns
    if leg_width >= _ALWAYS_BESIDE_WIDTH:
        return True
    num_rows = sum(needs.leg_rows)
    crowded = num_rows > 1 and height < _OTHER_ROWS + num_rows * _TREND_UNDER_ROWS
    if needs.spectrogram:
        crowded = crowded or height < _STACKED_SPECTROGRAM_HEIGHT
    return crowded and leg_width >= _BESIDE_WIDTH


def wishes(width: int, height: int, needs: Needs, *, beside: bool) -> Wishes:
    """Give the wishes.

    Parameters
    ----------
    width, height : int
        Size of the terminal, cells.
    needs : Needs
        What the parts would take.
    beside : bool
        From `stands_beside`.

    Returns
    -------
    iterable of (str, int)
        The weightiest first. Rows of a part of a leg are asked for every row of legs at once.
    """
    tiny = width < SMALLEST_WIDTH or height < SMALLEST_HEIGHT
    if needs.titled:
        return _tiny_legs(needs) if tiny else _legs(width, needs, beside=beside)
    return _tiny(needs) if tiny else _one_leg(width, needs, beside=beside)


def _tiny(needs: Needs) -> Wishes:
    yield from (("headline", 1), ("level", 1), ("alerts", int(needs.alerts)))
    yield from (("gap_headline", 1), ("gap_header", 1))


def _tiny_legs(needs: Needs) -> Wishes:
    yield from (("more_legs", int(needs.more_legs)), ("title", 1), ("alerts", int(needs.alerts)))
    yield from (("level", 1), ("gap_leg", 1))


def _one_leg(width: int, needs: Needs, *, beside: bool) -> Wishes:
    labels = needs.num_labels
    yield from (("headline", 1), ("level", 1), ("alerts", int(needs.alerts)), ("bars", labels))
    yield from (("keys", 1), ("header", 1), ("status", 1))
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
    yield from _room(needs, beside=beside)


def _legs(width: int, needs: Needs, *, beside: bool) -> Wishes:
    """Never the bars of one leg without those of another: they are compared."""
    labels, leg_width = needs.num_labels, width // needs.columns
    yield from (
        ("more_legs", int(needs.more_legs)),
        ("title", 1),
        ("alerts", int(needs.alerts)),
        ("level", 1),
    )
    yield from (("keys", 1), ("header", 1), ("conversation", int(needs.conversation)), ("status", 1))
    yield "bars", labels
    yield "notes", min(1, needs.note_rows)
    yield "messages", 1
    if not beside:
        yield "trend", 1
    if needs.spectrogram:
        yield "spectrogram", 7
    yield "status", needs.status_rows - 1
    yield from (("gap_leg", 1), ("gap_header", 1), ("gap_conversation", 1))
    if leg_width >= _BIG_LEG_WIDTH:
        yield "headline", 3
    if not beside:
        yield from (("axis", 1), ("trend", labels - 1))
    yield from (("legend", 1), ("notes", max(0, needs.note_rows - 1)))
    yield "stretch", 1
    if leg_width < _MARKS_IN_TITLE_WIDTH:
        yield "marks", 1
    yield "gap_headline", 1
    if leg_width >= _BIG_LEG_WIDTH:
        yield "gap_title", 1
    if not beside:
        yield from (("gap_level", 1), ("gap_bars", 1))
    yield from (("gap_keys", 1), ("messages", 1))
    yield from _room(needs, beside=beside)


def _room(needs: Needs, *, beside: bool) -> Wishes:
    """Ask for what makes a large terminal worth its rows."""
    if needs.spectrogram:
        yield from (("gap_legs", 0 if beside else 1), ("spectrogram", 2))
    yield "bars", needs.num_labels
    if not beside:
        yield "trend", needs.num_labels
    if needs.spectrogram:
        yield from (("spectrogram", 2) for _ in range(8))
    yield from (("messages", 1) for _ in range(4))
