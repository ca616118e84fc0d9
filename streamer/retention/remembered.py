"""What was found in the last pass, so that what has not changed is not looked through again."""

from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Remembered(Generic[T]):
    """Values by place, each good for as long as its stamp is the same.

    What is not asked for in a pass is forgotten with the next: nothing grows that the disk does not hold.
    """

    def __init__(self) -> None:
        self._before: dict[tuple[str, ...], tuple[object, T]] = {}
        self._now: dict[tuple[str, ...], tuple[object, T]] = {}

    def begin_pass(self) -> None:
        """Begin to look through everything again."""
        self._before, self._now = self._now, {}

    def get(self, place: tuple[str, ...], stamp: object, find: Callable[[], T], *, settled: bool) -> T:
        """Give what is known of a place, or find it out.

        Parameters
        ----------
        place : tuple of str
            Where it lies.
        stamp : object
            Differs as soon as the value could.
        find : callable
            Finds the value out.
        settled : bool
            False where something could still change under the same stamp: it is not remembered then.

        Returns
        -------
        object
            The value.
        """
        known = self._before.get(place)
        value = find() if known is None or known[0] != stamp else known[1]
        if settled:
            self._now[place] = (stamp, value)
        return value
