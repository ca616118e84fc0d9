"""Vectors are looked at before a model sees them: one odd number would spoil a baseline for good."""

import numpy as np

from emotion.arrays import FloatArray, Probabilities
from emotion.decision import Voice, VoiceState


def check_vector(vector: FloatArray, num_features: int) -> None:
    """Refuse what no model can judge.

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


class CheckedVoice:
    """A voice that hears nothing but proper vectors.

    Parameters
    ----------
    voice : Voice
        Told of them.
    num_features : int
        Of the model.
    """

    def __init__(self, voice: Voice, num_features: int) -> None:
        self._voice = voice
        self._num_features = num_features

    @property
    def known(self) -> float:
        """See `Voice.known`."""
        return self._voice.known

    def hear(self, vector: FloatArray) -> Probabilities:
        """Check, then see `Voice.hear`; raises ValueError, and learns nothing, as `check_vector` does."""
        check_vector(vector, self._num_features)
        return self._voice.hear(vector)

    def peek(self, vector: FloatArray) -> Probabilities:
        """Check, then see `Voice.peek`; raises ValueError as `check_vector` does."""
        check_vector(vector, self._num_features)
        return self._voice.peek(vector)

    def enrol(self) -> None:
        """See `Voice.enrol`."""
        self._voice.enrol()

    def state(self) -> VoiceState:
        """See `Voice.state`."""
        return self._voice.state()
