"""The recipe of the shipped models: two linear classifiers, mixed by a rule that adapts to the speaker."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from emotion.arrays import Probabilities
from emotion.card import LABELS
from emotion.decision import Values, log_softmax, softmax
from emotion.voice_adaptation import EVIDENCE, VoiceRule, VoiceSums
from emotion.voice_linear import VoiceLinear
from trainer.recipes.base import (
    FittedClassifier,
    TrainingWindows,
    mostly_neutral_order,
    single_order,
    windows_of_speech,
)
from trainer.recipes.linear import LinearExperts, fit_experts
from trainer.window_table import StepTable

NEUTRAL: Final = LABELS.index("neutral")

MOST_OF_A_CLIP: Final = 3
"""Windows of a clip, under each condition, that experts are fitted on: those at its edges hold the pause."""

NUM_SPEAKER_FOLDS: Final = 3

MOST_CLIPS: Final = 40
"""Of a balanced stream."""

BASELINE_WINDOWS: Final = 10.0
SHARE_WINDOWS: Final = 5.0
LIMIT_WINDOWS: Final = 1200.0
"""Ten minutes of speech."""

STEEPNESS: Final = 3.0
CAUTION: Final = 0.25
"""How sharply, and from which evidence on, the adapted expert is trusted; see docs/experiments.md."""

UNSURE_SHARE: Final = 0.3
"""Of the windows of held-out voices, those that are least certain."""

_STREAM_WEIGHTS: Final = {"balanced": 1.0, "mostly-neutral": 1.0, "single": 2.0}
_TEMPERATURES: Final = np.geomspace(0.4, 4.0, 25)
_SHARPNESSES: Final = np.linspace(0.0, 1.5, 31)
_FIRST_WINDOW: Final = 8
_EVERY: Final = 7
_SEED: Final = 0
_NOTHING: Final = np.zeros(len(LABELS))


@dataclass(frozen=True, slots=True)
class VoiceAdaptiveRecipe:
    """Experts fitted on a few windows of every clip; the rule, on voices outside the fit of other experts.

    ``ridge`` is that of `fit_experts`. Without ``learns_voices``, for clips of unknown speakers, the model
    has the raw expert alone. See `trainer.recipes.base.Recipe` for the other attributes, and
    docs/decisions/0020-recipe-speech.md.
    """

    name: str
    feature_set: str
    ridge: float
    win_seconds: float = 2.0
    step_seconds: float = 0.5
    train_conditions: tuple[str, ...] = ("clean", "phone", "noise10", "speed+varied")
    learns_voices: bool = True

    gate = "voice"
    version = 2

    def fit(self, tables: Sequence[StepTable]) -> FittedClassifier:
        """Fit on a training side; see `trainer.recipes.base.Recipe.fit`."""
        thinned = windows_of_speech(tables, MOST_OF_A_CLIP)
        experts = fit_experts(thinned, self.ridge)
        # The rule is about voices in time: clean streams, whole.
        clean = [table for table in tables if table.condition == "clean"] or tables
        voices = held_out_voices(thinned, windows_of_speech(clean), self.ridge)
        rule = fit_rule(voices) if self.learns_voices else fit_doubt(voices)
        arrays = experts.arrays() | rule.arrays()
        return FittedClassifier(VoiceLinear.from_arrays(arrays), arrays=arrays)


@dataclass(frozen=True, slots=True, eq=False)
class HeldOutVoice:
    """The clips of one speaker under one condition, classified by experts fitted without them.

    Attributes
    ----------
    raw, own : list of ndarray, each of shape (num_windows, num_labels), float64
        Margins of the windows of each clip in order: of the raw expert with its bias, of the adapted one
        without.
    own_bias : ndarray, shape (num_labels,), float64
        Of the adapted expert.
    targets : ndarray, shape (num_clips,), int64
        Label of each clip.
    corpus : str
        Where the speaker is from.
    complete : bool
        Whether every emotion has its share in that corpus.
    """

    raw: list[Values]
    own: list[Values]
    own_bias: Values
    targets: NDArray[np.int64]
    corpus: str
    complete: bool

    def clips_of(self, label: int) -> NDArray[np.int64]:
        """Give the clips of one label."""
        return np.flatnonzero(self.targets == label)

    def streams(self, kind: str) -> Iterator[NDArray[np.int64]]:
        """Draw the orders of clips in the streams of one kind, the same every time."""
        rng = np.random.default_rng([_SEED, len(self.targets), len(kind)])
        if kind == "balanced":
            yield rng.permutation(len(self.targets))[:MOST_CLIPS]
            return
        neutral = self.clips_of(NEUTRAL)
        for label in range(len(LABELS)):
            clips = self.clips_of(label)
            if not len(clips):
                continue
            if kind == "single":
                yield single_order(clips, rng)
            elif label != NEUTRAL and len(neutral):
                yield mostly_neutral_order(neutral, clips, rng)


def held_out_voices(
    fitted_on: TrainingWindows, tested_on: TrainingWindows, ridge: float
) -> list[HeldOutVoice]:
    """Leave out complete corpora one by one, and classify them by experts fitted on the others.

    Where only one corpus is complete, its speakers are left out by thirds. They share a corpus with those
    that were fitted on, so by them alone the model would be overconfident: incomplete corpora are then left
    out one by one as well.
    """
    complete = fitted_on.complete_corpora
    left_whole, folds = complete, []
    if len(complete) < 2:
        left_whole = tuple(np.setdiff1d(fitted_on.corpus, complete).tolist()) if complete else ()
        folds = _folds_of_speakers(fitted_on, tested_on, complete)
    folds += [(fitted_on.corpus == name, tested_on.corpus == name) for name in left_whole]
    voices: list[HeldOutVoice] = []
    for left_out, tested in folds:
        rest = fitted_on.take(~left_out)
        if len(rest) and np.array_equal(np.unique(rest.targets), np.unique(fitted_on.targets)):
            voices += _voices(tested_on.take(tested), fit_experts(rest, ridge), complete)
    return voices


def _folds_of_speakers(
    fitted_on: TrainingWindows, tested_on: TrainingWindows, complete: tuple[str, ...]
) -> list[tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
    inside = np.isin(fitted_on.corpus, complete)
    speakers = np.random.default_rng(0).permutation(np.unique(fitted_on.speaker[inside]))
    parts = [speakers[first::NUM_SPEAKER_FOLDS] for first in range(NUM_SPEAKER_FOLDS)]
    return [
        (np.isin(fitted_on.speaker, part), np.isin(tested_on.speaker, part)) for part in parts if len(part)
    ]


def _voices(part: TrainingWindows, experts: LinearExperts, complete: tuple[str, ...]) -> list[HeldOutVoice]:
    scaled = experts.scaled(part.vectors)
    raw = (scaled @ experts.raw_weights + experts.raw_bias).astype(np.float64)
    own = (scaled @ experts.own_weights).astype(np.float64)
    own_bias = experts.own_bias.astype(np.float64)
    voices = []
    keys = part.voice
    for key in np.unique(keys):
        rows = np.flatnonzero(keys == key)
        clips, first = np.unique(part.clip[rows], return_index=True)
        of_clip = [rows[part.clip[rows] == clip] for clip in clips]
        margins = [raw[each] for each in of_clip], [own[each] for each in of_clip]
        corpus = str(part.corpus[rows[0]])
        voices.append(HeldOutVoice(*margins, own_bias, part.targets[rows[first]], corpus, corpus in complete))
    return voices


@dataclass(frozen=True, slots=True)
class FittedRule:
    """What `emotion.voice_linear.ARRAYS` holds beside the experts.

    Attributes
    ----------
    temperatures : tuple of float
        Of the raw and the adapted expert.
    parameters : tuple of float
        As `emotion.voice_adaptation.PARAMETERS` names them.
    unsure_below : float
        Smoothed probability under which a window is shown as unsure.
    ordinary : tuple of float
        Own margins of neutral speech, against the usual of its voice.
    """

    temperatures: tuple[float, float]
    parameters: tuple[float, ...]
    unsure_below: float
    ordinary: tuple[float, ...]

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Give the arrays by name."""
        return {
            "temperatures": np.array(self.temperatures),
            "rule": np.array(self.parameters, dtype=np.float64),
            "unsure_below": np.array(self.unsure_below),
            "ordinary": np.array(self.ordinary),
        }


