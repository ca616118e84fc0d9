"""Fit a recipe on whole corpora, and save it as a model with the scores of its evaluation."""

import argparse
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from callmood import __version__
from callmood.evaluation.corpora import TRAINING_SEED
from callmood.evaluation.held_out import (
    BY_CLIP,
    BY_SPEAKER,
    CLEAN,
    HeldOutScores,
    Voices,
    score_held_out,
    voices_of,
)
from callmood.evaluation.report import MEAN
from callmood.evaluation.stream_tables import CorpusTables, StepFeatures, TablesOf, training_tables
from emotion.card import LABELS, Card
from emotion.errors import UsageError
from emotion.model import KINDS, refuse_to_replace, save_model
from emotion.untrusted import JsonValueError, parse_value
from emotion.voice_linear import KIND
from trainer.dataset import SYNTHETIC_CORPUS, Dataset, check_enough
from trainer.feature_extraction import usable_clips
from trainer.model_card import UNKNOWN_SPEAKERS, WIN_FACTORS, make_card, weaknesses
from trainer.options import DataOptions, ModelPlace
from trainer.plots import confusion_picture
from trainer.progress import TrainingLog, check_jobs
from trainer.recipes.base import Recipe
from trainer.window_table import StepTable

_FIGURES: Final = (
    "uar",
    "uar_low",
    "uar_high",
    "accuracy",
    "ece",
    "brier",
    "unsure_share",
    "sure_window_accuracy",
    "swallowed_share",
    "sure_clip_accuracy",
    "selective_accuracy",
    "delay_median_seconds",
    "delay_p90_seconds",
    "delay_shown_share",
    "false_emotion",
    "clips",
    "speakers",
    "orders",
    "recalls",
)
_POOR_RECALL: Final = 0.5
_HEADLINE: Final = "balanced, clean, with baseline"
_LEFT_OUT: Final = {BY_SPEAKER: ", speakers left out", BY_CLIP: ", clips left out"}
_WORTH_A_LINE_SECONDS: Final = 1.0

BEYOND: Final = (
    "people who act as nobody in its corpora does: most of its speech is acted or prompted, by adults",
    "a mood that does not change: it is told from a voice's usual only as far as the voice has varied",
    "speech under loud noise: what the gate does not hear as a voice shows no emotion",
)

STEP_FACTORS: Final = (0.5, 2.0)
"""How far step may be from the one fitted: the speaker baseline counts windows, not seconds."""

SPLIT: Final = (
    "leave one corpus out: each was scored by the recipe fitted on {} but for itself; this model is fitted "
    "on all of these"
)
NOT_SCORED: Final = "no scores were given when it was fitted; `callmood evaluate` makes them"

CORPORA: Final = "$CALLMOOD_CORPORA"
"""In the place of the folder of corpora."""

DECIDING: Final = (
    "model",
    "recipe",
    "leave_one_corpus_out",
    "leave_speakers_out",
    "only",
    "train_on",
    "streams",
    "conditions",
    "seeds",
    "no_baseline",
    "baseline",
    "features",
    "sounds",
)
"""Options of `callmood evaluate` that change a figure, in the order of the written command."""

_MAX_BYTES: Final = 1_000_000


class _Record(msgspec.Struct):
    """What a card needs of a record; it may hold more."""

    corpus: str
    stream: str
    condition: str
    baseline: bool
    uar: object
    recalls: dict[str, float | None] | None = None


@dataclass(frozen=True, slots=True)
class RecipeOrder:
    """A model to be fitted.

    Attributes
    ----------
    recipe : Recipe
        How to fit.
    data : DataOptions
        On what.
    place : ModelPlace
        Where the model goes.
    scores : tuple of Path
        Files that `callmood evaluate --json` wrote of the same recipe and corpora; where there are none, the
        recipe is scored on the data itself.
    """

    recipe: Recipe
    data: DataOptions
    place: ModelPlace
    scores: tuple[Path, ...] = ()

    @property
    def command(self) -> str:
        """The command that makes the model again."""
        words = ["--recipe", self.recipe.name, "--name", shlex.quote(self.place.name)]
        words += ["--scores", *(shlex.quote(str(path)) for path in self.scores)] if self.scores else []
        return " ".join(["callmood train", *self.data.words, *words])


