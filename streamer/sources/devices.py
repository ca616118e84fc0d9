"""All inputs that can be heard live, and how to open each: through the sound server, or PortAudio alone."""

import os
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from emotion.errors import DeviceError
from streamer.blocking_calls import NoAnswerError
from streamer.sources.base import Source, SourceInfo
from streamer.sources.device_names import Device, choose_device
from streamer.sources.microphone import Microphone, input_devices, look_for_devices_again
from streamer.sources.pulse import PulseSource
from streamer.sources.pulse_server import pactl, pulse_sources, server_answers, server_default
from streamer.sources.queue import BlockQueue
from streamer.sources.reconnect import ReconnectingSource

FIRST_SOUND_SECONDS: Final = 3.0

_SOURCE_NUMBER: Final = re.compile(r"^\tSource: (\d+)$", re.MULTILINE)
_PROCESS_ID: Final = re.compile(r'^\t\tapplication\.process\.id = "(\d+)"$', re.MULTILINE)


def source_recorded_through(device: Device) -> str | None:
    """Open a device for a moment and ask the sound server what we record from meanwhile."""
    microphone = Microphone(device)
    queue = BlockQueue(FIRST_SOUND_SECONDS, microphone.info.sample_rate)
    before = _recorded()
    try:
        microphone.open()
        microphone.start(queue)
        queue.get(FIRST_SOUND_SECONDS)
        new = _recorded() - before
    finally:
        microphone.stop()
    if not new:
        return None
    _, number = min(new)
    fields = (line.split("\t") for line in pactl("list", "short", "sources").splitlines())
    return next((each[1] for each in fields if each[0] == number), None)


def _recorded() -> set[tuple[str, str]]:
    """List what this process records: numbers of streams and of their sources."""
    found = set()
    for entry in f"\n{pactl('list', 'source-outputs')}".split("\nSource Output #")[1:]:
        source, process = _SOURCE_NUMBER.search(entry), _PROCESS_ID.search(entry)
        if source is not None and process is not None and process[1] == str(os.getpid()):
            found.add((entry.partition("\n")[0], source[1]))
    return found


SOUND_SERVER: Final = "sound server"
"""The host API of what `parec` records."""

_ALSA: Final = "ALSA"
_HARDWARE: Final = "(hw:"
"""Stands in the names of cards that ALSA opens itself."""

_DEFAULT_NAMES: Final = frozenset({"default", "pulse", "pipewire"})
"""ALSA's own names for the sound server's default source."""


def list_inputs() -> list[Device]:
    """List what delivers sound: the sources of the sound server first, then PortAudio's devices."""
    return _beside_portaudio(_served())


def open_input(wanted: str | None, *, returns: bool = True, alone: bool = True) -> Source:
    """Give the source that a user means, not open yet.

    What comes through a sound server is recorded from the server by its exact name, also where ALSA stands in
    between: PortAudio would not learn that the server has moved it to another source.
    """
    served = _served()
    device = _choose(served, wanted)
    pulse_name, title = device.name, device.title or device.name
    if device.number is not None:
        behind = _behind(served, device)
        if behind is None:
            return _portaudio_source(device, returns=returns, alone=alone)
        pulse_name, title = behind
    source = PulseSource(pulse_name, title=title)
    if not returns:
        return source
    return ReconnectingSource(
        source, lambda info: PulseSource(pulse_name, title=title, like=info), ask=server_answers
    )


def _portaudio_source(device: Device, *, returns: bool, alone: bool) -> Source:
    def reopen(info: SourceInfo) -> Source:
        if alone:
            look_for_devices_again()
        same = [each for each in input_devices() if each.words == device.words]
        return Microphone(choose_device(same, device.name), like=info)

    microphone = Microphone(device)
    return ReconnectingSource(microphone, reopen) if returns else microphone


def _choose(served: list[Device], wanted: str | None) -> Device:
    """Find the device that is meant; PortAudio is not even started where the sound server's is."""
    if wanted is None:
        found = [device for device in served if device.is_default]
    else:
        found = [device for device in served if device.name == wanted]
    return found[0] if found else choose_device(_beside_portaudio(served), wanted)


def _beside_portaudio(served: list[Device]) -> list[Device]:
    """List PortAudio's devices behind those of the sound server."""
    try:
        found = input_devices()
    except DeviceError:
        if not served:
            raise
        return served
    if any(device.is_default for device in served):
        found = [replace(device, is_default=False) for device in found]
    return [*served, *found]


def _behind(served: Sequence[Device], device: Device) -> tuple[str, str] | None:
    """Name the sound server's source that a device of PortAudio stands for, and how it is called here."""
    if not served or device.host_api != _ALSA or _HARDWARE in device.name:
        return None
    if device.name in _DEFAULT_NAMES:
        return next(((each.name, each.title) for each in served if each.is_default), None)
    pulse_name = source_recorded_through(device)
    return None if pulse_name is None else (pulse_name, device.name)


def _served() -> list[Device]:
    """List the sources of the sound server; none where there is no server.

    One that hangs is no reason to go on without it: PortAudio asks it as well, and hangs with it.
    """
    try:
        default = server_default("Source")
        sources = pulse_sources()
    except NoAnswerError:
        raise
    except DeviceError:
        return []
    return [
        Device(
            number=None,
            name=source.name,
            host_api=SOUND_SERVER,
            channels=source.channels,
            sample_rate=source.sample_rate,
            is_default=source.name == default,
            title=source.title,
        )
        for source in sources
    ]
