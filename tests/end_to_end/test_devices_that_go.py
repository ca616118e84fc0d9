"""Devices that go away and come back, and sound servers that put another in their place."""

import json
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from emotion.errors import DeviceError
from tests.command import Journal, command, environment, read_journal
from tests.pulse import PulseServer, pulse_server
from tests.running import Lines, running
from tests.spoken import DEMO

ROOM, HEADSET = "room", "headset"
PATIENCE_SECONDS = 30.0
SILENCE_DBFS = -60.0
NEW_STREAM_SECONDS = 1.5
"""A null sink at rest takes up to 2 s to notice that its monitor is wanted."""


@pytest.fixture
def server(pulse: PulseServer) -> Iterator[PulseServer]:
    """Two microphones, the headset the default."""
    assert pulse.environment, "where the other server cannot be had this one cannot either"
    with pulse_server(sinks=(ROOM, HEADSET), microphone=HEADSET) as made:
        yield made


@pytest.fixture
def tone(server: PulseServer, tmp_path: Path) -> Iterator[None]:
    """A loud tone in the room, for as long as the test lasts."""
    path = tmp_path / "tone.wav"
    soundfile.write(path, 0.5 * np.sin(2 * np.pi * 440 * np.arange(90 * 16_000) / 16_000), 16_000)
    with running(["paplay", f"--device={ROOM}", str(path)], server.environment, pipe="stderr"):
        yield


@pytest.fixture
def speech(tmp_path: Path) -> Path:
    """Some seconds of speech."""
    path = tmp_path / "speech.wav"
    samples, rate = soundfile.read(DEMO, dtype="int16")
    soundfile.write(path, samples[: 5 * rate], rate)
    return path


@contextmanager
def listening(
    server: PulseServer, folder: Path, *words: str, env: Mapping[str, str] | None = None, code: int = 0
) -> Iterator[Lines]:
    """Listen for as long as the block lasts, then stop as Ctrl-C does and demand an end with this code."""
    listen = command(
        *("listen", *words, "--model", "speech-light", "--json", "--journal", "call.jsonl"),
        "--record-session",
    )
    surroundings = environment(server.environment | {"PYTHONUNBUFFERED": "1"} | dict(env or {}))
    with running(listen, surroundings, pipe="both", folder=folder) as listener:
        listener.wait_for('"type": "header"', timeout_seconds=PATIENCE_SECONDS)
        listener.wait_for('"type": "row"', timeout_seconds=PATIENCE_SECONDS)
        yield listener
        listener.process.send_signal(signal.SIGINT)
        listener.process.wait(PATIENCE_SECONDS)
    assert listener.process.returncode == code, listener.last_words


def module_of(server: PulseServer, sink: str) -> str:
    lines = server.pactl("list", "short", "modules").splitlines()
    return next(line.split()[0] for line in lines if f"sink_name={sink} " in line)


def plug_in(server: PulseServer, *, rate: int, channels: int) -> None:
    words = (f"sink_name={HEADSET}", f"rate={rate}", f"channels={channels}")
    server.pactl("load-module", "module-null-sink", *words)


def lines_of(folder: Path, kind: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in (folder / "call.jsonl").read_text().splitlines()]
    return [line for line in lines if line["type"] == kind]


def assert_one_absence(journal: Journal, folder: Path, *, about_seconds: float) -> None:
    [absence] = lines_of(folder, "absence")
    [gap] = lines_of(folder, "gap")
    assert gap["cause"] == "away"
    assert gap["estimated"] is True
    assert gap["end"] - gap["start"] == pytest.approx(about_seconds, abs=1.5)
    assert absence["at"] == pytest.approx(gap["start"], abs=0.01)
    assert not any(row["start"] < gap["end"] and row["end"] > gap["start"] for row in journal.rows)
    after = [row for row in journal.rows if row["start"] >= gap["end"]]
    assert after[0]["start"] == gap["end"]
    assert len({row["window"] for row in journal.rows}) == len(journal.rows)
    assert journal.summary["gaps"] == 1
    assert (journal.summary["dropped_seconds"], journal.summary["failures"]) == (0, [])


@pytest.mark.usefixtures("tone")
def test_a_device_that_is_unplugged_and_comes_back_at_another_rate(
    server: PulseServer, speech: Path, tmp_path: Path
) -> None:
    with listening(server, tmp_path, "--device", HEADSET) as listener:
        server.pactl("unload-module", module_of(server, HEADSET))
        gone = time.monotonic()
        listener.wait_for('"type": "absence"', timeout_seconds=PATIENCE_SECONDS)
        plug_in(server, rate=48_000, channels=2)
        listener.wait_for('"cause": "away"', timeout_seconds=PATIENCE_SECONDS)
        away_seconds = time.monotonic() - gone
        server.speak(speech, into=HEADSET)
    journal = read_journal(tmp_path / "call.jsonl")
    assert_one_absence(journal, tmp_path, about_seconds=away_seconds)
    assert [source["sample_rate"] for source in journal.header["sources"]] == [44_100]
    [absence] = lines_of(tmp_path, "absence")
    assert absence["source"] == "Monitor of Null Output"
    assert f"{ROOM}.monitor in the place of" in absence["reason"]
    [gap] = lines_of(tmp_path, "gap")
    before = [row for row in journal.rows if row["end"] <= gap["start"]]
    assert all(row["level_dbfs"] < SILENCE_DBFS for row in before), "the tone is for another"
    assert sum(row["state"] in {"speech", "unsure"} for row in journal.rows) > 4, "it hears again"
    sounds = sorted(tmp_path.glob("recordings/*/sound/*.wav"))
    heard = sum(soundfile.info(str(path)).frames for path in sounds)
    assert heard / 44_100 == pytest.approx(journal.summary["seconds"] - (gap["end"] - gap["start"]), abs=1e-3)


