"""What it costs to listen with a model: its decision, the whole step, memory, and many legs at once."""

from dataclasses import dataclass
from typing import Final

from emotion.model import EmotionModel
from evaluation.bench.calls import MOST_TRIES, CallCapacity, call_capacity
from evaluation.bench.crowd import Crowd, crowd
from evaluation.bench.sound import STEP_SECONDS, BenchSound
from evaluation.bench.stream_memory import bytes_per_stream
from evaluation.bench.turns import Advance, take_turns
from evaluation.bench.whole_step import leg_name, predictions, whole_steps
from streamer.file_source import BLOCK_SECONDS

SOURCE_RATES: Final = (8_000, 16_000, 48_000)
"""A telephone, a wide-band call, a sound card; Hz."""

HEADLINE_RATE: Final = 16_000
CALLS_SHARE: Final = 0.6
"""Of the calls whose legs one core would just follow, so many are tried first: rows wait for one another."""

CALLS_SECONDS: Final = 15.0
"""How long each number of calls is followed at most, s."""

CROWD_SHARE: Final = 0.8
"""Of the legs that one core should follow, so many are really run."""

MOST_LEGS_PER_ROUND: Final = 5
"""A trial of a few rounds shall not take as long as a measurement: 1,000 legs at 200 rounds."""


@dataclass(frozen=True, slots=True)
class ModelCosts:
    """A step of 0.5 s of one model.

    Attributes
    ----------
    name, feature_set : str
        The model, and the set it was fitted on.
    win_seconds : float
        Its windows, s.
    prediction_ms : float
        From vector to probabilities.
    step_ms : dict of str to float
        From the step's blocks to its row, by how the sound comes; the headline's way among them.
    bytes_per_stream : int
        Resident memory that one more leg takes.
    crowd : Crowd
        Legs that were really followed.
    calls : CallCapacity
        Calls of two legs that were followed in real time.
    """

    name: str
    feature_set: str
    win_seconds: float
    prediction_ms: float
    step_ms: dict[str, float]
    bytes_per_stream: int
    crowd: Crowd
    calls: CallCapacity

    @property
    def headline_step_ms(self) -> float:
        """The whole step at 16 kHz, in the blocks of a live source, ms."""
        return self.step_ms[leg_name(HEADLINE_RATE, BLOCK_SECONDS)]

    @property
    def streams_by_step(self) -> float:
        """Legs whose steps fit into the time of one step, if company cost nothing."""
        return STEP_SECONDS * 1000 / self.headline_step_ms

    @property
    def streams_per_core(self) -> float:
        """The lower of `streams_by_step` and what the crowd showed: many legs crowd each other's caches."""
        return min(self.streams_by_step, self.crowd.legs_in_real_time)


def model_costs(
    model: EmotionModel, sound: BenchSound, num_rounds: int, advance: Advance = lambda _: None
) -> ModelCosts:
    """Measure one model.

    Parameters
    ----------
    model : EmotionModel
        One that can listen.
    sound : BenchSound
        Heard.
    num_rounds : int
        Steps that count.
    advance : callable
        Told of each round.

    Returns
    -------
    ModelCosts
        Medians.
    """
    prediction = predictions(model, sound)
    ways = [
        whole_steps(model, sound, rate, seconds)
        for rate in SOURCE_RATES
        for seconds in (BLOCK_SECONDS, STEP_SECONDS)
    ]
    times = take_turns([prediction, *ways], num_rounds, advance)
    step_ms = {way.name: times.median_ms(way.name) for way in ways}
    fitting = STEP_SECONDS * 1000 / step_ms[leg_name(HEADLINE_RATE, BLOCK_SECONDS)]
    num_legs = max(1, min(int(CROWD_SHARE * fitting), MOST_LEGS_PER_ROUND * num_rounds))
    calls = call_capacity(
        model,
        sound,
        first_guess=min(int(CALLS_SHARE * fitting / 2), num_rounds),
        seconds=min(CALLS_SECONDS, num_rounds / 10),
        most_tries=max(1, min(MOST_TRIES, num_rounds // 30)),
    )
    return ModelCosts(
        name=model.folder.name,
        feature_set=model.feature_set.name,
        win_seconds=model.card.win_seconds or 0.0,
        prediction_ms=times.median_ms(prediction.name),
        step_ms=step_ms,
        bytes_per_stream=bytes_per_stream(model.folder, sound.path),
        crowd=crowd(model, sound, num_legs, HEADLINE_RATE, BLOCK_SECONDS),
        calls=calls,
    )
