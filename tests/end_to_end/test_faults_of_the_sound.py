"""Sound that is none: zeros from a microphone, DC, samples that are no numbers or far too large."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from emotion.arrays import Samples
from tests.at_terminal import END_OF_FRAME, at_terminal
from tests.command import Journal, callmood, read_journal
from tests.pseudo_terminal import PseudoTerminal
from tests.pulse import PulseServer
from tests.spoken import DEMO, SAMPLE_RATE

SECONDS = 6


@pytest.fixture(scope="module")
def speech() -> Samples:
    samples, _ = soundfile.read(DEMO, frames=SECONDS * SAMPLE_RATE, dtype="float32")
    return np.asarray(samples)


def heard(folder: Path, samples: Samples, model: str = "speech-light") -> Journal:
    """Replay samples, written as floats, and give the journal."""
    number = len(list(folder.glob("*.wav")))
    soundfile.write(folder / f"{number}.wav", samples, SAMPLE_RATE, subtype="FLOAT")
    journal = f"{number}.jsonl"
    done = callmood("replay", f"{number}.wav", "--fast", "--model", model, "--journal", journal, cwd=folder)
    assert done.returncode == 0, done.stderr
    return read_journal(folder / journal)


def has_zeros(terminal: PseudoTerminal, text: str) -> bool:
    return text.endswith(END_OF_FRAME) and any("zeros" in line for line in terminal.screen(text))


@pytest.fixture
def headset(pulse: PulseServer) -> Iterator[str]:
    """A microphone that is no loudspeaker's monitor: of these zeros are expected."""
    master = f"master={pulse.microphone}.monitor"
    module = pulse.pactl("load-module", "module-remap-source", master, "source_name=headset")
    yield "headset"
    pulse.pactl("unload-module", module.strip())


def test_a_microphone_of_nothing_but_zeros_is_told_of_and_taken_back(
    pulse: PulseServer, headset: str, tmp_path: Path
) -> None:
    said = "only zeros come: unmute Remapped Monitor of Null Output"
    arguments = ("listen", "--device", headset, "--model", "speech-light", "--journal", "j.jsonl")
    soundfile.write(tmp_path / "speech.wav", soundfile.read(DEMO)[0], SAMPLE_RATE)
    with (
        PseudoTerminal(100, 30) as terminal,
        at_terminal(terminal, *arguments, folder=tmp_path, env=pulse.environment) as process,
    ):
        assert terminal.wait_for(lambda text: said in text and "unmute it, or allow it" in text, 30)
        player = ["paplay", f"--device={pulse.microphone}", str(tmp_path / "speech.wav")]
        with subprocess.Popen(player, env=pulse.environment) as playing:
            assert terminal.wait_for(lambda text: not has_zeros(terminal, text), 30)
            playing.kill()
        terminal.type(b"q")
        assert process.wait(timeout=20) == 0
    (complaint,) = read_journal(tmp_path / "j.jsonl").summary["complaints"]
    assert "delivered nothing but zeros for" in complaint


@pytest.mark.parametrize("level", [-0.9, 0.05])
def test_dc_alone_is_silence(tmp_path: Path, level: float) -> None:
    journal = heard(tmp_path, np.full(SECONDS * SAMPLE_RATE, level, np.float32))
    assert {row["state"] for row in journal.rows} == {"silence"}
    assert {row["level_dbfs"] for row in journal.rows} == {-120.0}


def test_dc_under_speech_changes_neither_its_level_nor_what_is_heard(tmp_path: Path, speech: Samples) -> None:
    plain, shifted = heard(tmp_path, speech), heard(tmp_path, speech + np.float32(0.1))
    assert [row["state"] for row in shifted.rows] == [row["state"] for row in plain.rows]
    for row, expected in zip(shifted.rows, plain.rows, strict=True):
        assert row["level_dbfs"] == pytest.approx(expected["level_dbfs"], abs=0.1)


def test_samples_that_are_no_numbers_are_zeros_and_counted(tmp_path: Path, speech: Samples) -> None:
    marred, zeroed = speech.copy(), speech.copy()
    places = np.arange(100, len(speech), 997)
    marred[places] = np.resize(np.array([np.nan, np.inf, -np.inf], np.float32), len(places))
    zeroed[places] = 0.0
    journal = heard(tmp_path, marred)
    assert journal.rows_without_lag == heard(tmp_path, zeroed).rows_without_lag
    assert journal.summary["non_finite_samples"] == len(places)


def test_huge_samples_are_clipped_sound_and_break_nothing(tmp_path: Path, speech: Samples) -> None:
    huge = speech.copy()
    huge[2 * SAMPLE_RATE : 3 * SAMPLE_RATE] = np.float32(3e38)
    journal = heard(tmp_path, huge)
    assert len(journal.rows) == 2 * SECONDS - 3
    assert "clipped" in {row["state"] for row in journal.rows}
    assert all(np.isfinite(row["level_dbfs"]) for row in journal.rows)
    before, plain = journal.rows[0], heard(tmp_path, speech).rows[0]
    assert all(before[name] == plain[name] for name in ("state", "probabilities"))
