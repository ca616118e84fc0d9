"""How loud speech is while somebody speaks."""

from typing import Final

import numpy as np
from scipy.signal import lfilter

from emotion.arrays import Samples
from emotion.level import FLOOR_DBFS

TIME_CONSTANT_SECONDS: Final = 0.03
HANGOVER_SECONDS: Final = 0.2
MARGIN_DB: Final = 15.9
"""Speech is taken for active where its envelope is no further below the active level: P.56's own margin."""

_LOOKS_A_SECOND: Final = 1000
_THRESHOLDS_DB: Final = np.arange(-80.0, 1.0, 3.0)
_SMALLEST: Final = 1e-12


def active_level_dbfs(samples: Samples, sample_rate: int) -> float:
    """Measure the active speech level: the RMS over the parts in which somebody speaks.

    ITU-T P.56 (12/2011), method B: an envelope smoothed twice with 30 ms, a hangover of 200 ms, and the
    threshold that lies 15.9 dB below the level it leads to. Two things are done otherwise: thresholds stand
    at 3 dB from each other below the envelope's own peak, so that a gain moves the level by exactly that
    gain, and the envelope is looked at a thousand times a second.

    Parameters
    ----------
    samples : ndarray, shape (n,), float32
        Mono, full scale ±1.
    sample_rate : int
        Hz.

    Returns
    -------
    float
        dB below full scale, as `emotion.level.level_dbfs`; -120 for silence and for no samples.
    """
    if not len(samples):
        return FLOOR_DBFS
    sound = samples - samples.mean(dtype=np.float64)
    energy = float(np.dot(sound, sound))
    if energy <= _SMALLEST * len(sound):
        return FLOOR_DBFS
    keep = np.exp(-1.0 / (sample_rate * TIME_CONSTANT_SECONDS))
    smooth = ([1.0 - keep], [1.0, -keep])
    every = max(1, sample_rate // _LOOKS_A_SECOND)
    envelope = lfilter(*smooth, lfilter(*smooth, np.abs(sound)))[::every]
    envelope_db = 20.0 * np.log10(np.maximum(envelope, _SMALLEST))
    hangover = round(HANGOVER_SECONDS * sample_rate / every)
    before: tuple[float, float] | None = None
    for threshold in envelope_db.max() + _THRESHOLDS_DB:
        num_active = _num_active(envelope_db >= threshold, hangover) * every
        level = float(10.0 * np.log10(energy / min(num_active, len(sound))))
        above = level - float(threshold)
        if above <= MARGIN_DB:
            if before is None:
                return level
            share = (before[1] - MARGIN_DB) / (before[1] - above)
            return before[0] + share * (level - before[0])
        before = level, above
    # A sound with peaks so rare that no threshold comes near: all of it that reaches the highest.
    return level


def _num_active(above: np.ndarray, hangover: int) -> int:
    index = np.arange(len(above))
    latest = np.maximum.accumulate(np.where(above, index, -len(above) - hangover))
    return int(np.count_nonzero(index - latest <= hangover))
