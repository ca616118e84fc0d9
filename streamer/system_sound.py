"""What the machine plays: the other side of a call, whatever program the call is in."""

import platform
from types import MappingProxyType
from typing import Final

from emotion.errors import DeviceError
from streamer.pulse_list import MONITOR, pulse_sources, server_default

_ELSEWHERE: Final = MappingProxyType(
    {
        "Darwin": "macOS lets no program record what it plays; install a virtual device (brew install "
        "blackhole-2ch), let the sound go through it, then: callmood listen --device BlackHole",
        "Windows": "what Windows plays cannot be recorded (WASAPI loopback is not supported); install a "
        "virtual cable such as VB-CABLE, let the sound go through it, then: callmood listen --device CABLE",
    }
)


def monitor_of_default_sink() -> str:
    """Name the source that hears what the machine plays.

    Returns
    -------
    str
        The monitor of the default sink, as PulseAudio or PipeWire calls it.

    Raises
    ------
    DeviceError
        If the system is not Linux, `pactl` is missing, no sound server answers, or it has no such monitor.
    """
    if (instead := _ELSEWHERE.get(platform.system())) is not None:
        raise DeviceError(instead)
    sink = server_default("Sink")
    if sink is None:
        raise DeviceError(
            "the sound server has no sink to play to; plug in or choose what the sound comes out of"
        )
    monitor = f"{sink}{MONITOR}"
    names = [source.name for source in pulse_sources()]
    if monitor not in names:
        raise DeviceError(
            f"the sound server plays to {sink} and has no {monitor} to hear that; its sources: "
            f"{', '.join(names) or 'none'}; choose another that the sound comes out of"
        )
    return monitor