_COUNTS: Final = (BASELINE_WINDOWS, SHARE_WINDOWS, LIMIT_WINDOWS)

_NEVER: Final = -50.0
"""Evidence that leaves the adapted expert without a share."""

CAUTIOUS: Final = FittedRule(
    temperatures=(1.5, 1.5),
    parameters=(*_COUNTS, 0.0, 0.0, *(0.0 for _ in EVIDENCE)),
    unsure_below=0.4,
    ordinary=tuple(_NOTHING.tolist()),
)
"""Where nobody can be left out to fit a rule on: the adapted expert never has more than half of the share."""


def fit_rule(voices: Sequence[HeldOutVoice]) -> FittedRule:
    """Fit temperatures, evidence weights, sharpness and the threshold of doubt, in this order."""
    if not voices:
        return CAUTIOUS
    varied_voices = [voice for voice in voices if voice.complete]
    raw_answers = [(voice, clip, raw) for voice in voices for clip, raw in enumerate(voice.raw)]
    temperatures = (_best_temperature(raw_answers), _own_temperature(voices))
    rule = replace(CAUTIOUS, temperatures=temperatures, ordinary=_ordinary(varied_voices))
    evidence, varied, weights = _evidence(varied_voices, rule)
    if len(np.unique(varied)) < 2:
        # Too few windows to tell voices in many emotions from those in one.
        return rule
    machine = LogisticRegression(C=0.1).fit(evidence, varied, sample_weight=weights)
    bias = STEEPNESS * (float(machine.intercept_[0]) - CAUTION)
    weighted = (bias, *(STEEPNESS * machine.coef_[0]).tolist())
    rule = replace(rule, parameters=(*_COUNTS, 0.0, *weighted))
    rule = replace(rule, parameters=(*_COUNTS, _sharpness(voices, rule), *weighted))
    return replace(rule, unsure_below=_unsure_below(voices, rule))


