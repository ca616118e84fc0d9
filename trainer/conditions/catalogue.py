"""Which conditions there are."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np

from emotion.arrays import Samples
from emotion.errors import UsageError
from trainer.conditions.clean import clean
from trainer.conditions.clip import clip
from trainer.conditions.gain import gain
from trainer.conditions.gsm import gsm
from trainer.conditions.noise import noise5, noise10, noise15, noise20
from trainer.conditions.opus import opus
from trainer.conditions.phone import phone
from trainer.conditions.reverb import reverb
from trainer.conditions.speed import speed
from trainer.conditions.varied import varied


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that happens to sound.

    Attributes
    ----------
    change : callable
        From mono float32 samples, their rate in Hz and a generator to as many samples, none of them later.
    version : int
        Raised when `change` gives other values. Caches are keyed by it.
    """

    change: Callable[[Samples, int, np.random.Generator], Samples]
    version: int


RATE_HZ: Final = 16_000
"""The rate that conditions are made for."""

CONDITIONS: Final[Mapping[str, Condition]] = MappingProxyType(
    {
        "clean": Condition(clean, version=1),
        "phone": Condition(phone, version=1),
        "noise10": Condition(noise10, version=1),
        "gsm": Condition(gsm, version=1),
        "opus": Condition(opus, version=1),
        "noise5": Condition(noise5, version=1),
        "noise15": Condition(noise15, version=1),
        "noise20": Condition(noise20, version=1),
        "reverb": Condition(reverb, version=1),
        "gain": Condition(gain, version=1),
        "clip": Condition(clip, version=1),
        "varied": Condition(varied, version=1),
    }
)
"""By name. Those of evaluation change nothing on the way; the others draw anew for each passage."""

OF_CLIPS: Final[Mapping[str, Condition]] = MappingProxyType({"speed": Condition(speed, version=1)})
"""By name: what befalls each clip by itself, before it enters a stream. It may become longer or shorter."""

KNOWN: Final[Mapping[str, Condition]] = MappingProxyType({**CONDITIONS, **OF_CLIPS})
"""Both: all that a condition may be joined of."""

EVALUATION_CONDITIONS: Final = ("clean", "phone", "noise10")


def check_condition(name: str) -> tuple[str, ...]:
    """Take a name apart.

    Parameters
    ----------
    name : str
        A key of `KNOWN`, or several joined by ``+``, such as ``reverb+phone``: first the
        room, then the line. Those of clips come first wherever they stand.

    Returns
    -------
    tuple of str
        The parts, at least one.

    Raises
    ------
    UsageError
        If a part is no condition.
    """
    parts = tuple(name.split("+"))
    unknown = [part for part in parts if part not in KNOWN]
    if unknown:
        raise UsageError(
            f"no condition is called {unknown[0]!r}; choose from {', '.join(KNOWN)}, or join some by +"
        )
    return parts


def apply_to_clip(name: str, samples: Samples, sample_rate: int, rng: np.random.Generator) -> Samples:
    """Send one clip through those parts of a condition that are of clips.

    Parameters
    ----------
    name : str
        As `check_condition` takes it.
    samples : ndarray, shape (n,), float32
        Mono, full scale ±1.
    sample_rate : int
        Hz.
    rng : numpy.random.Generator
        Drawn from.

    Returns
    -------
    ndarray, shape (m,), float32
        As it was where no part is of clips.

    Raises
    ------
    UsageError
        If there is no such condition.
    """
    for part in check_condition(name):
        if part in OF_CLIPS:
            samples = OF_CLIPS[part].change(samples, sample_rate, rng)
    return samples


def apply_condition(name: str, samples: Samples, sample_rate: int, rng: np.random.Generator) -> Samples:
    """Send sound through a condition.

    Parameters
    ----------
    name : str
        As `check_condition` takes it; parts that are of clips change nothing here.
    samples : ndarray, shape (n,), float32
        Mono, full scale ±1.
    sample_rate : int
        Hz; `RATE_HZ`.
    rng : numpy.random.Generator
        Drawn from.

    Returns
    -------
    ndarray, shape (n,), float32
        Delay is taken out: what lay at a sample lies there still.

    Raises
    ------
    UsageError
        If there is no such condition, or the rate is another.
    """
    parts = check_condition(name)
    if sample_rate != RATE_HZ:
        raise UsageError(
            f"conditions are made for {RATE_HZ} Hz, not {sample_rate} Hz; resample the sound first"
        )
    for part in parts:
        if part in CONDITIONS:
            samples = CONDITIONS[part].change(samples, sample_rate, rng)
    return samples
