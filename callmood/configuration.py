"""Defaults from a TOML file: a table for each command, the long options as keys."""

import argparse
import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from emotion.atomic_files import is_file
from emotion.errors import ConfigurationError, did_you_mean


class Collected(argparse.Action):
    """Collects values into a list; values on the command line replace those of a configuration file.

    argparse's own "append" would add to those of the file, and none of them could be left out.
    """

    def __call__(
        self,
        parser: argparse.ArgumentParser,  # noqa: ARG002 - argparse calls it so
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,  # noqa: ARG002
    ) -> None:
        """Add a value."""
        before = getattr(namespace, self.dest)
        kept = [] if before is None or before is self.default else before
        setattr(namespace, self.dest, [*kept, values])


class FromAnybody(str):
    """A text that `HERE` sets, for options on which it may decide less than the user."""

    __slots__ = ()


MAX_BYTES: Final = 100_000
_MAX_NUMBER: Final = 2**63
"""TOML has no larger number, but its reader accepts them."""
_SHOWN_CHARACTERS: Final = 100
_SHOWN_OF_PATH: Final = 300
_MAX_DOTS: Final = 200
HERE: Final = Path("callmood.toml")
"""Belongs to the working directory, which may be from anybody."""

_SESSION: Final = frozenset(
    {
        *("model", "win", "step", "duration", "legs", "analyse", "staff", "no-baseline", "never-unsure"),
        *("json", "plain", "quiet", "spectrogram", "alert", "alert-cooldown", "no-audio"),
    }
)
FROM_ANYBODY: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "listen": _SESSION | {"device", "mic", "system", "rate", "channels", "encoding"},
        "replay": _SESSION | {"fast"},
    }
)
"""For each command with a table in a file, the options that `HERE` may set: those of analysis and display.

Options that write, remove, run, send or name a path are left out, and so is every new option.
"""


@dataclass(frozen=True, slots=True)
class Found:
    """A configuration file; untrusted in the working directory, unless it is named or the user's own."""

    path: Path
    trusted: bool = True


def find(path: Path | None) -> tuple[Found, ...]:
    """Find the configuration files."""
    if path is not None:
        if not is_file(path):
            shown = str(path)[:_SHOWN_OF_PATH]
            raise ConfigurationError(
                f"{shown}: no such configuration file; name another, or leave --config out"
            )
        return (Found(path),)
    own = _own_file()
    files = () if own is None else (Found(own),)
    if not is_file(HERE):
        return files
    if own is not None and own.samefile(HERE):
        return (Found(HERE),)
    return (Found(HERE, trusted=False), *files)


def _own_file() -> Path | None:
    """Find the file in the user's configuration folder."""
    home = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")  # noqa: PTH111 - Path.expanduser raises without a home
    path = Path(home, "callmood", "callmood.toml")
    # A path that is not absolute, as without a home, leads into the working directory: it is not the user's.
    return path if path.is_absolute() and is_file(path) else None


def read(path: Path) -> dict[str, Any]:
    """Read a configuration file."""
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
        tables = {} if len(raw) > MAX_BYTES else tomllib.loads(_without_long_keys(raw.decode()))
    # A number of too many digits is a plain ValueError.
    except (OSError, ValueError, RecursionError) as error:
        reason = str(error)[:_SHOWN_CHARACTERS]
        raise ConfigurationError(f"{path} cannot be read as TOML: {reason}; mend or remove it") from error
    if len(raw) > MAX_BYTES:
        raise ConfigurationError(
            f"{path} has more than {MAX_BYTES} bytes; a configuration is a few lines of TOML"
        )
    return tables


def _without_long_keys(text: str) -> str:
    """Refuse a key of thousands of parts, for which the reader of TOML takes memory quadratically."""
    for line in text.split("\n"):
        if line.count(".") > _MAX_DOTS and not line.lstrip().startswith("#"):
            raise ValueError(f"a line with more than {_MAX_DOTS} dots")
    return text


