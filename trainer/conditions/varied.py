"""What calls go through, one chain after another: a room, noise in it, a line."""

from typing import Final

import numpy as np

from emotion.arrays import Samples
from trainer.conditions.clip import clip
from trainer.conditions.gsm import gsm
from trainer.conditions.noise import add_noise
from trainer.conditions.noise_kinds import draw_kind
from trainer.conditions.opus import opus
from trainer.conditions.passages import in_passages
from trainer.conditions.phone import phone
from trainer.conditions.reverb import reverb

SNR_DB: Final = (0.0, 20.0)
"""Noise lies so far under the active speech of its passage: quiet clips in it have less."""


def varied(samples: Samples, sample_rate: int, rng: np.random.Generator) -> Samples:
    """Send every passage through a chain of its own.

    Half of the passages are in a room, half of them in white noise, pink noise or babble, 0 to 20 dB under
    the speech, half of them come down a line: a telephone's, GSM 6.10 or Opus at a low rate, each as often.
    What none of these befalls is overloaded.

    Parameters
    ----------
    samples : ndarray, shape (n,), float32
        Mono, full scale ±1.
    sample_rate : int
        Hz.
    rng : numpy.random.Generator
        Drawn from: lengths, and all of each chain.

    Returns
    -------
    ndarray, shape (n,), float32
        It may pass full scale where nothing but noise was added.
    """
    return in_passages(_through_a_chain, samples, sample_rate, rng)


def _through_a_chain(samples: Samples, sample_rate: int, rng: np.random.Generator) -> Samples:
    in_a_room, in_noise, down_a_line = rng.random(3) < 0.5
    if not (in_a_room or in_noise or down_a_line):
        return clip(samples, sample_rate, rng)
    if in_a_room:
        samples = reverb(samples, sample_rate, rng)
    if in_noise:
        make = draw_kind(rng)
        samples = add_noise(samples, sample_rate, rng.uniform(*SNR_DB), make, rng)
    if down_a_line:
        line = (phone, gsm, opus)[int(rng.integers(3))]
        samples = line(samples, sample_rate, rng)
    return samples
