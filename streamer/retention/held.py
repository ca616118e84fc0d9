"""What a session's folder holds."""

import math
import os
from dataclasses import dataclass, field
from typing import Final

_STRANGERS_NAMED: Final = 3


@dataclass(slots=True)
class Held:
    """Our files in a folder, summed up, and those that are not ours.

    Attributes
    ----------
    num_files, num_bytes : int
        How many are ours, and their size.
    oldest : float
        When the clip or sound was changed that was changed longest ago, seconds since the epoch.
    newest : float
        When anything of ours was changed last, seconds since the epoch.
    num_strangers : int
        What lies there and is not ours: other names, links, folders.
    strangers : list of str
        The first few of them, from the session's folder.
    """

    num_files: int = 0
    num_bytes: int = 0
    oldest: float = math.inf
    newest: float = -math.inf
    num_strangers: int = 0
    strangers: list[str] = field(default_factory=list)

    def count_file(self, status: os.stat_result, *, is_sound: bool) -> None:
        """Count a file of ours.

        Parameters
        ----------
        status : stat_result
            As the system gives it.
        is_sound : bool
            False for what only tells of sound.
        """
        self.num_files += 1
        self.num_bytes += status.st_size
        if is_sound:
            self.oldest = min(self.oldest, status.st_mtime)
        self.newest = max(self.newest, status.st_mtime)

    def count_stranger(self, path: str) -> None:
        """Count what is not ours.

        Parameters
        ----------
        path : str
            From the session's folder.
        """
        self.num_strangers += 1
        if len(self.strangers) < _STRANGERS_NAMED:
            self.strangers.append(path)

    def add(self, other: "Held") -> None:
        """Count what a folder inside holds.

        Parameters
        ----------
        other : Held
            Not changed.
        """
        self.num_files += other.num_files
        self.num_bytes += other.num_bytes
        self.oldest = min(self.oldest, other.oldest)
        self.newest = max(self.newest, other.newest)
        self.num_strangers += other.num_strangers
        self.strangers += other.strangers[: _STRANGERS_NAMED - len(self.strangers)]


@dataclass(frozen=True, slots=True)
class HeldSession:
    """A session's folder.

    Attributes
    ----------
    session : str
        Its name.
    held : Held
        All of it.
    hours : mapping of str to Held
        Its clips, by the folder of their hour.
    named : str or None
        The session that session.json tells of; None where it cannot be read.
    has_summary : bool
        Whether session.json says how the session ended.
    """

    session: str
    held: Held
    hours: dict[str, Held]
    named: str | None
    has_summary: bool
