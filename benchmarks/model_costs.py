"""What listening with a model costs: prediction, whole step, memory, many legs, beside a peer's encoder."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from benchmarks.capacity import MOST_TRIES, CallCapacity, Crowd, call_capacity, crowd
from benchmarks.speech import STEP_SECONDS, BenchSound
from benchmarks.stream_memory import bytes_per_stream
from benchmarks.timing import Advance, Ratio, take_turns
from benchmarks.wav2vec2 import BASE, Wav2vec2Shape, wav2vec2_encoder, wav2vec2_windows
from benchmarks.whole_step import leg_name, predictions, whole_steps
from emotion.model import EmotionModel
from streamer.sources.file import BLOCK_SECONDS

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
    """A step of 0.5 s of one model."""

    name: str
    feature_set: str
    win_seconds: float
    prediction_ms: float
    # From the step's blocks to its row, by rate and block length of the source.
    step_ms: dict[str, float]
    bytes_per_stream: int  # resident memory that one more leg takes
    crowd: Crowd  # legs that were really followed
    calls: CallCapacity  # calls of two legs that were followed in real time

    @property
    def headline_step_ms(self) -> float:
        """The whole step at 16 kHz, in the blocks of a live source, ms."""
        return self.step_ms[leg_name(HEADLINE_RATE, BLOCK_SECONDS)]

    @property
    def streams_by_step(self) -> float:
        """Legs whose steps fit into the time of one step, if they did not compete for the caches."""
        return STEP_SECONDS * 1000 / self.headline_step_ms

    @property
    def streams_per_core(self) -> float:
        """The lower of `streams_by_step` and what many legs at once achieved."""
        return min(self.streams_by_step, self.crowd.legs_in_real_time)


def model_costs(
    model: EmotionModel, sound: BenchSound, num_rounds: int, advance: Advance = lambda _: None
) -> ModelCosts:
    """Measure one model."""
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


@dataclass(frozen=True, slots=True)
class EncoderCosts:
    """One model's step of 0.5 s beside wav2vec2-base on as much sound as the model's window holds."""

    name: str
    win_seconds: float  # what both hear, s
    # From the step's blocks to its row, with the encoder's weights passing through the caches.
    step_ms: float
    encoder_ms: float  # wav2vec2-base alone, once over the window
    times_cheaper: Ratio  # the encoder over the step


def encoder_costs(
    models: Sequence[EmotionModel],
    sound: BenchSound,
    num_rounds: int,
    advance: Advance = lambda _: None,
    shape: Wav2vec2Shape = BASE,
) -> tuple[EncoderCosts, ...]:
    """Measure all models and the encoder in one set of rounds."""
    if not models:
        return ()
    encode = wav2vec2_encoder(shape)
    wins = [model.card.win_seconds or STEP_SECONDS for model in models]
    theirs = {win: wav2vec2_windows(win, sound, encode) for win in dict.fromkeys(wins)}
    # Two folders may bear one name: `--model` takes paths.
    ours = [
        replace(whole_steps(model, sound, HEADLINE_RATE, BLOCK_SECONDS), name=str(model.folder))
        for model in models
    ]
    times = take_turns([*theirs.values(), *ours], num_rounds, advance)
    return tuple(
        EncoderCosts(
            name=model.folder.name,
            win_seconds=win,
            step_ms=times.median_ms(step.name),
            encoder_ms=times.median_ms(theirs[win].name),
            times_cheaper=times.ratio(theirs[win].name, step.name),
        )
        for model, win, step in zip(models, wins, ours, strict=True)
    )
