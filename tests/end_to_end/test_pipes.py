"""Sound on standard input, from the programs that people pipe: every encoding, and pipes that misbehave."""

import json
import shutil
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import soundfile

from tests.command import callmood, command, environment
from tests.pulse import PulseServer
from tests.spoken import DEMO, SAMPLE_RATE

SECONDS = 6
SUBTYPES = {"s16le": "PCM_16", "f32le": "FLOAT", "mulaw": "ULAW", "alaw": "ALAW"}
SOX = {
    "s16le": "-e signed-integer -b 16 -L",
    "f32le": "-e floating-point -b 32 -L",
    "mulaw": "-e mu-law -b 8",
    "alaw": "-e a-law -b 8",
}
LIGHT = ("--model", "speech-light", "--json")


def listened(sound: bytes, folder: Path, *arguments: str) -> list[dict[str, Any]]:
    """Give the lines that callmood prints when it is given sound by a pipe."""
    done = subprocess.run(
        command("listen", "-", *LIGHT, *arguments),
        cwd=folder,
        env=environment(),
        input=sound,
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def rows_of(lines: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    rows = [line for line in lines if line["type"] == "row"]
    return [{name: value for name, value in row.items() if name != "lag_seconds"} for row in rows]


def replayed(recording: Path, folder: Path) -> list[dict[str, Any]]:
    done = callmood("replay", recording, "--fast", *LIGHT, cwd=folder)
    assert done.returncode == 0, done.stderr
    return rows_of([json.loads(line) for line in done.stdout.splitlines()])


def raw(folder: Path, encoding: str, channels: int = 1) -> bytes:
    """Let sox write the beginning of the demo, in two channels the second a second later."""
    path = folder / "sound.raw"
    remix = ["remix", "1", "1", "delay", "0", "1"] if channels == 2 else []
    words = [
        "sox",
        "-q",
        str(DEMO),
        "-t",
        "raw",
        *SOX[encoding].split(),
        str(path),
        "trim",
        "0",
        str(SECONDS),
    ]
    subprocess.run([*words, *remix], check=True, timeout=30)
    return path.read_bytes()


@pytest.mark.parametrize("encoding", SUBTYPES)
def test_what_sox_pipes_gives_the_rows_of_a_file_of_the_same_samples(tmp_path: Path, encoding: str) -> None:
    sound = raw(tmp_path, encoding, channels=2)
    lines = listened(sound, tmp_path, "--channels", "2", "--encoding", encoding)
    samples, _ = soundfile.read(
        tmp_path / "sound.raw", samplerate=SAMPLE_RATE, channels=2, format="RAW", subtype=SUBTYPES[encoding],
        endian="LITTLE", dtype="float32",
    )  # fmt: skip
    soundfile.write(tmp_path / "sound.wav", samples, SAMPLE_RATE, subtype="FLOAT")
    assert rows_of(lines) == replayed(tmp_path / "sound.wav", tmp_path)
    assert {row["leg"] for row in rows_of(lines)} == {"left", "right"}
    assert any(row["state"] == "speech" for row in rows_of(lines))


def test_ffmpeg_is_a_source(tmp_path: Path) -> None:
    if shutil.which("ffmpeg") is None:
        pytest.skip("ffmpeg is not installed here: 55 packages that no other test needs")
    words = ["ffmpeg", "-nostdin", "-loglevel", "error", "-i", str(DEMO), "-t", str(SECONDS)]
    sound = subprocess.run([*words, "-f", "s16le", "-"], check=True, capture_output=True, timeout=60).stdout
    samples, _ = soundfile.read(DEMO, frames=SECONDS * SAMPLE_RATE, dtype="int16")
    soundfile.write(tmp_path / "sound.wav", samples, SAMPLE_RATE)
    assert rows_of(listened(sound, tmp_path)) == replayed(tmp_path / "sound.wav", tmp_path)


def test_arecord_is_a_source(pulse: PulseServer, tmp_path: Path) -> None:
    samples, _ = soundfile.read(DEMO, frames=5 * SAMPLE_RATE, dtype="int16")
    soundfile.write(tmp_path / "spoken.wav", samples, SAMPLE_RATE)
    words = ["arecord", "-q", "-D", "pulse", "-t", "raw", "-f", "S16_LE", "-r", "16000", "-c", "1"]
    with (
        subprocess.Popen(words, env=pulse.environment, stdout=subprocess.PIPE) as recorder,
        subprocess.Popen(
            command("listen", "-", *LIGHT, "--duration", "4"),
            cwd=tmp_path,
            env=environment(),
            stdin=recorder.stdout,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as listener,
    ):
        try:
            pulse.wait_for_listener()
            pulse.speak(tmp_path / "spoken.wav")
            out, err = listener.communicate(timeout=60)
        finally:
            recorder.terminate()
            listener.kill()
    assert listener.returncode == 0, err
    lines = [json.loads(line) for line in out.splitlines()]
    assert len(rows_of(lines)) == 5
    assert lines[-1]["seconds"] == 4.0


class Pipe:
    """`callmood listen -` with a pipe that a test fills as it likes."""

    def __init__(self, folder: Path) -> None:
        self.process = subprocess.Popen(
            command("listen", "-", *LIGHT),
            cwd=folder,
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.sound, self.lines = self.process.stdin, self.process.stdout

    def wait_for_row(self, window: int) -> None:
        for line in self.lines:
            said = json.loads(line)
            if said["type"] == "row" and said["window"] == window:
                return
        raise AssertionError(f"no row {window}; {self.process.communicate(timeout=10)}")


def test_a_pipe_that_stalls_goes_on_where_it_was(tmp_path: Path) -> None:
    sound = raw(tmp_path, "s16le")
    pipe = Pipe(tmp_path)
    with pipe.process:
        pipe.sound.write(sound[: 2 * 3 * SAMPLE_RATE + 1])
        pipe.sound.flush()
        pipe.wait_for_row(1)
        # It waits with all its sound heard, in the middle of a sample.
        pipe.sound.write(sound[2 * 3 * SAMPLE_RATE + 1 :])
        pipe.sound.close()
        # Not communicate, which knows nothing of a line that was read ahead with the one waited for.
        out = pipe.lines.read()
        assert pipe.process.wait(timeout=60) == 0
    rest = rows_of([json.loads(line) for line in out.splitlines()])
    assert rest == rows_of(listened(sound, tmp_path))[2:]
    assert len(rest) == 7


def test_a_pipe_that_ends_in_mid_sample_is_heard_to_there_and_it_is_said(tmp_path: Path) -> None:
    sound = raw(tmp_path, "s16le")
    lines = listened(sound[:-1], tmp_path)
    assert lines[-1]["complaints"] == ["standard input ended inside a sample: 1 bytes left out"]
    assert len(rows_of(lines)) == 8, "the last window lacks one sample"


def test_a_pipe_that_never_begins_can_be_left(tmp_path: Path) -> None:
    pipe = Pipe(tmp_path)
    with pipe.process:
        assert json.loads(pipe.lines.readline())["type"] == "header"
        pipe.process.send_signal(signal.SIGINT)
        # The pipe stays open until it has ended.
        assert pipe.process.wait(timeout=20) == 0
        out = pipe.lines.read()
    assert json.loads(out.splitlines()[-1])["windows"] == 0


def test_a_pipe_that_brings_nothing_is_an_error_in_one_line(tmp_path: Path) -> None:
    done = callmood("listen", "-", "--plain", cwd=tmp_path)
    assert done.returncode != 0
    assert done.stderr.splitlines()[-1].startswith("callmood: standard input ended before any sound came")
