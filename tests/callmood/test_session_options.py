"""Values of `listen` and `replay` are checked before a device is opened; `--quiet` prints warnings only."""

import shlex
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import soundfile

from callmood.__main__ import main
from callmood.session_options import ENCODINGS
from streamer.sources.pcm import Encoding
from tests.command import callmood, read_journal
from tests.model_maker import make_model, tone_of

RATE = 16_000


@pytest.fixture
def _no_device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the sound server be one that nobody can reach: opening a device ends with exit code 4."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PULSE_SERVER", f"unix:{tmp_path / 'nobody'}")


@pytest.mark.usefixtures("_no_device")
def test_good_values_come_as_far_as_the_device(capsys: pytest.CaptureFixture[str]) -> None:
    words = "--win 2 --step 0.5 --duration 1 --legs left=a,right=b --analyse a --voice a=x --alert a:sad>0.5"
    assert main(["listen", "--device", "kettle", *words.split()]) == 4
    assert "no device delivers sound" in capsys.readouterr().err


@pytest.mark.usefixtures("_no_device")
@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("--win 0", "win is 0 s"),
        ("--win nan", "win is nan s"),
        ("--step 3", "step is 3 s"),
        ("--duration -1", "duration is -1 s"),
        ("--duration inf", "duration is inf s"),
        ("--duration nan", "duration is nan s"),
        ("--alert-cooldown -1", "--alert-cooldown is -1 s"),
        ("--rate 8000", "--rate is for sound on standard input"),
        ("--legs a,a", "has a name twice"),
        ("--legs a/b", "--legs has 'a/b' as a name"),
        ("--legs left=a,b", "not of all"),
        ("--legs a=b", "names channel 'a'"),
        ("--device y --legs a,b,c", "--legs has 3 names for 2 sources"),
        ("--device y --legs left=a,right=b", "but there are 2 sources"),
        ("--mic --system --analyse agent", "--analyse names 'agent', but the legs are me, them"),
        ("--analyse agent", "--analyse names 'agent', but the legs are mono"),
        ("--staff agent", "--staff names 'agent', but the legs are mono"),
        ("--legs agent", "there is nobody to analyse but staff (agent)"),
        ("--legs a,agent --analyse agent --voice a=anna", "is of no leg that is analysed; these are agent"),
        ("--legs a,agent --alert agent:sad>0.5", "watches the leg 'agent', but those analysed are a"),
        ("--announce ''", "--announce is ''; give one line of text"),
        ("--announce \x1b[31m", "--announce is '\\x1b[31m'; give one line of text"),
        (f"--announce {'a' * 501}", "--announce has 501 characters; 500 are the most"),
        ("--voice a/b", "'a/b' is no name for a voice"),
        ("--voice agent=anna", "is of no leg that is analysed; these are mono"),
        ("--mic --system --voice anna", "does not say whose it is; write --voice me=anna"),
        ("--voice anna --no-baseline", "--no-baseline does without"),
        ("--alert sad", "it has no '>'"),
        ("--alert merry>0.5", "'merry' is none of"),
        ("--alert agent:sad>0.5", "watches the leg 'agent', but those analysed are mono"),
        ("--on-alert true", "--on-alert needs a rule"),
        ("--alert sad>0.5 --on-alert callmood-no-such-program", "there is no program"),
        ("--alert sad>0.5 --post-alerts ftp://a", "alerts cannot be posted"),
        ("--record merry", "--record has 'merry'"),
        ("--record alerts", "--record alerts needs a rule"),
        ("--keep 7", "--keep is '7'"),
        ("--max-size 7", "--max-size is '7'"),
        ("--json --journal -", "leave one of them out"),
        ("--quiet --json", "--quiet prints no rows and --json prints each"),
        ("-q --journal -", "--quiet prints no rows and --journal - prints each"),
        ("--no-audio --record-session", "--record-session would write it"),
    ],
)
def test_bad_values_are_refused_before_a_device_is_opened(
    words: str, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    alone = "--mic" in words or words.startswith(("--analyse", "--staff"))
    device = [] if alone else ["--device", "kettle"]
    assert main(["listen", *device, *shlex.split(words)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert told in line
    assert line.endswith("; see `callmood listen --help`")
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("_no_device")
def test_a_model_that_cannot_listen_is_refused_before_a_device_is_opened(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["listen", "--device", "kettle", "--model", "nobody"]) == 5
    make_model(
        Path("models/whole"),
        clips_per_label=2,
        win_seconds=None,
        step_seconds=None,
        allowed_win_seconds=None,
        allowed_step_seconds=None,
    )
    assert main(["listen", "--device", "kettle", "--model", "./models/whole"]) == 5
    assert "was fitted on whole clips" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "told"), [("--rate 3999", "the rate is 3999 Hz"), ("--channels 0", "0 channels")]
)
def test_a_pipe_is_checked_before_it_is_read(words: str, told: str, tmp_path: Path) -> None:
    done = callmood("listen", "-", *words.split(), cwd=tmp_path)
    assert (done.returncode, told in done.stderr) == (2, True)


def test_the_encodings_are_those_that_the_source_decodes() -> None:
    assert get_args(Encoding) == ENCODINGS


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small model and a recording."""
    place = tmp_path_factory.mktemp("quiet")
    make_model(place / "tiny", "classic-speech", clips_per_label=2, win_seconds=1.0, step_seconds=0.5)
    sound = np.concatenate([tone_of("angry", 1, RATE, 2.0), tone_of("sad", 2, RATE, 2.0)])
    soundfile.write(place / "call.wav", sound, RATE, subtype="PCM_16")
    return place


QUIET = ("replay", "call.wav", "--fast", "--model", "./tiny", "--quiet")


def test_quiet_prints_nothing_and_writes_and_alerts_all_the_same(place: Path, tmp_path: Path) -> None:
    alert = ("--alert", "angry>0.01", "--on-alert", f"touch {tmp_path / 'alerted'}", "--never-unsure")
    files = ("--journal", str(tmp_path / "j.jsonl"), "--record", "all", "--out", str(tmp_path / "kept"))
    done = callmood(*QUIET, *alert, *files, cwd=place)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    journal = read_journal(tmp_path / "j.jsonl")
    assert len(journal.rows) == 7
    assert journal.summary["alerts"] >= 1
    assert (tmp_path / "alerted").exists()
    assert list((tmp_path / "kept").rglob("*.wav"))


def test_quiet_takes_the_place_of_plain(place: Path) -> None:
    done = callmood(*QUIET, "--plain", cwd=place)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_quiet_tells_of_failures_on_standard_error(place: Path) -> None:
    failing = ("--alert", "angry>0.01", "--on-alert", "false", "--never-unsure")
    done = callmood(*QUIET, *failing, cwd=place)
    assert done.stdout == ""
    assert [line for line in done.stderr.splitlines() if "exit status 1" in line]
    assert len(done.stderr.splitlines()) == len(set(done.stderr.splitlines()))
    missing = callmood("replay", "absent.wav", "-q", cwd=place)
    assert missing.returncode == 3
    assert missing.stderr.startswith("callmood: absent.wav")
