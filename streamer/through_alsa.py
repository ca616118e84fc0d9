"""Which source of the sound server a device of ALSA records from: a name in .asoundrc does not tell."""

import os
import re
from typing import Final

from streamer.block_queue import BlockQueue
from streamer.devices import Device
from streamer.microphone import Microphone
from streamer.pactl import pactl

FIRST_SOUND_SECONDS: Final = 3.0

_SOURCE: Final = re.compile(r"^\tSource: (\d+)$", re.MULTILINE)
_PROCESS: Final = re.compile(r'^\t\tapplication\.process\.id = "(\d+)"$', re.MULTILINE)


def source_recorded_through(device: Device) -> str | None:
    """Open a device for a moment and ask the sound server what we record from meanwhile.

    Parameters
    ----------
    device : Device
        One of ALSA's, as PortAudio lists it.

    Returns
    -------
    str or None
        The server's name of the source; None where the device has nothing to do with it.

    Raises
    ------
    DeviceError
        If the device will not open, or the sound server does not answer.
    """
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
        source, process = _SOURCE.search(entry), _PROCESS.search(entry)
        if source is not None and process is not None and process[1] == str(os.getpid()):
            found.add((entry.partition("\n")[0], source[1]))
    return found
