"""`callmood doctor`: each line says ok or what to do, none takes for ever, and none ends the command."""

import json
import re
import shutil
import subprocess
import sys
import threading
import wave
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from callmood.commands.doctor import run
from callmood.doctor.checks import (
    check_disk,
    check_encoder,
    check_libraries,
    check_model,
    check_models,
    check_python,
    level_finding,
    speed_finding,
)
from callmood.doctor.runner import Check, CheckRunner, Finding, as_line
from emotion.arrays import Samples
from emotion.encoders import network_folder
from emotion.errors import DeviceError, UsageError
from streamer.events import STATES
from streamer.session_info import Summary
from tests.command import callmood, command, environment
from tests.model_maker import make_model
from tests.pseudo_terminal import PseudoTerminal
from tests.pulse import SINK, PulseServer
from tests.running import running

RATE = 44_100
"""The sink's own: for another the sound server may change its rate."""

CODES = re.compile(r"\x1b\[[?0-9;]*[A-Za-z]")
HANGS = """
import sys, threading
from callmood.doctor import checks
from callmood.doctor.runner import Check
def hang():
    threading.Thread(target=threading.Event().wait).start()
    threading.Event().wait()
late = Check("sound", hang, "hanging", 0.2, "start it again")
checks.all_checks = lambda *words, **more: [late]
from callmood.__main__ import main
sys.exit(main(["doctor"]))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working directory with a small model whose name is that of the default."""
    folder = tmp_path_factory.mktemp("doctor")
    make_model(folder / "models" / "speech", "classic-speech", win_seconds=1.0, step_seconds=0.5)
    return folder


