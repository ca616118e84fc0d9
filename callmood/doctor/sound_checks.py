"""Checks of sound: PortAudio, its devices, monitor sources, and the level of the chosen device."""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from callmood.doctor.runner import Finding
from emotion.errors import DeviceError

if TYPE_CHECKING:
    from emotion.arrays import Samples
    from streamer.sources.base import Source

NO_DEVICE: Final = (
    "plug a microphone in, or start the sound server; without one there are callmood listen --system, "
    "callmood listen - and callmood replay FILE"
)


def check_portaudio() -> Iterator[Finding]:
    """Check the library and the host APIs that it finds."""
    from streamer.sources.microphone import portaudio

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


def check_devices() -> Iterator[Finding]:
    """List the inputs; none is opened."""
    from streamer.sources.devices import list_inputs

    devices = list_inputs()
    if not devices:
        yield Finding("device", False, "no device delivers sound", NO_DEVICE)
    for device in devices:
        channels = f"{device.channels} channel{'s' * (device.channels > 1)}"
        number = "" if device.number is None else f"{device.number}: "
        found = f"{number}{device.name}, {device.host_api}, {channels}, {device.sample_rate} Hz"
        yield Finding("device", True, found + ", the default" * device.is_default)


def check_monitors() -> Iterator[Finding]:
    """Check whether what the sound server plays can be recorded."""
    from streamer.sources.pulse_server import MONITOR, pulse_program, pulse_sources
    from streamer.sources.system_sound import monitor_of_default_sink

    chosen = monitor_of_default_sink()
    pulse_program("parec")
    monitors = {source.name: source for source in pulse_sources() if source.name.endswith(MONITOR)}
    facts = monitors.pop(chosen, None)
    rate = "" if facts is None else f", {facts.sample_rate} Hz"
    others = f"; there are also {', '.join(monitors)}" if monitors else ""
    yield Finding("monitor", True, f"--system hears {chosen}{rate}{others}")


LISTEN_SECONDS: Final = 1.5
WAIT_SECONDS: Final = 3.0
"""How long a device may deliver nothing before and between blocks."""

TENTH_SECONDS: Final = 0.1
CLIPPED_SHARE: Final = 0.002
"""Loud clean speech has at most this share of its samples at full scale."""

NOTHING_BUT_ZEROS: Final = (
    "it is muted, or the system refuses this program the microphone: unmute it (its own switch, the mixer), "
    "allow it for this terminal in the system's privacy settings, or choose another with --device; the "
    "monitor of a sink gives zeros while nothing is played"
)
TOO_LOUD: Final = "turn its level down in the mixer, or move away from it, until nothing is at full scale"
TOO_QUIET: Final = (
    "if somebody spoke just now, turn its level up in the mixer, or choose another with --device: nothing "
    "under -60 dBFS is taken for speech"
)


def check_level(device: str | None) -> Iterator[Finding]:
    """Listen to a device for 1.5 s."""
    from streamer.sources.devices import open_input

    microphone = open_input(device, reconnects=False)
    info = microphone.info
    yield level_finding(info.name, listen(microphone), info.sample_rate)


def listen(microphone: "Source") -> "Samples":
    """Record the first 1.5 s of a microphone, and close it."""
    import numpy as np

    from streamer.sources.queue import BlockQueue

    info = microphone.info
    queue = BlockQueue(2 * LISTEN_SECONDS, info.sample_rate)
    heard: list[Samples] = []
    try:
        microphone.open()
        microphone.start(queue)
        while sum(map(len, heard)) < LISTEN_SECONDS * info.sample_rate:
            block = queue.get(WAIT_SECONDS)
            if block is None:
                raise queue.error or DeviceError(
                    f"{info.name} delivers nothing within {WAIT_SECONDS:g} s; plug it in again, start the "
                    "sound server again, or choose another: `callmood devices`"
                )
            heard.append(block.samples)
    finally:
        microphone.stop()
    return np.concatenate(heard)


def level_finding(name: str, samples: "Samples", sample_rate: int) -> Finding:
    """Tell whether recorded sound is usable: not muted, clipped or too quiet."""
    import numpy as np

    from emotion.signal import FLOOR_DBFS, SILENCE_DBFS, level_dbfs, mix_down
    from streamer.analysis.gate import ClippingMeter

    about = f"{len(samples) / sample_rate:.1f} s of {name} at {sample_rate} Hz"
    if np.all(samples == samples[0]):
        what = "zeros" if not np.any(samples) else "one and the same value"
        return Finding("level", False, f"nothing but {what} in {about}", NOTHING_BUT_ZEROS)
    mono = mix_down(samples)
    tenth = max(1, round(TENTH_SECONDS * sample_rate))
    loudest = max(level_dbfs(mono[start : start + tenth]) for start in range(0, len(mono), tenth))
    peak = max(FLOOR_DBFS, 20 * math.log10(float(np.abs(samples).max())))
    meter = ClippingMeter()
    meter.push(samples, 0)
    share = meter.share(0, len(samples))
    found = f"{loudest:.0f} dBFS at its loudest, peak {peak:.0f} dBFS, in {about}"
    if share > CLIPPED_SHARE:
        return Finding("level", True, f"{found}: {share:.1%} of it clipped", TOO_LOUD)
    return Finding("level", True, found, TOO_QUIET if loudest < SILENCE_DBFS else None)
