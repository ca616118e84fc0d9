"""The sound server, PulseAudio or PipeWire: its sources, and recording one by its exact name with `parec`.

`pactl` answers the queries. What the machine plays is the monitor of the default sink.
"""

import atexit
import fcntl
import os
import platform
import re
import select
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from types import MappingProxyType
from typing import Final

from emotion.arrays import read_only
from emotion.errors import DeviceError
from streamer.blocking_calls import ANSWER_SECONDS, NoAnswerError
from streamer.events import AudioBlock
from streamer.sources.base import BlockReceiver, Device, SourceInfo, SourceThread
from streamer.sources.pcm import PcmDecoder

MONITOR: Final = ".monitor"
"""The end of the names of sources that record what a sink plays."""

_SPEC: Final = re.compile(r"\S+ (\d+)ch (\d+)Hz")
_FIELD: Final = re.compile(r"\t(Name|Description|Sample Specification): (.*)")


def pulse_sources() -> list[Device]:
    """List the sources of the server, the monitors of its sinks included; none is marked as the default."""
    found = []
    for entry in f"\n{pactl('list', 'sources')}".split("\nSource #")[1:]:
        lines = (_FIELD.fullmatch(line) for line in entry.splitlines())
        # The first of each: a property further down may have the same name.
        fields = dict(reversed([(line[1], line[2]) for line in lines if line is not None]))
        spec = _SPEC.fullmatch(fields.get("Sample Specification", ""))
        name = fields.get("Name", "")
        if name and spec is not None:
            device = Device(
                number=None,
                name=name,
                host_api="sound server",
                channels=int(spec[1]),
                sample_rate=int(spec[2]),
                is_default=False,
                title=fields.get("Description") or name,
            )
            found.append(device)
    return found


def find_pulse_source(name: str) -> Device:
    """Find a source by its exact name."""
    devices = pulse_sources()
    for device in devices:
        if device.name == name:
            return device
    there_are = ", ".join(device.name for device in devices) or "none at all"
    raise DeviceError(f"the sound server has no source {name}; there are: {there_are}")


def server_default(kind: str) -> str | None:
    """Give the name of the server's default: kind is Source or Sink."""
    # Not get-default-source, which came with PulseAudio 15.
    lines = (line.partition(": ") for line in pactl("info").splitlines())
    name = next((value.strip() for key, _, value in lines if key == f"Default {kind}"), "")
    # Without a default, PulseAudio gives "(null)", PipeWire "@DEFAULT_SOURCE@".
    return None if not name or name[0] in "(@" else name


_OTHER_SYSTEMS: Final = MappingProxyType(
    {
        "Darwin": "macOS lets no program record what it plays; install a virtual device (brew install "
        "blackhole-2ch), let the sound go through it, then: callmood listen --device BlackHole",
        "Windows": "what Windows plays cannot be recorded (WASAPI loopback is not supported); install a "
        "virtual cable such as VB-CABLE, let the sound go through it, then: callmood listen --device CABLE",
    }
)


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


def server_answers() -> None:
    """Raise DeviceError unless the server answers."""
    pactl("info")


def pactl(*arguments: str) -> str:
    """Give what `pactl` prints; a server that does not answer in time is a NoAnswerError."""
    with start_pulse_program("pactl", *arguments, with_messages=True) as process:
        # If this process ends first, it would wait for a server that hangs.
        atexit.register(process.kill)
        try:
            output, errors = process.communicate(timeout=ANSWER_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise NoAnswerError(
                f"the sound server does not answer within {ANSWER_SECONDS:g} s; start it again: "
                "systemctl --user restart pipewire-pulse, or pulseaudio --kill; pulseaudio --start"
            ) from error
        finally:
            process.kill()
            atexit.unregister(process.kill)
    if process.returncode:
        message = errors.decode(errors="replace").strip() or f"exit code {process.returncode}"
        raise DeviceError(
            f"no sound server answers (pactl says: {message.splitlines()[0]}); start it: "
            "systemctl --user start pipewire-pulse, or pulseaudio --start"
        )
    return output.decode(errors="replace")


def start_pulse_program(name: str, *arguments: str, with_messages: bool = False) -> subprocess.Popen[bytes]:
    """Start `pactl` or `parec` with a pipe from its standard output, and one for its messages if wanted."""
    program = pulse_program(name)
    # Until the program has a session of its own, Ctrl-C would end it too.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        return subprocess.Popen(  # noqa: S603 - constants, and names that the server knows
            [program, *arguments],
            env=english_environment(),
            bufsize=0,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if with_messages else subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        raise DeviceError(f"{name} cannot be started: {error}; try it by itself") from error
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def pulse_program(name: str) -> str:
    """Find `pactl` or `parec`."""
    path = shutil.which(name)
    if path is None:
        raise DeviceError(
            f"{name} is not installed; type: sudo apt install pulseaudio-utils "
            "(it serves PulseAudio and PipeWire alike)"
        )
    return path


def english_environment() -> dict[str, str]:
    """Give an environment in which these programs print English messages."""
    # C alone would leave out of a name what is not ASCII; in another locale LANGUAGE chooses the messages.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PULSE_LOG")}
    return kept | {"LC_ALL": "C.UTF-8", "LANGUAGE": ""}


STOP_SECONDS: Final = 0.5
"""How long `parec` may take to end before it is killed."""

CONFIRM_SECONDS: Final = 5.0
"""How long the sound server may take to report which source it records."""

_WATCH_STOP_SECONDS: Final = 2.0
"""How long the query for the default sink may take to end."""

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
        self.info: Final = like or SourceInfo(
            name=title or pulse_name,
            sample_rate=device.sample_rate,
            channels=min(device.channels, _MAX_CHANNELS),
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
        self._process = start_pulse_program(
            "parec",
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
            with_messages=True,
        )
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
    backlog = bytearray()
    while len(backlog) < _MAX_BACKLOG_BYTES:
        until = time.monotonic() + _SETTLED_SECONDS
        before = len(backlog)
        while (left_seconds := until - time.monotonic()) > 0 and ready.poll(1000 * left_seconds):
            data = os.read(descriptor, _READ_BYTES)
            if not data:
                return bytes(backlog)
            backlog += data
        if len(backlog) - before <= 2 * _SETTLED_SECONDS * bytes_per_second:
            break
    return bytes(backlog)


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


class SystemSource(PulseSource):
    """Records the default sink; ends, like a device that goes away, when another sink becomes the default.

    Whoever reopens it then records the other one.
    """

    def __init__(self, like: SourceInfo | None = None) -> None:
        super().__init__(monitor_of_default_sink(), title="system sound", like=like)
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
        with process:
            process.kill()
            self._default_watch.wait(_WATCH_STOP_SECONDS)

    def _watch_default(self, _: BlockReceiver) -> None:
        """Ask for the default sink whenever the server reports that its own settings have changed."""
        process = self._events
        if process is None or process.stdout is None:
            return
        events = process.stdout.fileno()
        while lines := os.read(events, _READ_BYTES):
            if b" on server" in lines and (monitor := monitor_of_default_sink()) != self._name:
                raise DeviceError(f"what this machine plays is heard from {monitor} now; start again")
        if not self._default_watch.stopping.is_set():
            raise DeviceError("the sound server has stopped; see `callmood devices`, then start again")
