"""What the machine plays: the monitor of the default sink, followed when another sink becomes the default."""

import os
import platform
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from emotion.errors import DeviceError
from streamer.sources.base import BlockReceiver, SourceInfo, SourceThread
from streamer.sources.pulse import PulseSource
from streamer.sources.pulse_server import (
    MONITOR,
    pulse_sources,
    server_answers,
    server_default,
    start_pulse_program,
)
from streamer.sources.reconnect import ReconnectingSource

if TYPE_CHECKING:
    import subprocess

_OTHER_SYSTEMS: Final = MappingProxyType(
    {
        "Darwin": "macOS lets no program record what it plays; install a virtual device (brew install "
        "blackhole-2ch), let the sound go through it, then: callmood listen --device BlackHole",
        "Windows": "what Windows plays cannot be recorded (WASAPI loopback is not supported); install a "
        "virtual cable such as VB-CABLE, let the sound go through it, then: callmood listen --device CABLE",
    }
)


def monitor_of_default_sink() -> str:
    """Name the source that hears what the machine plays."""
    if (instead := _OTHER_SYSTEMS.get(platform.system())) is not None:
        raise DeviceError(instead)
    sink = server_default("Sink")
    if sink is None:
        raise DeviceError(
            "the sound server has no sink to play to; plug in or choose what the sound comes out of"
        )
    monitor = f"{sink}{MONITOR}"
    names = [source.name for source in pulse_sources()]
    if monitor not in names:
        raise DeviceError(
            f"the sound server plays to {sink} and has no {monitor} to hear that; its sources: "
            f"{', '.join(names) or 'none'}; choose another that the sound comes out of"
        )
    return monitor


TITLE: Final = "system sound"

_STOP_SECONDS: Final = 2.0
_READ_BYTES: Final = 4096


def open_system_sound() -> ReconnectingSource:
    """Give the source that hears what the machine plays, wherever that comes out; it is waited for."""
    return ReconnectingSource(SystemSource(), SystemSource, ask=server_answers)


class SystemSource:
    """Delivers what the default sink plays; ends, as a device does that goes away, where another becomes it.

    Whoever waits for it and opens it anew hears the other: that is what the user asked for.
    """

    def __init__(self, like: SourceInfo | None = None) -> None:
        self._monitor = monitor_of_default_sink()
        self._source = PulseSource(self._monitor, title=TITLE, like=like)
        # It asks a sound server that may hang.
        self._watch = SourceThread("callmood-default-sink", self._look, daemon=True)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def info(self) -> SourceInfo:
        """What is known of the source."""
        return self._source.info

    @property
    def non_finite_samples(self) -> int:
        """None: there are no such numbers in 16 bits."""
        return 0

    def open(self) -> None:
        """Make sure that it is still there."""
        self._source.open()

    def start(self, queue: BlockReceiver) -> None:
        """Begin to deliver, and to look where the machine plays to."""
        self._process = start_pulse_program("pactl", "subscribe")
        self._source.start(queue)
        self._watch.start(queue)

    def stop(self) -> None:
        """Deliver nothing more and close the queue; a second call does nothing."""
        self._watch.stop()
        self._source.stop()
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        self._watch.wait(_STOP_SECONDS)
        if process.stdout is not None:
            process.stdout.close()

    def _look(self, _: BlockReceiver) -> None:
        """Ask anew whenever the server says that something about itself has changed."""
        process = self._process
        if process is None or process.stdout is None:
            return
        events = process.stdout.fileno()
        while said := os.read(events, _READ_BYTES):
            if b" on server" in said and (monitor := monitor_of_default_sink()) != self._monitor:
                raise DeviceError(f"what this machine plays is heard from {monitor} now; start again")
        if not self._watch.stopping.is_set():
            raise DeviceError("the sound server has stopped; see `callmood devices`, then start again")
