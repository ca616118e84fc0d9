"""Whether a leg holds nothing but what leaks into it from another one: echo, crosstalk, a loudspeaker."""

from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from streamer.envelopes.envelope import Powers

REACH_SECONDS: Final = 0.35
"""How much further back the other leg's frames should go: a delay of 0.3 s, and a little for the room."""

WEAKER: Final = 10.0 ** (-8.0 / 10.0)
"""A leak is at least 8 dB weaker than what leaks: two who talk equally loud are never taken for one."""

EXPLAINED: Final = 0.65
"""The share of a leg's ups and downs, as a variance in dB, that the other leg must explain."""

LIVELY: Final = 0.2**2
"""With less variance (that of 2 dB, in powers of ten) it is a hum, and nothing is explained."""

DEPTH: Final = 10.0 ** (-25.0 / 10.0)
"""Ups and downs are looked at down to 25 dB under the loudest."""

LOW_SHARE: Final = 0.1
"""A leg's own noise is what a tenth of its frames stay under."""

ROOM: Final = np.cumprod(np.full(6, 10.0 ** (-6.0 * 0.02 / 0.2)))
"""How a room that falls by 60 dB in 0.2 s smears power, in pairs of frames."""

AHEAD: Final = 3
"""Pairs of frames by which a leak may come before its source, where two devices are a little apart: 60 ms."""

KNOWN_SHARE: Final = 0.75
"""So much of the window must have been heard on both legs."""


def bleeds(own: Powers, other: Powers) -> bool:
    """Tell whether what a leg holds is another leg, weaker and later.

    At every delay the other leg's power, smeared as by a room, scaled, with the leg's own noise under it, is
    held against the leg's power, in dB. Whoever talks for himself goes up and down at other moments.

    Parameters
    ----------
    own : ndarray, shape (num_frames,), float64
        The leg's frames in a window of 2 to 3 s; 1 s will do where only a step of talk is at stake.
    other : ndarray, shape (num_frames + num_further,), float64
        The other leg's frames up to the same moment. They go further back, by `REACH_SECONDS`: that is the
        longest delay looked for.

    Returns
    -------
    bool
        False as well where too little was heard to tell.
    """
    mine, theirs = _in_pairs(own)[:-AHEAD], _in_pairs(other)
    heard, known = np.isfinite(mine), np.isfinite(theirs)
    if not np.any(heard) or len(theirs) < len(mine):
        return False
    ordered = np.sort(mine[heard])
    power, noise = float(np.mean(ordered)), float(ordered[int((len(ordered) - 1) * LOW_SHARE)])
    theirs = np.where(known, theirs, 0.0)
    # From here on a row is a delay, the longest first.
    both = heard & sliding_window_view(known, len(mine))
    num_both = np.maximum(1, np.count_nonzero(both, axis=1))
    sources = np.sum(sliding_window_view(theirs, len(mine)), axis=1, where=both) / num_both
    asked = (power < WEAKER * sources) & (num_both >= KNOWN_SHARE * len(mine))
    if power == 0.0 or not np.any(asked):
        return False
    least = max(noise, DEPTH * float(ordered[-1]))
    gain = (power - noise) * np.count_nonzero(known) / float(np.sum(theirs))
    leak = gain * np.convolve(theirs, ROOM / np.sum(ROOM))[: len(theirs)]
    levels = np.log10(np.maximum(np.where(heard, mine, 0.0) - noise, 0.0) + least)
    missed = levels - sliding_window_view(np.log10(leak + least), len(mine))
    lively = _variances(np.broadcast_to(levels, both.shape), both, num_both)
    left = _variances(missed, both, num_both)
    return bool(np.any(asked & (lively > LIVELY) & (left < (1.0 - EXPLAINED) * lively)))


def _in_pairs(powers: Powers) -> Powers:
    """Join frames by two, the last pair with the last frame: shorter ones ripple with the pitch."""
    return np.asarray(np.mean(powers[len(powers) % 2 :].reshape(-1, 2), axis=1))


def _variances(rows: Powers, kept: NDArray[np.bool_], num_kept: NDArray[np.int64]) -> Powers:
    means = np.sum(rows, axis=1, where=kept) / num_kept
    off = np.where(kept, rows - means[:, None], 0.0)
    return np.asarray(np.einsum("ij,ij->i", off, off) / num_kept)
