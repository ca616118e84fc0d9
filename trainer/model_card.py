"""The model card of a fitted model: data, licences, scores and known weaknesses."""

import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any, Final

import numpy as np

from emotion.card import Card, DataSource
from emotion.features.catalogue import feature_set
from trainer.dataset import SYNTHETIC_CORPUS, Clip
from trainer.feature_extraction import Extraction
from trainer.metrics import Scores, TestSide
from trainer.options import TrainingOptions
from trainer.splits import Split

LIBRARIES: Final = ("joblib", "librosa", "numpy", "scikit-learn", "scipy", "soundfile", "soxr")

SHORTEST_STEP_SECONDS: Final = 0.1
"""Steps do not change what a window holds; shorter ones bring nothing visible."""

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
    """Describe a model that was fitted on windows of clips."""
    clips, corpora_of_windows = extraction.clips, extraction.table.corpora
    corpora = sorted({clip.corpus for clip in clips})
    win, step = options.win_seconds, options.step_seconds
    return make_card(
        options.feature_set,
        {name: [clip for clip in clips if clip.corpus == name] for name in corpora},
        {name: int((corpora_of_windows == name).sum()) for name in corpora},
        name=options.name,
        kind="rbf-svc",
        callmood_version=options.callmood_version,
        labels=labels,
        win_seconds=win,
        step_seconds=step,
        allowed_win_seconds=None if win is None else (WIN_FACTORS[0] * win, WIN_FACTORS[1] * win),
        allowed_step_seconds=None if win is None or step is None else (min(SHORTEST_STEP_SECONDS, step), win),
        split=split.rule,
        scores=_scores(result) | {"fit": facts} | _test_speakers(clips, split),
        fails_on=_fails_on(clips, result),
        recipe=options.command,
        seed=options.seed,
        gate=_gate(options.feature_set, corpora),
    )


def _gate(feature_set_name: str, corpora: Sequence[str]) -> str:
    """Name the gate: one that listens for voices would never let a tone through."""
    if list(corpora) == [SYNTHETIC_CORPUS] or feature_set_name.startswith("classic"):
        return "level"
    return "voice"


def make_card(
    feature_set_name: str,
    corpora: Mapping[str, Sequence[Clip]],
    num_windows: Mapping[str, int],
    **values: Any,
) -> Card:
    """Make the card of a model fitted today on the clips and windows of some corpora, by name.

    Other fields of the card are taken from `values`.
    """
    features = feature_set(feature_set_name)
    names = sorted(corpora)
    notes = [SYNTHETIC_NOTE] if SYNTHETIC_CORPUS in corpora else []
    if is_non_commercial(names):
        notes.append(NON_COMMERCIAL_NOTE)
    return Card(
        created=datetime.now(UTC).date().isoformat(),
        feature_set=features.name,
        feature_set_version=features.version,
        num_features=len(features.feature_names),
        sample_rate=features.sample_rate,
        notes=tuple(notes),
        weights_licence=weights_licence(names),
        commercial_use=commercial_use(names),
        data=tuple(_data_source(name, corpora[name], num_windows[name]) for name in names),
        libraries={"python": platform.python_version()} | {name: version(name) for name in LIBRARIES},
        digests={},
        **values,
    )


def _data_source(name: str, clips: Sequence[Clip], num_windows: int) -> DataSource:
    speakers = {clip.speaker for clip in clips if clip.speaker is not None}
    return DataSource(name, len(clips), len(speakers) or None, num_windows, licence_of(name).terms)


def _scores(result: TestSide) -> dict[str, Any]:
    scores: dict[str, Any] = {"clips": result.clips.for_card(), "windows": result.windows.for_card()}
    if result.corpora:
        scores["clips_by_corpus"] = {name: part.for_card() for name, part in result.corpora.items()}
    return scores


def _test_speakers(clips: Sequence[Clip], split: Split) -> dict[str, list[str]]:
    """Name the speakers that the model was not fitted on, for those who want to try it on them."""
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


FEW_CLIPS: Final = 10
"""With fewer, a recall means nothing."""

POOR_RECALL: Final = 0.5
POOR_UAR: Final = 0.5
POOR_CALIBRATION: Final = 0.05


