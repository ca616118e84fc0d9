"""A kill from its plan to its verdict."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from scripts.endurance.sound import RATE_HZ
from scripts.kills.plan import Kill
from scripts.kills.remains import Remains, look_at_remains
from scripts.kills.session import RECORDINGS, Killed, run_and_kill
from streamer.engine import FILE_QUEUE_SECONDS
from streamer.retention.removed_log import LOG_FILE
from tests.command import callmood

MOST_LOST_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a kill.

    Attributes
    ----------
    killed : Killed
        What was known from outside.
    remains : Remains
        What was found, with all faults.
    lost_seconds, unread_seconds : float
        Sound that had been taken out of the pipe and is in no file; sound that was still in the pipe, s.
    """

    killed: Killed
    remains: Remains
    lost_seconds: float
    unread_seconds: float


def outcome_of(kill: Kill, folder: Path) -> Outcome:
    """Start, kill, look, list and forget.

    Parameters
    ----------
    kill : Kill
        As planned.
    folder : Path
        An empty one.

    Returns
    -------
    Outcome
        Without faults where all is as it should be.
    """
    killed = run_and_kill(kill, folder)
    remains = look_at_remains(killed, folder)
    lost = (killed.num_taken - (remains.end_sample or 0)) / RATE_HZ
    unread = (killed.num_sent - killed.num_taken) / RATE_HZ
    if kill.is_paced and kill.has_begun:
        # All that was sent counts: whoever speaks knows of no pipe.
        remains.look(
            is_right=lost + unread <= MOST_LOST_SECONDS,
            fault=f"{lost:.2f} s taken and {unread:.2f} s sent are in no file",
        )
    else:
        # What waits in the queue was spoken in a moment.
        most = MOST_LOST_SECONDS + (0.0 if kill.is_paced else FILE_QUEUE_SECONDS)
        remains.look(is_right=lost <= most, fault=f"{lost:.2f} s taken are in no file")
    _list_and_forget(remains, folder)
    return Outcome(killed, remains, lost, unread)


def _list_and_forget(remains: Remains, folder: Path) -> None:
    """See whether the commands that look at recordings can live with what is left."""
    listed = callmood("sessions", "--json", cwd=folder)
    remains.look(is_right=listed.returncode == 0, fault=f"callmood sessions: {listed.stderr}")
    found = json.loads(listed.stdout)
    remains.look(
        is_right=[each["session"] for each in found] == ([remains.session] if remains.session else []),
        fault=f"callmood sessions lists {found}",
    )
    for each in found:
        num_clips = sum(each["clips"].values())
        remains.look(
            is_right=num_clips == remains.num_clips,
            fault=f"callmood sessions counts {num_clips} clips, not {remains.num_clips}",
        )
        if remains.end_sample and each["note"]:
            remains.look(
                is_right=abs(each["seconds"] - remains.end_sample / RATE_HZ) <= MOST_LOST_SECONDS,
                fault=f"callmood sessions tells of {each['seconds']} s",
            )
        forgotten = callmood("forget", each["session"], "--yes", cwd=folder)
        left = [path.name for path in (folder / RECORDINGS).iterdir() if path.name != LOG_FILE]
        remains.look(
            is_right=forgotten.returncode == 0 and not left,
            fault=f"callmood forget left {left}: {forgotten.stderr}",
        )
