"""Several channels into one."""

import numpy as np

from emotion.arrays import Samples

_NUMBER_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight")


def mix_down(samples: Samples) -> Samples:
    """Take the mean over the channels, sample by sample.

    Parameters
    ----------
    samples : ndarray, shape (n, channels), float32
        At least one channel.

    Returns
    -------
    ndarray, shape (n,), float32
        Contiguous. Channels are added from first to last, so that a sample's value depends on nothing but the
        sample: the mix of pieces is the pieces of the mix, bit for bit. One channel is handed through.
    """
    channels = samples.shape[1]
    if channels == 1:
        return np.ascontiguousarray(samples[:, 0])
    total = samples[:, 0].copy()
    for channel in range(1, channels):
        total += samples[:, channel]
    total /= np.float32(channels)
    return total


def mixing_note(channels: int) -> tuple[str, ...]:
    """Say that channels are mixed down, where they are.

    Parameters
    ----------
    channels : int
        How many a source has.

    Returns
    -------
    tuple of str
        One line, or nothing for one channel.
    """
    if channels == 1:
        return ()
    word = _NUMBER_WORDS[channels] if channels < len(_NUMBER_WORDS) else str(channels)
    return (f"{word} channels mixed down to one",)
