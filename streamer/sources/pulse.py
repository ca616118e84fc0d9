"""A source of the sound server, PulseAudio or PipeWire, recorded by its exact name through `parec`."""

import fcntl
import os
import re
import select
import subprocess
import time
from contextlib import suppress
from typing import Final

from emotion.arrays import read_only
from emotion.errors import DeviceError
from streamer.events import AudioBlock
from streamer.sources.base import BlockReceiver, SourceInfo, SourceThread
from streamer.sources.pcm import PcmDecoder
from streamer.sources.pulse_server import MONITOR, find_pulse_source, pulse_program, start_pulse_program

_DEVICE: Final = re.compile(r"(?:Connected to|Stream moved to) device (.+) \((?:index: )?\d+, ")
_LINE_END: Final = re.compile(rb"[\r\n]+")
_ERASE: Final = "\x1b[K"
_UNKNOWN: Final = "(null)"
_MAX_LINE_BYTES: Final = 4096


class ParecMessages:
    """Follows its messages, in English, however they are cut.

    Attributes
    ----------
    device : str or None
        The source that it records now; None before it has said so.
    last_line : str
        The latest line that was no time of the clock; empty before the first.
    """

    def __init__(self) -> None:
        self.device: str | None = None
        self.last_line = ""
        self._unfinished = b""

    def take(self, data: bytes) -> None:
        """Take the bytes that follow."""
        *whole, rest = _LINE_END.split(self._unfinished + data)
        self._unfinished = rest[-_MAX_LINE_BYTES:]
        for line in whole:
            self._take_line(line.decode(errors="replace").replace(_ERASE, "").strip())

    def _take_line(self, line: str) -> None:
        if not line or line.startswith("Time: "):
            return
        self.last_line = line
        told = _DEVICE.match(line)
        if told is not None and told[1] != _UNKNOWN:
            self.device = told[1]


STOP_SECONDS: Final = 0.5
"""How long `parec` may take to end before it is killed."""

CONFIRM_SECONDS: Final = 5.0
"""How long the sound server may take to say which source it gives us."""

_MAX_CHANNELS: Final = 2
_READ_BYTES: Final = 65_536
_PIPE_BYTES: Final = 1_048_576
"""Some seconds for a moment in which we do not get to run; no user may have more without asking."""
_BACKLOG_SECONDS: Final = 0.3
"""After so long without a look, what waits is taken whole: its end is now, so its begin is known too."""
_SETTLED_SECONDS: Final = 0.1
_MAX_BACKLOG_BYTES: Final = 16 * _PIPE_BYTES


