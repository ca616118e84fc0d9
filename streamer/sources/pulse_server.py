"""Ask the sound server, PulseAudio or PipeWire, through `pactl`: is it there, and what can it record from?"""

import atexit
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple

from emotion.errors import DeviceError
from streamer.blocking_calls import ANSWER_SECONDS, NoAnswerError


def pulse_program(name: str) -> str:
    """Find one of the programs that talk to the sound server."""
    path = shutil.which(name)
    if path is None:
        raise DeviceError(
            f"{name} is not installed; type: sudo apt install pulseaudio-utils "
            "(it serves PulseAudio and PipeWire alike)"
        )
    return path


def english_environment() -> dict[str, str]:
    """Give an environment in which those programs say what can be read by a program."""
    # C alone would leave out of a name what is not ASCII; in another locale LANGUAGE chooses the messages.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PULSE_LOG")}
    return kept | {"LC_ALL": "C.UTF-8", "LANGUAGE": ""}


def start_pulse_program(name: str, *arguments: str, with_words: bool = False) -> "subprocess.Popen[bytes]":
    """Start one of those programs, to read what it gives while it runs."""
    program = pulse_program(name)
    try:
        with _out_of_reach():
            return subprocess.Popen(  # noqa: S603 - our own words, and names that the server knows
                [program, *arguments],
                env=english_environment(),
                bufsize=0,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE if with_words else subprocess.DEVNULL,
                start_new_session=True,
            )
    except OSError as error:
        raise DeviceError(f"{name} cannot be started: {error}; try it by itself") from error


@contextmanager
def _out_of_reach() -> Iterator[None]:
    """Let Ctrl-C wait while a program is started, which is hit as well until it has its own session."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def pactl(*arguments: str) -> str:
    """Ask the sound server."""
    program = pulse_program("pactl")
    with _out_of_reach():
        process = subprocess.Popen(  # noqa: S603 - our own words
            [program, *arguments],
            env=english_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
    with process:
        # Where we end before it does, it would wait for a server that hangs.
        atexit.register(process.kill)
        try:
            answer, complaint = process.communicate(timeout=ANSWER_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise NoAnswerError(
                f"the sound server does not answer within {ANSWER_SECONDS:g} s; start it again: "
                "systemctl --user restart pipewire-pulse, or pulseaudio --kill; pulseaudio --start"
            ) from error
        finally:
            process.kill()
            atexit.unregister(process.kill)
    if process.returncode:
        said = (complaint.strip() or f"exit code {process.returncode}").splitlines()[0]
        raise DeviceError(
            f"no sound server answers (pactl says: {said}); start it: "
            "systemctl --user start pipewire-pulse, or pulseaudio --start"
        )
    return answer


def server_answers() -> None:
    """Make sure that the sound server is there and not hung, where nothing comes from it."""
    pactl("info")


_SPEC: Final = re.compile(r"\S+ (\d+)ch (\d+)Hz")
_FIELD: Final = re.compile(r"\t(Name|Description|Sample Specification): (.*)")
MONITOR: Final = ".monitor"
"""How the names end of what hears a loudspeaker."""


class PulseDevice(NamedTuple):
    """Something that PulseAudio or PipeWire records from.

    Attributes
    ----------
    name : str
        The server's own, which stays the same when other devices come and go.
    title : str
        As mixers show it, in the user's language.
    sample_rate : int
        Hz.
    channels : int
        How many it has.
    """

    name: str
    title: str
    sample_rate: int
    channels: int


def pulse_sources() -> list[PulseDevice]:
    """List the sources of the sound server, the monitors of its sinks among them."""
    found = []
    for entry in f"\n{pactl('list', 'sources')}".split("\nSource #")[1:]:
        lines = (_FIELD.fullmatch(line) for line in entry.splitlines())
        # The first of each: a property further down may be called the same.
        fields = dict(reversed([(line[1], line[2]) for line in lines if line is not None]))
        spec = _SPEC.fullmatch(fields.get("Sample Specification", ""))
        name = fields.get("Name", "")
        if name and spec is not None:
            title = fields.get("Description") or name
            found.append(PulseDevice(name, title, sample_rate=int(spec[2]), channels=int(spec[1])))
    return found


def server_default(kind: str) -> str | None:
    """Ask for a default of the server: a microphone, or what is played to."""
    # Not get-default-source, which came with PulseAudio 15.
    lines = (line.partition(": ") for line in pactl("info").splitlines())
    name = next((value.strip() for key, _, value in lines if key == f"Default {kind}"), "")
    # "(null)" is PulseAudio's word for none, "@DEFAULT_SOURCE@" PipeWire's.
    return None if not name or name[0] in "(@" else name


def find_pulse_source(name: str) -> PulseDevice:
    """Find a source by its exact name."""
    devices = pulse_sources()
    for device in devices:
        if device.name == name:
            return device
    there_are = ", ".join(device.name for device in devices) or "none at all"
    raise DeviceError(f"the sound server has no source {name}; there are: {there_are}")
