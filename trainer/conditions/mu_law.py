"""µ-law, eight bits a sample: the coding of digital telephone lines."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from emotion.arrays import Samples

FULL_SCALE: Final = 8192
"""A sample of 1.0 in the 14-bit units of the recommendation."""

BIAS: Final = 33
LARGEST: Final = 8158
"""Greatest magnitude that the highest code stands for, in the same units."""


def encode_mu_law(samples: Samples) -> NDArray[np.uint8]:
    """Encode by ITU-T G.711 (11/1988), table 2a and 2b.

    Parameters
    ----------
    samples : ndarray, shape (n,), float32
        Full scale ±1; what is beyond is clipped.

    Returns
    -------
    ndarray, shape (n,), uint8
        As sent on the line: sign, segment and step, all bits inverted; 255 is silence.
    """
    units = np.floor(np.abs(samples.astype(np.float64)) * FULL_SCALE).clip(0, LARGEST).astype(np.int64) + BIAS
    # Segment s covers 2**(s + 5) <= units < 2**(s + 6): its number is the place of the highest bit.
    segment = np.frexp(units)[1].astype(np.int64) - 6
    step = (units >> (segment + 1)) & 0x0F
    sign = np.where(samples < 0, 0x80, 0)
    return np.asarray(~(sign | segment << 4 | step) & 0xFF, dtype=np.uint8)


def decode_mu_law(codes: NDArray[np.uint8]) -> Samples:
    """Decode by ITU-T G.711 (11/1988), table 2a and 2b.

    Parameters
    ----------
    codes : ndarray, shape (n,), uint8
        As sent on the line.

    Returns
    -------
    ndarray, shape (n,), float32
        Full scale ±1, 8031/8192 at most.
    """
    inverted = ~codes.astype(np.int64) & 0xFF
    segment, step = inverted >> 4 & 0x07, inverted & 0x0F
    units = ((2 * step + BIAS) << segment) - BIAS
    return (np.where(inverted & 0x80, -units, units) / FULL_SCALE).astype(np.float32)
