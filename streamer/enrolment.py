"""Learn a speaker's baseline from some seconds of ordinary speech."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from emotion.decision import Voice, VoiceState
from emotion.errors import DeviceError
from emotion.model import EmotionModel
from streamer.analysis.gate import gate_kind
from streamer.analysis.leg import warm_up
from streamer.analysis.windows import GatedWindow, WindowAnalyser, WindowOptions
from streamer.events import Gap
from streamer.sources.base import Source
from streamer.sources.queue import BlockQueue

LEAST_SPEECH_SECONDS: Final = 2.0
"""Less does not show what is usual for a voice: it may be one word."""

MAX_WAITS: Final = 100
"""After so many waits of 0.1 s in a row without a block, a device that always delivers counts as hanging."""

_WAIT_SECONDS: Final = 0.1
_LIVE_FACTOR: Final = 4.0
"""A microphone is recorded for at most so many times the speech that is wanted, and 10 s more."""


@dataclass(frozen=True, slots=True, eq=False)
class Enrolment:
    """What was learned, how far the baseline is trusted (0 to 1), and from how much speech in how much sound.

    `speech_seconds` are covered by windows that the gate takes for speech; overlaps count once.
    """

    state: VoiceState
    known: float
    speech_seconds: float
    heard_seconds: float


def enrol(
    source: Source,
    model: EmotionModel,
    seconds: float,
    advance: Callable[[float], None] = lambda _: None,
) -> Enrolment:
    """Record until there is enough speech; `advance` receives the seconds of speech so far."""
    rate = source.info.sample_rate
    grid = model.card.grid()
    analyser = WindowAnalyser(
        "enrolment", model.feature_set, grid, rate, WindowOptions(gate_kind(model.card.gate))
    )
    voice = model.open_voice()
    queue = BlockQueue(10.0, rate)
    learner = _Learner(voice, seconds, advance)
    num_samples = num_waits = 0
    max_samples = (_LIVE_FACTOR * seconds + 10.0) * rate if source.info.live else math.inf
    warm_up(model, grid, rate)
    try:
        source.open()
        source.start(queue)
        while not (queue.drained or learner.has_enough or num_samples >= max_samples):
            block = queue.get(_WAIT_SECONDS)
            num_waits = 0 if block is not None or source.info.stalls else num_waits + 1
            if source.info.live and num_waits > MAX_WAITS:
                raise DeviceError(
                    f"{source.info.name} delivers nothing: it hangs, or the sound server does; see "
                    "`callmood devices`, then start again"
                )
            if block is not None:
                num_samples += len(block.samples)
                learner.take([*analyser.gap_before(block), *analyser.push(block)])
        learner.take(analyser.finish())
    finally:
        source.stop()
    if queue.error is not None:
        raise queue.error
    voice.enrol()
    return Enrolment(voice.state(), voice.known, learner.speech_seconds, num_samples / rate)


class _Learner:
    """Passes windows of speech to a voice until they cover enough."""

    def __init__(self, voice: Voice, seconds: float, advance: Callable[[float], None]) -> None:
        self._voice = voice
        self._seconds = seconds
        self._advance = advance
        self._covered_until = 0.0
        self.speech_seconds = 0.0

    @property
    def has_enough(self) -> bool:
        return self.speech_seconds >= self._seconds

    def take(self, events: Iterable[GatedWindow | Gap]) -> None:
        for event in events:
            if isinstance(event, Gap) or event.vector is None or self.has_enough:
                continue
            self._voice.update(event.vector)
            self.speech_seconds += event.end - max(event.start, self._covered_until)
            self._covered_until = event.end
            self._advance(self.speech_seconds)
