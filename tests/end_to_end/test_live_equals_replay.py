"""A microphone, as real as can be without a sound card: spoken into, recorded, replayed, compared."""

import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import soxr

from emotion.arrays import Samples
from tests.command import Journal, callmood, command, environment, read_journal
from tests.pulse import PulseServer
from tests.spoken import DEMO, SAMPLE_RATE

BEFORE_SECONDS = 2.5
"""A null sink at rest takes up to 2 s to notice that its monitor is wanted."""

AFTER_SECONDS = 4.0
"""Longer than a player takes to start and to end."""


@pytest.fixture(scope="module")
def live(pulse: PulseServer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a session that listened while the demo was spoken to it."""
    folder = tmp_path_factory.mktemp("live")
    speech, rate = soundfile.read(DEMO, dtype="int16")
    spoken = np.concatenate([np.zeros(round(BEFORE_SECONDS * rate), np.int16), speech])
    soundfile.write(folder / "spoken.wav", spoken, rate)
    seconds = len(spoken) / rate + AFTER_SECONDS
    arguments = ["listen", "--device", "pulse", "--duration", f"{seconds:.1f}", "--record-session"]
    with subprocess.Popen(
        command(*arguments, "--journal", "live.jsonl", "--out", "recordings"),
        cwd=folder,
        env=environment(pulse.environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as listener:
        try:
            pulse.wait_for_listener()
            pulse.speak(folder / "spoken.wav")
            out, err = listener.communicate(timeout=60)
        except BaseException as error:
            listener.kill()
            error.add_note(f"callmood listen said: {listener.communicate()}")
            raise
    assert listener.returncode == 0, (out, err)
    return folder


def _sound(live: Path) -> Path:
    (sound,) = live.glob("recordings/*/sound/sound_*.wav")
    return sound


def _replayed(recording: Path, folder: Path, name: str) -> Journal:
    done = callmood("replay", recording, "--fast", "--journal", f"{name}.jsonl", cwd=folder)
    assert done.returncode == 0, done.stderr
    return read_journal(folder / f"{name}.jsonl")


def _delay(heard: Samples, source: Samples) -> int:
    """Find where in a recording a source begins: the peak of their cross-correlation."""
    size = 1 << (len(heard) + len(source) - 1).bit_length()
    spectrum = np.fft.rfft(heard, size) * np.conj(np.fft.rfft(source, size))
    return int(np.argmax(np.fft.irfft(spectrum, size)[: len(heard)]))


def test_the_microphone_heard_something_and_lost_nothing(live: Path) -> None:
    journal = read_journal(live / "live.jsonl")
    assert journal.header["sources"][0]["live"] is True
    assert len(journal.in_speech()) > 20
    assert (journal.summary["gaps"], journal.summary["dropped_seconds"]) == (0, 0)
    assert journal.summary["windows"] == len(journal.rows)


def test_the_session_replayed_gives_exactly_the_live_rows(live: Path) -> None:
    journal = read_journal(live / "live.jsonl")
    again = _replayed(_sound(live), live, "replay")
    assert again.rows_without_lag == journal.rows_without_lag
    assert journal.summary["windows"] > 40


def _leading(row: dict[str, Any]) -> str | None:
    """Give the label that leads, whether or not the model is sure enough to show it."""
    return max(row["smoothed"], key=row["smoothed"].get) if row["smoothed"] else None


def test_nine_windows_in_ten_are_speech_and_nine_of_these_carry_the_label_of_the_source_file(
    live: Path, tmp_path: Path
) -> None:
    journal = read_journal(live / "live.jsonl")
    heard, rate = soundfile.read(_sound(live), dtype="float32", always_2d=True)
    source, _ = soundfile.read(DEMO, dtype="float32")
    delay_seconds = _delay(heard.mean(axis=1), soxr.resample(source, SAMPLE_RATE, rate)) / rate
    # The source as it is, only later: resampled it would have gone half the way of what was heard.
    late = np.concatenate([np.zeros(round(delay_seconds * SAMPLE_RATE), np.float32), source])
    soundfile.write(tmp_path / "expected.wav", late, SAMPLE_RATE, subtype="FLOAT")

    wanted = {
        row["start"]: _leading(row) for row in _replayed(tmp_path / "expected.wav", tmp_path, "x").in_speech()
    }
    got = {row["start"]: leading for row in journal.rows if (leading := _leading(row))}
    assert len(wanted) > 20
    both = wanted.keys() & got.keys()
    assert len(both) >= 0.9 * len(wanted), f"speech is heard in {len(both)} of {len(wanted)}"
    same = sum(got[start] == wanted[start] for start in both)
    assert same >= 0.9 * len(both), f"{same} of {len(both)}"
