"""What a recipe fitted, as a listener and as the arrays of a model file."""

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from emotion.arrays import FloatArray, Probabilities
from emotion.decision import Decision, Voice
from emotion.labels import LABELS


class DecisionListener:
    """A decision that no card has been written for yet; see `trainer.recipes.recipe.Listener`.

    Parameters
    ----------
    decision : Decision
        Over `emotion.labels.LABELS`.
    arrays : mapping of str to ndarray
        Those that the decision was built from.
    """

    labels: tuple[str, ...] = LABELS

    def __init__(self, decision: Decision, arrays: Mapping[str, NDArray[Any]]) -> None:
        self._decision = decision
        self.arrays = arrays

    def predict(self, vector: FloatArray) -> Probabilities:
        """Give each label's probability for one window; see `Listener.predict`."""
        return self._decision.probabilities(vector)

    def predict_all(self, vectors: FloatArray) -> Probabilities:
        """Give each label's probability for many windows; see `ListensAtOnce.predict_all`."""
        return self._decision.probabilities(vectors)

    def open_voice(self) -> Voice:
        """Begin with a voice that nobody has heard; see `Listener.open_voice`."""
        return self._decision.open_voice()

    def is_unsure(self, smoothed: Probabilities) -> bool:
        """Ask the decision; see `Listener.is_unsure`."""
        return self._decision.is_unsure(smoothed)
