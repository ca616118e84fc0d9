"""Models of kind ``voice-linear``: one raw and one adapted linear decision, and the baseline of a voice."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from emotion.arrays import FloatArray, Probabilities
from emotion.decision import UnlearnedVoice, Values, Voice, VoiceState, check_vector, log_softmax, softmax
from emotion.untrusted import refuse_beyond
from emotion.voice_adaptation import VoiceRule, VoiceSums


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

    def update(self, vector: FloatArray) -> Probabilities:
        """See `emotion.decision.Voice.update`; the window itself is part of what is usual."""
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


_MAX_SCALED: Final = 5.0
"""Scaled values are clipped here."""
_MAX_IN_RULE: Final = 1.0e6

KIND: Final = "voice-linear"

ARRAYS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "mean": ("<f4", ("d",)),
    "scale": ("<f4", ("d",)),
    "raw_weights": ("<f4", ("d", "k")),
    "raw_bias": ("<f4", ("k",)),
    "own_weights": ("<f4", ("d", "k")),
    "own_bias": ("<f4", ("k",)),
    "ordinary": ("<f8", ("k",)),
    "temperatures": ("<f8", ("opinions",)),
    "rule": ("<f8", ("m",)),
    "unsure_below": ("<f8", ()),
}
"""Names, types and shapes in ``model.npz``: d features, k labels; temperatures of the raw and the own
opinion; see `emotion.voice_adaptation` for the m values of ``rule``, which is empty where the fit knew no
speakers: such a model learns no voices."""


class VoiceLinear:
    """Scaling, two matrices, and a rule that mixes their results.

    With ``x = clip((vector - mean) / scale, -5, 5)`` the raw opinion is ``log_softmax((x @ raw_weights +
    raw_bias) / temperatures[0])``, and the own margins are ``x @ own_weights``: those weights were fitted on
    vectors less their speaker's mean, and because they are linear, the mean can be taken from the margins.
    See docs/decisions/0019-voices.md.

    Parameters
    ----------
    arrays : mapping of str to ndarray
        Of the types and shapes of `ARRAYS`, finite.

    Raises
    ------
    ValueError
        If `emotion.voice_adaptation.VoiceRule` does not take the rule.
    """

    def __init__(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        self._mean = arrays["mean"].astype(np.float64)
        self._scale = arrays["scale"].astype(np.float64)
        both = np.hstack([arrays["raw_weights"], arrays["own_weights"]])
        self._weights = np.ascontiguousarray(both.T, dtype=np.float64)
        self._raw_bias = arrays["raw_bias"].astype(np.float64)
        raw_temperature, own_temperature = arrays["temperatures"].tolist()
        self._raw_temperature: float = raw_temperature
        own_bias = arrays["own_bias"].astype(np.float64)
        ordinary = arrays["ordinary"].astype(np.float64)
        rule = arrays["rule"].astype(np.float64)
        self._rule = VoiceRule(rule, own_bias, own_temperature, ordinary) if rule.size else None
        self._unsure_below = float(arrays["unsure_below"])

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "VoiceLinear":
        """Check the values and build the decision.

        Parameters
        ----------
        arrays : mapping of str to ndarray
            Of the types and shapes of `ARRAYS`.

        Returns
        -------
        VoiceLinear
            Ready to decide.

        Raises
        ------
        ValueError
            If a value is not finite or far too large, a scale or temperature is not over 0, or the rule
            cannot be.
        """
        refuse_beyond(arrays, ("scale", "temperatures"), rule=_MAX_IN_RULE)
        if len(arrays["temperatures"]) != 2:
            raise ValueError(f"array temperatures holds {len(arrays['temperatures'])} values; expected 2")
        if not 0.0 <= arrays["unsure_below"] <= 1.0:
            raise ValueError(f"unsure_below is {float(arrays['unsure_below']):g}; expected 0 to 1")
        return cls(arrays)

    def opinions(self, vectors: FloatArray) -> tuple[Values, Values]:
        """Give what the rule mixes.

        Parameters
        ----------
        vectors : ndarray, shape (d,) or (n, d), float32
            Feature vectors; finite.

        Returns
        -------
        raw : ndarray, shape (k,) or (n, k), float64
            Log-probabilities of the raw opinion.
        margins : ndarray, shape (k,) or (n, k), float64
            Own margins, without their bias.
        """
        scaled = np.clip((vectors - self._mean) / self._scale, -_MAX_SCALED, _MAX_SCALED)
        # BLAS would cut the sum of one vector by the number of its threads, and change the last bits.
        one = vectors.ndim == 1
        products = np.einsum("kd,d->k", self._weights, scaled) if one else scaled @ self._weights.T
        raw, margins = np.split(products, 2, axis=-1)
        return log_softmax((raw + self._raw_bias) / self._raw_temperature), margins

    def _opinions_of_one(self, vector: FloatArray) -> tuple[Values, Values]:
        check_vector(vector, len(self._mean))
        return self.opinions(vector)

    def _raw_of_one(self, vector: FloatArray) -> Probabilities:
        return softmax(self._opinions_of_one(vector)[0])

    def probabilities(self, vectors: FloatArray) -> Probabilities:
        """Give the raw opinion; see `emotion.decision.Decision.probabilities`.

        Parameters
        ----------
        vectors : ndarray, shape (d,) or (n, d), float32
            Feature vectors; finite.

        Returns
        -------
        ndarray, shape (k,) or (n, k), float64
            Each row sums to 1. A vector among others may differ in the last bits from the vector alone.
        """
        return softmax(self.opinions(vectors)[0])

    def open_voice(self, state: VoiceState | None = None) -> Voice:
        """Begin with a voice; see `emotion.decision.Decision.open_voice`.

        Parameters
        ----------
        state : mapping of str to ndarray, optional
            From `LinearVoice.state`; None starts without a baseline.

        Returns
        -------
        Voice
            To be updated with each window of speech, in order.

        Raises
        ------
        ValueError
            If the state is of another kind of model, or no state.
        """
        if self._rule is None:
            if state:
                raise ValueError("no voice for a model that was fitted without known speakers")
            return UnlearnedVoice(self._raw_of_one)
        try:
            sums = self._rule.empty_sums() if state is None else self._rule.sums_of(state)
        except ValueError as error:
            raise ValueError(f"no voice for a model of kind {KIND}: {error}") from error
        return LinearVoice(self._opinions_of_one, self._rule, sums)

    def is_unsure(self, smoothed: Probabilities) -> bool:
        """Say whether the leading label leads by too little; see `emotion.decision.Decision.is_unsure`.

        Parameters
        ----------
        smoothed : ndarray, shape (k,), float64
            What would be shown.

        Returns
        -------
        bool
            True where its highest probability is under ``unsure_below``.
        """
        return bool(smoothed.max() < self._unsure_below)
