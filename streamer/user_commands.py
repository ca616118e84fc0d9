"""What the user asked for while the sound went on, in order, each at its place in every source."""

from collections import deque
from dataclasses import dataclass
from typing import Literal, TypeAlias

CommandKind: TypeAlias = Literal["pause", "mark"]


@dataclass(frozen=True, slots=True)
class UserCommand:
    """One key.

    Attributes
    ----------
    kind : {'pause', 'mark'}
        "pause" begins a pause, or ends it.
    at_samples : tuple of int
        For each source, one past the last sample that had arrived when the key was pressed: what comes later
        comes after it.
    clock : float
        Seconds since the epoch.
    """

    kind: CommandKind
    at_samples: tuple[int, ...]
    clock: float


class UserCommands:
    """Handed over by the main thread, taken by the worker when the sound before it is done.

    Parameters
    ----------
    num_sources : int
        Each takes every command at its own place.
    """

    def __init__(self, num_sources: int = 1) -> None:
        # Appending and popping at the ends of a deque are atomic: no lock is needed between two threads.
        self._waiting: tuple[deque[UserCommand], ...] = tuple(deque() for _ in range(num_sources))

    def give(self, command: UserCommand) -> None:
        """Hand a command over.

        Parameters
        ----------
        command : UserCommand
            Places never go backwards.
        """
        for waiting in self._waiting:
            waiting.append(command)

    def due(self, source: int, position: int) -> list[UserCommand]:
        """Take the commands whose place in a source has been reached.

        Parameters
        ----------
        source : int
            Its number.
        position : int
            The next sample of it that the worker will take, as the source counts.

        Returns
        -------
        list of UserCommand
            In order.
        """
        due = []
        waiting = self._waiting[source]
        while waiting and waiting[0].at_samples[source] <= position:
            due.append(waiting.popleft())
        return due
