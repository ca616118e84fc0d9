"""Models of kind ``voice-linear``: linear opinions, and the baselines of a voice and of a line."""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from emotion.arrays import FloatArray, Probabilities
from emotion.decision import (
    LineState,
    LineView,
    UnlearnedVoice,
    Values,
    Voice,
    VoiceState,
    check_vector,
    log_softmax,
    refuse_line,
    softmax,
)
from emotion.line_baseline import LONGEST_CALL_WINDOWS, LineRule, LineSums, LineValues, rule_of
from emotion.untrusted import refuse_beyond
from emotion.voice_adaptation import VoiceRule, VoiceSums


class Opinions(NamedTuple):
    """What the rules mix of a window.

    Attributes
    ----------
    raw : ndarray, shape (k,) or (n, k), float64
        Log-probabilities of the raw opinion.
    own : ndarray, shape (k,) or (n, k), float64
        Own margins, without their bias.
    line : LineValues or None
        What a line looks at; None where the model knows no lines.
    """

    raw: Values
    own: Values
    line: LineValues | None


class LineMemory:
    """What a voice knows of its line: the sums of earlier voices, and those of its own call.

    Parameters
    ----------
    rule : LineRule
        How they are used.
    sums : LineSums
        Of earlier voices.
    """

    def __init__(self, rule: LineRule, sums: LineSums) -> None:
        self._rule = rule
        self._sums = sums
        self._call = rule.no_sums()

    @property
    def view(self) -> LineView:
        """See `emotion.decision.Voice.line`."""
        return self._rule.view(self._sums, self._call)

    def learn(self, values: LineValues) -> None:
        """Add a window of the present voice."""
        self._call = self._call.plus(values, LONGEST_CALL_WINDOWS)

    def mixed(self, raw: Values, values: LineValues) -> Values:
        """Mix the raw opinion with the line's."""
        return self._rule.mixed(self._sums, self.view.share, raw, values.margins)

    def state(self, onto: LineState | None) -> LineState:
        """See `emotion.decision.Voice.line_state`."""
        sums = self._sums if onto is None else self._rule.sums_of(onto)
        return self._rule.state_of(sums, self._call)


