"""Whether the channels of a recording are copies of one another: one voice, written twice."""

from typing import Final

import numpy as np

from emotion.audio_file import AudioFile
from emotion.window_grid import to_samples

LOOKED_AT_SECONDS: Final = 60.0


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
    first_block = next(iter(audio.blocks(to_samples(LOOKED_AT_SECONDS, audio.sample_rate))), None)
    if first_block is None or not first_block.any():
        return False
    return bool(np.array_equal(first_block, np.broadcast_to(first_block[:, :1], first_block.shape)))
