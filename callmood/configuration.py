"""Defaults from a TOML file: a table a command, the long options as keys."""

import argparse
import os
import tomllib
from pathlib import Path
from typing import Any, Final

from callmood.collected import Collected
from emotion.errors import ConfigurationError

MAX_BYTES: Final = 100_000
_MAX_NUMBER: Final = 2**63
"""TOML knows no number beyond it; its reader takes them all the same."""
_SHOWN_CHARACTERS: Final = 100
_MAX_DOTS: Final = 200
CONFIGURABLE: Final = ("listen", "replay")
"""The commands whose options can have defaults in a file."""
HERE: Final = Path("callmood.toml")
NOT_FROM_HERE: Final = ("on-alert", "post-alerts")
"""Whoever listens in a folder that came from elsewhere has not asked for what its author would run."""


def find(path: Path | None) -> Path | None:
    """Find the configuration file.

    Parameters
    ----------
    path : Path or None
        The file that the command line names.

    Returns
    -------
    Path or None
        `path`; else `callmood.toml` here; else `callmood/callmood.toml` in the user's configuration folder.

    Raises
    ------
    ConfigurationError
        If the file named does not exist.
    """
    if path is not None:
        if not path.is_file():
            raise ConfigurationError(
                f"{path}: no such configuration file; name another, or leave --config out"
            )
        return path
    home = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")  # noqa: PTH111 - Path.expanduser raises without a home
    candidates = (HERE, Path(home) / "callmood" / "callmood.toml")
    return next((candidate for candidate in candidates if candidate.is_file()), None)


def read(path: Path) -> dict[str, Any]:
    """Read a configuration file.

    Parameters
    ----------
    path : Path
        TOML, at most 100 kB.

    Returns
    -------
    dict
        Its tables.

    Raises
    ------
    ConfigurationError
        If it is not TOML, too large, or cannot be read.
    """
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
    """Refuse a key of thousands of parts, for which the reader of TOML takes memory by their square."""
    for line in text.split("\n"):
        if line.count(".") > _MAX_DOTS and not line.lstrip().startswith("#"):
            raise ValueError(f"a line with more than {_MAX_DOTS} dots")
    return text


def apply(parser: argparse.ArgumentParser, command: str, path: Path | None = None) -> bool:
    """Let the file's table for a command replace the defaults of its options.

    Parameters
    ----------
    parser : ArgumentParser
        That of the command; its defaults change.
    command : str
        The command's name, and the table's.
    path : Path, optional
        The file that the command line names.

    Returns
    -------
    bool
        True if there was anything to apply.

    Raises
    ------
    ConfigurationError
        If a table is of no command that takes defaults, a key is no option of the command, its value is of
        the wrong kind, or it is one of `NOT_FROM_HERE` in a file that nobody named.
    """
    found = find(path)
    if found is None:
        return False
    tables = read(found)
    for name in tables:
        if name not in CONFIGURABLE:
            known = " and ".join(f"[{each}]" for each in CONFIGURABLE)
            raise ConfigurationError(
                f"{found}: {name[:_SHOWN_CHARACTERS]} is no table it can have; there are {known}"
            )
    table = tables.get(command, {})
    if not isinstance(table, dict):
        raise ConfigurationError(f"{found}: {command} is {_shown(table)}; write a table, [{command}]")
    options = {
        option.removeprefix("--"): action
        for action in parser._actions  # argparse has no public list of its options
        for option in action.option_strings
        if option.startswith("--") and option not in {"--help", "--config"}
    }
    for key, value in table.items():
        if key not in options:
            known = ", ".join(sorted(options))
            raise ConfigurationError(f"{found}: [{command}] has no option {_shown(key)}; there are {known}")
        if path is None and found == HERE and key in NOT_FROM_HERE:
            raise ConfigurationError(
                f"{found}: {key} would run a program or send something, and what lies in the working "
                f"directory may be anybody's; if it is yours, say --config {found}"
            )
        parser.set_defaults(**{options[key].dest: _checked(options[key], key, value, found)})
    return bool(table)


def _shown(value: object) -> str:
    """Give a value for a message: the beginning of a long one, and no number of thousands of digits."""
    if type(value) is int and abs(value) > _MAX_NUMBER:
        return "a huge number"
    if not isinstance(value, str | int | float):
        return f"a {type(value).__name__}"
    text = repr(value)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}..."


def _text(action: argparse.Action, key: str, value: object, path: Path) -> str:
    """Refuse what is no text; the number of a device may be written as one."""
    if action.dest == "device" and type(value) is int and 0 <= value <= _MAX_NUMBER:
        return str(value)
    if not isinstance(value, str):
        raise ConfigurationError(f"{path}: {key} = {_shown(value)}; it takes a string, or a list of strings")
    return value


def _checked(action: argparse.Action, key: str, value: object, path: Path) -> object:
    """Refuse a value that the same option on the command line could not have."""
    numbers: dict[object, str] = {int: "a whole number", float: "a number"}
    wanted = "true or false" if action.nargs == 0 else numbers.get(action.type, "a string")
    fits = {
        "true or false": isinstance(value, bool),
        "a whole number": type(value) is int and abs(value) <= _MAX_NUMBER,
        "a number": type(value) is float or (type(value) is int and abs(value) <= _MAX_NUMBER),
        "a string": isinstance(value, str),
    }
    if any("\0" in each for each in (value if isinstance(value, list) else [value]) if isinstance(each, str)):
        raise ConfigurationError(f"{path}: {key} = {_shown(value)}; no text holds a NUL")
    if isinstance(action, Collected):
        return [_text(action, key, each, path) for each in (value if isinstance(value, list) else [value])]
    if not fits[wanted]:
        raise ConfigurationError(f"{path}: {key} = {_shown(value)}; it takes {wanted}")
    if action.choices is not None and value not in action.choices:
        raise ConfigurationError(
            f"{path}: {key} = {_shown(value)}; it is one of {', '.join(map(str, action.choices))}"
        )
    return value