def weaknesses(result: TestSide) -> list[str]:
    """Name labels that are missed, corpora that go badly, and certainty that misleads."""
    found = [_missed_label(result.clips, i) for i in np.argsort(np.nan_to_num(result.clips.recall, nan=1.0))]
    found += [
        _poor_corpus(name, scores)
        for name, scores in sorted(result.corpora.items(), key=lambda item: item[1].uar)
        if scores.uar < POOR_UAR
    ]
    if result.windows.ece > POOR_CALIBRATION:
        found.append(
            f"its certainty about a window is off by {100 * result.windows.ece:.0f} % on average (ECE)"
        )
    return [line for line in found if line]


def _missed_label(scores: Scores, label: np.intp) -> str:
    if scores.support[label] < FEW_CLIPS or not scores.recall[label] < POOR_RECALL:
        return ""
    mistaken = scores.confusion[label].astype(float)
    mistaken[label] = -1
    other = int(mistaken.argmax())
    return (
        f"{scores.labels[label]}: {100 * scores.recall[label]:.0f} % of its clips are recognised, "
        f"{100 * mistaken[other] / scores.support[label]:.0f} % are taken for {scores.labels[other]}"
    )


def _poor_corpus(name: str, scores: Scores) -> str:
    usual = [i for i in range(len(scores.labels)) if scores.support[i] >= FEW_CLIPS]
    recalls = ", ".join(f"{scores.labels[i]} {100 * scores.recall[i]:.0f} %" for i in usual)
    return f"{name}: UAR {100 * scores.uar:.0f} % on its unseen speakers" + (
        f" (recalls: {recalls})" if recalls else ""
    )


@dataclass(frozen=True, slots=True)
class Licence:
    """What a corpus allows.

    Attributes
    ----------
    terms : str
        The licence by its name, or what is known instead.
    allows_commerce : bool or None
        Whether weights fitted on the corpus may be used commercially; None where nothing is stated.
    """

    terms: str
    allows_commerce: bool | None


NOT_STATED: Final = Licence("not stated", None)
"""Of any other corpus."""

LICENCES: Final = {
    "aesdd": Licence("CC BY 4.0 (secondary source)", allows_commerce=True),
    "ased": Licence("none stated (freely available for download)", None),
    "crema-d-partial": Licence("ODbL 1.0, contents DbCL 1.0", allows_commerce=True),
    "emodb": Licence("CC0 1.0 (as redistributed by audEERING)", allows_commerce=True),
    "nemo": Licence("CC BY-NC-SA 4.0", allows_commerce=False),
    "ravdess": Licence("CC BY-NC-SA 4.0", allows_commerce=False),
    SYNTHETIC_CORPUS: Licence("MIT (made by callmood generate)", allows_commerce=True),
}
"""By name of the corpus."""


def licence_of(corpus: str) -> Licence:
    """Look a corpus up."""
    return LICENCES.get(corpus, NOT_STATED)


def commercial_use(corpora: Iterable[str]) -> bool:
    """Tell whether weights fitted on these corpora may be used commercially."""
    return all(licence_of(corpus).allows_commerce for corpus in corpora)


def is_non_commercial(corpora: Iterable[str]) -> bool:
    """Tell whether a corpus forbids commercial use explicitly."""
    return any(licence_of(corpus).allows_commerce is False for corpus in corpora)


def weights_licence(corpora: Iterable[str]) -> str:
    """Say under which terms weights fitted on these corpora may be used."""
    names = sorted(corpora)
    by_terms: dict[str, list[str]] = {}
    for name in names:
        by_terms.setdefault(licence_of(name).terms, []).append(name)
    if is_non_commercial(names):
        strict = sorted(
            {licence_of(name).terms for name in names if licence_of(name).allows_commerce is False}
        )
        said = "; ".join(f"{terms}, because of {' and '.join(by_terms[terms])}" for terms in strict)
    elif commercial_use(names):
        return "; ".join(f"{terms}: {', '.join(of)}" for terms, of in by_terms.items())
    else:
        said = "what the rights in its recordings allow"
    unstated = [name for name in names if licence_of(name).allows_commerce is None]
    return said + (f"; no licence stated for {', '.join(unstated)}" if unstated else "")
