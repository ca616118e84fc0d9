"""A real call between two soft-phones, and callmood beside one of them: leg by leg, who spoke when."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from emotion.arrays import Samples
from tests.command import Journal, Row, command, environment, read_journal
from tests.conversation import Span, conversation
from tests.phones import MICROPHONES, SINKS, WHAT_TO_INSTALL, call, missing_programs
from tests.pulse import pulse_server
from tests.running import running
from tests.spoken import SAMPLE_RATE

SOUND_FOLDERS = {"me": "sound", "them": "sound-2"}
"""Where a session keeps the whole sound of its sources."""

START_TIMEOUT_SECONDS = 30.0

EDGE_SECONDS = 1.0
"""So near to where someone begins or ends, a window may go either way."""

LEAST_SPEECH, LEAST_OTHERS = 8, 4
"""Windows, of some 30 in all."""

LEAST_LIKENESS = 0.8
MOST_BLEED_DBFS = -70.0
"""A phone line on which nobody speaks is at -87."""


@dataclass(frozen=True)
class Heard:
    """A session of a whole call.

    Attributes
    ----------
    journal : Journal
        Of both legs.
    sounds : mapping of leg to ndarray
        What callmood heard of each, at 16 kHz, from stream time 0.
    spoken : mapping of leg to span
        Stream time of a leg's first word and of its last, s.
    likeness : mapping of leg to float
        Between what was heard and what was said, -1..1.
    """

    journal: Journal
    sounds: Mapping[str, Samples]
    spoken: Mapping[str, Span]
    likeness: Mapping[str, float]

    def rows(self, leg: str) -> list[Row]:
        """Give the rows of a leg."""
        return [row for row in self.journal.rows if row["leg"] == leg]


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory) -> Heard:
    """Listen beside my phone for a whole call; skipped without a soft-phone, but not in CI."""
    if missing := missing_programs():
        words = f"no {', '.join(missing)} on this machine; type: {WHAT_TO_INSTALL}"
        if os.environ.get("CI"):
            pytest.fail(words)
        pytest.skip(words)
    folder = tmp_path_factory.mktemp("call")
    said = conversation(folder)
    listen = command("listen", "--mic", "--system", "--json", "--journal", "call.jsonl", "--record-session")
    with pulse_server(sinks=SINKS, microphone=MICROPHONES["me"]) as pulse, call(pulse, folder) as now:
        surroundings = environment(pulse.environment | {"PYTHONUNBUFFERED": "1"})
        with running(listen, surroundings, pipe="both", folder=folder) as listener:
            listener.wait_for('"leg": "me"', '"leg": "them"', timeout_seconds=START_TIMEOUT_SECONDS)
            said.speak(pulse)
            now.check()
    assert listener.process.returncode == 0, listener.last_words
    sounds = {leg: _sound(folder, name) for leg, name in SOUND_FOLDERS.items()}
    spoken, likeness = {}, {}
    for leg, sound in sounds.items():
        delay, likeness[leg] = said.find(leg, sound)
        spoken[leg] = (said.spoken[leg][0] + delay, said.spoken[leg][1] + delay)
    return Heard(read_journal(folder / "call.jsonl"), sounds, spoken, likeness)


def _sound(folder: Path, name: str) -> Samples:
    """Read the whole sound of a source, each file in the place that its name gives it."""
    sound = np.zeros(0, np.float32)
    for path in sorted(folder.glob(f"recordings/*/{name}/sound_*.wav")):
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
        mono = soxr.resample(samples.mean(axis=1), rate, SAMPLE_RATE)
        at = round(int(path.stem.split("_")[1]) / rate * SAMPLE_RATE)
        sound = np.concatenate([sound, np.zeros(max(0, at - len(sound)), np.float32), mono])
    return sound


def _check_leg(rows: Sequence[Row], spoken: Span) -> None:
    """Hold the rows of a leg against when there was speech on it.

    Parameters
    ----------
    rows : sequence of row
        As they stand in a journal.
    spoken : span
        From its first word to its last, s, on the clock of the rows.
    """
    begin, end = spoken[0] - EDGE_SECONDS, spoken[1] + EDGE_SECONDS
    speech = [row for row in rows if row["state"] in {"speech", "unsure"}]
    inside = [row for row in speech if row["start"] >= begin and row["end"] <= end]
    assert len(inside) >= LEAST_SPEECH, f"{len(inside)} windows of speech from {begin:.1f} to {end:.1f} s"
    others = [row for row in rows if row["end"] <= begin or row["start"] >= end]
    assert len(others) >= LEAST_OTHERS, f"{len(others)} windows while nobody or only the other spoke"
    wrong = [(row["start"], row["state"]) for row in others if row in speech]
    assert not wrong, f"speech before {begin:.1f} or after {end:.1f} s: {wrong}"


@pytest.mark.parametrize("leg", ["me", "them"])
def test_a_leg_brings_the_voice_of_its_end(heard: Heard, leg: str) -> None:
    assert heard.likeness[leg] >= LEAST_LIKENESS


@pytest.mark.parametrize("leg", ["me", "them"])
def test_a_leg_brings_nothing_of_the_other(heard: Heard, leg: str) -> None:
    mine, theirs = heard.spoken["me"], heard.spoken["them"]
    first, last = {"me": (mine[1], theirs[1]), "them": (mine[0], theirs[0])}[leg]
    sound = heard.sounds[leg][round(first * SAMPLE_RATE) : round(last * SAMPLE_RATE)]
    assert len(sound) > 3 * SAMPLE_RATE
    level_dbfs = 10 * np.log10(np.mean(np.square(sound)) + 1e-12)
    assert level_dbfs < MOST_BLEED_DBFS


@pytest.mark.parametrize("leg", ["me", "them"])
def test_the_rows_of_a_leg_follow_who_spoke(heard: Heard, leg: str) -> None:
    _check_leg(heard.rows(leg), heard.spoken[leg])


def test_every_row_is_of_one_of_the_two_and_nothing_was_lost(heard: Heard) -> None:
    assert {row["leg"] for row in heard.journal.rows} == {"me", "them"}
    summary = heard.journal.summary
    assert (summary["gaps"], summary["dropped_seconds"]) == (0, 0)
