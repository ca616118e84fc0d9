"""A source of a real sound server: what it hears, and never what another hears."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given

from emotion.errors import DeviceError
from streamer.events import AudioBlock
from streamer.sources.pulse import ParecMessages, PulseSource, read_backlog
from streamer.sources.queue import BlockQueue
from tests.pulse import SINK, PulseServer
from tests.strategies import cuts

RATE = 16_000
AWAY = "callmood_away"
PATIENCE_SECONDS = 20.0


class Away:
    """A second sink, which nothing else in the tests plays to or hears."""

    def __init__(self, server: PulseServer) -> None:
        self.server = server
        self.is_there = True
        words = (f"sink_name={AWAY}", f"rate={RATE}", "channels=2")
        self._module = server.pactl("load-module", "module-null-sink", *words).strip()

    def unload(self) -> None:
        if self.is_there:
            self.is_there = False
            self.server.pactl("unload-module", self._module)

    def recordings(self) -> list[str]:
        """The numbers of the streams that record, from whatever source."""
        return [line.split()[0] for line in self.server.pactl("list", "short", "source-outputs").splitlines()]

    @contextmanager
    def playing(self, sink: str, path: Path) -> Iterator[None]:
        """Play a tone of a minute to a sink for as long as the block lasts."""
        soundfile.write(path, 0.5 * np.sin(2 * np.pi * 440 * np.arange(60 * RATE) / RATE), RATE)
        with subprocess.Popen(
            ["paplay", f"--device={sink}", str(path)], env=self.server.environment
        ) as player:
            try:
                yield
            finally:
                player.terminate()


@pytest.fixture
def away(pulse: PulseServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Away]:
    """A sink of the test's own; afterwards no recording, thread or descriptor is left."""
    for name, value in pulse.environment.items():
        monkeypatch.setenv(name, value)
    descriptors, threads = len(list(Path("/proc/self/fd").iterdir())), threading.active_count()
    made = Away(pulse)
    yield made
    made.unload()
    assert made.recordings() == []
    assert len(list(Path("/proc/self/fd").iterdir())) == descriptors
    assert threading.active_count() == threads


def children() -> set[int]:
    """The processes that this one has started, zombies included."""
    found = set()
    for status in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            # Behind the name, which may hold anything: state, parent.
            if int(status.read_text().rpartition(")")[2].split()[1]) == os.getpid():
                found.add(int(status.parent.name))
    return found


@contextmanager
def recording(title: str | None = None) -> Iterator[tuple[PulseSource, BlockQueue, int]]:
    """Record the sink's monitor; give the source, its queue, and the number of the process."""
    source = PulseSource(f"{AWAY}.monitor", title=title)
    source.open()
    queue = BlockQueue(60, RATE)
    before = children()
    source.start(queue)
    [process] = children() - before
    try:
        yield source, queue, process
    finally:
        source.stop()
        source.stop()
        assert queue.closed
        with pytest.raises(ProcessLookupError):  # no zombie either
            os.kill(process, 0)


def blocks_until(queue: BlockQueue, num_samples: int) -> list[AudioBlock]:
    blocks: list[AudioBlock] = []
    until = time.monotonic() + PATIENCE_SECONDS
    while not blocks or blocks[-1].end_sample < num_samples:
        block = queue.get(PATIENCE_SECONDS)
        assert block is not None
        assert time.monotonic() < until
        blocks.append(block)
    return blocks


def rest_of(queue: BlockQueue) -> list[AudioBlock]:
    blocks = []
    while not queue.drained:
        block = queue.get(PATIENCE_SECONDS)
        if block is not None:
            blocks.append(block)
        else:
            assert queue.drained, "it should have ended"
    return blocks


