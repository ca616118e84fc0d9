"""From the blocks of a step to its row, and the prediction alone."""

import time

from benchmarks.speech import STEP_SECONDS, BenchSound
from benchmarks.timing import Contender
from emotion.arrays import read_only
from emotion.decision import VoiceState
from emotion.model import EmotionModel
from emotion.window_grid import to_samples
from streamer.analysis.leg import Leg
from streamer.events import AudioBlock, Row


def leg_name(source_rate: int, block_seconds: float) -> str:
    """Name a step by rate and block length of its source."""
    return f"{source_rate} Hz in blocks of {1000 * block_seconds:g} ms"


class SteppedLeg:
    """A leg that is fed half a second at a time, in blocks as a source would cut them.

    As in a live session the model learns what is usual for the voice.
    """

    def __init__(
        self, model: EmotionModel, sound: BenchSound, source_rate: int, block_seconds: float
    ) -> None:
        card = model.card
        grid = card.grid(card.win_seconds, STEP_SECONDS)
        self._leg = Leg("bench", model, grid, source_rate)
        self._sound = sound
        self._source_rate = source_rate
        self._block_length = to_samples(block_seconds, source_rate)
        self._step_length = to_samples(STEP_SECONDS, source_rate)
        self._position = 0
        self._num_filling = -(-grid.win // grid.step) + 1

    @property
    def voice_state(self) -> VoiceState:
        """What the model has learned of the voice; empty where it learns nothing."""
        return self._leg.classifier.voice_state

    def fill(self, first: int = 0) -> int:
        """Push more than win, so that every step from now on gives a row."""
        for number in range(first, first + self._num_filling):
            self.step(number)
        return first + self._num_filling

    def step(self, number: int) -> bool:
        """Push the blocks of one step; True where they gave a row with probabilities."""
        end = self._sound.end_of_step(number, self._source_rate)
        samples = self._sound.at_rate(self._source_rate)
        spoke = False
        for start in range(end - self._step_length, end, self._block_length):
            block = read_only(samples[start : start + self._block_length, None])
            for event in self._leg.rows(
                self._leg.windows.push(AudioBlock(block, self._position, time.monotonic()))
            ):
                spoke |= isinstance(event, Row) and event.probabilities is not None
            self._position += len(block)
        return spoke


def whole_steps(model: EmotionModel, sound: BenchSound, source_rate: int, block_seconds: float) -> Contender:
    """Open a leg with its first window behind it."""
    leg = SteppedLeg(model, sound, source_rate, block_seconds)
    leg.fill()
    return Contender(leg_name(source_rate, block_seconds), leg.step)


def predictions(model: EmotionModel, sound: BenchSound) -> Contender:
    """Only classify a window's vector and learn the voice from it, as a leg does."""
    rate = model.feature_set.sample_rate
    seconds = model.card.win_seconds or STEP_SECONDS
    vectors = [
        model.feature_set.clip_vector(sound.latest(number, seconds, rate))
        for number in range(sound.num_steps)
    ]

    voice = model.open_voice()

    def step(number: int) -> bool:
        voice.update(vectors[number % len(vectors)])
        return True

    return Contender("prediction", step)
