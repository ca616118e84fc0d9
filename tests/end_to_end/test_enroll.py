"""A voice enrolled through a microphone; Ctrl-C leaves nothing behind."""

import json
import signal
import subprocess
from pathlib import Path

import pytest
import soundfile

from tests.command import command, environment
from tests.model_maker import tone_of
from tests.pulse import PulseServer
from tests.voice_model import make_voice_model


@pytest.fixture
def place(tmp_path: Path) -> Path:
    make_voice_model(tmp_path / "models" / "tiny", gate="level", win_seconds=1.0, step_seconds=0.25)
    return tmp_path


def enrolling(place: Path, pulse: PulseServer, seconds: float) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command("enroll", "anna", "--device", "pulse", "--model", "./models/tiny", "--seconds", str(seconds)),
        cwd=place,
        env=environment(pulse.environment | {"CALLMOOD_VOICES": str(place / "voices")}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_it_listens_until_there_was_enough_speech(place: Path, pulse: PulseServer) -> None:
    spoken = place / "spoken.wav"
    soundfile.write(spoken, tone_of("neutral", 1, 16_000, 5.0), 16_000, subtype="PCM_16")
    with enrolling(place, pulse, 3.0) as enroller:
        try:
            pulse.wait_for_listener()
            pulse.speak(spoken)
            out, err = enroller.communicate(timeout=60)
        except BaseException:
            enroller.kill()
            raise
    assert enroller.returncode == 0, (out, err)
    assert out.startswith("anna: 3.0 s of speech in ")
    assert "until 3 s of speech were heard" in err
    voice = json.loads((place / "voices" / "anna.json").read_bytes())
    assert (voice["model"], voice["speech_seconds"]) == ("tiny", 3.0)


def test_an_enrolment_that_is_broken_off_leaves_nothing(place: Path, pulse: PulseServer) -> None:
    with enrolling(place, pulse, 60.0) as enroller:
        try:
            pulse.wait_for_listener()
            enroller.send_signal(signal.SIGINT)
            out, err = enroller.communicate(timeout=60)
        except BaseException:
            enroller.kill()
            raise
    assert enroller.returncode == 130, (out, err)
    assert "Traceback" not in err
    assert not (place / "voices").exists()
