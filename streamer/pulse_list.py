"""What the sound server can record from, by the names that it uses itself."""

import re
from typing import Final, NamedTuple

from emotion.errors import DeviceError
from streamer.pactl import pactl

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
    """Ask for a default of the server: a microphone, or what is played to.

    Parameters
    ----------
    kind : {'Source', 'Sink'}
        What is asked for.

    Returns
    -------
    str or None
        Its name; None where the server has none.

    Raises
    ------
    DeviceError
        If `pactl` is missing or no sound server answers.
    """
    # Not get-default-source, which came with PulseAudio 15.
    lines = (line.partition(": ") for line in pactl("info").splitlines())
    name = next((value.strip() for key, _, value in lines if key == f"Default {kind}"), "")
    # "(null)" is PulseAudio's word for none, "@DEFAULT_SOURCE@" PipeWire's.
    return None if not name or name[0] in "(@" else name


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
