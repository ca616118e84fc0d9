"""Raw samples as programs and telephones write them, and what they are worth."""

from typing import Final, Literal, TypeAlias, get_args

import numpy as np

from emotion.arrays import Samples, read_only

Encoding: TypeAlias = Literal["s16le", "f32le", "mulaw", "alaw"]
"""16-bit integers and 32-bit floats, both with the low byte first, and the two laws of ITU-T G.711."""

ENCODINGS: Final[tuple[Encoding, ...]] = get_args(Encoding)

_FULL_SCALE: Final = np.float32(32768)


def sample_bytes(encoding: Encoding) -> int:
    """Tell how long a sample of one channel is.

    Parameters
    ----------
    encoding : {'s16le', 'f32le', 'mulaw', 'alaw'}
        How it is written.

    Returns
    -------
    int
        Bytes.
    """
    return {"s16le": 2, "f32le": 4, "mulaw": 1, "alaw": 1}[encoding]


def decode(data: bytes, encoding: Encoding) -> Samples:
    """Turn bytes into samples.

    Parameters
    ----------
    data : bytes
        Whole samples only.
    encoding : {'s16le', 'f32le', 'mulaw', 'alaw'}
        How they are written.

    Returns
    -------
    ndarray, shape (n,), float32
        Full scale ±1; all but those of f32le are multiples of 1/32768. Floats come as they are, those that
        are no finite numbers among them.
    """
    if encoding == "f32le":
        return np.frombuffer(data, dtype="<f4").astype(np.float32)
    if encoding == "s16le":
        return np.frombuffer(data, dtype="<i2").astype(np.float32) / _FULL_SCALE
    table = _MU_LAW if encoding == "mulaw" else _A_LAW
    return table[np.frombuffer(data, dtype=np.uint8)]


def _mu_law_table() -> Samples:
    """Give the value of each byte by ITU-T G.711 (11/1988), table 2: values of 14 bits, here of 16."""
    # On the line all bits are inverted; what is 1 then means negative.
    code = np.arange(256) ^ 0xFF
    chord, step = code >> 4 & 7, code & 15
    magnitude = ((2 * step + 33) << chord) - 33
    return _scaled(np.where(code & 0x80, -magnitude, magnitude) * 4)


def _a_law_table() -> Samples:
    """Give the value of each byte by ITU-T G.711 (11/1988), table 1: values of 13 bits, here of 16."""
    # On the line every other bit is inverted; a sign of 1 means positive.
    code = np.arange(256) ^ 0x55
    chord, step = code >> 4 & 7, code & 15
    magnitude = np.where(chord == 0, 2 * step + 1, (2 * step + 33) << np.maximum(chord - 1, 0))
    return _scaled(np.where(code & 0x80, magnitude, -magnitude) * 8)


def _scaled(values: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Samples:
    return read_only(values.astype(np.float32) / _FULL_SCALE)


_MU_LAW: Final = _mu_law_table()
_A_LAW: Final = _a_law_table()
