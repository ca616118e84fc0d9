"""What the chosen device delivers: a moment of it, through the real microphone."""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from callmood.doctor.finding import Finding
from emotion.errors import DeviceError

if TYPE_CHECKING:
    from emotion.arrays import Samples
    from streamer.source import Source

LISTEN_SECONDS: Final = 1.5
WAIT_SECONDS: Final = 3.0
"""How long a device may keep silent before and between blocks."""

TENTH_SECONDS: Final = 0.1
CLIPPED_SHARE: Final = 0.002
"""Loud clean speech has no more of its samples at full scale."""

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


def look_at_level(device: str | None) -> Iterator[Finding]:
    """Listen to a device for 1.5 s.

    Parameters
    ----------
    device : str or None
        As `callmood listen --device` takes it; None for the default.

    Yields
    ------
    Finding
        One.

    Raises
    ------
    DeviceError
        If there is no such device, it will not open, or delivers nothing.
    """
    from streamer.inputs import open_input

    microphone = open_input(device, returns=False)
    info = microphone.info
    yield judge_level(info.name, listen(microphone), info.sample_rate)


def listen(microphone: "Source") -> "Samples":
    """Take the first 1.5 s that a microphone delivers, and release it.

    Parameters
    ----------
    microphone : Source
        Not open yet.

    Returns
    -------
    ndarray, shape (n, channels), float32
        1.5 s or a little more, full scale ±1.

    Raises
    ------
    DeviceError
        If it will not open, or delivers nothing for 3 s.
    """
    import numpy as np

    from streamer.block_queue import BlockQueue

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


def judge_level(name: str, samples: "Samples", sample_rate: int) -> Finding:
    """Say what a moment of sound means.

    Parameters
    ----------
    name : str
        Of the device.
    samples : ndarray, shape (n, channels), float32
        Full scale ±1, n >= 1.
    sample_rate : int
        Hz.

    Returns
    -------
    Finding
        Not ok where every sample is the same: no sound comes from there. Clipping, and a loudest tenth of a
        second that would be taken for silence, are advice.
    """
    import numpy as np

    from emotion.level import FLOOR_DBFS, SILENCE_DBFS, level_dbfs
    from emotion.mixing import mix_down
    from streamer.gate.clipping import ClippingMeter

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
