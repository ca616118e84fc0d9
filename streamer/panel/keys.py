"""The last row: what can be pressed."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from streamer.panel.canvas import Canvas
from streamer.panel.palette import FAINT, STRONG

_BETWEEN: Final = 2


class _Key(NamedTuple):
    """What a key does now, and what it does in a pause."""

    name: str
    does: str
    does_in_pause: str

    @property
    def width(self) -> int:
        return len(self.name) + 1 + max(len(self.does), len(self.does_in_pause))


def _keys(off: str, on: str, mark: str) -> tuple[_Key, ...]:
    return _Key("space", off, on), _Key("m", mark, mark), _Key("q", "quit", "quit")


_FORMS: Final = (
    _keys("off the record", "go on the record", "mark this moment"),
    _keys("off the record", "on the record", "mark"),
    _keys("off record", "on record", "mark"),
    _keys("off", "on", "mark"),
)
"""From the longest to the shortest."""


def draw_keys(canvas: Canvas, *, paused: bool) -> None:
    """Draw what can be pressed.

    Parameters
    ----------
    canvas : Canvas
        One row.
    paused : bool
        The pause key then goes on.
    """
    fitting = (keys for keys in _FORMS if _width(keys) <= canvas.width)
    column = 0
    for key in next(fitting, _FORMS[-1]):
        canvas.put(0, column, key.name, STRONG)
        canvas.put(0, column + len(key.name) + 1, key.does_in_pause if paused else key.does, FAINT)
        column += key.width + _BETWEEN


def _width(keys: Sequence[_Key]) -> int:
    return sum(key.width + _BETWEEN for key in keys) - _BETWEEN
