"""Two microphones at once: each a leg with its own clock, rows and sound."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import soundfile

from tests.command import Journal, assert_one_line_of_complaint, callmood, command, environment, read_journal
from tests.pulse import PulseServer, pulse_server
from tests.running import running
from tests.spoken import DEMO, SAMPLE_RATE

SINKS = ("near", "far")
SECONDS = 7.0
SPEECH_SECONDS = 4
ASOUNDRC = "\n".join(f"pcm.{sink} {{ type pulse device {sink}.monitor }}" for sink in SINKS)


@pytest.fixture(scope="module")
def sinks() -> Iterator[PulseServer]:
    with pulse_server(sinks=SINKS) as server:
        with (Path(server.environment["HOME"]) / ".asoundrc").open("a") as file:
            file.write(ASOUNDRC)
        yield server


@pytest.fixture(scope="module")
def session(sinks: PulseServer, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Journal]:
    """Ann speaks into the near microphone; a moment later somebody else into the far one."""
    folder = tmp_path_factory.mktemp("devices")
    speech, _ = soundfile.read(DEMO, dtype="int16")
    for name, begin in zip(SINKS, (0, 16), strict=True):
        piece = speech[begin * SAMPLE_RATE :][: SPEECH_SECONDS * SAMPLE_RATE]
        soundfile.write(folder / f"{name}.wav", piece, SAMPLE_RATE)
    listen = command(
        *("listen", "--device", "near", "--device", "far", "--legs", "ann,bob", "--model", "speech-light"),
        *("--json", "--journal", "call.jsonl", "--record-session", "--duration", f"{SECONDS:g}"),
    )
    surroundings = environment(sinks.environment | {"PYTHONUNBUFFERED": "1"})
    with running(listen, surroundings, pipe="both", folder=folder) as listener:
        listener.wait_for('"type": "header"', timeout_seconds=30.0)
        speakers = [
            threading.Thread(target=sinks.speak, args=(folder / f"{name}.wav",), kwargs={"into": name})
            for name in SINKS
        ]
        for speaker in speakers:
            speaker.start()
        for speaker in speakers:
            speaker.join(60.0)
        listener.wait_for('"type": "summary"', timeout_seconds=60.0)
        listener.process.wait(20.0)
    assert listener.process.returncode == 0, listener.last_words
    return folder, read_journal(folder / "call.jsonl")


def test_each_device_is_a_leg_on_one_clock(session: tuple[Path, Journal]) -> None:
    _, journal = session
    assert [source["name"] for source in journal.header["sources"]] == ["near", "far"]
    assert [leg["name"] for leg in journal.header["legs"]] == ["ann", "bob"]
    for leg in ("ann", "bob"):
        rows = [row for row in journal.rows if row["leg"] == leg]
        assert len(rows) >= 8
        assert sum(row["state"] in {"speech", "unsure"} for row in rows) >= 4
        assert rows[-1]["end"] <= SECONDS
    assert journal.summary["drift_seconds"] == pytest.approx(0.0, abs=0.25)
    assert (journal.summary["dropped_seconds"], journal.summary["overruns"]) == (0, 0)


def test_the_rows_of_each_are_those_of_its_own_sound(session: tuple[Path, Journal]) -> None:
    folder, journal = session
    for leg, name in (("ann", "sound"), ("bob", "sound-2")):
        (sound,) = folder.glob(f"recordings/*/{name}/*.wav")
        done = callmood(
            *("replay", sound, "--fast", "--model", "speech-light", "--legs", leg, "--plain"),
            *("--journal", f"{leg}.jsonl"),
            cwd=folder,
        )
        assert done.returncode == 0, done.stderr
        again = read_journal(folder / f"{leg}.jsonl").rows_without_lag
        live = [row for row in journal.rows_without_lag if row["leg"] == leg]
        # A device that begins later has the same rows at a later time.
        for row in (*again, *live):
            row.pop("start")
            row.pop("end")
        assert again == live


def test_names_must_be_as_many_as_devices(sinks: PulseServer, tmp_path: Path) -> None:
    done = callmood(
        *("listen", "--device", "near", "--device", "far", "--legs", "ann"),
        cwd=tmp_path,
        env=sinks.environment,
    )
    assert_one_line_of_complaint(done, "1 names for 2 sources")