@pytest.fixture
def spoken_to(pulse: PulseServer, tmp_path: Path) -> Iterator[PulseServer]:
    """The sound server while something is played into its microphone."""
    wave_form = 0.1 * np.sin(2 * np.pi * 440 * np.arange(60 * RATE) / RATE)
    with wave.open(str(tmp_path / "tone.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((wave_form * 32767).astype("<i2").tobytes())
    play = ["paplay", f"--device={SINK}", str(tmp_path / "tone.wav")]
    with (
        running(["pactl", "subscribe"], pulse.environment, pipe="stdout") as events,
        running(play, pulse.environment, pipe="stderr"),
    ):
        if not pulse.pactl("list", "short", "sink-inputs").strip():
            events.wait_for("on sink-input", timeout_seconds=10.0)
        yield pulse


def findings_of(done: "subprocess.CompletedProcess[str]") -> dict[str, list[dict[str, Any]]]:
    """Read the JSON list, and hold its shape: four keys, and nothing wrong or missing without advice."""
    findings: list[dict[str, Any]] = json.loads(done.stdout)
    by_check: dict[str, list[dict[str, Any]]] = {}
    for finding in findings:
        assert list(finding) == ["check", "ok", "found", "advice"]
        assert isinstance(finding["ok"], bool)
        assert finding["ok"] or finding["advice"], finding
        assert "report it" not in (finding["advice"] or ""), finding
        by_check.setdefault(finding["check"], []).append(finding)
    assert done.returncode == (0 if all(finding["ok"] for finding in findings) else 1)
    return by_check


def test_where_somebody_speaks_all_is_ok(spoken_to: PulseServer, folder: Path) -> None:
    done = callmood("doctor", "--json", cwd=folder, env=spoken_to.environment)
    assert (done.returncode, done.stderr) == (0, "")
    found = findings_of(done)
    assert list(found) == [
        *("python", "library", "portaudio", "device", "monitor", "level"),
        *("model", "encoder", "voice-activity", "disk", "terminal", "self-test"),
    ]
    assert "ALSA" in found["portaudio"][0]["found"]
    assert any(device["found"].endswith("44100 Hz, the default") for device in found["device"])
    assert f"{SINK}.monitor, {spoken_to.sample_rate} Hz" in found["monitor"][0]["found"]
    (level,) = found["level"]
    assert level["found"].startswith(
        "-23 dBFS at its loudest, peak -20 dBFS, in 1.5 s of Monitor of Null Output at 44100 Hz"
    )
    assert level["advice"] is None
    assert [model["found"].partition(":")[0] for model in found["model"]] == [
        *("speech", "speech-classic", "speech-light", "speech-open", "synthetic", "./models/speech"),
    ]
    # 10 s in windows of 2 s each half: 17; the small model has windows of 1 s.
    assert found["self-test"][0]["found"].startswith("17 rows of 17 in 10 s")


def test_a_microphone_that_gives_zeros_is_told(pulse: PulseServer, folder: Path) -> None:
    done = callmood("doctor", "--device", "pulse", cwd=folder, env=pulse.environment)
    assert (done.returncode, done.stderr) == (1, "")
    (line,) = (line for line in done.stdout.splitlines() if line.startswith("not ok"))
    assert line.split()[2] == "level"
    assert "nothing but zeros in 1.5 s of Monitor of Null Output at 44100 Hz; it is muted, or the" in line


def test_without_a_sound_server_one_is_told_what_to_do(
    pulse: PulseServer, folder: Path, tmp_path: Path
) -> None:
    nobody = {**pulse.environment, "PULSE_SERVER": f"unix:{tmp_path / 'nobody'}"}
    done = callmood("doctor", "--json", cwd=folder, env=nobody)
    assert (done.returncode, done.stderr) == (1, "")
    found = findings_of(done)
    bad = {name for name, findings in found.items() if not all(each["ok"] for each in findings)}
    assert "level" in bad
    assert bad <= {"device", "level"}
    (monitor,) = found["monitor"]
    assert monitor["found"].startswith("no sound server answers")
    assert monitor["advice"].startswith("start it: ")


def test_without_sound_on_a_small_terminal_the_model_that_came_along_is_enough(tmp_path: Path) -> None:
    plain = {"TERM": "xterm-256color", "PYTHONIOENCODING": "ascii", "COLORTERM": ""}
    surroundings = environment({**plain, "PULSE_SERVER": f"unix:{tmp_path / 'nobody'}"})
    with PseudoTerminal(70, 20) as terminal:
        done = subprocess.run(
            command("doctor", "--skip-sound"),
            cwd=tmp_path,
            env=surroundings,
            stdin=terminal.theirs,
            stdout=terminal.theirs,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=60,
        )
        # The cursor comes back last of all.
        assert terminal.wait_for(lambda text: "\x1b[?25h" in text)
        text = terminal.text
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(tmp_path.iterdir()) == []
    assert "replaying ten seconds" in text, "progress"
    assert "listening for" not in text
    words = " ".join(CODES.sub("", text).split())
    assert "17 rows of 17 in 10 s of sound" in words
    assert "with speech: real-time factor 0." in words
    assert "70 columns, 20 rows, eight_bit colours, ascii" in words
    assert "LANG=C.UTF-8" in words
    assert "make it 80 x 24 or larger" in words


def test_no_sound_and_a_device_are_not_asked_for_at_once() -> None:
    with pytest.raises(UsageError, match="leave one of them out"):
        run(Namespace(skip_sound=True, device="pulse", out="recordings", json=False))


def flip_a_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1000] ^= 1
    path.write_bytes(content)


def test_a_model_with_a_flipped_byte_is_not_ok(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(folder / "models", tmp_path / "models")
    monkeypatch.chdir(tmp_path)
    assert all(finding.ok for finding in check_models())
    flip_a_byte(tmp_path / "models" / "speech" / "model.npz")
    (bad,) = (finding for finding in check_models() if not finding.ok)
    assert "models/speech/model.npz was changed: it has SHA-256" in bad.found
    assert bad.advice is not None
    assert bad.advice.startswith("copy the model folder again")


def test_every_file_that_a_card_names_is_looked_at_and_no_other(folder: Path, tmp_path: Path) -> None:
    model = shutil.copytree(folder / "models" / "speech", tmp_path / "mine")
    card = json.loads((model / "card.json").read_text())
    (tmp_path / "secret").write_text("not the model's")
    for name, words in (("report.txt", "'report.txt' that is not in it"), ("../secret", "'../secret'")):
        changed = {**card, "digests": {**card["digests"], name: "0" * 64}}
        (model / "card.json").write_text(json.dumps(changed))
        found = check_model(model, "./mine")
        assert not found.ok
        assert words in found.found
    (model / "card.json").write_text("{")
    assert not check_model(model, "./mine").ok


def test_an_encoder_with_a_flipped_byte_is_not_ok(tmp_path: Path) -> None:
    copied = shutil.copytree(network_folder("encoder"), tmp_path / "encoder")
    assert check_encoder(copied).ok
    flip_a_byte(copied / "encoder.onnx")
    found = check_encoder(copied)
    assert not found.ok
    assert "its card asks for" in found.found
    (copied / "encoder.onnx").unlink()
    assert not check_encoder(copied).ok


def check_of(look: Any, *, needed: bool = True, limit_seconds: float = 10.0) -> Check:
    return Check("thing", look, "looking", limit_seconds, "start it again", needed=needed)


def test_what_was_found_before_a_fault_is_told_with_it() -> None:
    def look() -> Iterator[Finding]:
        yield Finding("thing", True, "one\nhalf \x1b[2J")
        raise ZeroDivisionError("by zero")

    for needed in (True, False):
        first, second = CheckRunner().run(check_of(look, needed=needed))
        assert first == Finding("thing", True, "one half ?[2J")
        assert as_line(second).startswith(
            "not ok  thing           ZeroDivisionError: by zero; please report it"
        )


def test_what_is_not_needed_is_advice() -> None:
    def refuse() -> list[Finding]:
        raise DeviceError("it is away; fetch it; soon")

    assert CheckRunner().run(check_of(refuse)) == [Finding("thing", False, "it is away", "fetch it; soon")]
    (advice,) = CheckRunner().run(check_of(refuse, needed=False))
    assert (advice.ok, advice.mark) == (True, "advice")


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), ModuleNotFoundError("No module x")])
def test_nothing_that_a_check_raises_is_lost(error: BaseException) -> None:
    def look() -> list[Finding]:
        raise error

    runner = CheckRunner()
    (found,) = runner.run(check_of(look))
    assert not found.ok
    assert found.advice is not None
    assert ("install callmood again" in found.advice) == isinstance(error, ImportError)
    assert runner.is_idle


