"""What can be forgotten on request: a recorded session, or a saved voice, whole."""

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from emotion.errors import OutputError
from emotion.folder_lock import lock_folder
from emotion.printable import printable
from streamer.recorder.recorded_sessions import QUIET_SECONDS
from streamer.retention.folder_lock import LOOK_SECONDS
from streamer.retention.held import HeldSession
from streamer.retention.opened_folder import entries, opened_folder
from streamer.retention.removal import remove_file, remove_session
from streamer.retention.removed_log import LOG_FILE, Gone, log_removed
from streamer.retention.size_text import size_text
from streamer.retention.tidying import strangers_text

WHY: Final = "forgotten"
PATIENCE_SECONDS: Final = 10.0
"""How long to wait for a process that is tidying."""


class Forgettable(ABC):
    """Something that can be removed on request."""

    @property
    @abstractmethod
    def lines(self) -> tuple[str, ...]:
        """What it is and how much, and what would stay: the first line, and perhaps a second."""

    @abstractmethod
    def forget(self, now: float) -> tuple[str, ...]:
        """Remove it, and write that down without any of its content.

        Parameters
        ----------
        now : float
            Seconds since the epoch.

        Returns
        -------
        tuple of str
            What has gone and what has stayed, a line each.

        Raises
        ------
        OutputError
            If it is in use, or cannot be removed.
        """


@dataclass(frozen=True)
class ForgettableSession(Forgettable):
    """A recorded session.

    Attributes
    ----------
    out_dir : Path
        The folder of all recordings.
    session : HeldSession
        As it was looked at.
    """

    out_dir: Path
    session: HeldSession

    @property
    def lines(self) -> tuple[str, ...]:
        """Its id and size; and what is not callmood's in its folder."""
        held = self.session.held
        amount = _amount(held.num_files, held.num_bytes)
        line = f"session {printable(self.session.session)}: {amount} in {printable(self.path)}"
        return (line, strangers_text(self.path, self.session)) if held.num_strangers else (line,)

    @property
    def path(self) -> Path:
        """Its folder."""
        return self.out_dir / self.session.session

    def refuse_recorded(self, folder: int, now: float) -> None:
        """Stop where it is being recorded.

        Parameters
        ----------
        folder : int
            Descriptor of its folder; locked afterwards.
        now : float
            Seconds since the epoch.

        Raises
        ------
        OutputError
            If someone else has the lock; where there are no locks, if it has no summary and was changed a
            moment ago.
        """
        locked = lock_folder(folder, LOOK_SECONDS)
        fresh = not self.session.has_summary and now - self.session.held.newest < QUIET_SECONDS
        if locked == "another's" or (locked == "unknown" and fresh):
            raise OutputError(
                f"session {printable(self.session.session)} is being recorded; stop that, then forget it"
            )

    def forget(self, now: float) -> tuple[str, ...]:
        """Remove it; see `Forgettable.forget`."""
        gone, whole = Gone(), False
        try:
            with opened_folder(self.out_dir) as recordings:
                _wait_for_lock(recordings, self.out_dir)
                try:
                    with opened_folder(self.session.session, recordings) as folder:
                        self.refuse_recorded(folder, now)
                        whole = remove_session(self.session.session, recordings, folder, gone)
                finally:
                    if gone.num_files:
                        _log(recordings, self.out_dir, now, gone, session=self.session.session, whole=whole)
        except FileNotFoundError:
            pass  # Somebody was faster.
        except OutputError:
            raise
        except OSError as error:
            raise _not_removed(self.path, error) from error
        line = f"removed session {printable(self.session.session)}: {_amount(gone.num_files, gone.num_bytes)}"
        return (line, *self.lines[1:])


@dataclass(frozen=True)
class ForgettableVoice(Forgettable):
    """A saved voice.

    Attributes
    ----------
    path : Path
        Its file.
    name : str
        As the user calls it.
    """

    path: Path
    name: str

    @property
    def lines(self) -> tuple[str, ...]:
        """Its name and place."""
        return (f"voice {self.name}: {printable(self.path)}",)

    def forget(self, now: float) -> tuple[str, ...]:
        """Remove it, with what a killed process has left of it; see `Forgettable.forget`."""
        gone = Gone()
        part = re.compile(rf"\.{re.escape(self.path.name)}\.[0-9]+\.part", re.ASCII)
        try:
            with opened_folder(self.path.parent) as voices:
                _wait_for_lock(voices, self.path.parent)
                names = [entry.name for entry in entries(voices) if part.fullmatch(entry.name)]
                try:
                    for name in (self.path.name, *names):
                        remove_file(name, voices, gone)
                finally:
                    if gone.num_files:
                        _log(voices, self.path.parent, now, gone, session=None, whole=True)
        except OutputError:
            raise
        except OSError as error:
            raise _not_removed(self.path, error) from error
        return (f"removed voice {self.name}: {printable(self.path)}",)


def _wait_for_lock(folder: int, path: Path) -> None:
    if lock_folder(folder, PATIENCE_SECONDS) == "another's":
        raise OutputError(
            f"another callmood has been tidying {printable(path)} for {PATIENCE_SECONDS:g} s; try again"
        )


def _log(folder: int, path: Path, now: float, gone: Gone, *, session: str | None, whole: bool) -> None:
    try:
        log_removed(folder, now, gone, WHY, session=session, whole=whole)
    except OSError as error:
        raise OutputError(
            f"{gone.num_files} files were removed, but {printable(path / LOG_FILE)} cannot be written: "
            f"{error.strerror or error}; look after it"
        ) from error


def _not_removed(path: Path, error: OSError) -> OutputError:
    return OutputError(f"cannot remove {printable(path)}: {error.strerror or error}; check its rights")


def _amount(num_files: int, num_bytes: int) -> str:
    return f"{num_files} file{'' if num_files == 1 else 's'}, {size_text(num_bytes)}"
