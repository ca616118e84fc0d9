"""Input devices, and how a user names one."""

from collections.abc import Sequence
from dataclasses import dataclass

from emotion.errors import DeviceError


@dataclass(frozen=True, slots=True)
class Device:
    """Something that delivers sound.

    Attributes
    ----------
    number : int
        PortAudio's; it moves when something is plugged in, so keep the name.
    name : str
        As the system calls it.
    host_api : str
        Through which interface of the system: ALSA, Core Audio, WASAPI, ...
    channels : int
        How many it can deliver.
    sample_rate : int
        Its own, Hz.
    is_default : bool
        True for the one that is used unless another is named.
    """

    number: int
    name: str
    host_api: str
    channels: int
    sample_rate: int
    is_default: bool


def choose_device(devices: Sequence[Device], wanted: str | int | None) -> Device:
    """Find the device that a user means.

    Parameters
    ----------
    devices : sequence of Device
        Those there are.
    wanted : str or int or None
        A number, a name, or a part of a name that only one device has; upper and lower case are the same.
        None takes the default.

    Returns
    -------
    Device
        The one that is meant.

    Raises
    ------
    DeviceError
        If there is none, or more than one; the message lists them.
    """
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
            f"{str(wanted)!r} is the name of several devices; give the number: {_listed(found)}"
        )
    return found[0]


def _by_name(devices: Sequence[Device], wanted: str) -> list[Device]:
    same = [device for device in devices if device.name.casefold() == wanted]
    return same or [
        device for device in devices if wanted and wanted in f"{device.name}, {device.host_api}".casefold()
    ]


def _listed(devices: Sequence[Device]) -> str:
    return ", ".join(f"{device.number}: {device.name} ({device.host_api})" for device in devices)