def train_by_recipe(
    order: RecipeOrder, dataset: Dataset, jobs: int, log: TrainingLog
) -> tuple[Card, Path, str]:
    """Fit one of the recipes of streams, score it, and save the model; the last is the report."""
    check_jobs(jobs)
    order.place.check()
    figures = [record for path in order.scores for record in read_figures(path)]
    log.say(order.command)
    clips = [clip for clip in dataset.clips if clip.corpus != SYNTHETIC_CORPUS]
    if len(clips) < len(dataset.clips):
        log.say(f"left out, no voices: {len(dataset.clips) - len(clips)} clips made by callmood generate")
    with log.step(f"read {len(clips)} clips", len(clips), worth_seconds=_WORTH_A_LINE_SECONDS) as advance:
        usable, remarks = usable_clips(clips, jobs=jobs, advance=advance)
    if dataset.unlabelled:
        log.say(f"{dataset.unlabelled} clips carry none of the labels and are left out")
    for remark in (*dataset.remarks, *remarks):
        log.say(order.data.portable(remark))
    check_enough(usable, order.data.root)
    voices = voices_of(usable)
    order = replace(order, recipe=replace(order.recipe, learns_voices=voices.are_learned))
    source = CorpusTables(StepFeatures.of(order.recipe), jobs, log)
    held_out = None if figures else score_held_out(order.recipe, voices, source.tables, log)
    fit = RecipeFit(order, voices, figures, held_out)
    card, folder = fit_and_save(fit, source.tables, log)
    return card, folder, "" if held_out is None else held_out.report(order.place.name)


@dataclass(frozen=True, slots=True, eq=False)
class RecipeFit:
    """What a model is made of, beside the tables.

    Attributes
    ----------
    order : RecipeOrder
        What was asked for.
    voices : Voices
        The clips, and what is known of who speaks.
    figures : sequence of mapping
        Records of `callmood evaluate --json`; may be empty.
    held_out : HeldOutScores or None
        Scores on the data themselves.
    """

    order: RecipeOrder
    voices: Voices
    figures: Sequence[Mapping[str, Any]] = ()
    held_out: HeldOutScores | None = None


def fit_and_save(fit: RecipeFit, tables_of: TablesOf, log: TrainingLog) -> tuple[Card, Path]:
    """Fit on all streams, under all conditions of the recipe."""
    order = fit.order
    refuse_to_replace(order.place.folder, force=order.place.force)
    tables = [
        table for corpus in fit.voices.corpora for table in training_tables(corpus, order.recipe, tables_of)
    ]
    with log.step(f"fit {order.recipe.name} on {sum(map(len, tables))} windows"):
        classifier = order.recipe.fit(tables)
    for remark in classifier.remarks.values():
        log.say(f"note: {remark}")
    if classifier.arrays is None:
        raise UsageError(f"recipe {order.recipe.name} is for comparing: it makes no model")
    labels = fit.voices.labels
    arrays = _of_labels(classifier.arrays, labels)
    files = {}
    if fit.held_out is not None:
        clips = fit.held_out.clips
        log.say(f"UAR {clips.uar:.3f}, accuracy {clips.accuracy:.3f} over {clips.confusion.sum()} clips")
        whom = "unseen speakers" if fit.voices.by_speaker else "unseen clips"
        title = f"{order.place.name}: UAR {100 * clips.uar:.0f} % on {whom}"
        count = f"{clips.confusion.sum()} clips, each the mean of its windows"
        files["confusion.png"] = confusion_picture(clips, title, count)
        files["report.txt"] = fit.held_out.report(order.place.name).encode()
    files["training.log"] = log.text.encode()
    return save_model(order.place.folder, _card(fit, tables), arrays, files, force=order.place.force)


def _of_labels(arrays: Mapping[str, NDArray[Any]], labels: Sequence[str]) -> dict[str, NDArray[Any]]:
    """Select the labels that were fitted, along each side that stands for labels."""
    kept = [LABELS.index(label) for label in labels]
    selected = {}
    for name, array in arrays.items():
        _, sides = KINDS[KIND].arrays[name]
        selected[name] = np.take(array, kept, axis=sides.index("k")) if "k" in sides else array
    return selected


def _card(fit: RecipeFit, tables: Sequence[StepTable]) -> Card:
    order, corpora = fit.order, fit.voices.corpora
    recipe = order.recipe
    win, step = recipe.win_seconds, recipe.step_seconds
    return make_card(
        recipe.feature_set,
        {corpus.name: fit.voices.as_given(corpus) for corpus in corpora},
        {corpus.name: _num_windows(corpus.name, tables) for corpus in corpora},
        licence=order.data.licence,
        name=order.place.name,
        kind=KIND,
        callmood_version=__version__,
        labels=fit.voices.labels,
        win_seconds=win,
        step_seconds=step,
        allowed_win_seconds=(WIN_FACTORS[0] * win, WIN_FACTORS[1] * win),
        allowed_step_seconds=(STEP_FACTORS[0] * step, STEP_FACTORS[1] * step),
        split=_split(fit),
        scores=_scores(fit) | {"conditions_fitted": list(recipe.train_conditions)},
        fails_on=_weaknesses(fit),
        recipe=order.command,
        seed=TRAINING_SEED,
        gate=recipe.gate,
    )


