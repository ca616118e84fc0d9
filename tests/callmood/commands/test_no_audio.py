"""`--no-audio`: what would write sound is refused, and a session leaves none; and bounds on what is kept."""

import re
import shlex
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from callmood.cli import run_command
from emotion.arrays import Samples
from tests.command import callmood, read_journal
from tests.model_maker import tone_of
from tests.recorded_material import NEW, OLD, record, removed, tree
from tests.voice_model import make_voice_model

RATE = 16_000
HEADS = (b"RIFF", b"RF64", b"fLaC", b"OggS", b"ID3", b"FORM", b".snd", b"caff", b"\x89PNG")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that learns voices, and a recording."""
    place = tmp_path_factory.mktemp("quiet")
    make_voice_model(place / "models" / "tiny", gate="level", win_seconds=1.0, step_seconds=0.25)
    sound = np.concatenate([tone_of("angry", 1, RATE, 2.0), tone_of("sad", 2, RATE, 2.0)])
    soundfile.write(place / "call.wav", sound, RATE, subtype="PCM_16")
    return place


@pytest.fixture(scope="module")
def sound(place: Path) -> Samples:
    samples: Samples = soundfile.read(place / "call.wav", dtype="float32")[0]
    return samples


def holds_sound(content: bytes, sound: Samples) -> bool:
    """Look for the head of a file of sound or a picture, or for 16 samples in a row."""
    if content.startswith(HEADS):
        return True
    steps = np.rint(sound * 32768)
    encoded = ((steps / 32768).astype("<f4").tobytes(), 4), (steps.astype("<i2").tobytes(), 2)
    return any(
        coded[width * start : width * (start + 16)] in content
        for coded, width in encoded
        for start in range(0, len(sound) - 16, 997)
    )


def written_by_a_session(place: Path, home: Path, *more: str) -> dict[str, bytes | str]:
    """Run a session; give what it has left in HOME, TMPDIR and the working directory."""
    for name in ("home", "tmp", "work"):
        (home / name).mkdir(parents=True)
    before = tree(home)
    alert = shlex.join(
        [sys.executable, "-c", "import os; open('alerts', 'a').write(os.environ['CALLMOOD_LEG'])"]
    )
    done = callmood(
        *("replay", place / "call.wav", "--fast", "--model", place / "models" / "tiny", "--never-unsure"),
        *("--journal", "call.jsonl", "--voice", "anna", "--spectrogram", "--alert", "angry>0.01 for 0s"),
        *("--on-alert", alert, "--keep", "7d", "--max-size", "1GB", *more),
        cwd=home / "work",
        env={
            "HOME": str(home / "home"),
            "TMPDIR": str(home / "tmp"),
            "XDG_CONFIG_HOME": str(home / "home" / ".config"),
            "XDG_DATA_HOME": str(home / "home" / ".local" / "share"),
            "XDG_CACHE_HOME": str(home / "home" / ".cache"),
        },
    )
    assert done.returncode == 0, done.stderr
    assert read_journal(home / "work" / "call.jsonl").rows
    after = tree(home)
    assert before == {name: after[name] for name in before}
    return {name: what for name, what in after.items() if name not in before and what != "folder"}


def test_a_session_without_audio_leaves_no_sound_anywhere(
    place: Path, tmp_path: Path, sound: Samples
) -> None:
    written = written_by_a_session(place, tmp_path / "quiet", "--no-audio")
    (session,) = {Path(name).parts[2] for name in written if name.startswith("work/recordings/")}
    assert set(written) == {
        *("work/call.jsonl", "work/alerts", "home/.local/share/callmood/voices/anna.json"),
        *(f"work/recordings/{session}/{name}" for name in ("session.json", "journal.jsonl")),
    }
    for what in written.values():
        assert isinstance(what, bytes)
        assert not holds_sound(what, sound)


def test_the_look_for_sound_finds_it_where_it_was_kept(place: Path, tmp_path: Path, sound: Samples) -> None:
    written = written_by_a_session(place, tmp_path / "loud", "--record-session", "--record", "all")
    assert {
        Path(name).suffix
        for name, what in written.items()
        if isinstance(what, bytes) and holds_sound(what, sound)
    } == {".wav"}
    bare = [what[44:] for name, what in written.items() if "/sound/" in name and isinstance(what, bytes)]
    assert len(bare) == 1
    assert holds_sound(bare[0], sound)


@pytest.mark.parametrize(
    "asked",
    [
        ("--no-audio --record alerts", ""),
        ("--no-audio --record-session", ""),
        ("--no-audio --spectrogram-png a.png", ""),
        ("--no-audio", 'record = "all"'),
        ("--no-audio", 'record = ""'),
        ("--no-audio", "record-session = true"),
        ("--no-audio", 'spectrogram-png = "a.png"'),
        ("--record-session", "no-audio = true"),
        ("", 'record = "all"\nno-audio = true'),
    ],
)
def test_what_would_write_sound_is_refused_wherever_it_is_asked_for(
    place: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    asked: tuple[str, str],
) -> None:
    words, table = asked
    monkeypatch.chdir(tmp_path)
    (tmp_path / "callmood.toml").write_text(f"[replay]\n{table}\n")
    named = ("--config", "callmood.toml")
    assert run_command(("replay", str(place / "call.wav"), "--fast", *named, *words.split())) == 2
    option = re.findall(r"record-session|record|spectrogram-png", f"{words} {table}")[0]
    [*_, line] = capsys.readouterr().err.splitlines()
    assert (
        f"--no-audio keeps sound off the disk, and --{option} would write it; leave one of them out" in line
    )
    assert [path.name for path in tmp_path.iterdir()] == ["callmood.toml"]


def test_nothing_is_refused_that_the_file_leaves_out(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "callmood.toml").write_text(
        '[replay]\nno-audio = true\nrecord-session = false\nkeep = "7d"\n'
    )
    words = (
        "replay",
        str(place / "call.wav"),
        "--fast",
        "--plain",
        "--model",
        str(place / "models" / "tiny"),
        *("--config", "callmood.toml"),
    )
    assert run_command(words) == 0
    assert capsys.readouterr().err == "note: options from callmood.toml: no-audio, record-session, keep\n"


@pytest.mark.parametrize(("option", "value"), [("--keep", "7"), ("--max-size", "2"), ("--keep", "soon")])
def test_a_bound_without_its_unit_is_refused_before_anything_is_removed(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str, value: str
) -> None:
    record(tmp_path, OLD, days_ago=100)
    words = ("replay", str(place / "call.wav"), "--fast", "--out", str(tmp_path), option, value)
    assert run_command(words) == 2
    assert f"{option} is '{value}'; give" in capsys.readouterr().err
    assert (tmp_path / OLD).exists()


def test_a_session_holds_the_recordings_to_their_bounds(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record(tmp_path, OLD, days_ago=8)
    (tmp_path / OLD / "notes.txt").write_text("mine")
    record(tmp_path, NEW, days_ago=6)
    journal = tmp_path / "call.jsonl"
    words = (
        "replay",
        str(place / "call.wav"),
        "--fast",
        "--plain",
        "--model",
        str(place / "models" / "tiny"),
    )
    kept = ("--record-session", "--out", str(tmp_path), "--keep", "7d", "--journal", str(journal))
    assert run_command((*words, *kept)) == 0
    assert [line["session"] for line in removed(tmp_path)] == [OLD]
    said = f"{tmp_path / OLD} stays, with what is not callmood's: notes.txt"
    assert read_journal(journal).summary["complaints"] == [said]
    assert said in "".join(capsys.readouterr().out.splitlines())
    assert len([path for path in tmp_path.iterdir() if (path / "session.json").exists()]) == 2
