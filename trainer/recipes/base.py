"""Interfaces of recipes and of the classifiers that they fit."""

from collections.abc import Mapping, Sequence
from dataclasses import Field
from typing import Any, ClassVar, Protocol, runtime_checkable

from numpy.typing import NDArray

from emotion.arrays import FloatArray, Probabilities
from emotion.card import LABELS
from emotion.decision import Decision, Voice
from trainer.window_table import StepTable


class FittedClassifier(Protocol):
    """A fitted thing that hears windows: a model, or what a recipe made of a training side."""

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the labels, in the order of the probabilities."""
        ...

    def predict(self, vector: FloatArray) -> Probabilities:
        """Give each label's probability for one window, without a baseline.

        Parameters
        ----------
        vector : ndarray, shape (num_features,), float32
            As the feature set gives it.

        Returns
        -------
        ndarray, shape (num_labels,), float64
            Sums to 1.
        """
        ...

    def open_voice(self) -> Voice:
        """Begin with a voice that nobody has heard."""
        ...

    def is_unsure(self, smoothed: Probabilities) -> bool:
        """Say whether a window of speech is to be shown as unsure rather than with an emotion.

        Parameters
        ----------
        smoothed : ndarray, shape (num_labels,), float64
            What would be shown.

        Returns
        -------
        bool
            True where it would too often be wrong.
        """
        ...


@runtime_checkable
class BatchClassifier(Protocol):
    """A listener that takes many windows in one call: quicker where there is no baseline to follow."""

    def predict_all(self, vectors: FloatArray) -> Probabilities:
        """Give each label's probability for each of many windows, without a baseline.

        Parameters
        ----------
        vectors : ndarray, shape (n, num_features), float32
            As the feature set gives them.

        Returns
        -------
        ndarray, shape (n, num_labels), float64
            Each row sums to 1; the last bits may differ from `FittedClassifier.predict`.
        """
        ...


class Recipe(Protocol):
    """How a model is made: what it looks at, under which conditions, and how it is fitted.

    A dataclass: what is fitted is decided by its version and by the fields that its `repr` shows.
    """

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @property
    def name(self) -> str:
        """As users type it."""
        ...

    @property
    def version(self) -> int:
        """Raised when the same tables give a listener that answers otherwise. Caches are keyed by it."""
        ...

    @property
    def feature_set(self) -> str:
        """Name of the feature set."""
        ...

    @property
    def win_seconds(self) -> float:
        """Length of a window, s."""
        ...

    @property
    def step_seconds(self) -> float:
        """From one window to the next, s."""
        ...

    @property
    def train_conditions(self) -> tuple[str, ...]:
        """Conditions that the training side is heard under, such as ``clean``."""
        ...

    def fit(self, tables: Sequence[StepTable]) -> FittedClassifier:
        """Fit on a training side, and on nothing else.

        Parameters
        ----------
        tables : sequence of StepTable
            One or more for each corpus and condition.

        Returns
        -------
        FittedClassifier
            Ready to hear.

        Raises
        ------
        DatasetError
            If there is too little to fit on.
        """
        ...


class DecisionClassifier:
    """A decision that no card has been written for yet; see `trainer.recipes.base.FittedClassifier`.

    Parameters
    ----------
    decision : Decision
        Over `emotion.card.LABELS`.
    arrays : mapping of str to ndarray
        Those that the decision was built from.
    """

    labels: tuple[str, ...] = LABELS

    def __init__(self, decision: Decision, arrays: Mapping[str, NDArray[Any]]) -> None:
        self._decision = decision
        self.arrays = arrays

    def predict(self, vector: FloatArray) -> Probabilities:
        """Give each label's probability for one window; see `FittedClassifier.predict`."""
        return self._decision.probabilities(vector)

    def predict_all(self, vectors: FloatArray) -> Probabilities:
        """Give each label's probability for many windows; see `BatchClassifier.predict_all`."""
        return self._decision.probabilities(vectors)

    def open_voice(self) -> Voice:
        """Begin with a voice that nobody has heard; see `FittedClassifier.open_voice`."""
        return self._decision.open_voice()

    def is_unsure(self, smoothed: Probabilities) -> bool:
        """Ask the decision; see `FittedClassifier.is_unsure`."""
        return self._decision.is_unsure(smoothed)
