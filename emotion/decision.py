"""What every kind of model can do with feature vectors, and what it may learn of a voice."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from emotion.arrays import FloatArray, Probabilities

Values: TypeAlias = NDArray[np.float64]
"""Margins, logits, log-probabilities: float64."""


def log_softmax(logits: Values) -> Values:
    """Turn logits into log-probabilities.

    Parameters
    ----------
    logits : ndarray, shape (..., num_labels), float64
        Finite.

    Returns
    -------
    ndarray, of the same shape, float64
        At most 0; their exponentials sum to 1.
    """
    lowered = logits - logits.max(axis=-1, keepdims=True)
    log_probabilities: Values = lowered - np.log(np.exp(lowered).sum(axis=-1, keepdims=True))
    return log_probabilities


def softmax(logits: Values) -> Probabilities:
    """Turn logits into probabilities.

    Parameters
    ----------
    logits : ndarray, shape (..., num_labels), float64
        Finite.

    Returns
    -------
    ndarray, of the same shape, float64
        Sums to 1.
    """
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    probabilities: Probabilities = powers / powers.sum(axis=-1, keepdims=True)
    return probabilities


def check_vector(vector: FloatArray, num_features: int) -> None:
    """Refuse a vector of the wrong shape, or with a value that is not finite.

    Parameters
    ----------
    vector : ndarray
        Should be of shape (num_features,), and finite.
    num_features : int
        Of the model.

    Raises
    ------
    ValueError
        If it is not.
    """
    if vector.shape != (num_features,):
        raise ValueError(f"a vector of shape {vector.shape} for {num_features} features")
    if not np.isfinite(vector).all():
        raise ValueError("a feature vector with a value that is not finite")


VoiceState = Mapping[str, NDArray[Any]]
"""What is known of a voice, as arrays that a file can hold."""

LineState = VoiceState
"""What earlier callers left of a line (a microphone, trunk or room), as arrays that a file can hold: a few
sums. Empty for a line without voices."""

VOICES: Final = "voices"
"""The array of a `LineState` that counts its voices."""


def line_voices(line: LineState) -> int:
    """Count the voices of a line, for people.

    Parameters
    ----------
    line : mapping of str to ndarray
        From `Voice.line_state`, or empty.

    Returns
    -------
    int
        Not negative; a model that limits its lines counts no further than its limit.
    """
    return round(float(line[VOICES])) if VOICES in line else 0


@dataclass(frozen=True, slots=True)
class LineView:
    """What a line does for the voice that speaks on it now.

    Attributes
    ----------
    voices : float
        Earlier voices that count, not negative.
    share : float
        Of the log-probabilities of a window that knows nothing of the voice itself: 0 to 0.5.
    fits : bool
        False once the voice was found too far from the line's voices: the line is then not used.
    """

    voices: float
    share: float
    fits: bool


class Voice(Protocol):
    """What is usual for one voice, learned while it speaks: causal, bounded, one a leg."""

    @property
    def known(self) -> float:
        """How well the voice is known, 0..1; 0 for ever where a model learns nothing."""

    def update(self, vector: FloatArray) -> Probabilities:
        """Give each label's probability for a window of speech, and learn from it.

        Parameters
        ----------
        vector : ndarray, shape (num_features,), float32
            The next window of this voice.

        Returns
        -------
        ndarray, shape (num_labels,), float64
            Sums to 1.
        """

    def peek(self, vector: FloatArray) -> Probabilities:
        """Give each label's probability with the baseline as known now, and learn nothing.

        Parameters
        ----------
        vector : ndarray, shape (num_features,), float32
            Any window.

        Returns
        -------
        ndarray, shape (num_labels,), float64
            Sums to 1.
        """

    def enrol(self) -> None:
        """Take the speech so far as this voice's ordinary speech."""

    def state(self) -> VoiceState:
        """Give what was learned, to go on with later.

        Returns
        -------
        mapping of str to ndarray
            For `Decision.open_voice`; empty where a model learns nothing.
        """

    @property
    def line(self) -> LineView | None:
        """What the line does for this voice at the moment; None where no line was given."""

    def line_state(self, onto: LineState | None = None) -> LineState | None:
        """Give the line with this voice added, to be kept when the call ends.

        Parameters
        ----------
        onto : mapping of str to ndarray, optional
            The same line as it is now, where other calls have added voices meanwhile; None adds to what
            `Decision.open_voice` was given.

        Returns
        -------
        mapping of str to ndarray, or None
            For `Decision.open_voice`; the line as it was where the voice spoke too little. None where no line
            was given.
        """


class Decision(Protocol):
    """From feature vectors to probabilities; built from the arrays of ``model.npz``."""

    @property
    def knows_lines(self) -> bool:
        """Whether `open_voice` takes a line."""

    def probabilities(self, vectors: FloatArray) -> Probabilities:
        """Give each label's probability, knowing nothing of the voice.

        Parameters
        ----------
        vectors : ndarray, shape (d,) or (n, d), float32
            Feature vectors; finite.

        Returns
        -------
        ndarray, shape (k,) or (n, k), float64
            Each row sums to 1.
        """

    def open_voice(
        self, state: VoiceState | None = None, line: LineState | None = None, *, baseline: bool = True
    ) -> Voice:
        """Begin with a voice.

        Parameters
        ----------
        state : mapping of str to ndarray, optional
            From `Voice.state`; None starts without a baseline.
        line : mapping of str to ndarray, optional
            From `Voice.line_state`, or empty for a line without voices; None goes without a line.
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

    def is_unsure(self, smoothed: Probabilities) -> bool:
        """Tell whether a window of speech is shown as unsure rather than with an emotion.

        Parameters
        ----------
        smoothed : ndarray, shape (k,), float64
            What would be shown.

        Returns
        -------
        bool
            True where it would too often be wrong.
        """


class UnlearnedVoice:
    """The voice of a model that has no baseline to learn.

    Parameters
    ----------
    predict : callable
        Gives each label's probability for a window; asked about each.
    """

    known: float = 0.0
    line: LineView | None = None

    def __init__(self, predict: Callable[[FloatArray], Probabilities]) -> None:
        self._predict = predict

    def update(self, vector: FloatArray) -> Probabilities:
        """See `Voice.update`."""
        return self._predict(vector)

    def peek(self, vector: FloatArray) -> Probabilities:
        """See `Voice.peek`."""
        return self._predict(vector)

    def enrol(self) -> None:
        """See `Voice.enrol`: there is nothing to be learned."""

    def state(self) -> VoiceState:
        """See `Voice.state`."""
        return {}

    def line_state(self, onto: LineState | None = None) -> LineState | None:  # noqa: ARG002
        """See `Voice.line_state`: there is no line."""
        return None


def refuse_line(line: LineState | None) -> None:
    """Refuse a line for a model that knows none.

    Parameters
    ----------
    line : mapping of str to ndarray, or None
        As given to `Decision.open_voice`.

    Raises
    ------
    ValueError
        If it is not None.
    """
    if line is not None:
        raise ValueError(
            "this model was fitted without lines; take one that knows them, or go without a line"
        )
