"""Defaults from a file: taken where they fit, refused in one line where they do not."""

import argparse
from pathlib import Path

import pytest

from callmood import configuration
from callmood.commands import listen
from callmood.configuration import Found
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
    assert configuration.apply(parser, "listen", path) == (
        f"options from {path}: step, spectrogram, record-session, model"
    )
    arguments = parser.parse_args(["--step", "1"])
    assert (arguments.step, arguments.spectrogram, arguments.model) == (1.0, True, "synthetic")
    assert arguments.record_session is True


def test_another_commands_table_changes_nothing(parser: argparse.ArgumentParser, tmp_path: Path) -> None:
    assert configuration.apply(parser, "replay", written(tmp_path, "[listen]\nstep = 0.25\n")) == ""
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


KNOWN = "there are [listen] and [replay]"
LIST = "it takes a string, or a list of strings"
ENCODINGS = "it is one of s16le, f32le, mulaw, alaw"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[lisen]\nstep = 1\n", f"lisen is no table it can have; {KNOWN}"),
        ("listen = 3\n", "listen is 3; write a table, [listen]"),
        ("[listen]\nalert = 3\n", f"alert = 3; {LIST}"),
        ("[listen]\nalert = ['angry>0.7', 3]\n", f"alert = 3; {LIST}"),
        ("[listen]\ndevice = -1\n", f"device = -1; {LIST}"),
        ("[listen]\ndevice = true\n", f"device = True; {LIST}"),
        ("[listen]\nkeep = 7\n", "keep = 7; it takes a string"),
        ("[listen]\nencoding = 'mp3'\n", f"encoding = 'mp3'; {ENCODINGS}"),
        ('[listen]\nmodel = "a\\u0000b"\n', "model = 'a\\x00b'; no text holds a NUL"),
    ],
)
def test_a_refusal_says_what_stands_there_and_what_may(tmp_path: Path, text: str, says: str) -> None:
    parser = argparse.ArgumentParser()
    listen.configure(parser)
    path = written(tmp_path, text)
    with pytest.raises(ConfigurationError) as refused:
        configuration.apply(parser, "listen", path)
    assert str(refused.value) == f"{path}: {says}"


def test_an_option_that_there_is_not_is_refused_with_those_that_there_are(tmp_path: Path) -> None:
    parser = argparse.ArgumentParser()
    for name in ("--step", "--config", "--rate"):
        parser.add_argument(name)
    path = written(tmp_path, '[listen]\nconfig = "other.toml"\n')
    with pytest.raises(ConfigurationError) as refused:
        configuration.apply(parser, "listen", path)
    assert str(refused.value) == f"{path}: [listen] has no option 'config'; there are rate, step"


def test_what_fits_is_taken_as_the_command_line_would_give_it(tmp_path: Path) -> None:
    parser = argparse.ArgumentParser()
    listen.configure(parser)
    table = "alert = ['angry>0.7', 'sad>0.6']\ndevice = ['headset', 0]\nencoding = 'f32le'\nrate = 8000"
    configuration.apply(parser, "listen", written(tmp_path, f"[listen]\n{table}\nduration = 10\n"))
    arguments = parser.parse_args([])
    assert arguments.alert == ["angry>0.7", "sad>0.6"]
    assert arguments.device == ["headset", "0"]
    assert (arguments.encoding, arguments.rate, arguments.duration) == ("f32le", 8000, 10)


def test_a_file_may_be_as_large_as_the_bound_and_have_many_dots(tmp_path: Path) -> None:
    text = f"[listen]\n  # {'.' * 300}\n" + f"legs = '{'.' * 200}'\n"
    text += "".join(f"# a line\nx{number} = 0.5\n" for number in range(300))
    path = written(tmp_path, text.ljust(configuration.MAX_BYTES, "\n"))
    assert configuration.read(path)["listen"]["x299"] == 0.5


def test_the_user_s_file_lies_in_the_home_without_a_word_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".config" / "callmood").mkdir(parents=True)
    users = written(tmp_path / ".config" / "callmood", "")
    assert configuration.find(None) == (Found(users),)


def test_a_file_that_is_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no such configuration"):
        configuration.find(tmp_path / "absent.toml")


def test_the_users_file_counts_after_the_one_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    assert configuration.find(None) == ()
    (tmp_path / "home" / "callmood").mkdir(parents=True)
    users = written(tmp_path / "home" / "callmood", "")
    assert configuration.find(None) == (Found(users),)
    written(tmp_path, "")
    assert configuration.find(None) == (Found(Path("callmood.toml"), trusted=False), Found(users))


def test_a_device_may_be_its_bare_number(tmp_path: Path) -> None:
    parser = argparse.ArgumentParser()
    listen.configure(parser)
    configuration.apply(parser, "listen", written(tmp_path, "[listen]\ndevice = 3\n"))
    assert parser.parse_args([]).device == ["3"]
