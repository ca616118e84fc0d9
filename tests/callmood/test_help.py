"""`--help` of every command: defaults, examples, short options."""

import re
import shlex
from argparse import ArgumentParser
from collections.abc import Iterator

import pytest

from callmood.cli import COMMANDS, build_parsers

PARSER, BY_NAME = build_parsers()
OPTION = re.compile(
    r"^  (?:-\w(?: \S+)?, )?--(?P<name>[\w-]+)(?P<metavar> \S+)?.*(?:\n {8,}.*)*", re.MULTILINE
)
REQUIRED = {("evaluate", "corpora"), ("export", "format")}


@pytest.fixture(autouse=True)
def _wide_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")


def options_with_values(parser: ArgumentParser) -> Iterator[tuple[str, str]]:
    """Give name and help of each option that takes a value."""
    for entry in OPTION.finditer(parser.format_help()):
        if entry["metavar"]:
            yield entry["name"], " ".join(entry[0].split())


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_with_a_value_shows_its_default(command: str) -> None:
    for name, text in options_with_values(BY_NAME[command]):
        shown = re.search(r"\(default(?:: (?P<value>.*))?", text)
        assert (shown is None) == ((command, name) in REQUIRED), text
        default = BY_NAME[command].get_default(name.replace("-", "_"))
        if shown is not None and default not in (None, []):
            value = f"{default:g}" if isinstance(default, float) else str(default)
            assert shown["value"] == f"{value})", text


def test_the_options_are_found_in_the_help() -> None:
    """What the test above looks at is there: its search could find nothing."""
    assert {name for name, _ in options_with_values(BY_NAME["listen"])} >= {"device", "model", "legs", "out"}
    assert {command for command in COMMANDS if any(options_with_values(BY_NAME[command]))} == {
        *("listen", "replay", "doctor", "sessions", "enroll", "voices", "forget", "predict", "generate"),
        *("train", "evaluate", "notice", "report", "export"),
    }


@pytest.mark.parametrize("command", [None, *COMMANDS])
def test_the_help_ends_with_examples_that_the_command_line_takes(command: str | None) -> None:
    text = (PARSER if command is None else BY_NAME[command]).format_help()
    head, _, examples = text.rpartition("\nexamples:\n")
    lines = examples.splitlines()
    assert head
    assert lines
    assert all(line.startswith("  ") for line in lines)
    parts = [part.split() and shlex.split(part) for line in lines for part in re.split(r"[|]|&&", line)]
    commands = [words[1:] for words in parts if words[0] == "callmood" and words[-1] != "--help"]
    assert len(commands) >= len(lines) - 1
    for words in commands:
        _, unknown = PARSER.parse_known_args(words)
        assert unknown == []
    assert command is None or any(words[0] == command for words in commands)


@pytest.mark.parametrize("command", COMMANDS)
def test_no_line_of_the_help_is_wider_than_the_terminal(command: str) -> None:
    assert max(map(len, BY_NAME[command].format_help().splitlines())) <= 100


@pytest.mark.parametrize("command", COMMANDS)
def test_the_usage_names_what_must_be_given_only(command: str) -> None:
    usage = BY_NAME[command].format_usage()
    assert usage.startswith(f"usage: callmood {command} [options]")
    assert usage.count("--") == sum(name == command for name, _ in REQUIRED)


@pytest.mark.parametrize(
    ("short", "long"),
    [
        (
            "listen -d 3 -d usb -m ./m -l a,b -o out -q",
            "--device 3 --device usb --model ./m --legs a,b --out out --quiet",
        ),
        ("replay a.wav -m ./m -l a,b -o out -q", "a.wav --model ./m --legs a,b --out out --quiet"),
        ("doctor -d 3 -o out", "--device 3 --out out"),
        ("enroll anna -d 3 -m ./m", "anna --device 3 --model ./m"),
        ("predict a.wav -m ./m", "a.wav --model ./m"),
        ("sessions -o out", "--out out"),
        ("forget anna -o out", "anna --out out"),
        ("generate -o out", "--out out"),
        ("train d --name n -o out", "d --name n --out out"),
        ("evaluate --corpora c -m ./m -o out", "--corpora c --model ./m --out out"),
    ],
)
def test_short_options_mean_the_long_ones(short: str, long: str) -> None:
    command = short.split(maxsplit=1)[0]
    assert PARSER.parse_args(short.split()) == PARSER.parse_args([command, *long.split()])
