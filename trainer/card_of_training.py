"""The card of a model that has just been fitted."""

import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any, Final

from emotion.card import Card, DataSource
from emotion.features.catalogue import feature_set
from trainer.dataset.clip import Clip
from trainer.dataset.licences import commercial_use, is_non_commercial, licence_of, weights_licence
from trainer.dataset.splits import Split
from trainer.dataset.synthetic import SYNTHETIC_CORPUS
from trainer.scoring.test_side import TestSide
from trainer.scoring.weaknesses import weaknesses
from trainer.training_options import TrainingOptions
from trainer.windows.extraction import Extraction
from trainer.windows.window_table import WindowTable

LIBRARIES: Final = ("joblib", "librosa", "numpy", "scikit-learn", "scipy", "soundfile", "soxr")

SHORTEST_STEP_SECONDS: Final = 0.1
"""Steps do not change what a window holds; shorter ones bring nothing that anyone could see."""

WIN_FACTORS: Final = (0.75, 1.5)
"""How far win may be from the one fitted: measured in docs/decisions/0005-a-cap-on-training-windows.md."""

SYNTHETIC_NOTE: Final = "fitted on synthetic tones: it says nothing about people"
NON_COMMERCIAL_NOTE: Final = "weights: non-commercial use only"


def card_of_training(
    options: TrainingOptions,
    labels: tuple[str, ...],
    extraction: Extraction,
    *,
    split: Split,
    result: TestSide,
    facts: dict[str, float],
) -> Card:
    """Write down everything that must be known to use the model, and to judge it.

    Parameters
    ----------
    options : TrainingOptions
        What was asked for.
    labels : tuple of str
        In the model's order.
    extraction : Extraction
        The clips that were used, of both sides, and their windows.
    split : Split
        How they were set apart.
    result : TestSide
        Scores of the test side.
    facts : mapping of str to float
        What the machine was fitted on, and what the choice of parameters found.

    Returns
    -------
    Card
        Without digests: saving adds them.
    """
    clips, table = extraction.clips, extraction.table
    corpora = sorted({clip.corpus for clip in clips})
    features = feature_set(options.feature_set)
    win, step = options.win_seconds, options.step_seconds
    return Card(
        name=options.name,
        kind="rbf-svc",
        created=datetime.now(UTC).date().isoformat(),
        callmood_version=options.callmood_version,
        labels=labels,
        feature_set=features.name,
        feature_set_version=features.version,
        num_features=len(features.feature_names),
        sample_rate=features.sample_rate,
        win_seconds=win,
        step_seconds=step,
        allowed_win_seconds=None if win is None else (WIN_FACTORS[0] * win, WIN_FACTORS[1] * win),
        allowed_step_seconds=None if win is None or step is None else (min(SHORTEST_STEP_SECONDS, step), win),
        notes=notes_of(corpora),
        weights_licence=weights_licence(corpora),
        commercial_use=commercial_use(corpora),
        data=tuple(_data_source(name, clips, table) for name in corpora),
        split=split.rule,
        scores=_scores(result) | {"fit": facts} | _test_speakers(clips, split),
        fails_on=_fails_on(clips, result),
        recipe=options.command,
        seed=options.seed,
        # A gate that listens for voices would never let a tone through.
        gate="level" if corpora == [SYNTHETIC_CORPUS] else None,
        libraries={"python": platform.python_version()} | {name: version(name) for name in LIBRARIES},
    )


def notes_of(corpora: Sequence[str]) -> tuple[str, ...]:
    """Say what must stand wherever a model is shown that was fitted on these corpora.

    Parameters
    ----------
    corpora : sequence of str
        Their names.

    Returns
    -------
    tuple of str
        Lines; may be empty.
    """
    notes = []
    if SYNTHETIC_CORPUS in corpora:
        notes.append(SYNTHETIC_NOTE)
    if is_non_commercial(corpora):
        notes.append(NON_COMMERCIAL_NOTE)
    return tuple(notes)


def _data_source(name: str, clips: Sequence[Clip], table: WindowTable) -> DataSource:
    members = [clip for clip in clips if clip.corpus == name]
    speakers = {clip.speaker for clip in members if clip.speaker is not None}
    num_windows = int((table.corpora == name).sum())
    return DataSource(name, len(members), len(speakers) or None, num_windows, licence_of(name).terms)


def _scores(result: TestSide) -> dict[str, Any]:
    scores: dict[str, Any] = {"clips": result.clips.for_card(), "windows": result.windows.for_card()}
    if result.corpora:
        scores["clips_by_corpus"] = {name: part.for_card() for name, part in result.corpora.items()}
    return scores


def _test_speakers(clips: Sequence[Clip], split: Split) -> dict[str, list[str]]:
    """Name the voices that the model has not heard, for those who want to try it on them."""
    tested = (clip.speaker_key for clip, is_test in zip(clips, split.is_test, strict=True) if is_test)
    speakers = sorted({key for key in tested if key is not None})
    return {"test_speakers": speakers} if speakers else {}


def _fails_on(clips: Sequence[Clip], result: TestSide) -> tuple[str, ...]:
    if {clip.corpus for clip in clips} == {SYNTHETIC_CORPUS}:
        reach = "anything but these tones: voices, music and noise get an emotion that means nothing"
    elif all(clip.speaker is not None for clip in clips):
        reach = "other languages, recordings and lines than those of its corpora: not measured, expect less"
    else:
        reach = "people outside its recordings: speakers are unknown, so the scores may be of voices it knows"
    return (*weaknesses(result), reach)