def _split(fit: RecipeFit) -> str:
    if fit.held_out is not None:
        return fit.held_out.split
    names = ", ".join(sorted(corpus.name for corpus in fit.voices.corpora))
    return SPLIT.format(names) if fit.figures else NOT_SCORED


def _scores(fit: RecipeFit) -> dict[str, Any]:
    if fit.held_out is None:
        return scores_of(fit.figures)
    baseline = "with baseline" if fit.voices.are_learned else "no baseline"
    headline = f"balanced, {CLEAN}, {baseline}{_LEFT_OUT[fit.held_out.protocol]}"
    return {"clips": fit.held_out.clips.for_card()} | scores_of(fit.held_out.records(), headline)


def _weaknesses(fit: RecipeFit) -> tuple[str, ...]:
    if fit.held_out is None:
        return fails_on(fit.figures)
    clips = fit.held_out.clips
    found = weaknesses(clips, fit.held_out.by_corpus, clips.ece, "clip")
    return (*found, *([] if fit.voices.by_speaker else [UNKNOWN_SPEAKERS]), *BEYOND)


def _num_windows(corpus: str, tables: Sequence[StepTable]) -> int:
    count = 0
    for table in tables:
        inside = (table.state == "speech") & (table.clip >= 0)
        count += int((table.clips.corpus[table.clip[inside]] == corpus).sum())
    return count


def scores_of(figures: Sequence[Mapping[str, Any]], headline: str = _HEADLINE) -> dict[str, Any]:
    """Arrange records by place and corpus, for the card, whose delay is that of the headline."""
    scores: dict[str, Any] = {}
    for record in figures:
        scores.setdefault(_place(record), {})[record["corpus"]] = {
            name: record[name] for name in _FIGURES if record.get(name) is not None
        }
    commands = [record["command"] for record in figures if isinstance(record.get("command"), str)]
    if commands:
        scores["scored_by"] = list(dict.fromkeys(commands))
    shown = scores.get(headline, {}).get(MEAN, {})
    if "delay_median_seconds" in shown:
        scores["shows_change_after_seconds"] = shown["delay_median_seconds"]
    return scores


def fails_on(figures: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """List the emotions that are missed, for the card."""
    worst: dict[tuple[str, str], tuple[float, str]] = {}
    for record in figures:
        if record["corpus"] == MEAN or record.get("protocol") in _LEFT_OUT:
            continue
        for label, recall in (record.get("recalls") or {}).items():
            if recall is not None and recall < _POOR_RECALL:
                cell = record["corpus"], label
                worst[cell] = min(worst.get(cell, (1.0, "")), (recall, _place(record)))
    lines = [
        f"{corpus}, left out of the fit: {label} is heard in {100 * recall:.0f} % of its clips ({place})"
        for (corpus, label), (recall, place) in worst.items()
    ]
    return (*lines, *BEYOND)


def _place(record: Mapping[str, Any]) -> str:
    baseline = "with baseline" if record["baseline"] else "no baseline"
    known = _LEFT_OUT.get(str(record.get("protocol")), "")
    return f"{record['stream']}, {record['condition']}, {baseline}{known}"


def with_corpora(command: str, words: Sequence[str]) -> str:
    """Write a command on the folder of corpora."""
    return " ".join([command, CORPORA, *map(shlex.quote, words)])


def evaluate_command(arguments: argparse.Namespace) -> str:
    """Write the options of `callmood evaluate` that decide about its figures."""
    words = [
        word for name in DECIDING for word in _words(f"--{name.replace('_', '-')}", getattr(arguments, name))
    ]
    return with_corpora("callmood evaluate --corpora", words)


def _words(option: str, value: object) -> list[str]:
    if value is None or value is False or value == []:
        return []
    if value is True:
        return [option]
    return [option, *map(str, value if isinstance(value, list) else [value])]


def read_figures(path: Path) -> list[dict[str, Any]]:
    """Read what `callmood evaluate --json` wrote."""
    what, advice = f"--scores {path}", "give what `callmood evaluate --json` wrote"
    try:
        if path.exists() and not path.is_file():
            raise UsageError(f"{what} is no file; {advice}")
        with path.open("rb") as file:
            raw = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{what} cannot be read ({error.strerror})") from error
    if len(raw) > _MAX_BYTES:
        raise UsageError(f"{what} is longer than {_MAX_BYTES} bytes; {advice}")
    try:
        figures: Any = parse_value(raw)
        num_records = len(msgspec.convert(figures, list[_Record]))
    except JsonValueError as error:
        raise UsageError(f"{what} is no JSON of ours: {error}; {advice}") from error
    except msgspec.ValidationError:
        num_records = 0
    if not num_records:
        raise UsageError(f"{what} holds no records; {advice}")
    records: list[dict[str, Any]] = figures
    return records
