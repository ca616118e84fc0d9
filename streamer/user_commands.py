"""What the user asked for while the sound went on, in order, each at its place in the stream."""

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
    at_sample : int
        One past the last sample that had arrived when the key was pressed: what comes later comes after it.
    clock : float
        Seconds since the epoch.
    """

    kind: CommandKind
    at_sample: int
    clock: float


class UserCommands:
    """Handed over by the main thread, taken by the worker when the sound before it is done."""

    def __init__(self) -> None:
        # Appending and popping at the ends of a deque are atomic: no lock is needed between two threads.
        self._waiting: deque[UserCommand] = deque()

    def give(self, command: UserCommand) -> None:
        """Hand a command over.

        Parameters
        ----------
        command : UserCommand
            Places never go backwards.
        """
        self._waiting.append(command)

    def due(self, position: int) -> list[UserCommand]:
        """Take the commands whose place has been reached.

        Parameters
        ----------
        position : int
            The next sample that the worker will take.

        Returns
        -------
        list of UserCommand
            In order.
        """
        due = []
        while self._waiting and self._waiting[0].at_sample <= position:
            due.append(self._waiting.popleft())
        return due
