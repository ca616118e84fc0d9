"""Defaults from a TOML file: keys, files of strangers, hostile values."""

import argparse
import json
import os
import subprocess
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import example, given
from hypothesis import strategies as st

from callmood import configuration
from callmood.commands import listen, replay
from callmood.configuration import Found
from callmood.model_choice import DEFAULT_MODEL
from callmood.session_options import add_session_arguments
from emotion.errors import ConfigurationError
from tests.command import Row, callmood
from tests.model_maker import tone_of
from tests.recorded_material import OLD, record, removed
from tests.spoiling import fuzzed, little_memory, spoiled
from tests.voice_model import make_voice_model


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


def test_standard_input_takes_the_place_of_devices_in_a_file(tmp_path: Path) -> None:
    parser = argparse.ArgumentParser()
    listen.configure(parser)
    configuration.apply(parser, "listen", written(tmp_path, '[listen]\ndevice = "headset"\nsystem = true\n'))
    arguments = parser.parse_args(["-"])
    assert (arguments.device, arguments.mic, arguments.system) == (None, False, False)
    assert parser.parse_args(["--device", "kettle", "-"]).device == ["kettle"], "the user's own contradiction"
    assert parser.parse_args(["--system", "-"]).system, "typed, although the file says the same"
    assert parser.parse_args([]).device == ["headset"]


def test_a_device_may_be_its_bare_number(tmp_path: Path) -> None:
    parser = argparse.ArgumentParser()
    listen.configure(parser)
    configuration.apply(parser, "listen", written(tmp_path, "[listen]\ndevice = 3\n"))
    assert parser.parse_args([]).device == ["3"]


RATE = 16_000
HERE = "a file of the working directory decides only how sound is heard and shown"
IGNORED = (
    "out, keep, max-size, keep-journals, moments, record, record-session, journal, spectrogram-png, voice, "
    "line, on-alert, post-alerts, announce"
)


@dataclass(frozen=True)
class Left:
    """What a command has said, and the folder where it ran: home/, sessions/, work/."""

    done: subprocess.CompletedProcess[str]
    folder: Path
    voice_before: bytes

    @property
    def lines(self) -> list[Row]:
        """Standard output, which holds nothing but JSON."""
        return [json.loads(line) for line in self.done.stdout.splitlines()]


