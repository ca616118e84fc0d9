"""Kill sessions with signal 9 at random moments, and open all that they leave.

    python -m tests.acceptance.kill_nine

Real sessions hear speech through a pipe and write clips, the whole sound and a journal; some hear two legs,
some more than their folder may hold, some are still starting or already stopping. It prints a line a kind;
the exit code is 1 where anything is not whole, or more than the last second is missing.
"""

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from streamer.recordings.removal import LOG_FILE
from streamer.session import FILE_QUEUE_SECONDS
from tests.acceptance.endless_sound import RATE_HZ
from tests.acceptance.killed_session import (
    KINDS,
    RECORDINGS,
    Kill,
    Killed,
    Remains,
    look_at_remains,
    plan_kill,
    run_and_kill,
)
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


def main() -> int:
    """Kill, look, tell."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--number", type=int, default=100, metavar="N", help="of kills (default: 100)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="draws the moments")
    parser.add_argument("--at-once", type=int, default=3, metavar="N", help="sessions side by side")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="callmood-kills-") as folder:

        def one(number: int) -> Outcome:
            place = Path(folder) / str(number)
            place.mkdir()
            outcome = outcome_of(plan_kill(number, arguments.seed), place)
            for fault in outcome.remains.faults:
                print(f"NOT OK kill {number}, {outcome.killed.kill}: {fault}", flush=True)
            return outcome

        with ThreadPoolExecutor(arguments.at_once) as pool:
            outcomes = list(pool.map(one, range(arguments.number)))
    for line in summary(outcomes):
        print(line)
    return 1 if any(outcome.remains.faults for outcome in outcomes) else 0


def summary(outcomes: Sequence[Outcome]) -> list[str]:
    """Put outcomes into a few lines.

    Parameters
    ----------
    outcomes : sequence of Outcome
        At least one.

    Returns
    -------
    list of str
        A line a kind, and one for all.
    """
    lines = []
    for kind in dict.fromkeys(KINDS):
        own = [outcome for outcome in outcomes if outcome.killed.kill.kind == kind]
        if not own:
            continue
        remains = [outcome.remains for outcome in own]
        lost = max(outcome.lost_seconds for outcome in own)
        unread = max(outcome.lost_seconds + outcome.unread_seconds for outcome in own)
        rows = sum(each.num_rows for each in remains)
        clips = sum(each.num_clips for each in remains)
        parts = sum(each.num_parts for each in remains)
        half = sum(each.half_lines for each in remains)
        ended = sum(each.killed.ended_first for each in own)
        sessions = sum(each.session is not None for each in remains)
        lines.append(
            f"{kind:<9} {len(own):3} killed ({ended} had ended), {sessions} left a session: {rows} rows, "
            f"{clips} clips, {parts} hidden parts, {half} half lines; in no file at most "
            f"{1000 * lost:.0f} ms of what was taken, {1000 * unread:.0f} ms of what was sent"
        )
    faults = Counter(bool(outcome.remains.faults) for outcome in outcomes)
    return [*lines, f"{len(outcomes)} kills: {faults[False]} without a fault, {faults[True]} with"]


if __name__ == "__main__":
    sys.exit(main())
