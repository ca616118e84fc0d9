"""The model card of a fitted model: data, licences, scores and known weaknesses."""

import platform
import re
from collections.abc import Mapping, Sequence
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
        licence=options.data.licence,
        name=options.place.name,
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
    *,
    licence: str | None = None,
    **values: Any,
) -> Card:
    """Make the card of a model fitted today on the clips and windows of some corpora, by name.

    The licence is that of corpora without a known one. Other fields of the card are taken from `values`.
    """
    features = feature_set(feature_set_name)
    names = sorted(corpora)
    licences = {name: licence_of(name, licence) for name in names}
    notes = [SYNTHETIC_NOTE] if SYNTHETIC_CORPUS in corpora else []
    allows_commerce = commercial_use(licences)
    if any(each.allows_commerce is False for each in licences.values()):
        notes.append(NON_COMMERCIAL_NOTE)
    return Card(
        created=datetime.now(UTC).date().isoformat(),
        feature_set=features.name,
        feature_set_version=features.version,
        num_features=len(features.feature_names),
        sample_rate=features.sample_rate,
        notes=tuple(notes),
        weights_licence=weights_licence(licences),
        commercial_use=allows_commerce,
        data=tuple(
            _data_source(name, corpora[name], num_windows[name], licences[name].terms) for name in names
        ),
        libraries={"python": platform.python_version()} | {name: version(name) for name in LIBRARIES},
        digests={},
        **values,
    )


def _data_source(name: str, clips: Sequence[Clip], num_windows: int, terms: str) -> DataSource:
    speakers = {clip.speaker for clip in clips if clip.speaker is not None}
    return DataSource(name, len(clips), len(speakers) or None, num_windows, terms)


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
        reach = UNKNOWN_SPEAKERS
    return (*weaknesses(result.clips, result.corpora, result.windows.ece, "window"), reach)


FEW_CLIPS: Final = 10
"""With fewer, a recall means nothing."""

POOR_RECALL: Final = 0.5
POOR_UAR: Final = 0.5
POOR_CALIBRATION: Final = 0.05


def weaknesses(clips: Scores, corpora: Mapping[str, Scores], ece: float, about: str) -> list[str]:
    """Name labels that are missed, corpora that go badly, and certainty that misleads."""
    found = [_missed_label(clips, i) for i in np.argsort(np.nan_to_num(clips.recall, nan=1.0))]
    found += [
        _poor_corpus(name, scores)
        for name, scores in sorted(corpora.items(), key=lambda item: item[1].uar)
        if scores.uar < POOR_UAR
    ]
    if ece > POOR_CALIBRATION:
        found.append(f"its certainty about a {about} is off by {100 * ece:.0f} % on average (ECE)")
    return [line for line in found if line]


UNKNOWN_SPEAKERS: Final = (
    "people outside its recordings: speakers are unknown, so the scores may be of voices it knows"
)


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
        Whether weights fitted on the corpus may be used commercially; None where that is for the user to
        know.
    """

    terms: str
    allows_commerce: bool | None


NOT_STATED: Final = Licence("not stated", None)
"""Of clips that nobody has stated a licence for."""

LICENCES: Final = {
    "aesdd": Licence("CC BY 4.0 (secondary source)", allows_commerce=True),
    "ased": Licence("none stated (freely available for download)", None),
    "casia": Licence("none stated", None),
    "crema-d-partial": Licence("ODbL 1.0, contents DbCL 1.0", allows_commerce=True),
    "emodb": Licence("CC0 1.0 (as redistributed by audEERING)", allows_commerce=True),
    "emospeech-in": Licence("CC BY-NC-SA 4.0", allows_commerce=False),
    "emotale": Licence("none stated (a request to cite)", None),
    "indowave": Licence("none stated (not verified)", None),
    "nemo": Licence("CC BY-NC-SA 4.0", allows_commerce=False),
    "ravdess": Licence("CC BY-NC-SA 4.0", allows_commerce=False),
    "selvas-ko": Licence("CC BY-NC-SA 4.0", allows_commerce=False),
    "turev": Licence("CC BY-NC-ND 4.0 (measure only)", allows_commerce=False),
    SYNTHETIC_CORPUS: Licence("MIT (made by callmood generate)", allows_commerce=True),
}
"""By name of the corpus."""

_FORBIDS_COMMERCE: Final = re.compile(r"\bNC\b|non[ -]?commercial", re.IGNORECASE)


def licence_of(corpus: str, stated: str | None = None) -> Licence:
    """Look a corpus up; where it is not known, take what its user states."""
    if corpus in LICENCES:
        return LICENCES[corpus]
    if stated is None:
        return NOT_STATED
    return Licence(stated, allows_commerce=False if _FORBIDS_COMMERCE.search(stated) else None)


def commercial_use(licences: Mapping[str, Licence]) -> bool | None:
    """Tell whether weights fitted on these corpora may be used commercially; None where users must know."""
    if all(licence.allows_commerce for licence in licences.values()):
        return True
    # Of a published corpus that states nothing, nothing is granted. Users know the rights in their own clips.
    known = (licence for name, licence in licences.items() if name in LICENCES)
    forbidden = any(licence.allows_commerce is False for licence in licences.values())
    return False if forbidden or not all(licence.allows_commerce for licence in known) else None


def weights_licence(licences: Mapping[str, Licence]) -> str:
    """Say under which terms weights fitted on these corpora may be used."""
    strict = {name: each for name, each in licences.items() if each.allows_commerce is False}
    stated = {name: each for name, each in licences.items() if _is_stated(name, each)}
    unstated = ", ".join(sorted(licences.keys() - stated.keys()))
    if strict:
        said = "; ".join(f"{terms}, because of {' and '.join(of)}" for terms, of in _by_terms(strict).items())
        return said + (f"; no licence stated for {unstated}" if unstated else "")
    if not stated:
        return f"not stated for {unstated}: what the rights in its recordings allow"
    said = "; ".join(f"{terms}: {', '.join(of)}" for terms, of in _by_terms(stated).items())
    return said + (f"; not stated for {unstated}" if unstated else "")


def _is_stated(name: str, licence: Licence) -> bool:
    return licence != NOT_STATED and not (name in LICENCES and licence.allows_commerce is None)


def _by_terms(licences: Mapping[str, Licence]) -> dict[str, list[str]]:
    by_terms: dict[str, list[str]] = {}
    for name in sorted(licences):
        by_terms.setdefault(licences[name].terms, []).append(name)
    return dict(sorted(by_terms.items()))
