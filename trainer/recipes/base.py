"""Interfaces of recipes, and what they fit."""

from collections.abc import Mapping, Sequence
from dataclasses import Field, dataclass
from typing import Any, ClassVar, Protocol

from numpy.typing import NDArray

from emotion.card import LABELS
from emotion.decision import Decision
from trainer.window_table import StepTable


@dataclass(frozen=True, slots=True, eq=False)
class FittedClassifier:
    """A decision over labels: a model's, or what a recipe fitted on a training side.

    Attributes
    ----------
    decision : Decision
        From feature vectors to probabilities.
    labels : tuple of str
        In the order of the probabilities.
    arrays : mapping of str to ndarray, or None
        Those of ``model.npz``; None where it cannot be saved as a model.
    in_batches : bool
        True where many windows may be classified in one call: faster, but the last bits may differ from
        those of a live session.
    """

    decision: Decision
    labels: tuple[str, ...] = LABELS
    arrays: Mapping[str, NDArray[Any]] | None = None
    in_batches: bool = True


class Recipe(Protocol):
    """How a model is made: its features, the conditions of its training side, and how it is fitted.

    A dataclass: what is fitted depends on its version and the fields that its `repr` shows.
    """

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @property
    def name(self) -> str:
        """As users type it."""
        ...

    @property
    def version(self) -> int:
        """Raised when the same tables give a classifier with other answers. Caches are keyed by it."""
        ...

    @property
    def feature_set(self) -> str:
        """Name of the feature set."""
        ...

    @property
    def gate(self) -> str | None:
        """Name of the gate, for the card."""
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
        """Acoustic conditions of the training side, such as ``clean``."""
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
            Over `emotion.card.LABELS`.

        Raises
        ------
        DatasetError
            If there is too little to fit on.
        """
        ...
