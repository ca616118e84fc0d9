"""Fit a recipe on whole corpora, and save what came of it as a model."""

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from emotion.card import Card, DataSource
from emotion.errors import UsageError
from emotion.features.catalogue import feature_set
from emotion.labels import LABELS
from emotion.model_saving import refuse_to_replace, save_model
from emotion.voice_linear import KIND
from evaluation.protocols.corpora import Corpus
from evaluation.protocols.settings import TRAINING_KIND, TRAINING_SEED
from evaluation.protocols.table_source import TableSource
from evaluation.scored_card import fails_on, scores_of
from trainer.card_of_training import LIBRARIES, WIN_FACTORS, notes_of
from trainer.dataset.licences import commercial_use, licence_of, weights_licence
from trainer.recipes.decision_listener import DecisionListener
from trainer.recipes.recipe import Recipe
from trainer.step_table import StepTable
from trainer.training_log import TrainingLog

STEP_FACTORS: Final = (0.5, 2.0)
"""How far step may be from the one fitted: a voice is learned by windows, not by seconds."""

SPLIT: Final = (
    "leave one corpus out: each was scored by the recipe fitted on {} but for itself; this model is fitted "
    "on all of these"
)
NOT_SCORED: Final = "no scores were given when it was fitted; `callmood evaluate` makes them"


@dataclass(frozen=True, slots=True)
class RecipeOrder:
    """What is asked for.

    Attributes
    ----------
    recipe : Recipe
        How to fit.
    name : str
        Of the model.
    out : Path
        The folder that models lie in.
    command : str
        That makes the model again.
    callmood_version : str
        For the card.
    figures : sequence of mapping
        Records that `callmood evaluate --json` wrote of the same recipe and corpora; may be empty.
    force : bool
        Replace a model of this name.
    """

    recipe: Recipe
    name: str
    out: Path
    command: str
    callmood_version: str
    figures: Sequence[Mapping[str, Any]] = ()
    force: bool = False

    @property
    def folder(self) -> Path:
        """Where the model will lie."""
        return self.out / self.name


def fit_and_save(
    order: RecipeOrder, corpora: Sequence[Corpus], source: TableSource, log: TrainingLog
) -> tuple[Card, Path]:
    """Fit on all streams of some corpora, under all conditions of the recipe.

    Parameters
    ----------
    order : RecipeOrder
        What is asked for.
    corpora : sequence of Corpus
        At least one.
    source : TableSource
        Makes their streams.
    log : TrainingLog
        Told of each step.

    Returns
    -------
    card : Card
        As written.
    folder : Path
        Where the model lies.

    Raises
    ------
    UsageError
        If the recipe makes no model that can be saved.
    DatasetError
        If there is too little to fit on.
    OutputError
        If the model cannot be written.
    """
    refuse_to_replace(order.folder, force=order.force)
    log.say(order.command)
    tables = [
        table
        for corpus in corpora
        for condition in order.recipe.train_conditions
        for table in source.tables(corpus, condition, TRAINING_KIND, (TRAINING_SEED,))
    ]
    with log.step(f"fit {order.recipe.name} on {sum(map(len, tables))} windows"):
        listener = order.recipe.fit(tables)
    if not isinstance(listener, DecisionListener):
        raise UsageError(f"recipe {order.recipe.name} is for comparing: it makes no model")
    card = _card(order, corpora, tables)
    files = {"training.log": log.text.encode()}
    return save_model(order.folder, card, listener.arrays, files, force=order.force)


def _card(order: RecipeOrder, corpora: Sequence[Corpus], tables: Sequence[StepTable]) -> Card:
    recipe, features = order.recipe, feature_set(order.recipe.feature_set)
    names = sorted(corpus.name for corpus in corpora)
    win, step = recipe.win_seconds, recipe.step_seconds
    return Card(
        name=order.name,
        kind=KIND,
        created=datetime.now(UTC).date().isoformat(),
        callmood_version=order.callmood_version,
        labels=LABELS,
        feature_set=features.name,
        feature_set_version=features.version,
        num_features=len(features.feature_names),
        sample_rate=features.sample_rate,
        win_seconds=win,
        step_seconds=step,
        allowed_win_seconds=(WIN_FACTORS[0] * win, WIN_FACTORS[1] * win),
        allowed_step_seconds=(STEP_FACTORS[0] * step, STEP_FACTORS[1] * step),
        notes=notes_of(names),
        weights_licence=weights_licence(names),
        commercial_use=commercial_use(names),
        data=tuple(_data_source(corpus, tables) for corpus in sorted(corpora, key=lambda each: each.name)),
        split=SPLIT.format(", ".join(names)) if order.figures else NOT_SCORED,
        scores=scores_of(order.figures) | {"conditions_fitted": list(recipe.train_conditions)},
        fails_on=fails_on(order.figures),
        recipe=order.command,
        seed=TRAINING_SEED,
        libraries={"python": platform.python_version()} | {name: version(name) for name in LIBRARIES},
    )


def _data_source(corpus: Corpus, tables: Sequence[StepTable]) -> DataSource:
    speakers = {clip.speaker for clip in corpus.clips if clip.speaker is not None}
    num_windows = 0
    for table in tables:
        inside = (table.state == "speech") & (table.clip >= 0)
        num_windows += int((table.clips.corpus[table.clip[inside]] == corpus.name).sum())
    return DataSource(
        corpus.name, len(corpus.clips), len(speakers) or None, num_windows, licence_of(corpus.name).terms
    )
