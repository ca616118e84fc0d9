"""Values of `listen` and `replay` are checked before a device is opened; `--quiet` prints warnings only."""

import argparse
import shlex
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import soundfile

from callmood.__main__ import main
from callmood.configuration import FromAnybody
from callmood.session_options import ENCODINGS, add_session_arguments, legs_of
from emotion.errors import UsageError
from streamer.leg_plan import LegPlan
from streamer.recordings.moment_limits import LONGEST_MOMENT_SECONDS, MARGIN_SECONDS
from streamer.sources.base import SourceInfo
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
        ("--margin 2", "--margin is for the clips of --moments; add --moments speech"),
        ("--longest 10 --record all", "--longest is for the clips of --moments"),
        ("--moments speech --margin -1", "--margin is -1 s"),
        ("--moments speech --longest 2", "--longest is 2 s; a window of"),
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


def test_help_has_the_defaults_of_moments() -> None:
    parser = argparse.ArgumentParser()
    add_session_arguments(parser)
    text = " ".join(parser.format_help().split())
    assert f"each episode in --moments (default: {MARGIN_SECONDS:g})" in text
    assert f"go on in the next (default: {LONGEST_MOMENT_SECONDS:g})" in text


STAFF_SESSION = (LegPlan("customer", channel=0), LegPlan("anna", channel=1, staff=True))
STEREO = [SourceInfo("a session", 8000, 2, "PCM_16", None, live=False)]


@pytest.mark.parametrize("named", ["left=customer,right=guest", "a,b", "right=guest,left=customer"])
def test_who_was_staff_in_a_session_is_staff_under_any_name(named: str) -> None:
    for text in (named, FromAnybody(named)):
        legs = legs_of(text, None, STEREO, STAFF_SESSION)
        assert [(leg.staff, leg.analysed) for leg in legs] == [
            (leg.channel == 1, leg.channel == 0) for leg in legs
        ]


def test_a_mix_with_staff_is_staff_until_the_user_has_it_analysed() -> None:
    with pytest.raises(UsageError, match="there is nobody to analyse but staff"):
        legs_of("mono", None, STEREO, STAFF_SESSION)
    (leg,) = legs_of("mono", "mono", STEREO, STAFF_SESSION)
    assert (leg.staff, leg.analysed) == (True, True)
    with pytest.raises(UsageError, match="only you can have staff analysed"):
        legs_of("left=a,right=b", FromAnybody("b"), STEREO, STAFF_SESSION)


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
