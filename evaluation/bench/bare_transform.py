"""The least that a set must pay: Hann taper and FFT of the frames that a step brings, and nothing else."""

from typing import Final

import numpy as np

from emotion.extras import require
from emotion.features.feature_set import FeatureSet
from emotion.features.spectrum import hann_taper
from emotion.window_grid import to_samples
from evaluation.bench.sound import STEP_SECONDS, BenchSound
from evaluation.bench.turns import Contender

BARE: Final = "bare FFTs"


def bare_transform(feature_set: FeatureSet, transform_length: int, sound: BenchSound) -> Contender:
    """Transform the new frames of each step, in float32 and in one batch, by ``scipy.fft.rfft``.

    Parameters
    ----------
    feature_set : FeatureSet
        Its frames are taken.
    transform_length : int
        Samples of each frame that its spectrum is made of, the middle ones; nothing is padded.
    sound : BenchSound
        Cut into frames beforehand: cutting is not counted.

    Returns
    -------
    Contender
        Named `BARE`.

    Raises
    ------
    MissingExtraError
        If scipy is not installed.
    """
    rfft = require("scipy.fft", "bench").rfft
    rate, length, hop = feature_set.sample_rate, feature_set.frame_length, feature_set.frame_hop
    frames = np.lib.stride_tricks.sliding_window_view(sound.at_rate(rate), length)[::hop]
    first = (length - transform_length) // 2
    frames = frames[:, first : first + transform_length]
    taper = hann_taper(transform_length)
    step_length = to_samples(STEP_SECONDS, rate)

    def num_complete(num_samples: int) -> int:
        return (num_samples - length) // hop + 1

    def step(number: int) -> bool:
        end = sound.end_of_step(number, rate)
        new = frames[num_complete(end - step_length) : num_complete(end)]
        rfft(new * taper, axis=1, overwrite_x=True)
        return True

    return Contender(BARE, step)
