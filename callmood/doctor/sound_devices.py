"""PortAudio, and the devices that it gives sound from."""

from collections.abc import Iterator
from typing import Final

from callmood.doctor.finding import Finding
from emotion.errors import DeviceError

NO_DEVICE: Final = (
    "plug a microphone in, or start the sound server; without one there are callmood listen --system, "
    "callmood listen - and callmood replay FILE"
)


def look_at_portaudio() -> Iterator[Finding]:
    """Look at the library and at the interfaces of the system that it knows.

    Yields
    ------
    Finding
        One.

    Raises
    ------
    DeviceError
        If PortAudio is missing or does not answer.
    """
    from streamer.microphone import portaudio

    sounddevice = portaudio()
    try:
        version = str(sounddevice.get_portaudio_version()[1]).partition(",")[0]
        host_apis = ", ".join(str(host_api["name"]) for host_api in sounddevice.query_hostapis())
    except sounddevice.PortAudioError as error:
        raise DeviceError(
            f"PortAudio does not answer: {error}; start the sound server, or this machine, again"
        ) from error
    advice = None if host_apis else "install PortAudio anew: sudo apt install --reinstall libportaudio2"
    yield Finding("portaudio", bool(host_apis), f"{version}, host APIs: {host_apis or 'none'}", advice)


def look_at_devices() -> Iterator[Finding]:
    """List what delivers sound; nothing is opened.

    Yields
    ------
    Finding
        One a device, or one where there is none.

    Raises
    ------
    DeviceError
        If PortAudio is missing or does not answer.
    """
    from streamer.inputs import list_inputs

    devices = list_inputs()
    if not devices:
        yield Finding("device", False, "no device delivers sound", NO_DEVICE)
    for device in devices:
        channels = f"{device.channels} channel{'s' * (device.channels > 1)}"
        number = "" if device.number is None else f"{device.number}: "
        found = f"{number}{device.name}, {device.host_api}, {channels}, {device.sample_rate} Hz"
        yield Finding("device", True, found + ", the default" * device.is_default)
