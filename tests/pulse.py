"""A private PulseAudio daemon with a null sink: a microphone that a test can speak into.

Everything it needs lies in a folder of its own, runtime folder, socket and home included, so that neither the
user's own daemon nor its settings are touched.
"""

import os
import shutil
import subprocess
import tempfile
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue

SINK = "callmood_test"
PROGRAMS = ("pulseaudio", "pactl", "paplay")
WHAT_TO_INSTALL = "apt-get install pulseaudio pulseaudio-utils libasound2-plugins libportaudio2"
START_TIMEOUT_SECONDS = 20.0

ASOUNDRC = """\
pcm.pulse { type pulse }
ctl.pulse { type pulse }
pcm.!default { type pulse }
ctl.!default { type pulse }
"""


@dataclass(frozen=True)
class PulseServer:
    """A running daemon.

    Attributes
    ----------
    folder : Path
        Holds all its files; goes with the daemon.
    environment : dict of str to str
        What a program must be started with to see this daemon, and nothing else, as its sound server.
    sample_rate : int
        Hz of the null sink and of the microphone, which is the sink's monitor.
    """

    folder: Path
    environment: dict[str, str]
    sample_rate: int

    def pactl(self, *arguments: str) -> str:
        """Run `pactl` against this daemon and give what it prints."""
        return subprocess.run(
            ["pactl", *arguments],
            env=self.environment,
            check=True,
            capture_output=True,
            text=True,
            timeout=20,
        ).stdout

    def speak(self, recording: Path, *, timeout_seconds: float = 120.0) -> None:
        """Play a recording into the microphone, at real speed, and return when all of it is out."""
        subprocess.run(
            ["paplay", f"--device={SINK}", str(recording)],
            env=self.environment,
            check=True,
            timeout=timeout_seconds,
        )

    def wait_for_listener(self, *, timeout_seconds: float = 30.0) -> None:
        """Return as soon as a program records from the microphone."""
        with _running(["pactl", "subscribe"], self.environment, pipe="stdout") as events:
            if self.pactl("list", "short", "source-outputs").strip():
                return
            events.wait_for("'new' on source-output", timeout_seconds)


class _Lines:
    """The lines of a program, read by a thread of their own so that it never blocks on a full pipe."""

    def __init__(self, process: "subprocess.Popen[str]", pipe: str) -> None:
        self.process = process
        self.last: deque[str] = deque(maxlen=20)
        self._new: SimpleQueue[str | None] = SimpleQueue()
        self.thread = threading.Thread(target=self._read, args=(pipe,), daemon=True)
        self.thread.start()

    def _read(self, pipe: str) -> None:
        stream = self.process.stdout if pipe == "stdout" else self.process.stderr
        assert stream is not None
        for line in stream:
            self.last.append(line.rstrip())
            self._new.put(line)
        self._new.put(None)

    def wait_for(self, words: str, timeout_seconds: float) -> None:
        """Return at the first line with these words; fail when none comes."""
        try:
            while (line := self._new.get(timeout=timeout_seconds)) is not None:
                if words in line:
                    return
        except Empty:
            pass
        raise AssertionError(f"{self.process.args!r} did not say {words!r}, but: {' / '.join(self.last)}")


@contextmanager
def _running(command: list[str], environment: dict[str, str], pipe: str) -> Iterator[_Lines]:
    streams = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, pipe: subprocess.PIPE}
    with subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=streams["stdout"],
        stderr=streams["stderr"],
        text=True,
        errors="replace",
    ) as process:
        lines = _Lines(process, pipe)
        try:
            yield lines
        finally:
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
            lines.thread.join(timeout=10)


def missing_programs() -> list[str]:
    """Name what is not installed; empty where the daemon can be started."""
    return [program for program in PROGRAMS if shutil.which(program) is None]


@contextmanager
def pulse_server(sample_rate: int = 44_100) -> Iterator[PulseServer]:
    """Start a daemon, give it, and stop it.

    Parameters
    ----------
    sample_rate : int
        Hz of the null sink. ALSA's pulse plugin offers PortAudio 44 100, so nothing is resampled between.

    Yields
    ------
    PulseServer
        Ready: its sink and its microphone exist.
    """
    # Not under pytest's folder: a socket's path may have 107 characters at most.
    folder = Path(tempfile.mkdtemp(prefix="callmood-pulse-"))
    try:
        environment = _environment(folder)
        socket = folder / "native"
        command = [
            "pulseaudio",
            "-n",
            "--daemonize=no",
            "--use-pid-file=no",
            "--exit-idle-time=-1",
            "--disable-shm=yes",
            "--realtime=no",
            "--resample-method=soxr-hq",
            "--log-level=info",
            "--log-target=stderr",
            f"--load=module-native-protocol-unix auth-anonymous=1 socket={socket}",
            f"--load=module-null-sink sink_name={SINK} rate={sample_rate} channels=1 channel_map=mono",
        ]
        with _running(command, environment, pipe="stderr") as lines:
            lines.wait_for("Daemon startup complete", START_TIMEOUT_SECONDS)
            server = PulseServer(folder, environment, sample_rate)
            server.pactl("set-default-sink", SINK)
            server.pactl("set-default-source", f"{SINK}.monitor")
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _environment(folder: Path) -> dict[str, str]:
    home, runtime = folder / "home", folder / "run"
    home.mkdir()
    runtime.mkdir(mode=0o700)
    (home / ".asoundrc").write_text(ASOUNDRC)
    foreign = ("PULSE_", "ALSA_", "DBUS_", "XDG_", "PIPEWIRE_", "DISPLAY", "WAYLAND_DISPLAY")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return environment | {
        "HOME": str(home),
        "XDG_RUNTIME_DIR": str(runtime),
        "PULSE_RUNTIME_PATH": str(runtime),
        "PULSE_SERVER": f"unix:{folder / 'native'}",
    }