def test_what_is_played_arrives(away: Away, tmp_path: Path) -> None:
    with away.playing(AWAY, tmp_path / "tone.wav"), recording("what plays") as (source, queue, process):
        assert os.getpgid(process) != os.getpgrp(), "Ctrl-C must not reach it"
        info = source.info
        blocks = blocks_until(queue, RATE)
    assert (info.name, info.sample_rate, info.channels) == ("what plays", RATE, 2)
    assert (info.sample_format, info.seconds, info.notes) == ("PCM_16", None, ())
    assert info.live
    assert info.stalls
    assert source.non_finite_samples == 0
    ends = [0] + [block.end_sample for block in blocks]
    assert [block.first_sample for block in blocks] == ends[:-1]
    assert all(block.samples.shape[1] == 2 for block in blocks)
    assert not any(block.samples.flags.writeable for block in blocks)
    last = np.concatenate([block.samples for block in blocks])[-RATE // 2 :, 1]
    spectrum = np.abs(np.fft.rfft(last * np.hanning(len(last))))
    assert spectrum.argmax() * 2 == pytest.approx(440, abs=4)
    assert np.abs(last).max() == pytest.approx(0.5, abs=0.02)


def test_a_mono_source_gives_one_channel(away: Away) -> None:
    source = PulseSource(f"{SINK}.monitor")
    assert (source.info.channels, source.info.sample_rate) == (1, away.server.sample_rate)
    assert source.info.name == f"{SINK}.monitor"


def test_a_source_that_goes_away_is_not_replaced_by_the_microphone(away: Away, tmp_path: Path) -> None:
    with away.playing(SINK, tmp_path / "tone.wav"), recording() as (_, queue, _):
        blocks_until(queue, 1)
        away.unload()
        blocks = rest_of(queue)
    assert isinstance(queue.error, DeviceError)
    assert f"put {SINK}.monitor in the place of {AWAY}.monitor" in str(queue.error)
    assert not any(block.samples.any() for block in blocks), "the tone is for another"


def test_a_recording_that_is_moved_ends(away: Away, tmp_path: Path) -> None:
    with away.playing(SINK, tmp_path / "tone.wav"), recording() as (_, queue, _):
        blocks_until(queue, 1)
        [number] = away.recordings()
        away.server.pactl("move-source-output", number, f"{SINK}.monitor")
        blocks = rest_of(queue)
    assert isinstance(queue.error, DeviceError)
    assert f"put {SINK}.monitor in the place of" in str(queue.error)
    assert not any(block.samples.any() for block in blocks)


def test_a_program_that_dies_is_an_error_of_the_stream(away: Away) -> None:
    with recording() as (_, queue, process):
        away.server.wait_for_listener()
        os.kill(process, signal.SIGKILL)
        rest_of(queue)
    assert isinstance(queue.error, DeviceError)
    assert "delivers no more" in str(queue.error)
    assert "\n" not in str(queue.error)


@pytest.mark.usefixtures("away")
def test_a_program_that_hangs_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streamer.sources.pulse.STOP_SECONDS", 0.3)
    with recording() as (_, queue, process):
        os.kill(process, signal.SIGSTOP)
    assert queue.drained
    assert queue.error is None


def test_a_source_that_has_gone_before_the_start_is_named(away: Away) -> None:
    source = PulseSource(f"{AWAY}.monitor")
    away.unload()
    with pytest.raises(DeviceError, match=f"no source {AWAY}.monitor; there are: {SINK}.monitor"):
        source.open()
    queue = BlockQueue(60, RATE)
    source.start(queue)
    assert rest_of(queue) == []
    source.stop()
    assert "No such entity" in str(queue.error)


@pytest.mark.usefixtures("away")
def test_what_does_not_name_its_source_is_not_heard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streamer.sources.pulse.CONFIRM_SECONDS", 0.2)
    program = tmp_path / "parec"
    program.write_text("#!/bin/sh\nexec cat /dev/urandom\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    with recording() as (_, queue, _):
        assert rest_of(queue) == []
    assert f"does not say that it records {AWAY}.monitor" in str(queue.error)


@pytest.mark.usefixtures("away")
def test_stopping_before_the_start_is_allowed() -> None:
    PulseSource(f"{AWAY}.monitor").stop()


@pytest.mark.parametrize("pauses", [0, 3])
def test_what_waited_is_taken_whole_and_what_comes_as_it_is_made_is_not(pauses: int) -> None:
    piece, bytes_per_second = bytes(30_000), 100_000
    reading, writing = os.pipe()
    arrived = threading.Event()

    def write() -> None:
        for _ in range(4):
            os.write(writing, piece)
        # Whoever refills a pipe that was full needs a moment for each piece.
        for _ in range(pauses):
            time.sleep(0.02)
            os.write(writing, piece)
        arrived.set()
        for _ in range(20):
            time.sleep(0.05)
            os.write(writing, piece[:5000])
        os.close(writing)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        taken = read_backlog(reading, bytes_per_second)
        assert arrived.is_set()
        assert len(taken) >= (4 + pauses) * len(piece)
        assert len(taken) < (4 + pauses) * len(piece) + 20 * 5000, "the rest comes at its own time"
    finally:
        while os.read(reading, 65_536):
            pass
        writer.join(PATIENCE_SECONDS)
        os.close(reading)


WORDS = (
    b"Opening a recording stream with sample specification 's16le 2ch 48000Hz' and channel map 'mono'.\n"
    b"Connection established.\x1b[K\nStream successfully created.\n"
    b"Connected to device (null) (index: 4294967295, suspended: no).\n"
    b"Time: 0.000 sec; Latency: 0 usec.        \r"
    b"Stream moved to device K\xc3\xa4se (2, tief).monitor (1, not suspended).\x1b[K\n"
    b"Time: 1.234 sec; Latency: 49999 usec.        \rStream device suspended.\x1b[K\n"
    b"Time: 1.284 sec; Latency: 49999 usec.        \r"
)


@given(cuts(len(WORDS)))
def test_words_cut_anywhere_name_the_source(cut: list[slice]) -> None:
    messages = ParecMessages()
    devices = set()
    for piece in cut:
        messages.take(WORDS[piece])
        devices.add(messages.device)
    assert devices <= {None, "Käse (2, tief).monitor"}
    assert messages.device == "Käse (2, tief).monitor"
    assert messages.last_line == "Stream device suspended."
