"""Queries to the sound server, PulseAudio or PipeWire, through `pactl`: sources, defaults, is it there."""

import atexit
import os
import re
import shutil
import signal
import subprocess
from typing import Final, NamedTuple

from emotion.errors import DeviceError
from streamer.blocking_calls import ANSWER_SECONDS, NoAnswerError

MONITOR: Final = ".monitor"
"""The end of the names of sources that record what a sink plays."""

_SPEC: Final = re.compile(r"\S+ (\d+)ch (\d+)Hz")
_FIELD: Final = re.compile(r"\t(Name|Description|Sample Specification): (.*)")


class PulseDevice(NamedTuple):
    """A source of the server: its own constant name, the title that mixers show, and its format."""

    name: str
    title: str
    sample_rate: int
    channels: int


def pulse_sources() -> list[PulseDevice]:
    """List the sources of the server, the monitors of its sinks included."""
    found = []
    for entry in f"\n{pactl('list', 'sources')}".split("\nSource #")[1:]:
        lines = (_FIELD.fullmatch(line) for line in entry.splitlines())
        # The first of each: a property further down may have the same name.
        fields = dict(reversed([(line[1], line[2]) for line in lines if line is not None]))
        spec = _SPEC.fullmatch(fields.get("Sample Specification", ""))
        name = fields.get("Name", "")
        if name and spec is not None:
            title = fields.get("Description") or name
            found.append(PulseDevice(name, title, sample_rate=int(spec[2]), channels=int(spec[1])))
    return found


def find_pulse_source(name: str) -> PulseDevice:
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


def start_pulse_program(name: str, *arguments: str, with_messages: bool = False) -> "subprocess.Popen[bytes]":
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
