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
TITLE: Final = "system sound"

_OTHER_SYSTEMS: Final = MappingProxyType(
    {
        "Darwin": "macOS lets no program record what it plays; install a virtual device (brew install "
        "blackhole-2ch), let the sound go through it, then: callmood listen --device BlackHole",
        "Windows": "what Windows plays cannot be recorded (WASAPI loopback is not supported); install a "
        "virtual cable such as VB-CABLE, let the sound go through it, then: callmood listen --device CABLE",
    }
)
_STOP_SECONDS: Final = 2.0
_READ_BYTES: Final = 4096


def open_system_sound() -> ReconnectingSource:
    """Give the source of what the machine plays, through whichever sink; it is reopened if it goes away."""
    return ReconnectingSource(SystemSource(), SystemSource, probe=server_answers)


def monitor_of_default_sink() -> str:
    """Name the source that records what the machine plays."""
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


class SystemSource(PulseSource):
    """Records the default sink; ends, like a device that goes away, when another sink becomes the default.

    Whoever reopens it then records the other one.
    """

    def __init__(self, like: SourceInfo | None = None) -> None:
        self._monitor = monitor_of_default_sink()
        super().__init__(self._monitor, title=TITLE, like=like)
        # Its queries may hang, so no exit waits for the thread.
        self._default_watch = SourceThread("callmood-default-sink", self._watch_default, daemon=True)
        self._events: subprocess.Popen[bytes] | None = None

    def start(self, queue: BlockReceiver) -> None:
        """Begin to deliver, and to watch which sink is the default."""
        self._events = start_pulse_program("pactl", "subscribe")
        super().start(queue)
        self._default_watch.start(queue)

    def stop(self) -> None:
        """Deliver nothing more and close the queue; a second call does nothing."""
        self._default_watch.stop()
        super().stop()
        process, self._events = self._events, None
        if process is None:
            return
        process.kill()
        process.wait()
        self._default_watch.wait(_STOP_SECONDS)
        if process.stdout is not None:
            process.stdout.close()

    def _watch_default(self, _: BlockReceiver) -> None:
        """Ask for the default sink whenever the server reports that its own settings have changed."""
        process = self._events
        if process is None or process.stdout is None:
            return
        events = process.stdout.fileno()
        while lines := os.read(events, _READ_BYTES):
            if b" on server" in lines and (monitor := monitor_of_default_sink()) != self._monitor:
                raise DeviceError(f"what this machine plays is heard from {monitor} now; start again")
        if not self._default_watch.stopping.is_set():
            raise DeviceError("the sound server has stopped; see `callmood devices`, then start again")
