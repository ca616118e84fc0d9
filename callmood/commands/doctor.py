"""`callmood doctor`: check everything that listening needs."""

import argparse
import os
import sys
from pathlib import Path
from typing import Final

from callmood.process import compute_on_one_thread
from callmood.session_options import add_device_argument, add_recordings_folder

SUMMARY: Final = "Check that everything needed for listening works, and say what to do where it does not."

INTERRUPTED: Final = 130
"""As in `callmood.__main__`."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_device_argument(parser, "; listened to for 1.5 s")
    add_recordings_folder(parser)
    parser.add_argument(
        "--skip-sound", action="store_true", help="open no device: for a machine without a microphone"
    )
    parser.add_argument("--json", action="store_true", help="print a JSON list instead of lines")
    parser.epilog = (
        "Each line is `ok`, `advice` (listening works, and could be better) or `not ok`. The exit code is "
        "1 if a line is `not ok`, else 0. In JSON, `ok` is true for advice.\n"
        "\n"
        "examples:\n"
        "  callmood doctor\n"
        "  callmood doctor -d headset\n"
        "  callmood doctor --skip-sound --json\n"
    )


def run(arguments: argparse.Namespace) -> int:
    """Run all checks."""
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
