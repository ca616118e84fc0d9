"""Parse the command line, run the command, and turn errors into one line and an exit code."""

import argparse
import errno
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from typing import Any, Final, NoReturn

from callmood import __version__, configuration
from callmood.process import complain, error_line, say_note
from callmood.session_options import replay_hint
from emotion import wall_clock
from emotion.errors import CallmoodError, OutputError, UsageError, did_you_mean, name_advice, printable

COMMANDS: Final = (
    "listen",
    "replay",
    "devices",
    "doctor",
    "sessions",
    "report",
    "export",
    "enroll",
    "voices",
    "forget",
    "notice",
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


class _HelpFormatter(argparse.HelpFormatter):
    """Writes `[options]` for all options in the usage, and fills paragraphs but those with indented lines."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        fill = super()._fill_text
        paragraphs = text.strip().split("\n\n")
        return "\n\n".join(each if "\n  " in each else fill(each, width, indent) for each in paragraphs)

    def _format_usage(self, usage: str | None, actions: Iterable[argparse.Action], *more: Any) -> str:
        needed = [action for action in actions if action.required or not action.option_strings]
        text = super()._format_usage(usage, needed, *more)
        return text.replace(self._prog, f"{self._prog} [options]", 1)


class CommandParser(argparse.ArgumentParser):
    """Reports a usage error in one line, with a suggestion for a mistyped name."""

    def __init__(self, **options: Any) -> None:
        super().__init__(formatter_class=_HelpFormatter, **options)
        # The actions keep `float` and `int` as their type, by which the configuration checks its values.
        self.register("type", float, _converter(float, "number"))
        self.register("type", int, _converter(int, "whole number"))

    def error(self, message: str) -> NoReturn:
        """End the command."""
        self.exit(UsageError.exit_code, error_line(message.removeprefix("argument "), self.prog))

    def refuse_unknown(self, word: str) -> NoReturn:
        """End the command for an argument that it does not take."""
        if not word.startswith("-"):
            self.error(f"{word!r} is one argument too many; quote a name that has blanks")
        name = word.partition("=")[0]
        options = [option for option in self._option_string_actions if option.startswith("--")]
        self.error(f"there is no option {name}; {did_you_mean(name, options)}".rstrip("; "))

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is None or value in action.choices:
            return
        if action.dest != "command":
            raise argparse.ArgumentError(
                action, f"{value!r} is unknown; {name_advice(value, action.choices)}"
            )
        advice = replay_hint(value) or name_advice(value, action.choices)
        raise argparse.ArgumentError(None, f"there is no command {value!r}; {advice}")


def _converter(kind: type[float], words: str) -> Callable[[str], float]:
    """Give what converts an argument, with an error in words."""

    def convert(text: str) -> float:
        try:
            return kind(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is no {words}") from None

    return convert


def build_parsers() -> tuple[CommandParser, dict[str, CommandParser]]:
    """Build the command line without importing either wing."""
    parser = CommandParser(
        prog="callmood",
        description="Follow the emotion in speech while it is spoken: angry, happy, neutral, sad.",
        epilog=(
            "examples:\n"
            "  callmood listen --moments angry,sad\n"
            "  callmood report last\n"
            "  callmood replay call.wav --spectrogram\n"
            "  callmood predict call.wav\n"
            "  callmood listen --help\n"
        ),
    )
    parser.add_argument("-V", "--version", action="version", version=f"callmood {__version__}")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", prog=parser.prog)
    by_name: dict[str, CommandParser] = {}
    for name in COMMANDS:
        command = import_module(f"callmood.commands.{name}")
        by_name[name] = subparsers.add_parser(name, help=command.SUMMARY, description=command.SUMMARY)
        command.configure(by_name[name])
    return parser, by_name


def run_command(argv: Sequence[str] | None = None) -> int:
    """Run one command; give its exit code."""
    parser, by_name = build_parsers()
    arguments, unknown = parser.parse_known_args(argv)
    subparser = by_name.get(arguments.command, parser)
    if unknown:
        subparser.refuse_unknown(unknown[0])
    if subparser is parser:
        parser.error(f"give a command: {', '.join(COMMANDS)}")
    try:
        if arguments.command in configuration.FROM_ANYBODY:
            said = configuration.apply(subparser, arguments.command, arguments.config)
            if said:
                say_note(said)
                arguments = parser.parse_args(argv)
        code: int = import_module(f"callmood.commands.{arguments.command}").run(arguments)
        sys.stdout.flush()
    except UsageError as error:
        return complain(error, subparser.prog)
    except CallmoodError as error:
        return complain(error)
    except OverflowError as error:
        if not wall_clock.is_beyond_python():
            raise
        date = wall_clock.utc(wall_clock.now()).date()
        words = f"the clock says {date}, and what this command needs takes no date after 2262-04-11"
        return complain(CallmoodError(f"{words} ({error}); set the clock"))
    except BrokenPipeError:
        _discard_output()  # The reader has closed the pipe, as `head` does.
        return 0
    except OSError as error:
        return complain(_explained(error))
    return code


def _explained(error: OSError) -> CallmoodError:
    """Explain an error of the system that no caller explained: of standard output, or of a path."""
    if error.filename is not None and error.errno in OUT_OF_REACH:
        return CallmoodError(f"{printable(str(error.filename))}: {error.strerror}; give another path")
    if error.filename is None and error.errno == errno.ENOENT:
        return CallmoodError("the working directory is not there any more; change to another")
    if error.filename is None and error.errno in DISK_FULL:
        _discard_output()
        return OutputError(f"cannot write the output: {error.strerror}; send it somewhere else")
    raise error


def _discard_output() -> None:
    """Discard what standard output still buffers, which the end of the process would try to write."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
