"""Recordings that are odd but valid: they work, and one line says what was done to them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from emotion.arrays import Samples
from tests.command import callmood, read_journal
from tests.spoken import DEMO, SAMPLE_RATE

SECONDS = 6
WIN, STEP = 2 * SAMPLE_RATE, SAMPLE_RATE // 2


@pytest.fixture(scope="module")
def speech() -> Samples:
    """Six seconds of the demo at 16 kHz."""
    samples, _ = soundfile.read(DEMO, frames=SECONDS * SAMPLE_RATE, dtype="float32")
    return np.asarray(samples)


def _eight_bit(path: Path, speech: Samples) -> None:
    soundfile.write(path, speech, SAMPLE_RATE, subtype="PCM_U8", format="WAV")


def _twenty_four_bit(path: Path, speech: Samples) -> None:
    soundfile.write(path, speech, SAMPLE_RATE, subtype="PCM_24", format="WAV")


def _floating(path: Path, speech: Samples) -> None:
    soundfile.write(path, speech, SAMPLE_RATE, subtype="FLOAT", format="WAV")


def _ninety_six_khz(path: Path, speech: Samples) -> None:
    soundfile.write(path, soxr.resample(speech, SAMPLE_RATE, 96_000), 96_000, subtype="PCM_16", format="WAV")


def _six_channels(path: Path, speech: Samples) -> None:
    soundfile.write(path, np.stack([speech] * 6, axis=1), SAMPLE_RATE, subtype="PCM_16", format="WAV")


def _opus(path: Path, speech: Samples) -> None:
    soundfile.write(path, speech, SAMPLE_RATE, subtype="OPUS", format="OGG")


def _non_finite(path: Path, speech: Samples) -> None:
    marred = speech.copy()
    marred[[100, 20_000, 50_000]] = [np.nan, np.inf, -np.inf]
    soundfile.write(path, marred, SAMPLE_RATE, subtype="FLOAT", format="WAV")


@pytest.mark.parametrize(
    ("write", "note"),
    [
        (_eight_bit, "8-bit"),
        (_twenty_four_bit, "24-bit"),
        (_floating, "floating-point"),
        (_ninety_six_khz, "resampled from 96000 to 16000 Hz"),
        (_six_channels, "six channels"),
        (_opus, "Opus"),
    ],
)
def test_it_works_and_a_note_says_what_was_done(
    tmp_path: Path, speech: Samples, write: Callable[[Path, Samples], None], note: str
) -> None:
    write(tmp_path / "odd.wav", speech)
    done = callmood("replay", "odd.wav", "--fast", "--journal", "odd.jsonl", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    journal = read_journal(tmp_path / "odd.jsonl")
    assert len(journal.rows) == (len(speech) - WIN) // STEP + 1
    assert journal.in_speech()
    assert [line for line in journal.header["notes"] if note in line], journal.header["sources"]
    assert [line for line in (done.stdout + done.stderr).splitlines() if note in line]


def test_a_truncated_wav_is_read_as_far_as_it_goes(tmp_path: Path, speech: Samples) -> None:
    soundfile.write(tmp_path / "whole.wav", speech, SAMPLE_RATE, subtype="PCM_16")
    whole = (tmp_path / "whole.wav").read_bytes()
    kept = 5 * SAMPLE_RATE + 77
    (tmp_path / "cut.wav").write_bytes(whole[: 44 + 2 * kept + 1])
    done = callmood("replay", "cut.wav", "--fast", "--journal", "cut.jsonl", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    journal = read_journal(tmp_path / "cut.jsonl")
    assert len(journal.rows) == (kept - WIN) // STEP + 1
    assert [line for line in journal.header["notes"] if "cut" in line]
    assert [line for line in (done.stdout + done.stderr).splitlines() if "cut" in line]


def test_a_few_non_finite_samples_are_taken_as_zero_and_counted(tmp_path: Path, speech: Samples) -> None:
    _non_finite(tmp_path / "marred.wav", speech)
    done = callmood("replay", "marred.wav", "--fast", "--journal", "marred.jsonl", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    journal = read_journal(tmp_path / "marred.jsonl")
    assert len(journal.rows) == (len(speech) - WIN) // STEP + 1
    assert journal.summary["non_finite_samples"] == 3
    assert [line for line in (done.stdout + done.stderr).splitlines() if "non-finite" in line and "3" in line]


def test_a_recording_of_nothing_is_silence_and_no_error(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "nothing.wav", np.zeros(10 * SAMPLE_RATE, np.float32), SAMPLE_RATE)
    done = callmood("replay", "nothing.wav", "--fast", "--journal", "nothing.jsonl", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    journal = read_journal(tmp_path / "nothing.jsonl")
    assert {row["state"] for row in journal.rows} == {"silence"}
    assert journal.summary["emotions"] in ({}, dict.fromkeys(journal.header["labels"], 0))
