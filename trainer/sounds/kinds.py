"""The kinds of sound that are no speech, by name."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from emotion.arrays import Samples
from trainer.sounds.music import music
from trainer.sounds.noises import breath, knocks, rain, steady_noise, street
from trainer.sounds.signals import beeps, hum, siren, steady_tone, telephone

SoundMaker: TypeAlias = Callable[[int, int, np.random.Generator], NDArray[np.float64]]
"""From a number of samples, their rate in Hz and a generator to sound of any level."""

KINDS: Final[Mapping[str, SoundMaker]] = MappingProxyType(
    {
        "steady noise": steady_noise,
        "street": street,
        "rain and wind": rain,
        "breath": breath,
        "knocks": knocks,
        "tones": steady_tone,
        "beeps": beeps,
        "telephone tones": telephone,
        "sirens": siren,
        "hum": hum,
        "synthesised music": music,
    }
)


def make_sound(kind: str, seconds: float, sample_rate: int, seed: int, rms_dbfs: float = -26.0) -> Samples:
    """Make a sound that is no speech.

    Parameters
    ----------
    kind : str
        A key of `KINDS`.
    seconds : float
        Length, s.
    sample_rate : int
        Hz.
    seed : int
        The same seed gives the same sound.
    rms_dbfs : float
        Its level, dB below full scale.

    Returns
    -------
    ndarray, shape (n,), float32
        Mono; where peaks would pass full scale the level is lower.

    Raises
    ------
    KeyError
        If there is no such kind.
    """
    rng = np.random.default_rng([seed, *kind.encode()])
    sound = KINDS[kind](round(seconds * sample_rate), sample_rate, rng)
    sound *= 10.0 ** (rms_dbfs / 20.0) / np.sqrt(np.mean(sound**2) + 1e-20)
    loudest = np.abs(sound).max()
    scaled: Samples = (sound / max(1.0, loudest / 0.98)).astype(np.float32)
    return scaled
