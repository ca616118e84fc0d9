"""Kill sessions with signal 9 at random moments, and open all that they leave: python -m scripts.kill_nine

Real sessions hear speech through a pipe and write clips, the whole sound and a journal; some hear two legs,
some more than their folder may hold, some are still starting or stopping already. A line a kind; exit code 1
where anything is not whole, or more than the last second is missing.
"""

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from scripts.kills.outcome import Outcome, outcome_of
from scripts.kills.plan import KINDS, plan_kill


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
