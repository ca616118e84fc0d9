"""Do once, before the sound begins, whatever is slow the first time."""

import time

import numpy as np

from emotion.arrays import read_only
from emotion.model import EmotionModel
from emotion.window_grid import WindowGrid
from streamer.block import AudioBlock
from streamer.leg import Leg


def warm_up(model: EmotionModel, grid: WindowGrid, source_rate: int) -> None:
    """Let a leg that is thrown away hear a window that the gate takes for speech.

    Parameters
    ----------
    model : EmotionModel
        Its libraries are loaded and its tables built when this returns.
    grid : WindowGrid
        At the model's rate.
    source_rate : int
        That of the sound to come, Hz.
    """
    leg = Leg("warm-up", model, grid, source_rate)
    num_samples = -(-(grid.win + grid.step) * source_rate // grid.sample_rate)
    noise = np.random.default_rng(0).normal(0.0, 0.1, (num_samples, 1)).astype(np.float32)
    noise[: num_samples // 2] = 0.0
    leg.push(AudioBlock(read_only(noise), 0, time.monotonic()))
    leg.finish()
