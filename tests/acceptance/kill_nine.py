"""Kill sessions with signal 9 at random moments, and check what they leave: make kill-nine

Real sessions read speech through a pipe and record clips, the whole sound and a journal; some have two legs,
some more than their folder may hold, some are still starting or already stopping. Prints a line a kind; the
exit code is 1 where anything is damaged, or more than the last second is missing.
"""

import json
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.pages import parser
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
    """The result of a kill."""

    killed: Killed
    remains: Remains  # what was found, with all faults
    lost_seconds: float  # taken out of the pipe, and in no file
    unread_seconds: float  # still in the pipe


def outcome_of(kill: Kill, folder: Path) -> Outcome:
    """Start, kill, check, list and forget."""
    killed = run_and_kill(kill, folder)
    remains = look_at_remains(killed, folder)
    lost = (killed.num_taken - (remains.end_sample or 0)) / RATE_HZ
    unread = (killed.num_sent - killed.num_taken) / RATE_HZ
    if kill.is_paced and kill.has_begun:
        # Sound still in the pipe counts as lost too.
        remains.look(
            is_right=lost + unread <= MOST_LOST_SECONDS,
            fault=f"{lost:.2f} s taken and {unread:.2f} s sent are in no file",
        )
    else:
        # The queue holds sound that came faster than real time.
        most = MOST_LOST_SECONDS + (0.0 if kill.is_paced else FILE_QUEUE_SECONDS)
        remains.look(is_right=lost <= most, fault=f"{lost:.2f} s taken are in no file")
    _list_and_forget(remains, folder)
    return Outcome(killed, remains, lost, unread)


def _list_and_forget(remains: Remains, folder: Path) -> None:
    """Check that `sessions` and `forget` work on what is left."""
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
    """Kill, check, print."""
    options = parser(__doc__)
    options.add_argument(
        "--number", type=int, default=100, metavar="N", help="number of kills (default: %(default)s)"
    )
    options.add_argument(
        "--seed", type=int, default=0, metavar="N", help="for the moments (default: %(default)s)"
    )
    options.add_argument(
        "--at-once", type=int, default=3, metavar="N", help="sessions side by side (default: %(default)s)"
    )
    arguments = options.parse_args()
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
    """Summarise: a line a kind, and one for all."""
    lines = []
    for kind in dict.fromkeys(KINDS):
        own = [outcome for outcome in outcomes if outcome.killed.kill.kind == kind]
        if not own:
            continue
        remains = [outcome.remains for outcome in own]
        lost = max(outcome.lost_seconds for outcome in own)
        unread = max(outcome.lost_seconds + outcome.unread_seconds for outcome in own)
        ended = sum(each.killed.ended_first for each in own)
        sessions = sum(each.session is not None for each in remains)
        lines.append(
            f"{kind:<9} {len(own):3} killed ({ended} had ended), {sessions} left a session: "
            f"{sum(each.num_rows for each in remains)} rows, "
            f"{sum(each.num_clips for each in remains)} clips, "
            f"{sum(each.num_parts for each in remains)} hidden parts, "
            f"{sum(each.half_lines for each in remains)} half lines; in no file at most "
            f"{1000 * lost:.0f} ms of what was taken, {1000 * unread:.0f} ms of what was sent"
        )
    faults = Counter(bool(outcome.remains.faults) for outcome in outcomes)
    return [*lines, f"{len(outcomes)} kills: {faults[False]} without a fault, {faults[True]} with"]


if __name__ == "__main__":
    sys.exit(main())
