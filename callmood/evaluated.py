"""What `callmood evaluate` scores, and how the sides of the test are set apart."""

from dataclasses import dataclass, is_dataclass, replace
from typing import TYPE_CHECKING, Final, cast

from callmood.model_choice import choose_model
from emotion.errors import ModelError, UsageError
from emotion.extras import require
from evaluation.protocols.corpora import CorporaFolder
from evaluation.protocols.fitted_model import FittedModel
from evaluation.protocols.folds import Protocol

if TYPE_CHECKING:
    from emotion.model import EmotionModel
    from trainer.recipes.recipe import Recipe

_LEAVE_ONE_OUT: Final[Protocol] = "leave-one-corpus-out"


@dataclass(frozen=True, slots=True)
class Subject:
    """What is scored.

    Attributes
    ----------
    what : {'model', 'recipe'}
        In words.
    recipe : Recipe
        A `FittedModel` for a model.
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
    """Decide what the words of a user mean.

    Parameters
    ----------
    folder : CorporaFolder
        What there is to score.
    model, recipe : str or None
        As named by the user; at most one of them.
    protocol : str or None
        As asked for.
    features : str or None
        Another feature set for the recipe.

    Returns
    -------
    Subject
        Without any of the above: the default model where it was fitted on none of the corpora, else the
        default recipe, leaving one corpus out.

    Raises
    ------
    UsageError
        If the words contradict each other, or there is no such recipe or feature set.
    ModelError
        If there is no such model.
    """
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
    return Subject("model", FittedModel.of(model), "unseen-data", tuple(remarks))


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
