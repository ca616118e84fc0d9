"""Find the subcommand, run it, and turn errors into one line and an exit code."""

import argparse
import errno
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Final, NoReturn

from callmood import __version__, configuration
from callmood.messages import complain, say_note
from emotion import wall_clock
from emotion.errors import CallmoodError, OutputError, UsageError
from emotion.untrusted_text import message_line, printable

COMMANDS: Final = (
    "listen",
    "replay",
    "devices",
    "doctor",
    "sessions",
    "enroll",
    "voices",
    "forget",
    "predict",
    "models",
    "features",
    "init",
    "generate",
    "train",
    "evaluate",
)

DISK_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
OUT_OF_REACH: Final = (errno.ENAMETOOLONG, errno.EACCES, errno.EPERM, errno.ELOOP, errno.ENOTDIR)


class _Parser(argparse.ArgumentParser):
    """Ends with a line that is no longer than any other complaint, whatever it quotes."""

    def error(self, message: str) -> NoReturn:
        super().error(message_line(message))


def build_parsers() -> tuple[argparse.ArgumentParser, dict[str, argparse.ArgumentParser]]:
    """Build the command line without importing either wing."""
    parser = _Parser(
        prog="callmood",
        description="Follow the emotion in speech while it is spoken: angry, happy, neutral, sad.",
        epilog="Example: callmood replay call.wav --spectrogram. Each command has its own --help.",
    )
    parser.add_argument("--version", action="version", version=f"callmood {__version__}")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    by_name: dict[str, argparse.ArgumentParser] = {}
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
    """Run one subcommand."""
    parser, by_name = build_parsers()
    arguments, unknown = parser.parse_known_args(argv)
    subparser = by_name[arguments.command]
    if unknown:
        subparser.error(f"unrecognized arguments: {' '.join(unknown)}")
    try:
        if arguments.command in configuration.FROM_ANYBODY:
            path = None if arguments.config is None else Path(arguments.config)
            if said := configuration.apply(subparser, arguments.command, path):
                say_note(said)
                arguments = parser.parse_args(argv)
        code: int = import_module(f"callmood.commands.{arguments.command}").run(arguments)
        sys.stdout.flush()
    except UsageError as error:
        subparser.print_usage(sys.stderr)
        return complain(error)
    except CallmoodError as error:
        return complain(error)
    except OverflowError as error:
        if not wall_clock.is_beyond_python():
            raise
        date = wall_clock.utc(wall_clock.now()).date()
        words = f"the clock says {date}, and what this command needs takes no date after 2262-04-11"
        return complain(CallmoodError(f"{words} ({error}); set the clock"))
    except BrokenPipeError:
        _send_output_nowhere()  # Its reader has left, as `head` does.
        return 0
    except OSError as error:
        return complain(_explained(error))
    return code


def _explained(error: OSError) -> CallmoodError:
    """Say what those who open and write files have not said: a plain write, or a path of no use."""
    if error.filename is not None and error.errno in OUT_OF_REACH:
        return CallmoodError(f"{printable(str(error.filename))}: {error.strerror}; give another path")
    if error.filename is None and error.errno == errno.ENOENT:
        return CallmoodError("the working directory is not there any more; change to another")
    if error.filename is None and error.errno in DISK_FULL:
        _send_output_nowhere()
        return OutputError(f"cannot write the output: {error.strerror}; send it somewhere else")
    raise error


def _send_output_nowhere() -> None:
    """Drop what standard output still holds, so that the end of the process does not stumble over it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