@pytest.mark.usefixtures("tone")
def test_a_stream_that_the_server_moves_is_taken_back(server: PulseServer, tmp_path: Path) -> None:
    with listening(server, tmp_path) as listener:
        number = server.pactl("list", "short", "source-outputs").split()[0]
        server.pactl("move-source-output", number, f"{ROOM}.monitor")
        listener.wait_for('"cause": "away"', timeout_seconds=PATIENCE_SECONDS)
        listener.wait_for('"type": "row"', timeout_seconds=PATIENCE_SECONDS)
    journal = read_journal(tmp_path / "call.jsonl")
    assert_one_absence(journal, tmp_path, about_seconds=NEW_STREAM_SECONDS)
    assert all(row["level_dbfs"] < SILENCE_DBFS for row in journal.rows), "the tone is for another"


@pytest.mark.usefixtures("tone")
def test_another_default_is_not_followed(server: PulseServer, tmp_path: Path) -> None:
    with listening(server, tmp_path) as listener:
        # This server moves all that records from its default to the new one, whatever it was told to record.
        server.pactl("set-default-source", f"{ROOM}.monitor")
        listener.wait_for('"cause": "away"', timeout_seconds=PATIENCE_SECONDS)
        for _ in range(3):
            listener.wait_for('"type": "row"', timeout_seconds=PATIENCE_SECONDS)
        [number] = [
            line.split()[0]
            for line in server.pactl("list", "short", "sources").splitlines()
            if HEADSET in line
        ]
        assert server.pactl("list", "short", "source-outputs").split()[1] == number
    journal = read_journal(tmp_path / "call.jsonl")
    assert_one_absence(journal, tmp_path, about_seconds=NEW_STREAM_SECONDS)
    assert all(row["level_dbfs"] < SILENCE_DBFS for row in journal.rows), "the tone is for another"


@pytest.mark.parametrize("way", ["by the sound server", "by PortAudio"])
def test_a_sound_server_that_is_started_again(
    pulse: PulseServer, speech: Path, tmp_path: Path, way: str
) -> None:
    assert pulse.environment, "where the other server cannot be had these cannot either"
    # Without pactl there is only ALSA to ask, and PortAudio has to look for its devices again.
    env = {"PATH": str(tmp_path / "empty")} if way == "by PortAudio" else {}
    with pulse_server(sinks=(HEADSET,)) as first, listening(first, tmp_path, env=env) as listener:
        first.pactl("exit")
        gone = time.monotonic()
        listener.wait_for('"type": "absence"', timeout_seconds=PATIENCE_SECONDS)
        with pulse_server(sinks=(HEADSET,), folder=first.folder) as second:
            listener.wait_for('"cause": "away"', timeout_seconds=PATIENCE_SECONDS)
            away_seconds = time.monotonic() - gone
            second.speak(speech)
            listener.process.send_signal(signal.SIGINT)
            listener.process.wait(PATIENCE_SECONDS)
    journal = read_journal(tmp_path / "call.jsonl")
    assert_one_absence(journal, tmp_path, about_seconds=away_seconds)
    assert sum(row["state"] in {"speech", "unsure"} for row in journal.rows) > 4


def test_who_stops_while_it_is_away_is_told_so(server: PulseServer, tmp_path: Path) -> None:
    with listening(server, tmp_path, code=DeviceError.exit_code) as listener:
        server.pactl("unload-module", module_of(server, HEADSET))
        listener.wait_for('"type": "absence"', timeout_seconds=PATIENCE_SECONDS)
    journal = read_journal(tmp_path / "call.jsonl")
    [complaint] = journal.summary["complaints"]
    assert complaint.startswith("Monitor of Null Output was away at the end: the sound server put")
    [gap] = lines_of(tmp_path, "gap")
    assert (gap["cause"], gap["end"], journal.summary["gaps"]) == ("away", journal.summary["seconds"], 1)


def test_a_duration_ends_by_the_clock_while_it_is_away(server: PulseServer, tmp_path: Path) -> None:
    with listening(server, tmp_path, "--duration", "6", code=DeviceError.exit_code) as listener:
        server.pactl("unload-module", module_of(server, HEADSET))
        listener.wait_for('"type": "summary"', timeout_seconds=PATIENCE_SECONDS)
        listener.process.wait(PATIENCE_SECONDS)
    journal = read_journal(tmp_path / "call.jsonl")
    [gap] = lines_of(tmp_path, "gap")
    assert (journal.summary["seconds"], gap["cause"], gap["end"]) == (6, "away", 6)


def test_system_sound_goes_where_the_machine_plays_to(
    server: PulseServer, speech: Path, tmp_path: Path
) -> None:
    with listening(server, tmp_path, "--system") as listener:
        server.pactl("set-default-sink", HEADSET)
        listener.wait_for('"cause": "away"', timeout_seconds=PATIENCE_SECONDS)
        server.speak(speech, into=HEADSET)
    journal = read_journal(tmp_path / "call.jsonl")
    assert_one_absence(journal, tmp_path, about_seconds=NEW_STREAM_SECONDS)
    [absence] = lines_of(tmp_path, "absence")
    assert absence["reason"] == f"what this machine plays is heard from {HEADSET}.monitor now"
    assert sum(row["state"] in {"speech", "unsure"} for row in journal.rows) > 4
