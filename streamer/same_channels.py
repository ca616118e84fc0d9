"""Whether the channels of a recording are copies of one another: one voice, written twice."""

from typing import Final

import numpy as np

from emotion.audio_file import AudioFile
from emotion.window_grid import to_samples

LOOKED_AT_SECONDS: Final = 60.0
_LOOKED_AT_ONCE: Final = 2**18
"""Values at a time: a minute would be gigabytes where a header speaks of a thousand channels."""


def are_channels_same(audio: AudioFile) -> bool:
    """Look at the beginning of a recording.

    Parameters
    ----------
    audio : AudioFile
        With more than one channel; its first minute is read.

    Returns
    -------
    bool
        True where every channel has the samples of the first, and there is any sound in them.
    """
    left, heard = to_samples(LOOKED_AT_SECONDS, audio.sample_rate), False
    for block in audio.blocks(max(1, _LOOKED_AT_ONCE // audio.channels)):
        looked_at = block[:left]
        if not np.array_equal(looked_at, np.broadcast_to(looked_at[:, :1], looked_at.shape)):
            return False
        left, heard = left - len(looked_at), heard or bool(looked_at.any())
        if not left:
            break
    return heard