@pytest.fixture(scope="module")
def voiced(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that learns voices, a recording, and a voice that the model has learned."""
    folder = tmp_path_factory.mktemp("voiced")
    make_voice_model(folder / "tiny", gate="level", win_seconds=1.0, step_seconds=0.25, lines=True)
    sound = np.concatenate([tone_of("angry", 1, RATE, 2.0), tone_of("sad", 2, RATE, 2.0)])
    soundfile.write(folder / "call.wav", sound, RATE, subtype="PCM_16")
    done = callmood(
        *("enroll", "anna", "call.wav", "--model", "./tiny", "--seconds", "2"),
        cwd=folder,
        env={"CALLMOOD_VOICES": str(folder / "voices")},
    )
    assert done.returncode == 0, done.stderr
    return folder


def heard_with(voiced: Path, folder: Path, picture: str, *more: str) -> Left:
    """Replay in a folder whose callmood.toml would remove, write, run and send."""
    for name in ("home", "voices", "work"):
        (folder / name).mkdir()
    # An empty file: one that holds something is refused as an output, and nothing would be tried here.
    (folder / "home" / ".hushlogin").touch()
    (folder / "voices" / "anna.json").write_bytes((voiced / "voices" / "anna.json").read_bytes())
    record(folder / "sessions", OLD, days_ago=100)
    (folder / "work" / "callmood.toml").write_text(
        f"""[replay]
        model = "{voiced}/tiny"
        step = 0.5
        out = "{folder}/sessions"
        keep = "7d"
        max-size = "2GB"
        keep-journals = "30d"
        moments = "all"
        record = "all"
        record-session = true
        journal = "journal.jsonl"
        spectrogram-png = "{picture}"
        voice = "anna"
        line = "office"
        alert = ["angry>0.01 for 0s", "sad>0.01 for 0s"]
        on-alert = "touch sprung"
        post-alerts = "http://127.0.0.1:9/"
        announce = "We analyse this."
        """
    )
    done = callmood(
        *("replay", str(voiced / "call.wav"), "--fast", "--json", "--never-unsure", *more),
        cwd=folder / "work",
        env={"HOME": str(folder / "home"), "CALLMOOD_VOICES": str(folder / "voices")},
    )
    return Left(done, folder, (voiced / "voices" / "anna.json").read_bytes())


@pytest.fixture(scope="module")
def strangers(voiced: Path, tmp_path_factory: pytest.TempPathFactory) -> Left:
    folder = tmp_path_factory.mktemp("strangers")
    return heard_with(voiced, folder, f"{folder}/home/.hushlogin")


@pytest.fixture(scope="module")
def named(voiced: Path, tmp_path_factory: pytest.TempPathFactory) -> Left:
    return heard_with(voiced, tmp_path_factory.mktemp("named"), "sound.png", "--config", "callmood.toml")


def test_a_stranger_s_file_removes_no_session(strangers: Left) -> None:
    assert [path.name for path in (strangers.folder / "sessions").iterdir()] == [OLD]


def test_a_stranger_s_file_overwrites_no_dot_file(strangers: Left) -> None:
    assert (strangers.folder / "home" / ".hushlogin").read_bytes() == b""


def test_a_stranger_s_file_rewrites_no_voice(strangers: Left) -> None:
    assert (strangers.folder / "voices" / "anna.json").read_bytes() == strangers.voice_before
    assert [path.name for path in (strangers.folder / "voices").iterdir()] == ["anna.json"]


def test_a_stranger_s_file_leaves_nothing_behind_and_runs_nothing(strangers: Left) -> None:
    assert [path.name for path in (strangers.folder / "work").iterdir()] == ["callmood.toml"]


def test_one_line_says_what_counts_what_does_not_and_how_it_would(strangers: Left) -> None:
    assert strangers.done.returncode == 0
    what = f"note: options from callmood.toml: step, alert; ignored: model, {IGNORED}"
    assert strangers.done.stderr == f"{what} ({HERE}; to apply all of it: --config callmood.toml)\n"


def test_how_sound_is_heard_and_shown_counts(strangers: Left) -> None:
    header, *lines, _ = strangers.lines
    assert (header["model"], header["step_seconds"]) == (DEFAULT_MODEL, 0.5)
    assert any(line["type"] == "alert" for line in lines)


def test_a_file_that_is_named_counts_whole(named: Left) -> None:
    said = IGNORED.replace("on-alert", "alert, on-alert")
    assert named.done.stderr.splitlines()[0] == f"note: options from callmood.toml: model, step, {said}"
    assert [line["session"] for line in removed(named.folder / "sessions")] == [OLD]
    assert (named.folder / "voices" / "anna.json").read_bytes() != named.voice_before
    work = {path.name for path in (named.folder / "work").iterdir()}
    assert work == {"callmood.toml", "journal.jsonl", "sound.png", "sprung"}
    assert named.lines[0]["model"] == "tiny"


@pytest.fixture
def listen_parser() -> argparse.ArgumentParser:
    listen_parser = argparse.ArgumentParser()
    listen.configure(listen_parser)
    return listen_parser


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's folder for callmood, with a file; the working directory is another."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    home = tmp_path / "config" / "callmood"
    home.mkdir(parents=True)
    (home / "callmood.toml").write_text('[listen]\njournal = "mine.jsonl"\nstep = 1.0\n')
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return home


def test_the_user_s_own_file_counts_whole_and_is_said(
    listen_parser: argparse.ArgumentParser, home: Path
) -> None:
    said = configuration.apply(listen_parser, "listen")
    assert said == f"options from {home / 'callmood.toml'}: journal, step"
    assert listen_parser.get_default("journal") == "mine.jsonl"


@pytest.mark.parametrize("way", ["cd", "link"])
def test_the_user_s_own_file_is_known_in_the_working_directory(
    listen_parser: argparse.ArgumentParser, home: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    if way == "cd":
        monkeypatch.chdir(home)
    else:
        Path("callmood.toml").symlink_to(home / "callmood.toml")
    assert configuration.apply(listen_parser, "listen") == "options from callmood.toml: journal, step"


def test_a_file_here_undoes_nothing_that_is_the_user_s(
    listen_parser: argparse.ArgumentParser, home: Path
) -> None:
    (home / "callmood.toml").write_text('[listen]\nno-audio = true\nanalyse = "me"\njournal = "mine.jsonl"\n')
    Path("callmood.toml").write_text(
        '[listen]\nno-audio = false\nanalyse = "them"\nstep = 2.0\njournal = "theirs.jsonl"\n'
    )
    said = configuration.apply(listen_parser, "listen")
    defaults = [listen_parser.get_default(name) for name in ("no_audio", "analyse", "step", "journal")]
    assert defaults == [True, "me", 2.0, "mine.jsonl"]
    assert said.startswith("options from callmood.toml: no-audio, analyse, step; ignored: journal (")
    assert said.endswith(f"; options from {home / 'callmood.toml'}: no-audio, analyse, journal")


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ('model = "speech-light"', "options from callmood.toml: model"),
        ('model = "./speech-light"', "options from callmood.toml: none; ignored: model ("),
        ('model = "/m/speech"', "options from callmood.toml: none; ignored: model ("),
        ('model = ".."', "options from callmood.toml: none; ignored: model ("),
        ("new = true\nstep = 2.0", "options from callmood.toml: step; ignored: new ("),
    ],
)
def test_what_is_no_bare_name_and_what_is_new_is_ignored(
    listen_parser: argparse.ArgumentParser,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    table: str,
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "nobody"))
    listen_parser.add_argument("--new", action="store_true")
    Path("callmood.toml").write_text(f"[listen]\n{table}\n")
    assert configuration.apply(listen_parser, "listen").startswith(said)
    assert listen_parser.get_default("new") is False
    assert listen_parser.get_default("model") == ("speech-light" if said.endswith("model") else DEFAULT_MODEL)


def test_what_is_ignored_is_held_to_its_kind_all_the_same(
    listen_parser: argparse.ArgumentParser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("callmood.toml").write_text("[listen]\nkeep = 7\n")
    with pytest.raises(ConfigurationError, match="keep = 7; it takes a string"):
        configuration.apply(listen_parser, "listen")


@pytest.mark.parametrize(
    ("command", "configure"), [("listen", listen.configure), ("replay", replay.configure)]
)
def test_what_counts_from_anybody_are_options_that_there_are(
    capsys: pytest.CaptureFixture[str], command: str, configure: Callable[[argparse.ArgumentParser], None]
) -> None:
    listen_parser = argparse.ArgumentParser()
    configure(listen_parser)
    listen_parser.print_help()
    said = capsys.readouterr().out
    assert all(f"--{option}" in said for option in configuration.FROM_ANYBODY[command])


@pytest.mark.parametrize(
    ("command", "configure"), [("listen", listen.configure), ("replay", replay.configure)]
)
def test_what_writes_removes_runs_sends_or_names_a_path_counts_from_nobody(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
    configure: Callable[[argparse.ArgumentParser], None],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", os.devnull)
    listen_parser = argparse.ArgumentParser()
    configure(listen_parser)
    words = ["call.wav"] if command == "replay" else []
    before = vars(listen_parser.parse_args(words))
    switches = ("record-session", "force", "group-readable")
    numbers = ("margin", "longest")
    texts = [name for name in IGNORED.split(", ") if name not in switches]
    texts += ["started"] if command == "replay" else []
    names = [*texts, *switches, *numbers]
    table = "".join([f'{name} = "x"\n' for name in texts] + [f"{name} = true\n" for name in switches])
    table += "".join(f"{name} = 1\n" for name in numbers)
    Path("callmood.toml").write_text(f"[{command}]\n{table}")
    said = configuration.apply(listen_parser, command)
    assert said.startswith(f"options from callmood.toml: none; ignored: {', '.join(names)} (")
    assert vars(listen_parser.parse_args(words)) == before
    others = {name.replace("_", "-") for name in before} - {*names, "config", "pipe", "file"}
    assert others == configuration.FROM_ANYBODY[command], "a new option is of the one kind or the other"


@pytest.mark.parametrize("what", [os.devnull, "."])
def test_what_is_no_file_is_left_alone(listen_parser: argparse.ArgumentParser, home: Path, what: str) -> None:
    Path("callmood.toml").symlink_to(what)
    assert (
        configuration.apply(listen_parser, "listen")
        == f"options from {home / 'callmood.toml'}: journal, step"
    )


def test_a_configuration_folder_below_the_working_directory_is_not_the_user_s(
    listen_parser: argparse.ArgumentParser, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(home.parents[1])
    monkeypatch.setenv("XDG_CONFIG_HOME", "config")
    assert configuration.apply(listen_parser, "listen") == ""


def test_a_name_that_no_file_can_have() -> None:
    with pytest.raises(ConfigurationError, match=r"^x{300}: no such configuration file"):
        configuration.find(Path("x" * 5_000))


GOOD = b"""
[listen]
device = ["headset", "3"]
step = 0.25
duration = 10
spectrogram = true
record = "angry"
voice = ["me=anna"]
[replay]
speed = 2.0
"""
KEYS = (
    "device",
    "step",
    "win",
    "rate",
    "channels",
    "duration",
    "json",
    "voice",
    "alert",
    "model",
    "help",
    "x",
    '"a b"',
)
LITERALS = (
    "1", "-1", "0.5", "inf", "nan", "true", '""', '"x"', '"\\u001b[2J"', "[]", "[1]", '["a", "b"]', "{}",
    "{a = 1}",
    "1979-05-27", "07:32:00", "0x" + "f" * 5_000, "1" * 5_000, "1e400", '"' + "x" * 5_000 + '"', "'''\n'''",
)  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("configuration") / "callmood.toml"


def _apply(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    parser = argparse.ArgumentParser()
    listen.configure(parser)
    # argparse ends where a text cannot be converted.
    with little_memory(), suppress(ConfigurationError, SystemExit):
        configuration.apply(parser, "listen", path)
        arguments = parser.parse_args([])
        assert arguments.step is None or isinstance(arguments.step, int | float)
        assert isinstance(arguments.json, bool)
        assert all(isinstance(name, str) for name in arguments.device or [])


@fuzzed(60)
@given(content=spoiled([GOOD]) | st.binary(max_size=100))
@example(content=b"listen = " + b"[" * 90_000)
@example(content=b"a." * 45_000 + b"a = 1")
@example(content=b"x = 2021-13-45")
def test_spoiled_bytes(place: Path, content: bytes) -> None:
    _apply(place, content)


@fuzzed(60)
@given(options=st.lists(st.tuples(st.sampled_from(KEYS), st.sampled_from(LITERALS)), max_size=4))
@example(options=[("step", "1" * 5_000)])
@example(options=[("step", "0x" + "f" * 5_000)])
@example(options=[("rate", "2.5")])
def test_odd_values(place: Path, options: list[tuple[str, str]]) -> None:
    lines = "".join(f"{key} = {literal}\n" for key, literal in options)
    _apply(place, f"[listen]\n{lines}".encode())


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("step = " + "1" * 5_000, "cannot be read as TOML: Exceeds the limit"),
        ("step = 0x" + "f" * 5_000, "step = a huge number; it takes a number"),
        ('journal = "a\\u0000b"', "no text holds a NUL"),
        ('device = ["a\\u0000b"]', "no text holds a NUL"),
        ("rate = 2.5", "rate = 2.5; it takes a whole number"),
        ("a." * 201 + "a = 1", "a line with more than 200 dots"),
        ("step = [1, 2]", "step = a list; it takes a number"),
        (f"step = '{'x' * 5_000}'", r"step = 'x{99}\.\.\.; it takes a number"),
    ],
)
def test_what_fuzzing_found(tmp_path: Path, line: str, words: str) -> None:
    path = tmp_path / "callmood.toml"
    path.write_text(f"[listen]\n{line}\n", encoding="utf-8")
    parser = argparse.ArgumentParser()
    listen.configure(parser)
    with pytest.raises(ConfigurationError, match=words) as refused:
        configuration.apply(parser, "listen", path)
    assert len(str(refused.value)) < 400


def test_a_file_of_a_gigabyte_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "callmood.toml").touch()
    os.truncate(tmp_path / "callmood.toml", 2**30)
    with little_memory(1_000_000), pytest.raises(ConfigurationError, match="has more than 100000 bytes"):
        configuration.read(tmp_path / "callmood.toml")
