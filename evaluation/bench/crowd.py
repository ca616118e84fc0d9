"""Many legs at once on one thread, as a switchboard would have them: does one core really keep up?"""

import time
from dataclasses import dataclass
from typing import Final

from emotion.model import EmotionModel
from evaluation.bench.sound import STEP_SECONDS, BenchSound
from evaluation.bench.turns import undisturbed
from evaluation.bench.whole_step import SteppedLeg

NUM_STEPS: Final = 6
"""Steps that each leg is followed for: three seconds of every call."""


@dataclass(frozen=True, slots=True)
class Crowd:
    """Legs that were followed side by side.

    Attributes
    ----------
    num_legs : int
        How many.
    real_time_factor : float
        Processor time over audio time: under 1 the core kept up.
    speech_share : float
        Share of the rows that the gate took for speech; the others cost less.
    """

    num_legs: int
    real_time_factor: float
    speech_share: float

    @property
    def legs_in_real_time(self) -> float:
        """Legs that would just be followed, if each cost as much as one of these."""
        return self.num_legs / self.real_time_factor


def crowd(
    model: EmotionModel, sound: BenchSound, num_legs: int, source_rate: int, block_seconds: float
) -> Crowd:
    """Follow many legs, each at another place in the sound, a step of one after a step of the other.

    Parameters
    ----------
    model : EmotionModel
        Shared by all.
    sound : BenchSound
        Heard.
    num_legs : int
        How many.
    source_rate : int
        Hz.
    block_seconds : float
        Length of a block, s.

    Returns
    -------
    Crowd
        Of `NUM_STEPS` steps of each leg, after they are filled.
    """
    legs = [SteppedLeg(model, sound, source_rate, block_seconds) for _ in range(num_legs)]
    places = [leg.fill(place) for place, leg in enumerate(legs)]
    num_speech = 0
    with undisturbed():
        begin = time.process_time()
        for number in range(NUM_STEPS):
            for place, leg in zip(places, legs, strict=True):
                num_speech += leg.step(place + number)
        seconds = time.process_time() - begin
    return Crowd(num_legs, seconds / (NUM_STEPS * STEP_SECONDS), num_speech / (NUM_STEPS * num_legs))
