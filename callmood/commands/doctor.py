"""`callmood doctor`: is all here that listening needs?"""

import argparse
import os
import sys
from pathlib import Path
from typing import Final

from callmood.process_setup import compute_on_one_thread

SUMMARY: Final = "Look whether all is here that listening needs, and say what to do where it is not."

INTERRUPTED: Final = 130
"""As in `callmood.__main__`."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "--device",
        metavar="DEVICE",
        help="the device to listen to for a moment (default: the default device)",
    )
    parser.add_argument(
        "--out", metavar="DIR", default="recordings", help="where recordings would go (default: recordings)"
    )
    parser.add_argument(
        "--skip-sound",
        action="store_true",
        help="open no device, and ask for none: for a machine without a microphone",
    )
    parser.add_argument("--json", action="store_true", help="one JSON list on standard output")
    parser.epilog = (
        "A line is `ok`, `advice` (listening is possible all the same) or `not ok`; the exit code is 1\n"
        "where one is not ok, else 0. In JSON, what is advice is ok and has one.\n"
        "\n"
        "examples:\n"
        "  callmood doctor\n"
        "  callmood doctor --device headset\n"
        "  callmood doctor --skip-sound --json\n"
    )


def run(arguments: argparse.Namespace) -> int:
    """Look at everything."""
    compute_on_one_thread()
    from callmood.doctor.checks import all_checks
    from callmood.doctor.runner import CheckRunner, report
    from emotion.errors import UsageError

    if arguments.skip_sound and arguments.device is not None:
        raise UsageError("--skip-sound opens no device, --device names one to open; leave one of them out")
    checks = all_checks(arguments.device, Path(arguments.out), with_sound=not arguments.skip_sound)
    runner = CheckRunner()
    try:
        findings = report(checks, runner, as_json=arguments.json)
        code = int(not all(finding.ok for finding in findings))
        sys.stdout.flush()
    except KeyboardInterrupt:
        if runner.is_idle:
            raise
        code = INTERRUPTED
    if not runner.is_idle:
        # What hangs in a library would hang the end of the process as well.
        os._exit(code)
    return code
