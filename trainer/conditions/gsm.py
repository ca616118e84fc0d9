"""A mobile telephone of the first digital kind."""

import numpy as np

from emotion.arrays import Samples
from emotion.resampling import resample
from trainer.conditions.file_codec import through_file
from trainer.conditions.phone import LINE_RATE_HZ, band_pass, of_length


def gsm(samples: Samples, sample_rate: int, _: np.random.Generator) -> Samples:
    """Send speech through GSM 06.10 full rate (13 kbit/s) and back.

    The codec is libsndfile's (ETSI EN 300 961); before it comes the telephone band, as in a handset. The
    codec itself adds no delay; what fills its last block is cut off.

    Parameters
    ----------
    samples : ndarray, shape (n,), float32
        Mono, full scale ±1.
    sample_rate : int
        Hz.

    Returns
    -------
    ndarray, shape (n,), float32
        Nothing is drawn.
    """
    if not len(samples):
        return samples
    line = resample(band_pass(samples, sample_rate), sample_rate, LINE_RATE_HZ)
    if not len(line):
        return np.zeros_like(samples)
    coded = of_length(through_file(line, LINE_RATE_HZ, "WAV", "GSM610"), len(line))
    return of_length(resample(coded, LINE_RATE_HZ, sample_rate), len(samples))
