"""Learn a speaker's baseline from some seconds of ordinary speech."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from emotion.decision import VoiceState
from emotion.errors import DeviceError
from emotion.model import EmotionModel
from streamer.analysis.gate import gate_kind
from streamer.analysis.leg import warm_up
from streamer.analysis.windows import GatedWindow, WindowAnalyser, WindowOptions
from streamer.events import Gap
from streamer.sources.base import Source
from streamer.sources.queue import BlockQueue

LEAST_SPEECH_SECONDS: Final = 2.0
"""Less does not show what is usual for a voice."""

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
    sound_seconds: float


def enrol(
    source: Source,
    model: EmotionModel,
    seconds: float,
    advance: Callable[[float], None] = lambda _: None,
) -> Enrolment:
    """Record until there is enough speech; `advance` receives the seconds of speech so far."""
    rate = source.info.sample_rate
    grid = model.card.grid()
    options = WindowOptions(gate_kind(model.card.gate))
    analyser = WindowAnalyser("enrolment", model.feature_set, grid, rate, options)
    voice = model.open_voice()
    queue = BlockQueue(10.0, rate)
    num_samples = num_waits = 0
    max_samples = (_LIVE_FACTOR * seconds + 10.0) * rate if source.info.live else math.inf
    speech_seconds = covered_until = 0.0

    def learn(events: Iterable[GatedWindow | Gap]) -> None:
        nonlocal speech_seconds, covered_until
        for event in events:
            if isinstance(event, Gap) or event.vector is None or speech_seconds >= seconds:
                continue
            voice.update(event.vector)
            speech_seconds += event.end - max(event.start, covered_until)
            covered_until = event.end
            advance(speech_seconds)

    warm_up(model, grid, rate)
    try:
        source.open()
        source.start(queue)
        while not (queue.drained or speech_seconds >= seconds or num_samples >= max_samples):
            block = queue.get(_WAIT_SECONDS)
            num_waits = 0 if block is not None or source.info.stalls else num_waits + 1
            if source.info.live and num_waits > MAX_WAITS:
                raise DeviceError(
                    f"{source.info.name} delivers nothing: it hangs, or the sound server does; see "
                    "`callmood devices`, then start again"
                )
            if block is not None:
                num_samples += len(block.samples)
                learn(analyser.push(block))
        learn(analyser.finish())
    finally:
        source.stop()
    if queue.error is not None:
        raise queue.error
    voice.enrol()
    return Enrolment(voice.state(), voice.known, speech_seconds, num_samples / rate)