class LinearVoice:
    """Learns by rules what is usual for one voice, and uses what is usual on its line; causal, bounded.

    See `emotion.decision.Voice`.

    Parameters
    ----------
    opinions : callable
        From a vector to what is mixed.
    rule : VoiceRule
        How the raw and the own opinion are mixed, and what is kept.
    sums : VoiceSums or None
        What is known so far; None learns nothing of the voice itself.
    line : LineMemory or None
        Of the line; None goes without.
    """

    def __init__(
        self,
        opinions: Callable[[FloatArray], Opinions],
        rule: VoiceRule,
        sums: VoiceSums | None,
        line: LineMemory | None,
    ) -> None:
        self._opinions = opinions
        self._rule = rule
        self._sums = sums
        self._line = line

    @property
    def known(self) -> float:
        """How well the voice is known, 0..1."""
        return 0.0 if self._sums is None else self._rule.known(self._sums)

    def update(self, vector: FloatArray) -> Probabilities:
        """See `emotion.decision.Voice.update`; the window itself is part of what is usual."""
        found = self._opinions(vector)
        if self._sums is not None:
            # By the plain raw opinion: what is kept of a voice holds on every line.
            self._sums = self._rule.learned(self._sums, found.raw, found.own)
        if self._line is not None and found.line is not None:
            self._line.learn(found.line)
        return self._mixed(found)

    def peek(self, vector: FloatArray) -> Probabilities:
        """See `emotion.decision.Voice.peek`."""
        return self._mixed(self._opinions(vector))

    def _mixed(self, found: Opinions) -> Probabilities:
        raw = found.raw
        if self._line is not None and found.line is not None:
            raw = self._line.mixed(raw, found.line)
        return softmax(raw) if self._sums is None else self._rule.probabilities(self._sums, raw, found.own)

    def enrol(self) -> None:
        """See `emotion.decision.Voice.enrol`."""
        if self._sums is not None:
            self._sums = self._rule.enrolled(self._sums)

    def state(self) -> VoiceState:
        """See `emotion.decision.Voice.state`."""
        return {} if self._sums is None else self._sums.arrays()

    @property
    def line(self) -> LineView | None:
        """See `emotion.decision.Voice.line`."""
        return None if self._line is None else self._line.view

    def line_state(self, onto: LineState | None = None) -> LineState | None:
        """See `emotion.decision.Voice.line_state`."""
        return None if self._line is None else self._line.state(onto)


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
speakers: such a model learns no voices. A model that knows lines also has those of
`emotion.line_baseline.ARRAYS`."""


class VoiceLinear:
    """Scaling, two matrices, and a rule that mixes their results.

    With ``x = clip((vector - mean) / scale, -5, 5)`` the raw opinion is ``log_softmax((x @ raw_weights +
    raw_bias) / temperatures[0])``, and the own margins are ``x @ own_weights``: those weights were fitted on
    vectors less their speaker's mean, and because they are linear, the mean can be taken from the margins.
    See docs/decisions/0019-voices.md. Where a model knows lines, line margins are ``x @ line_weights`` and
    places ``x @ place_weights``; see `emotion.line_baseline.LineRule`.

    Parameters
    ----------
    arrays : mapping of str to ndarray
        Of the types and shapes of `ARRAYS`, and perhaps `emotion.line_baseline.ARRAYS`; finite.

    Raises
    ------
    ValueError
        If `emotion.voice_adaptation.VoiceRule` or `emotion.line_baseline.LineRule` does not take its rule.
    """

    def __init__(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        self._mean = arrays["mean"].astype(np.float64)
        self._scale = arrays["scale"].astype(np.float64)
        both = np.hstack([arrays["raw_weights"], arrays["own_weights"]])
        self._line_rule = rule_of(arrays)
        if self._line_rule is not None:
            both = np.hstack([both, arrays["line_weights"], arrays["place_weights"]])
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
        refuse_beyond(
            arrays,
            ("scale", "temperatures"),
            rule=_MAX_IN_RULE,
            line_rule=_MAX_IN_RULE,
        )
        if len(arrays["temperatures"]) != 2:
            raise ValueError(f"array temperatures holds {len(arrays['temperatures'])} values; expected 2")
        if not 0.0 <= arrays["unsure_below"] <= 1.0:
            raise ValueError(f"unsure_below is {float(arrays['unsure_below']):g}; expected 0 to 1")
        return cls(arrays)

    def opinions(self, vectors: FloatArray) -> Opinions:
        """Give what the rules mix.

        Parameters
        ----------
        vectors : ndarray, shape (d,) or (n, d), float32
            Feature vectors; finite.

        Returns
        -------
        Opinions
            Of each.
        """
        scaled = np.clip((vectors - self._mean) / self._scale, -_MAX_SCALED, _MAX_SCALED)
        # BLAS would cut the sum of one vector by the number of its threads, and change the last bits.
        one = vectors.ndim == 1
        products = np.einsum("kd,d->k", self._weights, scaled) if one else scaled @ self._weights.T
        width = len(self._raw_bias)
        raw, own = products[..., :width], products[..., width : 2 * width]
        margins, place = products[..., 2 * width : 3 * width], products[..., 3 * width :]
        line = None if self._line_rule is None else LineValues(margins, place)
        return Opinions(log_softmax((raw + self._raw_bias) / self._raw_temperature), own, line)

    def _opinions_of_one(self, vector: FloatArray) -> Opinions:
        check_vector(vector, len(self._mean))
        return self.opinions(vector)

    def _raw_of_one(self, vector: FloatArray) -> Probabilities:
        return softmax(self._opinions_of_one(vector).raw)

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
        return softmax(self.opinions(vectors).raw)

    @property
    def knows_lines(self) -> bool:
        """Whether it was fitted with lines; see `emotion.decision.Decision.knows_lines`."""
        return self._line_rule is not None and self._rule is not None

    def open_voice(
        self, state: VoiceState | None = None, line: LineState | None = None, *, baseline: bool = True
    ) -> Voice:
        """Begin with a voice; see `emotion.decision.Decision.open_voice`.

        Parameters
        ----------
        state : mapping of str to ndarray, optional
            From `LinearVoice.state`; None starts without a baseline.
        line : mapping of str to ndarray, optional
            From `LinearVoice.line_state`, or empty for a line without voices; None goes without a line.
        baseline : bool
            False learns and uses nothing of the voice itself, only the line.

        Returns
        -------
        Voice
            To be updated with each window of speech, in order.

        Raises
        ------
        ValueError
            If the state or the line is of another kind of model, or none; or if a line is given and the
            model knows none.
        """
        if self._rule is None:
            if state:
                raise ValueError("no voice for a model that was fitted without known speakers")
            refuse_line(line)
            return UnlearnedVoice(self._raw_of_one)
        try:
            sums = self._rule.empty_sums() if state is None else self._rule.sums_of(state)
        except ValueError as error:
            raise ValueError(f"no voice for a model of kind {KIND}: {error}") from error
        memory = None
        if self._line_rule is None:
            refuse_line(line)
        elif line is not None:
            try:
                memory = LineMemory(self._line_rule, self._line_rule.sums_of(line))
            except ValueError as error:
                raise ValueError(f"no line for a model of kind {KIND}: {error}") from error
        return LinearVoice(self._opinions_of_one, self._rule, sums if baseline else None, memory)

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
