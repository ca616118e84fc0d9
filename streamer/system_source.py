"""A source that hears what the machine plays, and goes along where that comes out elsewhere."""

import os
from typing import TYPE_CHECKING, Final

from emotion.errors import DeviceError
from streamer.intake import Intake
from streamer.pactl import server_answers, start_pulse_program
from streamer.pulse_source import PulseSource
from streamer.returning_source import ReturningSource
from streamer.source import SourceInfo
from streamer.source_thread import SourceThread
from streamer.system_sound import monitor_of_default_sink

if TYPE_CHECKING:
    import subprocess

TITLE: Final = "system sound"

_STOP_SECONDS: Final = 2.0
_READ_BYTES: Final = 4096


def open_system_sound() -> ReturningSource:
    """Give the source that hears what the machine plays, wherever that comes out; it is waited for.

    Returns
    -------
    ReturningSource
        Not open yet.

    Raises
    ------
    DeviceError
        As `monitor_of_default_sink` does.
    """
    return ReturningSource(SystemSource(), SystemSource, ask=server_answers)


class SystemSource:
    """Delivers what the default sink plays; ends, as a device does that goes away, where another becomes it.

    Whoever waits for it and opens it anew hears the other: that is what the user asked for.

    Parameters
    ----------
    like : SourceInfo, optional
        As for `PulseSource`.

    Raises
    ------
    DeviceError
        As `monitor_of_default_sink` does.
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
        """Make sure that it is still there.

        Raises
        ------
        DeviceError
            If it is not.
        """
        self._source.open()

    def start(self, queue: Intake) -> None:
        """Begin to deliver, and to look where the machine plays to.

        Parameters
        ----------
        queue : Intake
            Takes the blocks.

        Raises
        ------
        DeviceError
            If `parec` or `pactl` cannot be started.
        """
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

    def _look(self, _: Intake) -> None:
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
