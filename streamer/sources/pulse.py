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

STOP_SECONDS: Final = 0.5
"""How long `parec` may take to end before it is killed."""

CONFIRM_SECONDS: Final = 5.0
"""How long the sound server may take to report which source it records."""

_MAX_CHANNELS: Final = 2
_READ_BYTES: Final = 65_536
_PIPE_BYTES: Final = 1_048_576
"""Room for some seconds in which this process does not run; more needs privileges."""
_BACKLOG_SECONDS: Final = 0.3
"""After such a wait all that is in the pipe is read at once: it ends now, so its start is known too."""
_SETTLED_SECONDS: Final = 0.1
_MAX_BACKLOG_BYTES: Final = 16 * _PIPE_BYTES


class PulseSource:
    """Records a source of the sound server at its own rate, in 16 bits.

    If a source goes away, the server moves the recording to another, such as the microphone. Nothing is
    delivered before the server has confirmed the source, and nothing after it has named another.
    """

    non_finite_samples = 0

    def __init__(self, pulse_name: str, *, title: str | None = None, like: SourceInfo | None = None) -> None:
        device = find_pulse_source(pulse_name)
        self.info: Final = SourceInfo(
            name=title or pulse_name,
            sample_rate=device.sample_rate if like is None else like.sample_rate,
            channels=min(device.channels, _MAX_CHANNELS) if like is None else like.channels,
            sample_format="PCM_16",
            seconds=None,
            live=True,
            # A sink's monitor may be suspended while nothing plays; a microphone always delivers.
            stalls=pulse_name.endswith(MONITOR),
        )
        self._name = pulse_name
        self._thread = SourceThread("callmood-pulse", self._read)
        self._process: subprocess.Popen[bytes] | None = None

    def open(self) -> None:
        """Check that `parec` is installed and the source still there."""
        pulse_program("parec")
        find_pulse_source(self._name)

    def start(self, queue: BlockReceiver) -> None:
        """Begin to deliver, from a thread of its own."""
        self._process = start_pulse_program("parec", *self._arguments(), with_messages=True)
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
            f"--rate={self.info.sample_rate}",
            f"--channels={self.info.channels}",
            "--latency-msec=50",
            "--client-name=callmood",
            f"--stream-name={self.info.name}",
            # PipeWire then ends the recording with its source; PulseAudio ignores it, but reports the source
            # that it has moved the recording to.
            "--property=node.dont-reconnect=true",
            "--verbose",
        ]

    def _read(self, queue: BlockReceiver) -> None:
        process = self._process
        if process is None or process.stdout is None or process.stderr is None:
            raise RuntimeError("parec was started without pipes")
        sound, errors = process.stdout.fileno(), process.stderr.fileno()
        with suppress(AttributeError, OSError):  # Linux only, and no more than the system allows.
            fcntl.fcntl(sound, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        os.set_blocking(errors, False)
        ready = select.poll()
        ready.register(sound, select.POLLIN)
        ready.register(errors, select.POLLIN)
        decoder = PcmDecoder("s16le", self.info.channels)
        messages = ParecMessages()
        confirm_until = time.monotonic() + CONFIRM_SECONDS
        first_sample = 0
        num_open = 2
        while num_open:
            before = time.monotonic()
            happened = {descriptor for descriptor, _ in ready.poll(None if messages.device else 500)}
            if self._thread.stopping.is_set():
                return
            is_backlog = time.monotonic() - before > _BACKLOG_SECONDS
            data = os.read(sound, _READ_BYTES) if sound in happened else b""
            if is_backlog and data:
                data += read_backlog(sound, decoder.frame_bytes * self.info.sample_rate)
            arrived = time.monotonic()
            # After the sound, never before: parec names a source before it writes the first sound from there.
            errors_ended = messages.read(errors)
            self._check_source(messages, arrived > confirm_until)
            samples = decoder.take(data)
            if messages.device and len(samples):
                block = AudioBlock(read_only(samples), first_sample, arrived)
                queue.put(block)
                first_sample = block.end_sample
            for descriptor, has_ended in ((sound, not data), (errors, errors_ended)):
                if descriptor in happened and has_ended:
                    ready.unregister(descriptor)
                    num_open -= 1
        raise DeviceError(
            f"{self.info.name} delivers no more: it was unplugged, or the sound server stopped "
            f"(parec's last words: {messages.last_line or 'none'}); see `callmood devices`, then start again"
        )

    def _check_source(self, messages: "ParecMessages", is_late: bool) -> None:
        if messages.device is None and is_late:
            raise DeviceError(
                f"the sound server does not say that it records {self._name} (parec's last words: "
                f"{messages.last_line or 'none'}); start the sound server again"
            )
        if messages.device not in (None, self._name):
            raise DeviceError(
                f"the sound server put {messages.device} in the place of {self.info.name}, and callmood "
                "listens to nothing that it was not told to; see `callmood devices`, then start again"
            )


def read_backlog(descriptor: int, bytes_per_second: int) -> bytes:
    """Read on as long as sound comes faster than in real time: it had waited in the pipe."""
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


class ParecMessages:
    """Parses the English messages of `parec`, cut anywhere.

    `device` is the source that it records now, None before the first report; `last_line` is the latest line
    that was not a progress report.
    """

    _DEVICE: Final = re.compile(r"(?:Connected to|Stream moved to) device (.+) \((?:index: )?\d+, ")
    _LINE_END: Final = re.compile(rb"[\r\n]+")
    _ERASE: Final = "\x1b[K"
    _UNKNOWN: Final = "(null)"
    _MAX_LINE_BYTES: Final = 4096

    def __init__(self) -> None:
        self.device: str | None = None
        self.last_line = ""
        self._unfinished = b""

    def read(self, descriptor: int) -> bool:
        """Take what a non-blocking descriptor has; True at its end."""
        while True:
            try:
                data = os.read(descriptor, _READ_BYTES)
            except BlockingIOError:
                return False
            if not data:
                return True
            self.take(data)

    def take(self, data: bytes) -> None:
        """Take the bytes that follow."""
        *whole, rest = self._LINE_END.split(self._unfinished + data)
        self._unfinished = rest[-self._MAX_LINE_BYTES :]
        for each in whole:
            line = each.decode(errors="replace").replace(self._ERASE, "").strip()
            if line and not line.startswith("Time: "):
                self.last_line = line
                match = self._DEVICE.match(line)
                if match is not None and match[1] != self._UNKNOWN:
                    self.device = match[1]
