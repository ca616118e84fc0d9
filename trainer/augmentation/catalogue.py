"""The conditions by name, and those that combine others."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np

from emotion.arrays import Samples
from emotion.errors import UsageError, name_advice
from emotion.signal import resample
from trainer.augmentation.channel import Change, clip, gain, gsm, in_passages, opus, phone, reverb
from trainer.augmentation.noise import add_noise, draw_kind, noise5, noise10, noise15, noise20


def clean(samples: Samples, _rate: int, _rng: np.random.Generator) -> Samples:
    """Leave sound as it is."""
    return samples


LARGEST_CHANGE: Final = 0.16
"""Natural logarithm of the speed at most: 0.85 to 1.17 times as fast, and pitch and formants with it."""


def speed(samples: Samples, sample_rate: int, rng: np.random.Generator) -> Samples:
    """Play a clip faster or slower."""
    factor = np.exp(rng.uniform(-LARGEST_CHANGE, LARGEST_CHANGE))
    return resample(samples, round(sample_rate * factor), sample_rate)


SNR_DB: Final = (0.0, 20.0)
"""Of the active speech of a passage over its noise: quiet clips in it have less."""


@in_passages
def varied(samples: Samples, sample_rate: int, rng: np.random.Generator) -> Samples:
    """Apply another chain to every passage.

    Half of the passages are reverberated, half have white noise, pink noise or babble 0 to 20 dB below the
    speech, half go through a channel: telephone, GSM 6.10 or Opus at a low rate, with equal probability.
    Passages with none of these are clipped.
    """
    has_room, has_noise, has_channel = rng.random(3) < 0.5
    if not (has_room or has_noise or has_channel):
        return clip(samples, sample_rate, rng)
    if has_room:
        samples = reverb(samples, sample_rate, rng)
    if has_noise:
        make = draw_kind(rng)
        samples = add_noise(samples, sample_rate, rng.uniform(*SNR_DB), make, rng)
    if has_channel:
        line = (phone, gsm, opus)[int(rng.integers(3))]
        samples = line(samples, sample_rate, rng)
    return samples


@dataclass(frozen=True, slots=True)
class Condition:
    """One change of sound.

    Attributes
    ----------
    change : callable
        From mono float32 samples, their rate in Hz and a generator to as many samples, none of them later.
    version : int
        Raised when `change` gives other values. Caches are keyed by it.
    of_clips : bool
        Whether it is applied to each clip before it enters a stream; it may then change the length.
    """

    change: Change
    version: int
    of_clips: bool = False


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
        "speed": Condition(speed, version=1, of_clips=True),
    }
)
"""By name. Those of evaluation are constant over a stream; the others draw anew for each passage."""

EVALUATION_CONDITIONS: Final = ("clean", "phone", "noise10")


def check_condition(name: str) -> tuple[str, ...]:
    """Split a name such as ``reverb+phone``: first the room, then the channel."""
    parts = tuple(name.split("+"))
    for part in parts:
        if part not in CONDITIONS:
            raise UsageError(
                f"there is no condition {part!r}; {name_advice(part, CONDITIONS)}; join several with +"
            )
    return parts


def apply_to_clip(name: str, samples: Samples, sample_rate: int, rng: np.random.Generator) -> Samples:
    """Send one clip through those parts of a condition that are of clips."""
    for condition in map(CONDITIONS.__getitem__, check_condition(name)):
        if condition.of_clips:
            samples = condition.change(samples, sample_rate, rng)
    return samples


def apply_condition(name: str, samples: Samples, sample_rate: int, rng: np.random.Generator) -> Samples:
    """Send sound through a condition, without delay; parts that are of clips change nothing here."""
    parts = check_condition(name)
    if sample_rate != RATE_HZ:
        raise UsageError(
            f"conditions are made for {RATE_HZ} Hz, not {sample_rate} Hz; resample the sound first"
        )
    for condition in map(CONDITIONS.__getitem__, parts):
        if not condition.of_clips:
            samples = condition.change(samples, sample_rate, rng)
    return samples