def test_a_check_that_hangs_is_given_up() -> None:
    release = threading.Event()

    def look() -> Iterator[Finding]:
        yield Finding("thing", True, "before")
        release.wait(30.0)

    runner = CheckRunner()
    found = runner.run(check_of(look, limit_seconds=0.3))
    assert found == [
        Finding("thing", True, "before"),
        Finding("thing", False, "no answer within 0.3 s", "start it again"),
    ]
    assert not runner.is_idle
    release.set()


def test_a_library_that_hangs_does_not_keep_the_command(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", HANGS],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )
    assert done.returncode == 1
    assert done.stdout == "not ok  sound           no answer within 0.2 s; start it again\n"


def tone(amplitude: float, offset: float = 0.0) -> Samples:
    wave_form = amplitude * np.sin(2 * np.pi * 200 * np.arange(2 * RATE) / RATE) + offset
    return np.clip(wave_form, -1.0, 1.0).astype(np.float32)[:, np.newaxis]


@pytest.mark.parametrize(
    ("samples", "mark", "words"),
    [
        (tone(0.0), "not ok", "nothing but zeros"),
        (tone(0.0, 0.25), "not ok", "one and the same value"),
        (tone(0.0001), "advice", "taken for speech"),
        (tone(0.0001, 0.25), "advice", "taken for speech"),
        (tone(3.0), "advice", "clipped; turn its level down"),
        (tone(0.9), "ok", "-4 dBFS at its loudest, peak -1 dBFS, in 2.0 s of mic at 44100 Hz"),
        (np.concatenate([tone(0.0), tone(0.1)]), "ok", "-23 dBFS at its loudest"),
        (np.concatenate([tone(0.0), tone(0.1)], axis=1), "ok", "-29 dBFS at its loudest"),
    ],
)
def test_what_a_moment_of_sound_means(samples: Samples, mark: str, words: str) -> None:
    found = level_finding("mic", samples, RATE)
    assert found.mark == mark
    assert words in as_line(found)


@pytest.mark.parametrize(
    ("windows", "factor", "voiced", "mark", "words"),
    [
        (17, 0.1, 17, "ok", "this machine follows 10 legs"),
        (17, 0.6, 5, "advice", "follows 1 leg; a call has two legs"),
        (17, 1.3, 17, "not ok", "too slow to listen"),
        (16, 0.1, 16, "not ok", "16 rows of 17"),
        (17, 0.1, 0, "not ok", "please report it"),
    ],
)
def test_what_the_self_test_means(windows: int, factor: float, voiced: int, mark: str, words: str) -> None:
    states: dict[str, int] = {**dict.fromkeys(STATES, 0), "unsure": voiced, "noise": windows - voiced}
    summary = Summary(
        seconds=10.0,
        windows=windows,
        states=states,
        emotions={},
        overruns=0,
        gaps=0,
        marks=0,
        dropped_seconds=0.0,
        paused_seconds=0.0,
        slip_seconds=0.0,
        non_finite_samples=0,
        real_time_factor=factor,
        max_lag_seconds=0.2,
        files=(),
        failures=(),
    )
    found = speed_finding(summary, 17, "speech")
    assert found.mark == mark
    assert words in as_line(found)


@pytest.mark.parametrize(
    ("wanted", "fits"),
    [
        (">=3.11,<3.14", True),
        ("<3.14, >= 3.11", True),
        ("~=3.11", True),
        (">=3.99", False),
        ("<3.2", False),
    ],
)
def test_the_interpreter_is_held_against_the_versions_required(wanted: str, fits: bool) -> None:
    (found,) = check_python(wanted)
    assert found.ok == fits
    assert (found.advice is None) == fits


def test_missing_and_old_libraries_are_named_one_by_one() -> None:
    assert [finding.ok for finding in check_libraries()] == [True]
    wanted = ("numpy>=99", "callmood-no-such-library>=1", "rich", 'scipy>=99; extra == "train"')
    old, missing, fitting = check_libraries(wanted)
    assert (old.ok, missing.ok, fitting.ok) == (False, False, True)
    assert old.found == f"numpy {np.__version__}, needs >=99"
    assert "callmood-no-such-library is missing" in missing.found
    assert "-m pip install 'numpy>=99'" in str(old.advice)
    assert fitting.found.startswith("rich ")


@pytest.mark.parametrize(
    ("version", "fits"), [("1.0rc1", True), ("2.0rc1", False), ("0.10", False), ("?", False)]
)
def test_any_version_that_a_library_claims_is_compared(
    version: str, fits: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    about = tmp_path / "odd-1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: odd\nVersion: {version}\n")
    monkeypatch.syspath_prepend(tmp_path)
    (found,) = check_libraries(["odd>=0.11,<2"])
    assert found.ok == fits
    assert version in found.found


def test_room_for_recordings(tmp_path: Path) -> None:
    (found,) = check_disk(tmp_path / "not" / "yet", least_bytes=0)
    assert (found.ok, found.advice) == (True, None)
    assert "GB free for " in found.found
    (found,) = check_disk(tmp_path, least_bytes=10**18)
    assert str(found.advice).startswith("make room")
    (tmp_path / "file").write_text("")
    (found,) = check_disk(tmp_path / "file" / "recordings")
    assert "cannot be written" in found.found or "cannot be looked at" in found.found
