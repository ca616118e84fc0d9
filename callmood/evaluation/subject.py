"""What `callmood evaluate` scores: a fitted model or a recipe, and by which protocol."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, is_dataclass, replace
from typing import TYPE_CHECKING, Final, cast

from callmood.evaluation.corpora import CorporaFolder, Protocol
from callmood.model_choice import choose_model
from emotion.arrays import FloatArray, Probabilities
from emotion.decision import Voice
from emotion.errors import ModelError, UsageError
from emotion.extras import require
from emotion.model import EmotionModel
from trainer.window_table import StepTable

if TYPE_CHECKING:
    from trainer.recipes.base import Recipe


class ModelClassifier:
    """What `callmood listen` would hear with."""

    def __init__(self, model: EmotionModel) -> None:
        self._model = model

    @property
    def labels(self) -> tuple[str, ...]:
        """Those of the card."""
        return self._model.card.labels

    def predict(self, vector: FloatArray) -> Probabilities:
        """Give each label's probability for one window; see `FittedClassifier.predict`."""
        return self._model.predict(vector)

    def open_voice(self) -> Voice:
        """Begin with a voice that nobody has heard; see `FittedClassifier.open_voice`."""
        return self._model.open_voice()

    def is_unsure(self, smoothed: Probabilities) -> bool:
        """Ask the model; see `FittedClassifier.is_unsure`."""
        return self._model.is_unsure(smoothed)


@dataclass(frozen=True, slots=True)
class ModelAsRecipe:
    """A recipe that learns from nobody; see `trainer.recipes.base.Recipe` for the attributes.

    Its version is that of how the arrays of any kind of model (`emotion.model`) answer.

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
    def of(cls, model: EmotionModel) -> "ModelAsRecipe":
        """Take a model as it lies in its folder."""
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

    def fit(self, tables: Sequence[StepTable]) -> ModelClassifier:  # noqa: ARG002
        """Give the model, whatever the tables."""
        return ModelClassifier(self.model)


_LEAVE_ONE_OUT: Final[Protocol] = "leave-one-corpus-out"


@dataclass(frozen=True, slots=True)
class Subject:
    """What is scored.

    Attributes
    ----------
    what : {'model', 'recipe'}
        In words.
    recipe : Recipe
        A `ModelAsRecipe` for a model.
    protocol : {'leave-one-corpus-out', 'leave-speakers-out', 'unseen-data'}
        How.
    remarks : tuple of str
        What must be said with the figures.
    """

    what: str
    recipe: "Recipe"
    protocol: Protocol
    remarks: tuple[str, ...] = ()


def choose_subject(
    folder: CorporaFolder,
    *,
    model: str | None,
    recipe: str | None,
    protocol: Protocol | None,
    features: str | None,
) -> Subject:
    """Decide what the words of a user mean."""
    if model is not None:
        if features is not None:
            raise UsageError("a fitted model looks at what its card says; leave out --features")
        if protocol is None:
            return _of_model(choose_model(model), folder)
        remark = f"a model cannot be fitted anew: scored is the recipe {model}, fitted for each fold"
        return Subject("recipe", _recipe(model, None), protocol, (remark,))
    if recipe is None and protocol is None and features is None:
        default = _default_model()
        if default is not None and not _heard_before(default, folder):
            return _of_model(default, folder)
    return Subject("recipe", _recipe(recipe, features), protocol or _LEAVE_ONE_OUT)


def _of_model(model: "EmotionModel", folder: CorporaFolder) -> Subject:
    heard = _heard_before(model, folder)
    remarks = [f"{model.card.name}: {note}" for note in model.card.notes]
    if heard:
        remarks.append(
            f"{model.card.name} was fitted on {', '.join(heard)}: these figures are not those of strangers"
        )
    return Subject("model", ModelAsRecipe.of(model), "unseen-data", tuple(remarks))


def _heard_before(model: "EmotionModel", folder: CorporaFolder) -> list[str]:
    fitted_on = {source.name for source in model.card.data}
    return [corpus.name for corpus in folder.scored if corpus.name in fitted_on]


def _default_model() -> "EmotionModel | None":
    try:
        return choose_model(None)
    except ModelError:
        return None


def _recipe(name: str | None, features: str | None) -> "Recipe":
    for module in ("sklearn", "scipy"):
        require(module, "train")
    from emotion.features.catalogue import feature_set
    from trainer.recipes.catalogue import default_recipe, find_recipe

    recipe = find_recipe(default_recipe() if name is None else name)
    if features is None:
        return recipe
    feature_set(features)
    changed: object = recipe
    if not is_dataclass(changed) or isinstance(changed, type):
        raise UsageError(f"recipe {recipe.name} looks at {recipe.feature_set} only; leave out --features")
    return cast("Recipe", replace(changed, feature_set=features))
