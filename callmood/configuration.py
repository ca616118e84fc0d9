"""Defaults from a TOML file: a table a command, the long options as keys."""

import argparse
import os
import tomllib
from pathlib import Path
from typing import Any, Final

from callmood.collected import Collected
from emotion.errors import ConfigurationError

MAX_BYTES: Final = 100_000
CONFIGURABLE: Final = ("listen", "replay")
"""The commands whose options can have defaults in a file."""


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
    candidates = (Path("callmood.toml"), Path(home) / "callmood" / "callmood.toml")
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
        if path.stat().st_size > MAX_BYTES:
            raise ConfigurationError(
                f"{path} has more than {MAX_BYTES} bytes; a configuration is a few lines of TOML"
            )
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigurationError(f"{path} cannot be read as TOML: {error}; mend or remove it") from error


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
        If a table is of no command that takes defaults, a key is no option of the command, or its value is
        of the wrong kind.
    """
    found = find(path)
    if found is None:
        return False
    tables = read(found)
    for name in tables:
        if name not in CONFIGURABLE:
            known = " and ".join(f"[{each}]" for each in CONFIGURABLE)
            raise ConfigurationError(f"{found}: {name} is no table it can have; there are {known}")
    table = tables.get(command, {})
    if not isinstance(table, dict):
        raise ConfigurationError(f"{found}: {command} is {table!r}; write a table, [{command}]")
    options = {
        option.removeprefix("--"): action
        for action in parser._actions  # argparse has no public list of its options
        for option in action.option_strings
        if option.startswith("--") and option not in {"--help", "--config"}
    }
    for key, value in table.items():
        if key not in options:
            known = ", ".join(sorted(options))
            raise ConfigurationError(f"{found}: [{command}] has no option {key!r}; there are {known}")
        parser.set_defaults(**{options[key].dest: _checked(options[key], key, value, found)})
    return bool(table)


def _text(action: argparse.Action, key: str, value: object, path: Path) -> str:
    """Refuse what is no text; the number of a device may be written as one."""
    if action.dest == "device" and isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        raise ConfigurationError(f"{path}: {key} = {value!r}; it takes a string, or a list of strings")
    return value


def _checked(action: argparse.Action, key: str, value: object, path: Path) -> object:
    """Refuse a value that the same option on the command line could not have."""
    wanted = (
        "true or false" if action.nargs == 0 else "a number" if action.type in (int, float) else "a string"
    )
    fits = {
        "true or false": isinstance(value, bool),
        "a number": isinstance(value, int | float) and not isinstance(value, bool),
        "a string": isinstance(value, str),
    }
    if isinstance(action, Collected):
        return [_text(action, key, each, path) for each in (value if isinstance(value, list) else [value])]
    if not fits[wanted]:
        raise ConfigurationError(f"{path}: {key} = {value!r}; it takes {wanted}")
    if action.choices is not None and value not in action.choices:
        raise ConfigurationError(
            f"{path}: {key} = {value!r}; it is one of {', '.join(map(str, action.choices))}"
        )
    return value
