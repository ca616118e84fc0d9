"""Learn a voice from some seconds of ordinary speech."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from emotion.decision import Voice, VoiceState
from emotion.errors import DeviceError
from emotion.model import EmotionModel
from streamer.analysis.leg import LegFrontEnd, warm_up
from streamer.analysis.windows import GatedWindow
from streamer.events import Gap
from streamer.sources.base import Source
from streamer.sources.queue import BlockQueue

LEAST_SPEECH_SECONDS: Final = 2.0
"""Less is no voice: one word would pass for all of somebody's speech."""

MOST_WAITS: Final = 100
"""So often in a row nothing comes for 0.1 s, and a device that always delivers is taken to hang."""

_MOST_TIMES: Final = 4.0
"""A microphone is listened to for so many times the speech that is wanted."""
_WAIT_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True, eq=False)
class Enrolment:
    """What was heard.

    Attributes
    ----------
    state : mapping of str to ndarray
        What was learned.
    known : float
        How well the voice is known, 0..1.
    speech_seconds : float
        Covered by windows that the gate heard as speech, s; each moment once.
    heard_seconds : float
        All sound that was listened to, s.
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
    """Listen until enough speech was heard."""
    rate = source.info.sample_rate
    grid = model.card.grid()
    hearing = LegFrontEnd("enrolment", model.feature_set, grid, rate, gate=model.card.gate)
    voice = model.open_voice()
    queue = BlockQueue(10.0, rate)
    learned = _Learned(voice, seconds, advance)
    num_samples = num_waits = 0
    most_samples = (_MOST_TIMES * seconds + 10.0) * rate if source.info.live else math.inf
    warm_up(model, grid, rate)
    try:
        source.open()
        source.start(queue)
        while not (queue.drained or learned.is_enough or num_samples >= most_samples):
            block = queue.get(_WAIT_SECONDS)
            num_waits = 0 if block is not None or source.info.stalls else num_waits + 1
            if source.info.live and num_waits > MOST_WAITS:
                raise DeviceError(
                    f"{source.info.name} delivers nothing: it hangs, or the sound server does; see "
                    "`callmood devices`, then start again"
                )
            if block is not None:
                num_samples += len(block.samples)
                learned.take([*hearing.gap_before(block), *hearing.push(block)])
        learned.take(hearing.finish())
    finally:
        source.stop()
    if queue.error is not None:
        raise queue.error
    voice.enrol()
    return Enrolment(voice.state(), voice.known, learned.speech_seconds, num_samples / rate)


class _Learned:
    """Lets a voice hear windows of speech until they cover enough."""

    def __init__(self, voice: Voice, seconds: float, advance: Callable[[float], None]) -> None:
        self._voice = voice
        self._seconds = seconds
        self._advance = advance
        self._covered = 0.0
        self.speech_seconds = 0.0

    @property
    def is_enough(self) -> bool:
        return self.speech_seconds >= self._seconds

    def take(self, events: Iterable[GatedWindow | Gap]) -> None:
        for event in events:
            if isinstance(event, Gap) or event.vector is None or self.is_enough:
                continue
            self._voice.hear(event.vector)
            self.speech_seconds += event.end - max(event.start, self._covered)
            self._covered = event.end
            self._advance(self.speech_seconds)
