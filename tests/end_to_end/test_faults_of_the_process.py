"""Signals, stops and clocks: callmood ends in order whenever it is asked to, and goes on where it was."""

import json
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
import soundfile

from tests.at_terminal import ENTER, LEAVE, at_terminal, wait_for_frames
from tests.command import command, environment, read_journal
from tests.fed import Fed
from tests.pseudo_terminal import PseudoTerminal
from tests.pulse import PulseServer
from tests.spoken import DEMO

LIGHT = ("--model", "speech-light")
KEEP = ("--journal", "j.jsonl", "--record", "all", "--record-session")
REPLAY = ("replay", DEMO, *LIGHT, *KEEP)
INTERRUPTED = {130, -signal.SIGINT}
"""Shells give both as 130."""


def assert_all_is_whole(folder: Path) -> None:
    """A journal with its summary and every file whole, or nothing at all."""
    assert not [path for path in folder.rglob("*") if path.name.endswith((".part", ".tmp"))]
    if not (folder / "j.jsonl").exists():
        assert list(folder.glob("recordings/*")) == []
        return
    journal = read_journal(folder / "j.jsonl")
    assert journal.summary["windows"] == len(journal.rows)
    for path in folder.rglob("*.wav"):
        assert soundfile.info(str(path)).frames > 0
    for path in folder.rglob("session.json"):
        assert "summary" in json.loads(path.read_text(encoding="utf-8"))


def assert_terminal_is_restored(terminal: PseudoTerminal) -> None:
    assert terminal.text.count(ENTER) == terminal.text.count(LEAVE)
    assert "Traceback" not in terminal.text


def test_a_terminal_that_closes_ends_it_in_order(tmp_path: Path) -> None:
    with PseudoTerminal() as terminal, at_terminal(terminal, *REPLAY, folder=tmp_path) as process:
        assert terminal.wait_for(lambda text: "NEUTRAL" in text or "█" in text, 30)
        terminal.hang_up()
        assert process.wait(timeout=20) == 0
    assert_all_is_whole(tmp_path)
    assert read_journal(tmp_path / "j.jsonl").summary["seconds"] < soundfile.info(str(DEMO)).duration


def test_without_a_panel_a_terminal_that_closes_ends_it_in_order_too(tmp_path: Path) -> None:
    with (
        PseudoTerminal() as terminal,
        at_terminal(terminal, *REPLAY, "--plain", folder=tmp_path) as process,
    ):
        assert terminal.wait_for(lambda text: "dBFS" in text, 30)
        terminal.hang_up()
        assert process.wait(timeout=20) in {0, 7}, "the last lines may find nobody to read them"
    assert_all_is_whole(tmp_path)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_in_order_and_gives_the_terminal_back(
    tmp_path: Path, number: signal.Signals
) -> None:
    with PseudoTerminal() as terminal, at_terminal(terminal, *REPLAY, folder=tmp_path) as process:
        wait_for_frames(terminal, 2)
        process.send_signal(number)
        assert process.wait(timeout=20) == 0
        assert terminal.wait_for(lambda text: "written   j.jsonl" in text or "session " in text)
        assert_terminal_is_restored(terminal)
    assert_all_is_whole(tmp_path)


def seconds_to_start(folder: Path, words: tuple[str | Path, ...], env: Mapping[str, str]) -> float:
    """Measure how long it takes until the panel stands."""
    began = time.monotonic()
    with PseudoTerminal() as terminal, at_terminal(terminal, *words, folder=folder, env=env):
        assert terminal.wait_for(lambda text: ENTER in text, 60)
        return time.monotonic() - began


@pytest.mark.parametrize(
    ("words", "num_moments"),
    [(("replay", DEMO), 5), (("listen", "--device", "PULSE"), 4), (("listen", "--system"), 4)],
)
def test_ctrl_c_at_any_moment_of_the_start(
    pulse: PulseServer, tmp_path: Path, words: tuple[str | Path, ...], num_moments: int
) -> None:
    seconds = seconds_to_start(tmp_path, (*words, *LIGHT), pulse.environment)
    for moment in range(num_moments):
        folder = tmp_path / str(moment)
        folder.mkdir()
        with (
            PseudoTerminal() as terminal,
            at_terminal(terminal, *words, *LIGHT, *KEEP, folder=folder, env=pulse.environment) as process,
        ):
            # From when Python itself has begun to a little after the panel is there.
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(timeout=seconds * (0.25 + moment / num_moments))
            for _ in range(1 + moment % 2):
                terminal.type(b"\x03")
            assert process.wait(timeout=20) in INTERRUPTED | {0}, terminal.text
            assert_terminal_is_restored(terminal)
        assert_all_is_whole(folder)