def apply(parser: argparse.ArgumentParser, command: str, path: Path | None = None) -> str:
    """Replace the defaults of a command's options by those of the files; give a note about it, or nothing.

    A file of the working directory sets only the options in `FROM_ANYBODY`.
    """
    options = {
        option.removeprefix("--"): action
        for action in parser._actions  # argparse has no public list of its options
        for option in action.option_strings
        if option.startswith("--") and option not in {"--help", "--config"}
    }
    words = []
    for found in find(path):
        table = _table(found.path, command, options)
        counts = {key: found.trusted or _is_anybodys(command, key, value) for key, value in table.items()}
        for key, value in table.items():
            if counts[key]:
                is_strangers = isinstance(value, str) and not found.trusted
                parser.set_defaults(**{options[key].dest: FromAnybody(value) if is_strangers else value})
        if table:
            words.append(_in_words(found.path, counts))
    return "; ".join(words)


def _table(path: Path, command: str, options: Mapping[str, argparse.Action]) -> dict[str, object]:
    """Read a command's table, each value checked as its option would check it."""
    tables = read(path)
    for name in tables:
        if name not in FROM_ANYBODY:
            known = " and ".join(f"[{each}]" for each in FROM_ANYBODY)
            raise ConfigurationError(
                f"{path}: {name[:_SHOWN_CHARACTERS]} is no table it can have; there are {known}"
            )
    table = tables.get(command, {})
    if not isinstance(table, dict):
        raise ConfigurationError(f"{path}: {command} is {_shown(table)}; write a table, [{command}]")
    for key in table:
        if key not in options:
            known = ", ".join(sorted(options))
            near = did_you_mean(key, options)
            raise ConfigurationError(
                f"{path}: [{command}] has no option {_shown(key)};{f' {near}' * bool(near)} there are {known}"
            )
    return {key: _checked(options[key], key, value, path) for key, value in table.items()}


def _is_anybodys(command: str, key: str, value: object) -> bool:
    """Tell whether an untrusted file may set an option; a model only by its bare name."""
    from emotion.model import is_bare_name

    if key == "model" and not is_bare_name(str(value)):
        return False
    return key in FROM_ANYBODY[command]


def _in_words(path: Path, counts: Mapping[str, bool]) -> str:
    """List the options of a file that are applied, and those that are ignored."""
    applied, ignored = ([key for key in counts if counts[key] is wanted] for wanted in (True, False))
    words = f"options from {path}: {', '.join(applied) or 'none'}"
    if not ignored:
        return words
    return (
        f"{words}; ignored: {', '.join(ignored)} (a file of the working directory decides only how sound is "
        f"heard and shown; to apply all of it: --config {path})"
    )


def _shown(value: object) -> str:
    """Shorten a value for a message."""
    if type(value) is int and abs(value) > _MAX_NUMBER:
        return "a huge number"
    if not isinstance(value, str | int | float):
        return f"a {type(value).__name__}"
    text = repr(value)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}..."


def _text(action: argparse.Action, key: str, value: object, path: Path) -> str:
    """Refuse what is no string; a device may be given by its number."""
    if action.dest == "device" and type(value) is int and 0 <= value <= _MAX_NUMBER:
        return str(value)
    if not isinstance(value, str):
        raise ConfigurationError(f"{path}: {key} = {_shown(value)}; it takes a string, or a list of strings")
    return value


def _checked(action: argparse.Action, key: str, value: object, path: Path) -> object:
    """Refuse a value that the same option on the command line could not have."""
    entries = value if isinstance(value, list) else [value]
    if any("\0" in each for each in entries if isinstance(each, str)):
        raise ConfigurationError(f"{path}: {key} = {_shown(value)}; no text holds a NUL")
    if isinstance(action, Collected):
        return [_text(action, key, each, path) for each in entries]
    is_whole = type(value) is int and abs(value) <= _MAX_NUMBER
    if action.nargs == 0:
        wanted, fits = "true or false", isinstance(value, bool)
    elif action.type is int:
        wanted, fits = "a whole number", is_whole
    elif action.type is float:
        wanted, fits = "a number", is_whole or type(value) is float
    else:
        wanted, fits = "a string", isinstance(value, str)
    if not fits:
        raise ConfigurationError(f"{path}: {key} = {_shown(value)}; it takes {wanted}")
    if action.choices is not None and value not in action.choices:
        raise ConfigurationError(
            f"{path}: {key} = {_shown(value)}; it is one of {', '.join(map(str, action.choices))}"
        )
    return value
