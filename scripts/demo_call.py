"""A call of two, made of the sentences of the demo: the customer on the left, the agent on the right.

They take turns, in the end both at once; the customer is the quieter line. For the pictures of the README.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from emotion.arrays import Samples
from streamer.leg_plan import LegPlan

CALL_NAME = "call.wav"
LEGS = (LegPlan("customer", channel=0), LegPlan("agent", channel=1))
ROOM_DBFS = -70.0


@dataclass(frozen=True)
class Turn:
    """What somebody says.

    Attributes
    ----------
    leg : int
        Who.
    at_seconds : float
        When.
    first_seconds, last_seconds : float
        Where it stands in the demo.
    """

    leg: int
    at_seconds: float
    first_seconds: float
    last_seconds: float


CUSTOMER, AGENT = 0, 1
MORNING, NEWS, ANGER, THURSDAY, WELL_DONE = (0.4, 4.7), (5.2, 8.4), (15.3, 18.6), (19.6, 23.3), (23.6, 26.2)
TURNS = tuple(
    Turn(leg, at_seconds, *sentence)
    for leg, at_seconds, sentence in (
        (AGENT, 0.5, MORNING),
        (CUSTOMER, 5.2, NEWS),
        (AGENT, 8.6, THURSDAY),
        (AGENT, 12.4, MORNING),
        (CUSTOMER, 16.2, ANGER),
        (CUSTOMER, 19.8, ANGER),
        (AGENT, 22.4, THURSDAY),
        (AGENT, 26.3, WELL_DONE),
        (CUSTOMER, 29.2, NEWS),
        (CUSTOMER, 32.8, WELL_DONE),
        (AGENT, 35.8, MORNING),
        (AGENT, 40.4, THURSDAY),
        (CUSTOMER, 43.2, ANGER),
        (AGENT, 47.0, THURSDAY),
        (AGENT, 51.0, MORNING),
        (CUSTOMER, 55.6, ANGER),
        (CUSTOMER, 59.1, ANGER),
        (AGENT, 60.2, THURSDAY),
    )
)
GAINS = (0.5, 1.0)


def write_call(demo: Path, path: Path) -> None:
    """Write the call.

    Parameters
    ----------
    demo : Path
        The demo's speech.
    path : Path
        A WAV of two channels.
    """
    samples, sample_rate = soundfile.read(demo, dtype="float32")
    end_seconds = max(turn.at_seconds + turn.last_seconds - turn.first_seconds for turn in TURNS) + 1.0
    call = _room(round(end_seconds * sample_rate))
    for turn in TURNS:
        said = samples[round(turn.first_seconds * sample_rate) : round(turn.last_seconds * sample_rate)]
        first = round(turn.at_seconds * sample_rate)
        call[first : first + len(said), turn.leg] += GAINS[turn.leg] * said
    soundfile.write(path, call, sample_rate, subtype="PCM_16")


def _room(num_samples: int) -> Samples:
    noise = np.random.default_rng(0).normal(0.0, 10 ** (ROOM_DBFS / 20), (num_samples, len(LEGS)))
    return noise.astype(np.float32)