def test_ctrl_c_while_it_stops(tmp_path: Path) -> None:
    # An ordered stop waits 2 s for each of these commands, which do not end, and gives the exit code 0.
    rule = ("--alert", "neutral>0.01", *(2 * ("--on-alert", "sleep 60")))
    with PseudoTerminal() as terminal, at_terminal(terminal, *REPLAY, *rule, folder=tmp_path) as process:
        assert terminal.wait_for(lambda text: "\a" in text, 30)
        terminal.type(b"q")
        terminal.type(b"\x03")
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=1.0)  # Two signals at once would be one.
        terminal.type(b"\x03")
        assert process.wait(timeout=20) in INTERRUPTED
        assert_terminal_is_restored(terminal)
    assert_all_is_whole(tmp_path)


@contextmanager
def spoken_to(pulse: PulseServer) -> Iterator[None]:
    """Let somebody talk into the microphone all the while."""
    recording = pulse.folder / "spoken.wav"
    samples, sample_rate = soundfile.read(DEMO)
    soundfile.write(recording, samples, sample_rate)
    words = ["paplay", f"--device={pulse.microphone}", str(recording)]
    with subprocess.Popen(words, env=pulse.environment) as player:
        try:
            yield
        finally:
            player.kill()


STOPPED_SECONDS = 2.0


@pytest.mark.parametrize("source", ["default", "callmood_test.monitor"])
def test_stopped_and_continued_it_keeps_the_time(pulse: PulseServer, tmp_path: Path, source: str) -> None:
    device = [] if source == "default" else ["--device", source]
    with (
        spoken_to(pulse),
        subprocess.Popen(
            command("listen", *device, *LIGHT, "--json", "--journal", "j.jsonl"),
            cwd=tmp_path,
            env=environment(pulse.environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process,
    ):
        try:
            assert process.stdout is not None
            seen: list[tuple[float, float]] = []
            for line in process.stdout:
                said = json.loads(line)
                if said["type"] != "row":
                    continue
                seen.append((time.monotonic(), said["end"]))
                if len(seen) == 2:
                    process.send_signal(signal.SIGSTOP)
                    with pytest.raises(subprocess.TimeoutExpired):
                        process.wait(timeout=STOPPED_SECONDS)
                    process.send_signal(signal.SIGCONT)
                    continued = time.monotonic()
                if len(seen) > 2 and seen[-1][0] > continued + 0.7:
                    break
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=30)
        finally:
            process.kill()
    assert process.returncode == 0, err
    journal = read_journal(tmp_path / "j.jsonl")
    (began, first), (ended, last) = seen[0], seen[-1]
    assert ended - began > STOPPED_SECONDS
    assert last - first == pytest.approx(ended - began, abs=1.5), "the stream is as long as the time was"
    missing = sum(gap["end"] - gap["start"] for gap in journal.others if gap["type"] == "gap")
    assert missing < STOPPED_SECONDS + 0.5
    assert journal.summary["failures"] == []


def test_the_clock_is_set_back_and_forward(tmp_path: Path) -> None:
    libraries = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    assert libraries, "type: apt-get install faketime"
    clock = tmp_path / "clock"
    clock.write_text("+0")
    env = {
        "LD_PRELOAD": str(libraries[0]),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_NO_CACHE": "1",
    }
    jumps = ("-3600", "-365d", "+365d")
    with Fed(tmp_path, *KEEP, "--keep", "7d", env=env) as session:
        session.feed(2)
        for number, jump in enumerate(jumps):
            session.wait_for_rows(1 + 4 * number)
            clock.write_text(jump)
            session.feed(2)
        num_rows = 1 + 4 * len(jumps)
        session.wait_for_rows(num_rows)
        # At the end the recordings are tidied once more, a year later.
        assert session.end() == 0, session.stderr
    journal = read_journal(tmp_path / "j.jsonl")
    assert [row["window"] for row in journal.rows] == list(range(num_rows))
    assert [row["end"] for row in journal.rows] == [2.0 + window / 2 for window in range(num_rows)]
    assert journal.others == []
    names = sorted(path.name for path in tmp_path.glob("recordings/*/clips/*/*.wav"))
    assert [name.split("_")[2] for name in names] == [f"{window:07d}" for window in range(num_rows)]
    assert not (tmp_path / "recordings" / "removed.log").exists(), "it was saved just now, whatever the clock"
