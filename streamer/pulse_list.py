"""What the sound server can record from, by the names that it uses itself."""

import re
from typing import Final, NamedTuple

from emotion.errors import DeviceError
from streamer.pactl import pactl

_SPEC: Final = re.compile(r"\S+ (\d+)ch (\d+)Hz")


class PulseDevice(NamedTuple):
    """Something that PulseAudio or PipeWire records from.

    Attributes
    ----------
    name : str
        The server's own, which stays the same when other devices come and go.
    sample_rate : int
        Hz.
    channels : int
        How many it has.
    """

    name: str
    sample_rate: int
    channels: int


def pulse_sources() -> list[PulseDevice]:
    """List the sources of the sound server, the monitors of its sinks among them.

    Returns
    -------
    list of PulseDevice
        In the server's order; may be empty.

    Raises
    ------
    DeviceError
        If `pactl` is missing or no sound server answers.
    """
    found = []
    for line in pactl("list", "short", "sources").splitlines():
        fields = line.split("\t")
        spec = _SPEC.fullmatch(fields[3]) if len(fields) > 3 else None
        if spec is not None:
            found.append(PulseDevice(fields[1], sample_rate=int(spec[2]), channels=int(spec[1])))
    return found


def find_pulse_source(name: str) -> PulseDevice:
    """Find a source by its exact name.

    Parameters
    ----------
    name : str
        As the server calls it.

    Returns
    -------
    PulseDevice
        The one of that name.

    Raises
    ------
    DeviceError
        If there is none; the message lists those there are.
    """
    devices = pulse_sources()
    for device in devices:
        if device.name == name:
            return device
    there_are = ", ".join(device.name for device in devices) or "none at all"
    raise DeviceError(f"the sound server has no source {name}; there are: {there_are}")
