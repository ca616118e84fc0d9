"""What `callmood evaluate` scores: a fitted model or a recipe, and by which protocol."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from callmood.evaluation.corpora import CorporaFolder, Protocol
from callmood.model_choice import choose_model
from emotion.errors import ModelError, UsageError
from emotion.features.catalogue import feature_set
from emotion.model import EmotionModel
from trainer.recipes.base import FittedClassifier, Recipe
from trainer.window_table import StepTable


@dataclass(frozen=True, slots=True)
class Subject:
    """What is scored.

    Attributes
    ----------
    what : {'model', 'recipe'}
        Its kind.
    recipe : Recipe
        A `ModelAsRecipe` for a model.
    protocol : {'leave-one-corpus-out', 'leave-speakers-out', 'unseen-data'}
        How it is tested.
    remarks : tuple of str
        Notes beside the figures.
    """

    what: str
    recipe: Recipe
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
    """Choose by the options of a user."""
    if model is not None:
        if features is not None:
            raise UsageError("a fitted model looks at what its card says; leave out --features")
        if protocol is None:
            return _of_model(choose_model(model), folder)
        remark = f"a model cannot be fitted anew: scored is the recipe {model}, fitted for each fold"
        return Subject("recipe", _recipe(model, None), protocol, (remark,))
    if recipe is None and protocol is None and features is None:
        default = _default_model()
        if default is not None and not _fitted_on(default, folder):
            return _of_model(default, folder)
    return Subject("recipe", _recipe(recipe, features), protocol or "leave-one-corpus-out")


def _of_model(model: EmotionModel, folder: CorporaFolder) -> Subject:
    seen = _fitted_on(model, folder)
    remarks = [f"{model.card.name}: {note}" for note in model.card.notes]
    if seen:
        remarks.append(
            f"{model.card.name} was fitted on {', '.join(seen)}: these figures are not those of strangers"
        )
    return Subject("model", ModelAsRecipe.of(model), "unseen-data", tuple(remarks))


def _fitted_on(model: EmotionModel, folder: CorporaFolder) -> list[str]:
    fitted_on = {source.name for source in model.card.data}
    return [corpus.name for corpus in folder.scored if corpus.name in fitted_on]


def _default_model() -> EmotionModel | None:
    try:
        return choose_model()
    except ModelError:
        return None


def _recipe(name: str | None, features: str | None) -> Recipe:
    # Recipes import scikit-learn, which a fitted model does without.
    from trainer.recipes.catalogue import default_recipe, find_recipe

    recipe = find_recipe(default_recipe() if name is None else name)
    if features is None:
        return recipe
    feature_set(features)
    return replace(recipe, feature_set=features)


@dataclass(frozen=True, slots=True)
class ModelAsRecipe:
    """A fitted model in the place of a recipe; see `trainer.recipes.base.Recipe` for the attributes.

    Its version is raised when a kind of model (`emotion.model`) gives other answers.

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

    @property
    def gate(self) -> str | None:
        """As the model's card names it."""
        return self.model.card.gate

    @classmethod
    def of(cls, model: EmotionModel) -> "ModelAsRecipe":
        """Take a model with the digest of its files."""
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

    def fit(self, tables: Sequence[StepTable]) -> FittedClassifier:  # noqa: ARG002
        """Give the model, whatever the tables."""
        # Window by window, so that it shows exactly what a live session shows.
        return FittedClassifier(self.model.decision, self.model.card.labels, in_batches=False)