def fit_doubt(voices: Sequence[HeldOutVoice]) -> FittedRule:
    """Fit temperatures and the threshold of doubt of the raw expert alone: no voice is learned."""
    alone = replace(CAUTIOUS, parameters=(*_COUNTS, 0.0, _NEVER, *(0.0 for _ in EVIDENCE)))
    if voices:
        answers = [(voice, clip, raw) for voice in voices for clip, raw in enumerate(voice.raw)]
        raw_temperature = _best_temperature(answers)
        alone = replace(alone, temperatures=(raw_temperature, raw_temperature))
        alone = replace(alone, unsure_below=_unsure_below(voices, alone))
    return replace(alone, parameters=())


def _own_temperature(voices: Sequence[HeldOutVoice]) -> float:
    answers = []
    for voice in voices:
        for order in voice.streams("balanced"):
            margins = np.concatenate([voice.own[clip] for clip in order])
            num_windows = np.arange(1, len(margins) + 1)[:, np.newaxis]
            own = margins - np.cumsum(margins, axis=0) / (num_windows + BASELINE_WINDOWS) + voice.own_bias
            ends = np.cumsum([len(voice.own[clip]) for clip in order])
            parts = np.split(own, ends[:-1])
            answers += [(voice, clip, part) for clip, part in zip(order.tolist(), parts, strict=True)]
    return _best_temperature(answers)


def _best_temperature(answers: Sequence[tuple[HeldOutVoice, int, Values]]) -> float:
    """Give the temperature at which answers, the mean of a clip's windows, lose the fewest nats."""
    logits = np.concatenate([margins for _, _, margins in answers])
    clips = _Answers([(voice, clip) for voice, clip, _ in answers])
    losses = [clips.log_loss(softmax(logits / temperature)) for temperature in _TEMPERATURES]
    return float(_TEMPERATURES[int(np.argmin(losses))])


class _Answers:
    """Clips, each answered by the mean over its windows; every corpus counts the same."""

    def __init__(self, clips: Sequence[tuple[HeldOutVoice, int]]) -> None:
        self._num_windows = np.array([len(voice.own[clip]) for voice, clip in clips])
        self._starts = np.cumsum([0, *self._num_windows[:-1]])
        self._targets = np.array([voice.targets[clip] for voice, clip in clips])
        self._weights = _equal_corpora([voice.corpus for voice, _ in clips])

    def log_loss(self, probabilities: Probabilities) -> float:
        """Give the loss, nats, of the probabilities of all windows in the order of the clips."""
        right = self._mean(probabilities)[np.arange(len(self._targets)), self._targets]
        return -float(self._weights @ np.log(np.maximum(right, 1e-9)))

    def overconfidence(self, probabilities: Probabilities) -> float:
        """Give mean confidence less accuracy."""
        answers = self._mean(probabilities)
        right = answers.argmax(axis=1) == self._targets
        return float(self._weights @ (answers.max(axis=1) - right))

    def _mean(self, probabilities: Probabilities) -> Probabilities:
        sums = np.add.reduceat(probabilities, self._starts, axis=0)
        means: Probabilities = sums / self._num_windows[:, np.newaxis]
        return means


