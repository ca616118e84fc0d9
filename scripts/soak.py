"""Let callmood hear a day of sound, and see that nothing grows: python -m scripts.soak [--hours H]

The real command runs in a terminal of its own, with all that it can keep; its pipe is filled as fast as it is
emptied. Memory, handles, threads, lag and recordings are looked at from outside. A line a figure; exit code 1
where one is not as demanded. A day takes a quarter of an hour.
"""

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Final

from emotion.errors import CallmoodError
from emotion.whole_file import replace
from scripts.endurance.figures import figures, figures_text
from scripts.endurance.page import page
from scripts.endurance.picture import picture
from scripts.endurance.plan import SoakPlan
from scripts.endurance.run import Reading, soak
from scripts.endurance.sound import RATE_HZ
from scripts.endurance.verdict import verdict

ROOT: Final = Path(__file__).parents[1]
ODD_SAMPLES: Final = 4321
"""More than whole hours: the end lies on no step and in no round block."""


def main() -> int:
    """Run, judge, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--hours", type=float, default=24.0, metavar="H", help="of sound (default: 24)")
    parser.add_argument("--model", default="speech-light", metavar="NAME")
    parser.add_argument("--max-size", default="200MB", metavar="SIZE", help="of the recordings")
    parser.add_argument("--every", type=float, default=1.0, metavar="S", help="from reading to reading")
    parser.add_argument("--warm", type=float, default=5.0, metavar="MIN", help="of sound, before it counts")
    parser.add_argument("--out", type=Path, metavar="DIR", help="write soak.md, .json and images/soak.png")
    arguments = parser.parse_args()
    plan = SoakPlan(
        num_samples=round(arguments.hours * 3600 * RATE_HZ) + ODD_SAMPLES,
        model=arguments.model,
        max_size=arguments.max_size,
        every_seconds=arguments.every,
        warm_seconds=60 * arguments.warm,
    )
    try:
        with tempfile.TemporaryDirectory(prefix="callmood-soak-") as folder:
            run = soak(plan, Path(folder), _tell)
    except CallmoodError as error:
        sys.stderr.write(f"soak: {error}\n")
        return error.exit_code
    findings = verdict(run, plan)
    for each in findings:
        print(
            f"{'ok    ' if each.is_met else 'NOT OK'} {each.what}: {each.found} (demanded: {each.demanded})"
        )
    if arguments.out is not None:
        found = figures(run, plan, findings)
        (arguments.out / "images").mkdir(parents=True, exist_ok=True)
        replace(arguments.out / "soak.json", figures_text(found).encode())
        replace(arguments.out / "soak.md", page(found).encode())
        replace(arguments.out / "images" / "soak.png", picture(found))
    return 0 if all(each.is_met for each in findings) else 1


def _tell(seen: Reading) -> None:
    if sys.stdout.isatty():
        held = seen.held
        print(
            f"\r{seen.stream_seconds / 3600:7.2f} h  {held.resident_bytes / 1e6:6.1f} MB  "
            f"{held.num_handles} handles  {held.num_threads} threads  lag {seen.max_lag_seconds:.2f} s",
            end="",
            flush=True,
        )


if __name__ == "__main__":
    sys.exit(main())
