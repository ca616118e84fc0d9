"""Input devices, and how a user names one."""

from collections.abc import Sequence
from dataclasses import dataclass

from emotion.errors import DeviceError


@dataclass(frozen=True, slots=True)
class Device:
    """An input.

    `number` is PortAudio's and changes when a device is plugged in; None for a source of the sound server.
    `host_api` is the system's interface to it: ALSA, Core Audio, WASAPI, the sound server, ... `sample_rate`
    is its own, Hz. `title` is what mixers show, if that is not its name.
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
        """Where a part of a name is searched."""
        return f"{self.name}, {self.title}, {self.host_api}"


def choose_device(devices: Sequence[Device], wanted: str | int | None) -> Device:
    """Find a device by number, name or a part of a name that only it has; the default for None."""
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
    numbered = (("" if each.number is None else f"{each.number}: ", each) for each in devices)
    return ", ".join(f"{number}{each.name} ({each.host_api})" for number, each in numbered)
