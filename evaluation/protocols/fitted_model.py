"""A model that is fitted already, in the place of a recipe."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from emotion.errors import ModelError
from emotion.model import EmotionModel
from evaluation.scores.model_listener import ModelListener
from trainer.step_table import StepTable


@dataclass(frozen=True, slots=True)
class FittedModel:
    """A recipe that learns from nobody; see `trainer.recipes.recipe.Recipe` for the attributes.

    Its version is that of how the arrays of any kind of model (`emotion.model_kinds`) answer.

    Attributes
    ----------
    digest : str
        SHA-256 of the model's files, hexadecimal.
    """

    name: str
    feature_set: str
    win_seconds: float
    step_seconds: float
    digest: str
    model: EmotionModel = field(repr=False, compare=False)
    train_conditions: tuple[str, ...] = ()

    version = 1

    @classmethod
    def of(cls, model: EmotionModel) -> "FittedModel":
        """Take a model as it lies in its folder.

        Parameters
        ----------
        model : EmotionModel
            Of windows.

        Returns
        -------
        FittedModel
            On the grid of its card.

        Raises
        ------
        ModelError
            If it was fitted on whole clips.
        """
        card = model.card
        if card.win_seconds is None or card.step_seconds is None:
            raise ModelError(
                f"model {card.name} was fitted on whole clips and cannot follow a stream; "
                "name one of windows with --model"
            )
        digest = hashlib.sha256()
        for path in sorted(model.folder.iterdir()):
            if path.suffix in {".json", ".npz", ".onnx"}:
                digest.update(path.read_bytes())
        return cls(
            card.name, card.feature_set, card.win_seconds, card.step_seconds, digest.hexdigest(), model
        )

    def fit(self, tables: Sequence[StepTable]) -> ModelListener:  # noqa: ARG002
        """Give the model, whatever the tables.

        Parameters
        ----------
        tables : sequence of StepTable
            Not looked at.

        Returns
        -------
        ModelListener
            What `callmood listen` would hear with.
        """
        return ModelListener(self.model)
