"""Behind the door: finds the subcommand, and turns errors into one line and an exit code."""

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Final

from callmood import __version__, configuration
from emotion.errors import CallmoodError, UsageError

COMMANDS: Final = (
    "listen",
    "replay",
    "devices",
    "sessions",
    "predict",
    "models",
    "features",
    "init",
    "generate",
    "train",
    "bench",
)
CONFIGURABLE: Final = ("listen", "replay")

INTERRUPTED: Final = 130
"""The exit code of a command that Ctrl-C ended, as shells give it."""


def build_parsers() -> tuple[argparse.ArgumentParser, dict[str, argparse.ArgumentParser]]:
    """Build the command line without importing either wing.

    Returns
    -------
    tuple
        The parser of the whole, and those of the subcommands by name.
    """
    parser = argparse.ArgumentParser(
        prog="callmood",
        description="Follow the emotion in speech while it is spoken: angry, happy, neutral, sad.",
        epilog="Example: callmood replay call.wav --spectrogram. Each command has its own --help.",
    )
    parser.add_argument("--version", action="version", version=f"callmood {__version__}")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    by_name = {}
    for name in COMMANDS:
        command = import_module(f"callmood.commands.{name}")
        by_name[name] = subparsers.add_parser(
            name,
            help=command.SUMMARY,
            description=command.SUMMARY,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        command.configure(by_name[name])
    return parser, by_name


def run_command(argv: Sequence[str] | None = None) -> int:
    """Run one subcommand.

    Parameters
    ----------
    argv : sequence of str, optional
        The words after `callmood`; those of the process by default.

    Returns
    -------
    int
        The exit code: 0, or that of the error which ended the command.
    """
    parser, by_name = build_parsers()
    arguments = parser.parse_args(argv)
    subparser = by_name[arguments.command]
    try:
        if arguments.command in CONFIGURABLE:
            path = None if arguments.config is None else Path(arguments.config)
            if configuration.apply(subparser, arguments.command, path):
                arguments = parser.parse_args(argv)
        code: int = import_module(f"callmood.commands.{arguments.command}").run(arguments)
    except UsageError as error:
        subparser.print_usage(sys.stderr)
        return complain(error)
    except CallmoodError as error:
        return complain(error)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our output has left, as `head` does; nothing more can be said to it, at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code


def complain(error: CallmoodError) -> int:
    """Say in one line what went wrong.

    Parameters
    ----------
    error : CallmoodError
        Its message says what, with which values, and what to do.

    Returns
    -------
    int
        The error's exit code.
    """
    sys.stderr.write(f"callmood: {' '.join(str(error).split())}\n")
    return error.exit_code
