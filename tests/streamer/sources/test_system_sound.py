"""What the sound server says of its sources and of system sound, or one line that says why not."""

import os
import platform
import socket
import time
from pathlib import Path

import pytest

from emotion.errors import DeviceError
from streamer.sources.pulse_server import (
    PulseDevice,
    english_environment,
    find_pulse_source,
    pactl,
    pulse_sources,
)
from streamer.sources.queue import BlockQueue
from streamer.sources.system_sound import SystemSource, monitor_of_default_sink
from tests.pulse import SINK, PulseServer, pulse_server

PATIENCE_SECONDS = 20.0


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
    assert PulseDevice("phones.monitor", title, sample_rate=16_000, channels=2) in devices
    assert PulseDevice(f"{SINK}.monitor", title, sample_rate=server.sample_rate, channels=1) in devices


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
    monkeypatch.setattr("streamer.sources.pulse_server.ANSWER_SECONDS", 0.3)
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
