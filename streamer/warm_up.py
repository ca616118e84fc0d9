"""Do once, before the sound begins, whatever is slow the first time."""

import time
from dataclasses import replace

import numpy as np

from emotion.arrays import read_only
from emotion.model import EmotionModel
from emotion.window_grid import WindowGrid
from streamer.block import AudioBlock
from streamer.heard import Heard
from streamer.hearing import Hearing
from streamer.judge import Judge


def warm_up(model: EmotionModel, grid: WindowGrid, source_rate: int) -> None:
    """Let a leg that is thrown away hear noise, and judge it as if it were speech.

    Parameters
    ----------
    model : EmotionModel
        Its libraries are loaded and its tables built when this returns.
    grid : WindowGrid
        At the model's rate.
    source_rate : int
        That of the sound to come, Hz.
    """
    hearing = Hearing("warm-up", model.feature_set, grid, source_rate, gate=model.card.gate, vectors="all")
    judge = Judge(model, grid.step / grid.sample_rate)
    num_samples = -(-(grid.win + grid.step) * source_rate // grid.sample_rate)
    noise = np.random.default_rng(0).normal(0.0, 0.1, (num_samples, 1)).astype(np.float32)
    noise[: num_samples // 2] = 0.0
    block = AudioBlock(read_only(noise), 0, time.monotonic())
    for heard in [*hearing.push(block), *hearing.finish()]:
        if isinstance(heard, Heard):
            judge.judge(replace(heard, state="speech"))