class PulseSource:
    """Delivers what a source of the sound server hears, at its own rate, in 16 bits, through `parec`.

    When a source goes away the server would move the recording to another, such as the microphone. Nothing is
    delivered before the server has confirmed the source, and nothing after it has named another.
    """

    def __init__(self, pulse_name: str, *, title: str | None = None, like: SourceInfo | None = None) -> None:
        device = find_pulse_source(pulse_name)
        self._name = pulse_name
        self._info = SourceInfo(
            name=title or pulse_name,
            sample_rate=device.sample_rate if like is None else like.sample_rate,
            channels=min(device.channels, _MAX_CHANNELS) if like is None else like.channels,
            sample_format="PCM_16",
            seconds=None,
            live=True,
            # A loudspeaker's monitor may be put to sleep while nothing plays; a microphone always delivers.
            stalls=pulse_name.endswith(MONITOR),
        )
        self._thread = SourceThread("callmood-pulse", self._read)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def info(self) -> SourceInfo:
        """What is known of the source."""
        return self._info

    @property
    def non_finite_samples(self) -> int:
        """None: there are no such numbers in 16 bits."""
        return 0

    def open(self) -> None:
        """Make sure that the source is still there, and `parec` to record it with."""
        pulse_program("parec")
        find_pulse_source(self._name)

    def start(self, queue: BlockReceiver) -> None:
        """Begin to deliver, from a thread of its own."""
        self._process = start_pulse_program("parec", *self._arguments(), with_words=True)
        self._thread.start(queue)

    def stop(self) -> None:
        """End `parec` and the thread, and close the queue; a second call does nothing."""
        self._thread.stop()
        process = self._process
        if process is None:
            return
        process.terminate()
        if not self._thread.wait(STOP_SECONDS):
            process.kill()
        if self._thread.wait(STOP_SECONDS):
            # Before the last wait: parec may hang in a write that nobody reads.
            for pipe in (process.stdout, process.stderr):
                if pipe is not None:
                    pipe.close()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self._process = None

    def _arguments(self) -> list[str]:
        return [
            "--raw",
            f"--device={self._name}",
            "--format=s16le",
            f"--rate={self._info.sample_rate}",
            f"--channels={self._info.channels}",
            "--latency-msec=50",
            "--client-name=callmood",
            f"--stream-name={self._info.name}",
            # PipeWire then ends the recording with its source; PulseAudio knows nothing of the kind, but says
            # where it has moved it.
            "--property=node.dont-reconnect=true",
            "--verbose",
        ]

    def _read(self, queue: BlockReceiver) -> None:
        process = self._process
        if process is None or process.stdout is None or process.stderr is None:
            raise RuntimeError("parec was started without pipes")
        sound, words = process.stdout.fileno(), process.stderr.fileno()
        with suppress(AttributeError, OSError):  # Linux only, and no more than the system allows.
            fcntl.fcntl(sound, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        os.set_blocking(words, False)
        ready = select.poll()
        ready.register(sound, select.POLLIN)
        ready.register(words, select.POLLIN)
        whole_samples = PcmDecoder("s16le", self._info.channels)
        said = ParecMessages()
        confirm_until = time.monotonic() + CONFIRM_SECONDS
        first_sample = 0
        num_open = 2
        while num_open:
            before = time.monotonic()
            happened = {descriptor for descriptor, _ in ready.poll(None if said.device else 500)}
            if self._thread.stopping.is_set():
                return
            is_backlog = time.monotonic() - before > _BACKLOG_SECONDS
            data = os.read(sound, _READ_BYTES) if sound in happened else b""
            if is_backlog and data:
                data += _read_backlog(sound, 2 * self._info.channels * self._info.sample_rate)
            arrived = time.monotonic()
            # After the sound, never before: parec names a source before it writes the first sound from there.
            words_over = _read_words(words, said)
            self._refuse_other(said, arrived > confirm_until)
            samples = whole_samples.take(data)
            if said.device and len(samples):
                block = AudioBlock(read_only(samples), first_sample, arrived)
                queue.put(block)
                first_sample = block.end_sample
            for descriptor, is_over in ((sound, not data), (words, words_over)):
                if descriptor in happened and is_over:
                    ready.unregister(descriptor)
                    num_open -= 1
        raise DeviceError(
            f"{self._info.name} delivers no more: it was unplugged, or the sound server stopped "
            f"(parec's last words: {said.last_line or 'none'}); see `callmood devices`, then start again"
        )

    def _refuse_other(self, said: ParecMessages, time_is_over: bool) -> None:
        if said.device is None and time_is_over:
            raise DeviceError(
                f"the sound server does not say that it records {self._name} (parec's last words: "
                f"{said.last_line or 'none'}); start the sound server again"
            )
        if said.device not in (None, self._name):
            raise DeviceError(
                f"the sound server put {said.device} in the place of {self._info.name}, and callmood listens "
                "to nothing that it was not told to; see `callmood devices`, then start again"
            )


def _read_backlog(descriptor: int, bytes_per_second: int) -> bytes:
    """Read on for as long as sound comes faster than it is made: it had waited."""
    ready = select.poll()
    ready.register(descriptor, select.POLLIN)
    parts: list[bytes] = []
    num_bytes = 0
    while num_bytes < _MAX_BACKLOG_BYTES:
        until = time.monotonic() + _SETTLED_SECONDS
        before = num_bytes
        while (left_seconds := until - time.monotonic()) > 0 and ready.poll(1000 * left_seconds):
            data = os.read(descriptor, _READ_BYTES)
            if not data:
                return b"".join(parts)
            parts.append(data)
            num_bytes += len(data)
        if num_bytes - before <= 2 * _SETTLED_SECONDS * bytes_per_second:
            break
    return b"".join(parts)


def _read_words(descriptor: int, said: ParecMessages) -> bool:
    """Take all that was said so far; True where nothing more will be."""
    while True:
        try:
            data = os.read(descriptor, _READ_BYTES)
        except BlockingIOError:
            return False
        if not data:
            return True
        said.take(data)
