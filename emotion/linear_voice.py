"""A voice that a model of kind ``voice-linear`` listens to."""

from collections.abc import Callable

from emotion.arrays import FloatArray, Probabilities
from emotion.decision import VoiceState
from emotion.softmax import Values
from emotion.voice_rule import VoiceRule
from emotion.voice_sums import VoiceSums


class LinearVoice:
    """Learns by a rule what is usual for one voice; causal, bounded. See `emotion.decision.Voice`.

    Parameters
    ----------
    opinions : callable
        From a vector to the raw opinion's log-probabilities and the own margins.
    rule : VoiceRule
        How they are mixed, and what is kept.
    sums : VoiceSums
        What is known so far.
    """

    def __init__(
        self, opinions: Callable[[FloatArray], tuple[Values, Values]], rule: VoiceRule, sums: VoiceSums
    ) -> None:
        self._opinions = opinions
        self._rule = rule
        self._sums = sums

    @property
    def known(self) -> float:
        """How well the voice is known, 0..1."""
        return self._rule.known(self._sums)

    def hear(self, vector: FloatArray) -> Probabilities:
        """See `emotion.decision.Voice.hear`; the window itself is part of what is usual."""
        raw, margins = self._opinions(vector)
        self._sums = self._rule.learned(self._sums, raw, margins)
        return self._rule.probabilities(self._sums, raw, margins)

    def peek(self, vector: FloatArray) -> Probabilities:
        """See `emotion.decision.Voice.peek`."""
        raw, margins = self._opinions(vector)
        return self._rule.probabilities(self._sums, raw, margins)

    def enrol(self) -> None:
        """See `emotion.decision.Voice.enrol`."""
        self._sums = self._rule.enrolled(self._sums)

    def state(self) -> VoiceState:
        """See `emotion.decision.Voice.state`."""
        return self._sums.arrays()
