"""One pass over a folder of recordings: what is too old, or too much, goes."""

import math
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from emotion.folder_lock import lock_folder
from emotion.printable import printable
from streamer.recorder.recorded_sessions import QUIET_SECONDS
from streamer.retention.bounds import Bounds
from streamer.retention.held import HeldSession
from streamer.retention.layout import SESSION_ID
from streamer.retention.opened_folder import entries, opened_folder
from streamer.retention.own_session import closed_files
from streamer.retention.removal import never, remove_file, remove_session
from streamer.retention.removed_log import LOG_FILE, Gone, log_removed
from streamer.retention.survey import Survey


@dataclass(slots=True)
class Tidied:
    """What a pass has come to.

    Attributes
    ----------
    num_bytes : int
        What our recordings hold now.
    is_done : bool
        False where another process was at it.
    complaints : list of str
        What could not be removed, or is not ours to remove; a line each.
    """

    num_bytes: int = 0
    is_done: bool = True
    complaints: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Pass:
    """The open folder of recordings, the time, the age of our own session, when to stop, and the result."""

    recordings: int
    now: float
    own_seconds: float
    is_given_up: Callable[[], bool]
    tidied: Tidied

    def own_age(self, changed: float) -> float:
        """Give the age of a file of our own session, s."""
        return min(self.now - changed, self.own_seconds)


class Tidying:
    """Holds the sessions in a folder to their bounds.

    A session counts where its folder still has the name that it was given and a session.json that tells of
    it; whoever renames the folder keeps it. Sessions go whole, the one that was changed longest ago first.
    Those that are being recorded stay; of the one of this process closed files go when nothing else is left.

    Parameters
    ----------
    out_dir : Path
        The folder of all recordings.
    bounds : Bounds
        What it is held to.
    """

    def __init__(self, out_dir: Path, bounds: Bounds) -> None:
        self._out_dir = out_dir
        self._bounds = bounds
        self._survey = Survey()

    def run(
        self,
        now: float,
        own: str = "",
        is_given_up: Callable[[], bool] = never,
        *,
        own_seconds: float = math.inf,
    ) -> Tidied:
        """Look through the folder, and remove what is beyond the bounds.

        Parameters
        ----------
        now : float
            Seconds since the epoch.
        own : str, optional
            The session that this process records.
        is_given_up : callable, optional
            Asked before each file: True leaves the rest for another time.
        own_seconds : float, optional
            How long this process has recorded, s. None of its files is older, whatever the clock says that
            the disk keeps: one of a server, or one that ends in 2038.

        Returns
        -------
        Tidied
            Also where something could not be removed.
        """
        tidied = Tidied()
        try:
            with opened_folder(self._out_dir) as recordings:
                if lock_folder(recordings) == "another's":
                    tidied.is_done = False
                else:
                    self._tidy(_Pass(recordings, now, own_seconds, is_given_up, tidied), own)
        except FileNotFoundError:
            pass  # Nothing has been recorded yet.
        except OSError as error:
            tidied.complaints.append(_complaint(self._out_dir, error))
        return tidied

    def _tidy(self, of: _Pass, own: str) -> None:
        self._survey.begin_pass(of.now)
        names = [entry.name for entry in entries(of.recordings) if SESSION_ID.fullmatch(entry.name)]
        found = [held for name in names if (held := self._look_at(of, name)) is not None]
        of.tidied.num_bytes = sum(each.held.num_bytes for each in found)
        for each in sorted(found, key=lambda other: (other.held.newest, other.session)):
            seconds = of.now - each.held.newest
            why = self._bounds.why(seconds, of.tidied.num_bytes)
            may_have_ended = each.has_summary or seconds >= QUIET_SECONDS
            if why is not None and may_have_ended and each.session != own and not of.is_given_up():
                self._remove(of, each, why)
        for running in found:
            if running.session == own:
                self._thin(of, running)

    def _look_at(self, of: _Pass, name: str) -> HeldSession | None:
        try:
            held = self._survey.look_at(name, of.recordings)
        except OSError as error:
            of.tidied.complaints.append(_complaint(self._out_dir / name, error))
            return None
        if held is not None and held.named != name:
            of.tidied.complaints.append(
                f"{printable(self._out_dir / name)} was left alone: "
                "its session.json does not tell of this session"
            )
            return None
        return held

    def _remove(self, of: _Pass, each: HeldSession, why: str) -> None:
        """Remove a session, unless someone holds its lock."""
        gone, whole = Gone(), False
        try:
            with opened_folder(each.session, of.recordings) as folder:
                if lock_folder(folder) != "another's":
                    whole = remove_session(each.session, of.recordings, folder, gone, of.is_given_up)
        except OSError as error:
            of.tidied.complaints.append(_complaint(self._out_dir / each.session, error))
        if whole and each.held.num_strangers:
            of.tidied.complaints.append(strangers_text(self._out_dir / each.session, each))
        self._account(of, each.session, gone, why, whole=whole)

    def _thin(self, of: _Pass, running: HeldSession) -> None:
        """Remove closed files of our own session."""
        if self._bounds.why(of.own_age(running.held.oldest), of.tidied.num_bytes) is None:
            return
        gone, why = Gone(), ""
        try:
            with opened_folder(running.session, of.recordings) as folder:
                for file in closed_files(running, folder):
                    num_bytes = of.tidied.num_bytes - gone.num_bytes
                    reason = self._bounds.why(of.own_age(file.changed), num_bytes)
                    if reason is None or of.is_given_up():
                        break
                    why = reason
                    with ExitStack() as stack:
                        place = folder
                        for name in file.folders:
                            place = stack.enter_context(opened_folder(name, place))
                        remove_file(file.name, place, gone)
        except OSError as error:
            of.tidied.complaints.append(_complaint(self._out_dir / running.session, error))
        self._account(of, running.session, gone, why, whole=False)

    def _account(self, of: _Pass, session: str, gone: Gone, why: str, *, whole: bool) -> None:
        """Take off what has gone, and write it down."""
        of.tidied.num_bytes -= gone.num_bytes
        if gone.num_files:
            try:
                log_removed(of.recordings, of.now, gone, why, session=session, whole=whole)
            except OSError as error:
                of.tidied.complaints.append(_complaint(self._out_dir / LOG_FILE, error))


def strangers_text(path: Path, session: HeldSession) -> str:
    """Say what is left of a session that is removed.

    Parameters
    ----------
    path : Path
        Its folder.
    session : HeldSession
        As it was looked at.

    Returns
    -------
    str
        One line.
    """
    held = session.held
    named = ", ".join(printable(name) for name in held.strangers)
    num_more = held.num_strangers - len(held.strangers)
    return f"{printable(path)} stays, with what is not callmood's: {named}" + (
        f" and {num_more} more" if num_more else ""
    )


def _complaint(path: Path, error: OSError) -> str:
    return f"cannot tidy {printable(path)}: {error.strerror or error}; check its rights"
