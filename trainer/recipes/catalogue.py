"""The recipes by name."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from emotion.errors import UsageError, name_advice
from trainer.recipes.base import Recipe
from trainer.recipes.linear import LinearRecipe
from trainer.recipes.voice_adaptive import VoiceAdaptiveRecipe

_RECIPES: Final[Mapping[str, Callable[[], Recipe]]] = {
    "linear": LinearRecipe,
    "speech": partial(VoiceAdaptiveRecipe, "speech", "speech", ridge=0.3),
    "speech-light": partial(VoiceAdaptiveRecipe, "speech-light", "acoustic", ridge=0.03),
}


def default_recipe() -> str:
    """Name the recipe that is scored unless another is asked for."""
    return "speech"


def recipe_names() -> tuple[str, ...]:
    """List the recipes."""
    return tuple(sorted(_RECIPES))


def find_recipe(name: str) -> Recipe:
    """Give a recipe by its name."""
    if name not in _RECIPES:
        raise UsageError(f"there is no recipe {name!r}; {name_advice(name, recipe_names())}")
    return _RECIPES[name]()
