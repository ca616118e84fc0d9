"""All inputs of this machine, how a user names one, and how to open it: sound server, or PortAudio alone."""

import os
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from emotion.errors import DeviceError
from streamer.blocking_calls import NoAnswerError
from streamer.sources.base import Device, Source, SourceInfo
from streamer.sources.microphone import Microphone, input_devices, look_for_devices_again
from streamer.sources.pulse import (
    PulseSource,
    SystemSource,
    pactl,
    pulse_sources,
    server_answers,
    server_default,
)
from streamer.sources.queue import BlockQueue
from streamer.sources.reconnect import ReconnectingSource

FIRST_SOUND_SECONDS: Final = 3.0

_ALSA: Final = "ALSA"
_HARDWARE: Final = "(hw:"
"""Part of the names of cards that ALSA opens itself."""

_DEFAULT_NAMES: Final = frozenset({"default", "pulse", "pipewire"})
"""ALSA's own names for the sound server's default source."""

_SOURCE_NUMBER: Final = re.compile(r"^\tSource: (\d+)$", re.MULTILINE)
_PROCESS_ID: Final = re.compile(r'^\t\tapplication\.process\.id = "(\d+)"$', re.MULTILINE)


def list_inputs() -> list[Device]:
    """List all inputs: the sources of the sound server first, then PortAudio's devices."""
    return _with_portaudio(_server_inputs())


def open_input(wanted: str | None, *, reconnects: bool = True, alone: bool = True) -> Source:
    """Give the source that the user names, not open yet; `alone`: it is the only device of the session.

    What comes through a sound server is recorded from the server by its exact name, even if ALSA stands in
    between: PortAudio would not notice that the server has moved it to another source.
    """
    served = _server_inputs()
    device = _choose(served, wanted)
    name, title = device.name, device.title or device.name
    if device.number is not None:
        behind = _server_input_behind(device, served)
        if behind is None:
            return _portaudio_source(device, reconnects=reconnects, alone=alone)
        name, title = behind

    def record(like: SourceInfo | None = None) -> PulseSource:
        return PulseSource(name, title=title, like=like)

    return ReconnectingSource(record(), record, probe=server_answers) if reconnects else record()


def open_system_sound() -> ReconnectingSource:
    """Give the source of what the machine plays, through whichever sink; it is reopened if it goes away."""
    return ReconnectingSource(SystemSource(), SystemSource, probe=server_answers)


def choose_device(devices: Sequence[Device], wanted: str | None) -> Device:
    """Find a device by number, name or a part of a name that only it has; the default for None."""
    if not devices:
        raise DeviceError("no device delivers sound; plug a microphone in, or start the sound server")
    if wanted is None:
        found = [device for device in devices if device.is_default]
        if not found:
            raise DeviceError(f"the system has no default input device; choose one of {_listed(devices)}")
    elif wanted.strip().isdecimal():
        found = [device for device in devices if device.number == int(wanted)]
    else:
        found = _by_name(devices, wanted.strip().casefold())
    if not found:
        raise DeviceError(f"no input device {wanted!r}; there are {_listed(devices)}")
    if len(found) > 1:
        raise DeviceError(
            f"{wanted!r} is the name of several devices; give the number, or more of the name: "
            f"{_listed(found)}"
        )
    return found[0]


def _by_name(devices: Sequence[Device], wanted: str) -> list[Device]:
    same = [device for device in devices if device.name.casefold() == wanted]
    return same or [device for device in devices if wanted and wanted in device.words.casefold()]


def _listed(devices: Sequence[Device]) -> str:
    numbered = (("" if each.number is None else f"{each.number}: ", each) for each in devices)
    return ", ".join(f"{number}{each.name} ({each.host_api})" for number, each in numbered)


def _server_inputs() -> list[Device]:
    """List the sources of the sound server; none without a server.

    If the server hangs, PortAudio would hang too: it asks the same server.
    """
    try:
        default = server_default("Source")
        return [replace(source, is_default=source.name == default) for source in pulse_sources()]
    except NoAnswerError:
        raise
    except DeviceError:
        return []


def _with_portaudio(served: list[Device]) -> list[Device]:
    try:
        found = input_devices()
    except DeviceError:
        if not served:
            raise
        return served
    if any(device.is_default for device in served):
        found = [replace(device, is_default=False) for device in found]
    return [*served, *found]


def _choose(served: list[Device], wanted: str | None) -> Device:
    """Find the device that the user names; PortAudio is not even started for one of the sound server."""
    for device in served:
        if device.is_default if wanted is None else device.name == wanted:
            return device
    return choose_device(_with_portaudio(served), wanted)


def _portaudio_source(device: Device, *, reconnects: bool, alone: bool) -> Source:
    def reopen(info: SourceInfo) -> Source:
        if alone:
            look_for_devices_again()
        same = [each for each in input_devices() if each.words == device.words]
        return Microphone(choose_device(same, device.name), like=info)

    microphone = Microphone(device)
    return ReconnectingSource(microphone, reopen) if reconnects else microphone


def _server_input_behind(device: Device, served: list[Device]) -> tuple[str, str] | None:
    """Name and title of the sound server's source behind a device of PortAudio; None for other devices."""
    if not served or device.host_api != _ALSA or _HARDWARE in device.name:
        return None
    if device.name in _DEFAULT_NAMES:
        return next(((each.name, each.title) for each in served if each.is_default), None)
    name = _source_recorded_through(device)
    return None if name is None else (name, device.name)


def _source_recorded_through(device: Device) -> str | None:
    """Open a device for a moment and ask the sound server what this process records meanwhile."""
    microphone = Microphone(device)
    queue = BlockQueue(FIRST_SOUND_SECONDS, microphone.info.sample_rate)
    before = _own_recordings()
    try:
        microphone.open()
        microphone.start(queue)
        queue.get(FIRST_SOUND_SECONDS)
        new = _own_recordings() - before
    finally:
        microphone.stop()
    if not new:
        return None
    _, number = min(new)
    fields = (line.split("\t") for line in pactl("list", "short", "sources").splitlines())
    return next((each[1] for each in fields if each[0] == number), None)


def _own_recordings() -> set[tuple[str, str]]:
    """List the recordings of this process: numbers of streams and of their sources."""
    found = set()
    for entry in f"\n{pactl('list', 'source-outputs')}".split("\nSource Output #")[1:]:
        source, process = _SOURCE_NUMBER.search(entry), _PROCESS_ID.search(entry)
        if source is not None and process is not None and process[1] == str(os.getpid()):
            found.add((entry.partition("\n")[0], source[1]))
    return found
