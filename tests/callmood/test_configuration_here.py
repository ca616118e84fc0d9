"""A callmood.toml of the working directory changes how sound is heard and shown, and nothing else."""

import argparse
import json
import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import soundfile

from callmood import configuration
from callmood.commands import listen, replay
from emotion.errors import ConfigurationError
from emotion.model_folders import DEFAULT_MODEL
from tests.command import Row, callmood
from tests.model_maker import tone_of
from tests.recorded_material import OLD, record, removed
from tests.voice_model import make_voice_model

RATE = 16_000
HERE = "a file of the working directory decides only how sound is heard and shown"
IGNORED = (
    "out, keep, max-size, record, record-session, journal, spectrogram-png, voice, on-alert, post-alerts"
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
    make_voice_model(folder / "tiny", gate="level", win_seconds=1.0, step_seconds=0.25)
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
        record = "all"
        record-session = true
        journal = "journal.jsonl"
        spectrogram-png = "{picture}"
        voice = "anna"
        alert = ["angry>0.01 for 0s", "sad>0.01 for 0s"]
        on-alert = "touch sprung"
        post-alerts = "http://127.0.0.1:9/"
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
def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser()
    listen.configure(parser)
    return parser


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


def test_the_user_s_own_file_counts_whole_and_is_said(parser: argparse.ArgumentParser, home: Path) -> None:
    said = configuration.apply(parser, "listen")
    assert said == f"options from {home / 'callmood.toml'}: journal, step"
    assert parser.get_default("journal") == "mine.jsonl"


@pytest.mark.parametrize("way", ["cd", "link"])
def test_the_user_s_own_file_is_known_in_the_working_directory(
    parser: argparse.ArgumentParser, home: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    if way == "cd":
        monkeypatch.chdir(home)
    else:
        Path("callmood.toml").symlink_to(home / "callmood.toml")
    assert configuration.apply(parser, "listen") == "options from callmood.toml: journal, step"


def test_a_file_here_undoes_nothing_that_is_the_user_s(parser: argparse.ArgumentParser, home: Path) -> None:
    (home / "callmood.toml").write_text('[listen]\nno-audio = true\nanalyse = "me"\njournal = "mine.jsonl"\n')
    Path("callmood.toml").write_text(
        '[listen]\nno-audio = false\nanalyse = "them"\nstep = 2.0\njournal = "theirs.jsonl"\n'
    )
    said = configuration.apply(parser, "listen")
    defaults = [parser.get_default(name) for name in ("no_audio", "analyse", "step", "journal")]
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
    parser: argparse.ArgumentParser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, table: str, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "nobody"))
    parser.add_argument("--new", action="store_true")
    Path("callmood.toml").write_text(f"[listen]\n{table}\n")
    assert configuration.apply(parser, "listen").startswith(said)
    assert parser.get_default("new") is False
    assert parser.get_default("model") == ("speech-light" if said.endswith("model") else None)


def test_what_is_ignored_is_held_to_its_kind_all_the_same(
    parser: argparse.ArgumentParser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("callmood.toml").write_text("[listen]\nkeep = 7\n")
    with pytest.raises(ConfigurationError, match="keep = 7; it takes a string"):
        configuration.apply(parser, "listen")


@pytest.mark.parametrize(
    ("command", "configure"), [("listen", listen.configure), ("replay", replay.configure)]
)
def test_what_counts_from_anybody_are_options_that_there_are(
    capsys: pytest.CaptureFixture[str], command: str, configure: Callable[[argparse.ArgumentParser], None]
) -> None:
    parser = argparse.ArgumentParser()
    configure(parser)
    parser.print_help()
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
    parser = argparse.ArgumentParser()
    configure(parser)
    words = ["call.wav"] if command == "replay" else []
    before = vars(parser.parse_args(words))
    switches = ("record-session", "force", "group-readable")
    texts = [name for name in IGNORED.split(", ") if name not in switches]
    names = [*texts, *switches]
    table = "".join([f'{name} = "x"\n' for name in texts] + [f"{name} = true\n" for name in switches])
    Path("callmood.toml").write_text(f"[{command}]\n{table}")
    said = configuration.apply(parser, command)
    assert said.startswith(f"options from callmood.toml: none; ignored: {', '.join(names)} (")
    assert vars(parser.parse_args(words)) == before
    others = {name.replace("_", "-") for name in before} - {*names, "config", "pipe", "file"}
    assert others == configuration.FROM_ANYBODY[command], "a new option is of the one kind or the other"


@pytest.mark.parametrize("what", [os.devnull, "."])
def test_what_is_no_file_is_left_alone(parser: argparse.ArgumentParser, home: Path, what: str) -> None:
    Path("callmood.toml").symlink_to(what)
    assert configuration.apply(parser, "listen") == f"options from {home / 'callmood.toml'}: journal, step"


def test_a_configuration_folder_below_the_working_directory_is_not_the_user_s(
    parser: argparse.ArgumentParser, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(home.parents[1])
    monkeypatch.setenv("XDG_CONFIG_HOME", "config")
    assert configuration.apply(parser, "listen") == ""


def test_a_name_that_no_file_can_have() -> None:
    with pytest.raises(ConfigurationError, match=r"^x{300}: no such configuration file"):
        configuration.find(Path("x" * 5_000))
