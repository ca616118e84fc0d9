"""A private PulseAudio daemon with null sinks: microphones that a test can speak into.

Everything it needs lies in a folder of its own, runtime folder, socket and home included, so that neither the
user's own daemon nor its settings are touched.
"""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.running import running

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
        Hz of the null sinks and of the microphones, which are the sinks' monitors.
    process : Popen
        The daemon.
    microphone : str
        The sink whose monitor is the default source.
    """

    folder: Path
    environment: dict[str, str]
    sample_rate: int
    process: "subprocess.Popen[str]"
    microphone: str = SINK

    def hang(self) -> None:
        """Let it answer nobody, and end nothing."""
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it answer again."""
        self.process.send_signal(signal.SIGCONT)

    def crash(self) -> None:
        """End it without a word to anybody."""
        self.process.kill()
        self.process.wait()

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

    def speak(self, recording: Path, *, into: str | None = None, timeout_seconds: float = 120.0) -> None:
        """Play a recording into a sink, the microphone's if none is named, and return when all of it is out.

        Parameters
        ----------
        recording : Path
            Played at real speed.
        into : str, optional
            A null sink.
        timeout_seconds : float
            Longer, and the test fails.
        """
        subprocess.run(
            ["paplay", f"--device={into or self.microphone}", str(recording)],
            env=self.environment,
            check=True,
            timeout=timeout_seconds,
        )

    def wait_for_listener(self, *, timeout_seconds: float = 30.0) -> None:
        """Return as soon as a program records from the microphone."""
        with running(["pactl", "subscribe"], self.environment, pipe="stdout") as events:
            if self.pactl("list", "short", "source-outputs").strip():
                return
            events.wait_for("'new' on source-output", timeout_seconds=timeout_seconds)


def missing_programs() -> list[str]:
    """Name what is not installed; empty where the daemon can be started."""
    return [program for program in PROGRAMS if shutil.which(program) is None]


@contextmanager
def pulse_server(
    sample_rate: int = 44_100,
    *,
    sinks: Sequence[str] = (SINK,),
    microphone: str | None = None,
    folder: Path | None = None,
) -> Iterator[PulseServer]:
    """Start a daemon, give it, and stop it.

    Parameters
    ----------
    sample_rate : int
        Hz of the null sinks. ALSA's pulse plugin offers PortAudio 44 100, so nothing is resampled between.
    sinks : sequence of str
        Null sinks, of which the first is the default sink.
    microphone : str, optional
        The sink whose monitor is the default source; the first one's if it is not given.
    folder : Path, optional
        That of a server that has ended: whoever knew that one finds this one in its place.

    Yields
    ------
    PulseServer
        Ready: its sinks and its microphones exist.
    """
    # Not under pytest's folder: a socket's path may have 107 characters at most.
    is_again = folder is not None
    folder = folder or Path(tempfile.mkdtemp(prefix="callmood-pulse-"))
    try:
        environment = _environment(folder)
        # Without it an idle sink changes to 48 000 for whoever plays 16 000, and stays there for all others.
        (folder / "daemon.conf").write_text(f"alternate-sample-rate = {sample_rate}\n")
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
        ]
        channel = f"rate={sample_rate} channels=1 channel_map=mono"
        command += [f"--load=module-null-sink sink_name={sink} {channel}" for sink in sinks]
        with running(command, environment, pipe="stderr") as lines:
            lines.wait_for("Daemon startup complete", timeout_seconds=START_TIMEOUT_SECONDS)
            server = PulseServer(folder, environment, sample_rate, lines.process, microphone or sinks[0])
            try:
                server.pactl("set-default-sink", sinks[0])
                server.pactl("set-default-source", f"{server.microphone}.monitor")
                yield server
            finally:
                # One that hangs would not end either.
                server.go_on()
    finally:
        if not is_again:
            shutil.rmtree(folder, ignore_errors=True)


def _environment(folder: Path) -> dict[str, str]:
    home, runtime = folder / "home", folder / "run"
    home.mkdir(exist_ok=True)
    runtime.mkdir(mode=0o700, exist_ok=True)
    (home / ".asoundrc").write_text(ASOUNDRC)
    foreign = ("PULSE_", "ALSA_", "DBUS_", "XDG_", "PIPEWIRE_", "DISPLAY", "WAYLAND_DISPLAY")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return environment | {
        "HOME": str(home),
        "XDG_RUNTIME_DIR": str(runtime),
        "PULSE_RUNTIME_PATH": str(runtime),
        "PULSE_SERVER": f"unix:{folder / 'native'}",
        "PULSE_CONFIG": str(folder / "daemon.conf"),
    }