def _equal_corpora(names: Sequence[str]) -> Values:
    _, place, counts = np.unique(np.array(names), return_inverse=True, return_counts=True)
    weights: Values = 1.0 / (len(counts) * counts[place])
    return weights


def _ordinary(voices: Sequence[HeldOutVoice]) -> tuple[float, ...]:
    found = []
    for voice in voices:
        present = np.unique(voice.targets).tolist()
        if NEUTRAL in present:
            means = {
                label: np.mean([voice.own[clip].mean(axis=0) for clip in voice.clips_of(label)], axis=0)
                for label in present
            }
            away = means[NEUTRAL] - np.mean(list(means.values()), axis=0)
            found.append(away - away.mean())
    return tuple(np.mean(found, axis=0).tolist()) if found else CAUTIOUS.ordinary


_Window = tuple[VoiceSums, Values, Values]
"""What is known of a voice with a window, the raw expert's log-probabilities, and the own margins."""


def _streams(
    voices: Sequence[HeldOutVoice], kind: str, fitted: FittedRule
) -> Iterator[tuple[HeldOutVoice, NDArray[np.int64], VoiceRule, Iterator[_Window]]]:
    """Follow each stream of one kind: its voice, the order of its clips, the rule, and its windows."""
    for voice in voices:
        rule = VoiceRule(np.array(fitted.parameters), voice.own_bias, fitted.temperatures[1], _NOTHING)
        for order in voice.streams(kind):
            yield voice, order, rule, _windows(rule, voice, order, fitted.temperatures[0])


def _windows(
    rule: VoiceRule, voice: HeldOutVoice, order: NDArray[np.int64], raw_temperature: float
) -> Iterator[_Window]:
    sums = rule.empty_sums()
    for clip in order.tolist():
        raws = log_softmax(voice.raw[clip] / raw_temperature)
        for raw, own in zip(raws, voice.own[clip], strict=True):
            sums = rule.learned(sums, raw, own)
            yield sums, raw, own


def _evidence(voices: Sequence[HeldOutVoice], fitted: FittedRule) -> tuple[Values, NDArray[np.int64], Values]:
    """Give evidence of some windows, whether their stream holds several emotions, and weights."""
    rows, varied, weights, cells = [], [], [], []
    for kind, weight in _STREAM_WEIGHTS.items():
        for voice, _, _, windows in _streams(voices, kind, fitted):
            found = [sums.evidence() for sums, _, _ in islice(windows, _FIRST_WINDOW, None, _EVERY)]
            rows += found
            varied += [kind != "single"] * len(found)
            weights += [weight] * len(found)
            cells += [f"{voice.corpus}|{kind}"] * len(found)
    equal = _equal_corpora(cells) * np.array(weights)
    return np.array(rows), np.array(varied, dtype=np.int64), equal * len(equal) / equal.sum()


def _sharpness(voices: Sequence[HeldOutVoice], fitted: FittedRule) -> float:
    """Give the sharpness at which the confidence of answers, the mean of a clip's windows, is their accuracy.

    The one of the lowest loss would leave them less confident: it is ruled by the worst corpus.
    """
    clips: list[tuple[HeldOutVoice, int]] = []
    mixed: list[Values] = []
    shares: list[float] = []
    for voice, order, rule, windows in _streams(voices, "balanced", fitted):
        clips += [(voice, clip) for clip in order.tolist()]
        for sums, raw, own in windows:
            mixed.append(np.log(rule.probabilities(sums, raw, own)))
            shares.append(rule.known(sums))
    logits, share = np.array(mixed), np.array(shares)[:, np.newaxis]
    answers = _Answers(clips)
    away = [abs(answers.overconfidence(softmax(logits * np.exp(each * share)))) for each in _SHARPNESSES]
    return float(_SHARPNESSES[int(np.argmin(away))])


def _unsure_below(voices: Sequence[HeldOutVoice], fitted: FittedRule) -> float:
    highest, corpora = [], []
    share_of_new = 1.0 - math.exp(-0.5)
    for voice, _, rule, windows in _streams(voices, "balanced", fitted):
        smoothed = None
        for sums, raw, own in windows:
            probabilities = rule.probabilities(sums, raw, own)
            smoothed = (
                probabilities if smoothed is None else smoothed + share_of_new * (probabilities - smoothed)
            )
            highest.append(float(smoothed.max()))
            corpora.append(voice.corpus)
    order_of = np.argsort(highest)
    passed = np.cumsum(_equal_corpora(corpora)[order_of])
    return float(np.array(highest)[order_of][np.searchsorted(passed, UNSURE_SHARE * passed[-1])])
