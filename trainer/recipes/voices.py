"""The recipe of the shipped models: two linear opinions, and a rule that learns each voice."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from emotion.voice_linear import VoiceLinear
from trainer.recipes.decision_listener import DecisionListener
from trainer.recipes.opinions import fit_opinions
from trainer.recipes.rule_fitting import fit_rule
from trainer.recipes.training_windows import windows_of_speech
from trainer.recipes.unheard_voices import unheard_voices
from trainer.step_table import StepTable

MOST_OF_A_CLIP: Final = 3
"""Windows of a clip, under each condition, that opinions are fitted on: those at its edges hear the pause."""


@dataclass(frozen=True, slots=True)
class VoicesRecipe:
    """Opinions on a few windows of every clip; the rule on voices that other opinions had not heard.

    ``ridge`` is that of `trainer.recipes.opinions.fit_opinions`. See `trainer.recipes.recipe.Recipe` for the
    other attributes, and docs/decisions/0020-recipe-speech.md.
    """

    name: str
    feature_set: str
    ridge: float
    win_seconds: float = 2.0
    step_seconds: float = 0.5
    train_conditions: tuple[str, ...] = ("clean", "phone", "noise10", "speed+varied")

    version = 1

    def fit(self, tables: Sequence[StepTable]) -> DecisionListener:
        """Fit on a training side; see `trainer.recipes.recipe.Recipe.fit`.

        Parameters
        ----------
        tables : sequence of StepTable
            Windows that the gate did not hear as speech, and windows between clips, are left out.

        Returns
        -------
        DecisionListener
            Of kind ``voice-linear``, with its arrays.

        Raises
        ------
        DatasetError
            If fewer than two labels are left to tell apart.
        """
        thinned = windows_of_speech(tables, MOST_OF_A_CLIP)
        opinions = fit_opinions(thinned, self.ridge)
        # The rule is about voices in time: clean streams, whole.
        clean = [table for table in tables if table.condition == "clean"] or tables
        rule = fit_rule(unheard_voices(thinned, windows_of_speech(clean), self.ridge))
        arrays = {**opinions.arrays(), **rule.arrays()}
        return DecisionListener(VoiceLinear.from_arrays(arrays), arrays)
