"""Input devices, and how a user names one."""

from collections.abc import Sequence
from dataclasses import dataclass

from emotion.errors import DeviceError


@dataclass(frozen=True, slots=True)
class Device:
    """Something that delivers sound.

    Attributes
    ----------
    number : int or None
        PortAudio's; it moves when something is plugged in, so keep the name. None for a source of the sound
        server, whose name is its own and stays.
    name : str
        As the system calls it.
    host_api : str
        Through which interface of the system: ALSA, Core Audio, WASAPI, the sound server, ...
    channels : int
        How many it can deliver.
    sample_rate : int
        Its own, Hz.
    is_default : bool
        True for the one that is used unless another is named.
    title : str
        What mixers show it as, where that is more than its name.
    """

    number: int | None
    name: str
    host_api: str
    channels: int
    sample_rate: int
    is_default: bool
    title: str = ""

    @property
    def words(self) -> str:
        """All that it may be called by."""
        return f"{self.name}, {self.title}, {self.host_api}"


def choose_device(devices: Sequence[Device], wanted: str | int | None) -> Device:
    """Find the device that a user means."""
    if not devices:
        raise DeviceError("no device delivers sound; plug a microphone in, or start the sound server")
    if wanted is None:
        found = [device for device in devices if device.is_default]
        if not found:
            raise DeviceError(f"the system has no default input device; choose one of {_listed(devices)}")
    elif str(wanted).strip().isdecimal():
        found = [device for device in devices if device.number == int(wanted)]
    else:
        found = _by_name(devices, str(wanted).strip().casefold())
    if not found:
        raise DeviceError(f"no input device {str(wanted)!r}; there are {_listed(devices)}")
    if len(found) > 1:
        raise DeviceError(
            f"{str(wanted)!r} is the name of several devices; give the number, or more of the name: "
            f"{_listed(found)}"
        )
    return found[0]


def _by_name(devices: Sequence[Device], wanted: str) -> list[Device]:
    same = [device for device in devices if device.name.casefold() == wanted]
    return same or [device for device in devices if wanted and wanted in device.words.casefold()]


def _listed(devices: Sequence[Device]) -> str:
    return ", ".join(_called(device) for device in devices)


def _called(device: Device) -> str:
    number = "" if device.number is None else f"{device.number}: "
    return f"{number}{device.name} ({device.host_api})"
