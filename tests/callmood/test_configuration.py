"""Defaults from a file: taken where they fit, refused in one line where they do not."""

import argparse
from pathlib import Path

import pytest

from callmood import configuration
from callmood.commands import listen
from callmood.session_arguments import add_session_arguments
from emotion.errors import ConfigurationError


@pytest.fixture
def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser()
    add_session_arguments(parser)
    return parser


def written(folder: Path, text: str) -> Path:
    path = folder / "callmood.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_default_comes_from_the_file_and_the_command_line_goes_before_it(
    parser: argparse.ArgumentParser, tmp_path: Path
) -> None:
    path = written(
        tmp_path, '[listen]\nstep = 0.25\nspectrogram = true\nrecord-session = true\nmodel = "synthetic"\n'
    )
    assert configuration.apply(parser, "listen", path)
    arguments = parser.parse_args(["--step", "1"])
    assert (arguments.step, arguments.spectrogram, arguments.model) == (1.0, True, "synthetic")
    assert arguments.record_session is True


def test_another_commands_table_changes_nothing(parser: argparse.ArgumentParser, tmp_path: Path) -> None:
    assert not configuration.apply(parser, "replay", written(tmp_path, "[listen]\nstep = 0.25\n"))
    assert parser.parse_args([]).step is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[listen]\nstpe = 1\n", "stpe"),
        ('[listen]\nstep = "fast"\n', "a number"),
        ("[listen]\nspectrogram = 1\n", "true or false"),
        ("[listen]\nmodel = true\n", "a string"),
        ("listen = 3\n", "a table"),
        ("[lisen]\nstep = 1\n", "lisen"),
        ("step = 1\n", "step is no table"),
        ("[listen\n", "TOML"),
        ("[listen]\nhelp = true\n", "help"),
        ("# " + "x" * configuration.MAX_BYTES, "bytes"),
    ],
)
def test_what_does_not_fit_is_refused(
    parser: argparse.ArgumentParser, tmp_path: Path, text: str, says: str
) -> None:
    with pytest.raises(ConfigurationError, match=says):
        configuration.apply(parser, "listen", written(tmp_path, text))


def test_a_file_that_is_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no such configuration"):
        configuration.find(tmp_path / "absent.toml")


def test_the_file_here_goes_before_the_users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    assert configuration.find(None) is None
    (tmp_path / "home" / "callmood").mkdir(parents=True)
    users = written(tmp_path / "home" / "callmood", "")
    assert configuration.find(None) == users
    written(tmp_path, "")
    assert configuration.find(None) == Path("callmood.toml")


def test_a_device_may_be_its_bare_number(tmp_path: Path) -> None:
    parser = argparse.ArgumentParser()
    listen.configure(parser)
    assert configuration.apply(parser, "listen", written(tmp_path, "[listen]\ndevice = 3\n"))
    assert parser.parse_args([]).device == ["3"]
