"""The sound server: what it says of its sources, and what is heard of one: never what another hears."""

import os
import platform
import signal
import socket
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
from streamer.sources.base import Device
from streamer.sources.pulse import (
    ParecMessages,
    PulseSource,
    SystemSource,
    english_environment,
    find_pulse_source,
    monitor_of_default_sink,
    pactl,
    pulse_sources,
    read_backlog,
)
from streamer.sources.queue import BlockQueue
from tests.pulse import SINK, PulseServer, pulse_server
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


@pytest.fixture
def server(pulse: PulseServer, monkeypatch: pytest.MonkeyPatch) -> PulseServer:
    """The test's sound server is this process's own."""
    for name, value in pulse.environment.items():
        monkeypatch.setenv(name, value)
    return pulse


def test_the_monitor_of_the_default_sink(server: PulseServer) -> None:
    assert monitor_of_default_sink() == f"{SINK}.monitor"
    module = server.pactl("load-module", "module-null-sink", "sink_name=phones", "rate=16000", "channels=2")
    try:
        server.pactl("set-default-sink", "phones")
        assert monitor_of_default_sink() == "phones.monitor"
        devices = pulse_sources()
    finally:
        server.pactl("set-default-sink", SINK)
        server.pactl("unload-module", module.strip())
    title = "Monitor of Null Output"
    assert Device(None, "phones.monitor", "sound server", 2, 16_000, is_default=False, title=title) in devices
    own = Device(
        None, f"{SINK}.monitor", "sound server", 1, server.sample_rate, is_default=False, title=title
    )
    assert own in devices


def test_a_name_is_found_whole_or_not_at_all(server: PulseServer) -> None:
    assert find_pulse_source(f"{SINK}.monitor").sample_rate == server.sample_rate
    with pytest.raises(DeviceError, match=rf"no source {SINK}; there are: .*{SINK}\.monitor"):
        find_pulse_source(SINK)


def test_a_server_without_a_sink_says_so(pulse: PulseServer, monkeypatch: pytest.MonkeyPatch) -> None:
    assert pulse.environment, "where the other server cannot be had this one cannot either"
    with pulse_server() as bare:
        for name, value in bare.environment.items():
            monkeypatch.setenv(name, value)
        bare.pactl("unload-module", "module-null-sink")
        with pytest.raises(DeviceError, match="no sink to play to"):
            monitor_of_default_sink()
        assert pulse_sources() == []
        with pytest.raises(DeviceError, match="there are: none at all"):
            find_pulse_source("any.monitor")


def test_a_sink_without_a_monitor_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "pactl"
    program.write_text('#!/bin/sh\n[ "$1" = info ] && echo "Default Sink: speakers"\nexit 0\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    with pytest.raises(DeviceError, match=r"plays to speakers and has no speakers\.monitor"):
        monitor_of_default_sink()


@pytest.mark.usefixtures("server")
def test_no_sound_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULSE_SERVER", f"unix:{tmp_path / 'nobody'}")
    with pytest.raises(
        DeviceError, match=r"no sound server answers \(pactl says: Connection failure"
    ) as told:
        monitor_of_default_sink()
    assert "\n" not in str(told.value)


@pytest.mark.usefixtures("server")
def test_a_sound_server_that_hangs_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streamer.sources.pulse.ANSWER_SECONDS", 0.3)
    with socket.socket(socket.AF_UNIX) as hanging:
        hanging.bind(str(tmp_path / "native"))
        hanging.listen()
        monkeypatch.setenv("PULSE_SERVER", f"unix:{tmp_path / 'native'}")
        with pytest.raises(DeviceError, match=r"does not answer within 0\.3 s"):
            pulse_sources()


def test_ctrl_c_at_a_terminal_does_not_reach_pactl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "pactl"
    program.write_text('#!/bin/sh\nread line < /proc/$$/stat\necho "$line"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    # Behind the name, which may hold anything: state, parent, group of processes, session.
    number, session = (pactl("info").rpartition(")")[2].split()[place] for place in (1, 3))
    assert int(number) == os.getpid()
    assert int(session) != os.getsid(0)


def test_without_pactl_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DeviceError, match="pactl is not installed; type: sudo apt install pulseaudio-utils"):
        monitor_of_default_sink()


@pytest.mark.parametrize(("system", "words"), [("Darwin", "BlackHole"), ("Windows", "virtual cable")])
def test_elsewhere_it_says_what_to_install(system: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "system", lambda: system)
    with pytest.raises(DeviceError, match=words) as told:
        monitor_of_default_sink()
    assert "--device" in str(told.value)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("language", ["de_DE:de", "fr"])
def test_answers_are_english_whatever_the_user_speaks(
    server: PulseServer, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANGUAGE", language)
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    assert server.sample_rate in [device.sample_rate for device in pulse_sources()]
    environment = english_environment()
    assert (environment["LC_ALL"], environment["LANGUAGE"]) == ("C.UTF-8", "")


def test_system_sound_ends_when_another_sink_becomes_the_default(server: PulseServer) -> None:
    module = server.pactl("load-module", "module-null-sink", "sink_name=phones", "rate=16000", "channels=2")
    source = SystemSource()
    queue = BlockQueue(60, source.info.sample_rate)
    try:
        source.open()
        source.start(queue)
        assert queue.get(PATIENCE_SECONDS) is not None
        server.pactl("set-default-source", f"{SINK}.monitor")
        server.pactl("set-default-sink", "phones")
        until = time.monotonic() + PATIENCE_SECONDS
        while not queue.drained:
            queue.get(1.0)
            assert time.monotonic() < until, "it should have ended"
    finally:
        source.stop()
        source.stop()
        server.pactl("set-default-sink", SINK)
        server.pactl("unload-module", module.strip())
    assert (source.info.name, source.info.channels, source.info.stalls) == ("system sound", 1, True)
    assert str(queue.error) == "what this machine plays is heard from phones.monitor now; start again"
