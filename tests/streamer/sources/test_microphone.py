"""The microphone, through a real PortAudio and a real sound server in a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from emotion.arrays import Samples
from streamer.events import AudioBlock
from streamer.sources.microphone import CaptureCallback
from streamer.sources.queue import BlockQueue
from tests.pulse import SINK, PulseServer, missing_programs, pulse_server

ROOT = Path(__file__).parents[2]

LISTEN = """
import json, sys
from emotion.errors import DeviceError
from streamer.sources.devices import choose_device
from streamer.sources.microphone import Microphone, input_devices
from streamer.sources.queue import BlockQueue
import numpy as np, soundfile

device, seconds, path = sys.argv[1], float(sys.argv[2]), sys.argv[3]
try:
    microphone = Microphone(choose_device(input_devices(), device))
    microphone.open()
    queue = BlockQueue(60, microphone.info.sample_rate)
    microphone.start(queue)
    blocks = []
    while not queue.drained:
        block = queue.get(20)
        if block is not None:
            blocks.append(block)
            if block.end_sample >= seconds * microphone.info.sample_rate:
                break
    microphone.stop()
    microphone.stop()
    assert all(a.end_sample == b.first_sample for a, b in zip(blocks, blocks[1:]))
    soundfile.write(path, np.concatenate([block.samples for block in blocks]), microphone.info.sample_rate)
    print(json.dumps({
        "rate": microphone.info.sample_rate,
        "channels": microphone.info.channels,
        "live": microphone.info.live,
        "notes": microphone.info.notes,
        "shape": blocks[0].samples.shape,
        "dropped": queue.dropped_seconds,
        "error": None if queue.error is None else str(queue.error),
    }))
except DeviceError as error:
    print(json.dumps({"error": str(error)}))
"""


def start(pulse: PulseServer, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", LISTEN, *arguments],
        env=pulse.environment,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def answer(process: "subprocess.Popen[str]") -> dict[str, Any]:
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    found: dict[str, Any] = json.loads(output)
    return found


def tone_near(samples: Samples, rate: int) -> tuple[float, float]:
    """Give the strongest frequency, Hz, and the largest magnitude."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(spectrum.argmax() * rate / len(samples)), float(np.abs(samples).max())


def test_what_is_spoken_arrives(pulse: PulseServer, tmp_path: Path) -> None:
    rate = pulse.sample_rate
    voice = (0.5 * np.sin(2 * np.pi * 440 * np.arange(2 * rate) / rate)).astype(np.float32)
    soundfile.write(tmp_path / "voice.wav", voice, rate, subtype="PCM_16")
    with start(pulse, "PULSE", "3", str(tmp_path / "heard.wav")) as process:
        pulse.wait_for_listener()
        pulse.speak(tmp_path / "voice.wav")
        told = answer(process)
    assert (told["rate"], told["channels"], told["live"]) == (44_100, 2, True)
    assert told["notes"] == []
    assert (told["dropped"], told["error"]) == (0, None)
    heard, _ = soundfile.read(tmp_path / "heard.wav", dtype="float32")
    assert heard.shape == (len(heard), 2)
    hz, magnitude = tone_near(heard[:, 0], told["rate"])
    assert hz == pytest.approx(440, abs=2)
    assert magnitude == pytest.approx(0.5, abs=0.02)


def test_devices_are_listed_and_named(pulse: PulseServer) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "callmood", "devices", "--json"],
        env=pulse.environment,
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    devices = json.loads(done.stdout)
    names = [device["name"] for device in devices]
    assert names[0] == f"{SINK}.monitor"
    assert devices[0] | {"is_default": True, "number": None, "host_api": "sound server"} == devices[0]
    assert {"pulse", "default"} <= set(names)
    assert [device["is_default"] for device in devices].count(True) == 1
    assert done.stderr == ""


def test_an_unknown_device_lists_those_there_are(pulse: PulseServer, tmp_path: Path) -> None:
    with start(pulse, "kazoo", "1", str(tmp_path / "heard.wav")) as process:
        told = answer(process)
    assert told["error"].startswith("no input device 'kazoo'; there are ")
    assert "pulse (ALSA)" in told["error"]
    assert not (tmp_path / "heard.wav").exists()


def test_a_sound_server_that_dies_ends_the_stream_with_an_error(tmp_path: Path) -> None:
    if missing := missing_programs():
        assert not os.environ.get("CI"), missing
        pytest.skip(f"no {', '.join(missing)} on this machine")
    with pulse_server() as server, start(server, "pulse", "1000", str(tmp_path / "heard.wav")) as process:
        server.wait_for_listener()
        server.speak(_short_tone(tmp_path))
        server.pactl("exit")
        told = answer(process)
    assert told["error"].startswith("pulse delivers no more: it was unplugged, or the sound server stopped")


def _short_tone(folder: Path) -> Path:
    path = folder / "tone.wav"
    soundfile.write(path, 0.1 * np.sin(np.arange(44_100 * 3) * 0.06), 44_100, subtype="PCM_16")
    return path


def test_the_callback_hands_over_exact_copies_and_never_raises() -> None:
    class Times:
        inputBufferAdcTime = 0.0  # noqa: N815 - PortAudio's name

    class Flags:
        input_overflow = False

    callback = CaptureCallback(16_000)
    captured = np.array([[-32768], [0], [1], [32767]], np.int16)
    callback(captured, 4, Times, Flags)
    queue = BlockQueue(10, 16_000)
    callback.receiver = queue
    callback(captured, 4, Times, Flags)
    captured[:] = 7
    callback(captured, 4, Times, object())
    block = queue.get(0)
    assert queue.end_sample == 4, "what came before the start is not counted"
    assert isinstance(block, AudioBlock)
    assert np.array_equal(block.samples[:, 0] * 32768, [-32768, 0, 1, 32767])
    assert block.samples.dtype == np.float32
    assert not block.samples.flags.writeable
    assert isinstance(queue.error, AttributeError), "the session raises it"


def test_a_portaudio_that_does_not_start_is_an_error_in_one_line() -> None:
    code = (
        "import sys, types\n"
        "from importlib.abc import Loader, MetaPathFinder\n"
        "from importlib.machinery import ModuleSpec\n"
        "class PortAudioError(Exception): pass\n"
        "class Broken(MetaPathFinder, Loader):\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        return ModuleSpec(name, self) if name == 'sounddevice' else None\n"
        "    def exec_module(self, module):\n"
        "        raise PortAudioError('Error initializing PortAudio: Unanticipated host error')\n"
        "sys.meta_path.insert(0, Broken())\n"
        "from streamer.sources.microphone import input_devices\n"
        "from emotion.errors import DeviceError\n"
        "try:\n"
        "    input_devices()\n"
        "except DeviceError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True)
    assert done.stdout.startswith("PortAudio does not start: Error initializing PortAudio")
    assert done.stderr == ""


def test_without_portaudio_one_is_told_what_to_type() -> None:
    code = (
        "import ctypes.util\n"
        "ctypes.util.find_library = lambda name: None\n"
        "from streamer.sources.microphone import input_devices\n"
        "from emotion.errors import DeviceError\n"
        "try:\n"
        "    input_devices()\n"
        "except DeviceError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True)
    assert done.stdout == "PortAudio is not installed; type: sudo apt install libportaudio2\n"
    assert done.stderr == ""
