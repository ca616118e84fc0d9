"""The recipe of the shipped models: two linear classifiers, mixed by a rule that adapts to the speaker."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
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
from trainer.recipes.base import DecisionClassifier
from trainer.recipes.softmax_regression import fit_opinions
from trainer.recipes.training_windows import TrainingWindows, windows_of_speech
from trainer.window_table import StepTable

NEUTRAL: Final = LABELS.index("neutral")
NUM_SPEAKER_FOLDS: Final = 3
MOST_CLIPS: Final = 40
"""Of a varied stream."""
MOST_SINGLE: Final = 12
NUM_NEUTRAL: Final = 16
NUM_OTHER: Final = 4
"""Clips of streams in a single emotion, and of mostly neutral ones: as they are scored."""


@dataclass(frozen=True, slots=True, eq=False)
class HeldOutVoice:
    """The clips of one speaker under one condition.

    Attributes
    ----------
    raw, own : list of ndarray, each of shape (num_windows, num_labels), float64
        Margins of the windows of each clip in order, the raw ones with their bias, the own ones without.
    own_bias : ndarray, shape (num_labels,), float64
        Beside the own margins.
    targets : ndarray, shape (num_clips,), int64
        Label of each clip.
    corpus : str
        Where the speaker is from.
    complete : bool
        Whether every emotion has its share there: a voice of another has not been in all moods.
    """

    raw: list[Values]
    own: list[Values]
    own_bias: Values
    targets: NDArray[np.int64]
    corpus: str
    complete: bool

    def order(self, kind: str, rng: np.random.Generator) -> Iterator[NDArray[np.int64]]:
        """Put clips in the order of streams."""
        of_label = [np.flatnonzero(self.targets == label) for label in range(len(LABELS))]
        if kind == "balanced":
            yield rng.permutation(len(self.targets))[:MOST_CLIPS]
            return
        for label, clips in enumerate(of_label):
            if not len(clips):
                continue
            if kind == "single":
                yield rng.permutation(clips)[:MOST_SINGLE]
            elif label != NEUTRAL and len(of_label[NEUTRAL]):
                drawn = [_drawn(of_label[NEUTRAL], NUM_NEUTRAL, rng), _drawn(clips, NUM_OTHER, rng)]
                yield rng.permutation(np.concatenate(drawn))


def unheard_voices(
    fitted_on: TrainingWindows,
    heard: TrainingWindows,
    ridge: float,
    advance: Callable[[], None] = lambda: None,
) -> list[HeldOutVoice]:
    """Leave complete corpora out one by one, and listen to them.

    Where only one is complete, its speakers are left out by thirds: no other could stand for it. Speakers of
    a corpus that was fitted on are no strangers, though, and by them alone the model would be far too sure:
    incomplete corpora are then left out in their turn as well.
    """
    complete = fitted_on.complete_corpora
    left_whole, folds = complete, []
    if len(complete) < 2:
        left_whole = tuple(np.setdiff1d(fitted_on.corpus, complete).tolist()) if complete else ()
        folds = _folds_of_speakers(fitted_on, heard, complete)
    folds += [(fitted_on.corpus == name, heard.corpus == name) for name in left_whole]
    voices: list[HeldOutVoice] = []
    for left_out, listened_to in folds:
        rest = fitted_on.take(~left_out)
        if len(rest) and len(np.unique(rest.targets)) == len(LABELS):
            opinions = fit_opinions(rest, ridge)
            part = heard.take(listened_to)
            scaled = opinions.scaled(part.vectors)
            raw = (scaled @ opinions.raw_weights + opinions.raw_bias).astype(np.float64)
            own = (scaled @ opinions.own_weights).astype(np.float64)
            voices += _voices(part, raw, own, opinions.own_bias.astype(np.float64), complete)
        advance()
    return voices


def _folds_of_speakers(
    fitted_on: TrainingWindows, heard: TrainingWindows, complete: tuple[str, ...]
) -> list[tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
    inside = np.isin(fitted_on.corpus, complete)
    speakers = np.random.default_rng(0).permutation(np.unique(fitted_on.speaker[inside]))
    parts = [speakers[first::NUM_SPEAKER_FOLDS] for first in range(NUM_SPEAKER_FOLDS)]
    return [(np.isin(fitted_on.speaker, part), np.isin(heard.speaker, part)) for part in parts if len(part)]


def _voices(
    part: TrainingWindows, raw: Values, own: Values, own_bias: Values, complete: tuple[str, ...]
) -> list[HeldOutVoice]:
    voices = []
    keys = part.voice
    for key in np.unique(keys):
        rows = np.flatnonzero(keys == key)
        clips, first = np.unique(part.clip[rows], return_index=True)
        corpus = str(part.corpus[rows[0]])
        of_clip = [rows[part.clip[rows] == clip] for clip in clips]
        voices.append(
            HeldOutVoice(
                [raw[each] for each in of_clip],
                [own[each] for each in of_clip],
                own_bias,
                part.targets[rows[first]],
                corpus,
                corpus in complete,
            )
        )
    return voices


def _drawn(clips: NDArray[np.int64], count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    rounds = -(-count // len(clips))
    return np.concatenate([rng.permutation(clips) for _ in range(rounds)])[:count]


BASELINE_WINDOWS: Final = 10.0
SHARE_WINDOWS: Final = 5.0
LIMIT_WINDOWS: Final = 1200.0
"""Ten minutes of speech."""
STEEPNESS: Final = 3.0
CAUTION: Final = 0.25
"""How sharply, and from which evidence on, the own opinion is trusted; see docs/experiments.md."""
UNSURE_SHARE: Final = 0.3
"""Of the windows of unheard voices, those that are least certain."""

_STREAMS: Final = {"balanced": 1.0, "mostly-neutral": 1.0, "single": 2.0}
_TEMPERATURES: Final = np.geomspace(0.4, 4.0, 25)
_SHARPNESSES: Final = np.linspace(0.0, 1.5, 31)
_FIRST_WINDOW: Final = 8
_EVERY: Final = 7
_SEED: Final = 0


@dataclass(frozen=True, slots=True)
class FittedRule:
    """What `emotion.voice_linear.ARRAYS` wants beside the opinions.

    Attributes
    ----------
    temperatures : tuple of float
        Of the raw and the own opinion.
    parameters : tuple of float
        As `emotion.voice_adaptation.PARAMETERS` names them.
    unsure_below : float
        Highest smoothed probability under which nothing is said.
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
            "rule": np.array(self.parameters),
            "unsure_below": np.array(self.unsure_below),
            "ordinary": np.array(self.ordinary),
        }


_NO_MARGINS: Final = (0.0,) * len(LABELS)
_NOTHING: Final = np.zeros(len(LABELS))

CAUTIOUS: Final = FittedRule(
    (1.5, 1.5),
    (BASELINE_WINDOWS, SHARE_WINDOWS, LIMIT_WINDOWS, 0.0, 0.0, *(0.0 for _ in EVIDENCE)),
    0.4,
    _NO_MARGINS,
)
"""Where nobody can be left out to fit a rule on: the own opinion never has more than half of the share."""


def fit_rule(voices: Sequence[HeldOutVoice]) -> FittedRule:
    """Fit temperatures, evidence weights, sharpness and the threshold of doubt, in this order."""
    if not voices:
        return CAUTIOUS
    temperatures = (_raw_temperature(voices), _own_temperature(voices))
    counts = BASELINE_WINDOWS, SHARE_WINDOWS, LIMIT_WINDOWS
    unweighted = (*counts, 0.0, 0.0, *(0.0 for _ in EVIDENCE))
    moody = [voice for voice in voices if voice.complete]
    evidence, varied, weights = _evidence(moody, unweighted, temperatures)
    if len(np.unique(varied)) < 2:
        # Too little was heard to say what tells voices in many moods from those in one.
        return FittedRule(temperatures, unweighted, CAUTIOUS.unsure_below, _ordinary(moody))
    machine = LogisticRegression(C=0.1).fit(evidence, varied, sample_weight=weights)
    bias = STEEPNESS * (float(machine.intercept_[0]) - CAUTION)
    weighted = (bias, *(STEEPNESS * machine.coef_[0]).tolist())
    sharpness = _sharpness(voices, (*counts, 0.0, *weighted), temperatures)
    parameters = (*counts, sharpness, *weighted)
    unsure_below = _unsure_below(voices, parameters, temperatures)
    return FittedRule(temperatures, parameters, unsure_below, _ordinary(moody))


def _streams(voice: HeldOutVoice, kind: str) -> list[NDArray[np.int64]]:
    return list(voice.order(kind, np.random.default_rng([_SEED, len(voice.targets), len(kind)])))


class _Answers:
    """Clips that are answered by the mean of what is said of their windows; every corpus counts the same."""

    def __init__(self, clips: Sequence[tuple[HeldOutVoice, int]]) -> None:
        self._num_windows = np.array([len(voice.own[clip]) for voice, clip in clips])
        self._starts = np.cumsum([0, *self._num_windows[:-1]])
        self._targets = np.array([voice.targets[clip] for voice, clip in clips])
        self._weights = _equal_corpora([voice.corpus for voice, _ in clips])

    def lost_nats(self, said: Probabilities) -> float:
        """Tell what the answers lose, by the probabilities of all windows in the order of the clips."""
        right = self._mean(said)[np.arange(len(self._targets)), self._targets]
        return -float(self._weights @ np.log(np.maximum(right, 1e-9)))

    def too_sure(self, said: Probabilities) -> float:
        """Tell by how much the answers are surer than they are right; below 0 if less."""
        answers = self._mean(said)
        right = answers.argmax(axis=1) == self._targets
        return float(self._weights @ (answers.max(axis=1) - right))

    def _mean(self, said: Probabilities) -> Probabilities:
        sums = np.add.reduceat(said, self._starts, axis=0)
        means: Probabilities = sums / self._num_windows[:, np.newaxis]
        return means


def _raw_temperature(voices: Sequence[HeldOutVoice]) -> float:
    answers = [(voice, clip, voice.raw[clip]) for voice in voices for clip in range(len(voice.targets))]
    return _calmest(answers)


def _own_temperature(voices: Sequence[HeldOutVoice]) -> float:
    answers = []
    for voice in voices:
        for order in _streams(voice, "balanced"):
            margins = np.concatenate([voice.own[clip] for clip in order])
            num_heard = np.arange(1, len(margins) + 1)[:, np.newaxis]
            own = margins - np.cumsum(margins, axis=0) / (num_heard + BASELINE_WINDOWS) + voice.own_bias
            ends = np.cumsum([len(voice.own[clip]) for clip in order])
            parts = np.split(own, ends[:-1])
            answers += [(voice, clip, part) for clip, part in zip(order.tolist(), parts, strict=True)]
    return _calmest(answers)


def _calmest(answers: Sequence[tuple[HeldOutVoice, int, Values]]) -> float:
    """Give the temperature at which answers, the mean of a clip's windows, lose the fewest nats."""
    logits = np.concatenate([margins for _, _, margins in answers])
    given = _Answers([(voice, clip) for voice, clip, _ in answers])
    losses = [given.lost_nats(softmax(logits / temperature)) for temperature in _TEMPERATURES]
    return float(_TEMPERATURES[int(np.argmin(losses))])


def _evidence(
    voices: Sequence[HeldOutVoice], parameters: tuple[float, ...], temperatures: tuple[float, float]
) -> tuple[Values, NDArray[np.int64], Values]:
    rows, varied, weights = [], [], []
    for kind, weight in _STREAMS.items():
        for voice in voices:
            rule = VoiceRule(np.array(parameters), voice.own_bias, temperatures[1], _NOTHING)
            for order in _streams(voice, kind):
                heard = islice(_heard(rule, voice, order, temperatures[0]), _FIRST_WINDOW, None, _EVERY)
                found = [sums.evidence() for sums, _, _ in heard]
                rows += found
                varied += [kind != "single"] * len(found)
                weights += [(voice.corpus, kind, weight)] * len(found)
    cells = [f"{corpus}|{kind}" for corpus, kind, _ in weights]
    equal = _equal_corpora(cells) * np.array([weight for _, _, weight in weights])
    return np.array(rows), np.array(varied, dtype=np.int64), equal * len(equal) / equal.sum()


def _sharpness(
    voices: Sequence[HeldOutVoice], parameters: tuple[float, ...], temperatures: tuple[float, float]
) -> float:
    """Give the sharpness at which answers, the mean of a clip's windows, are as sure as they are right.

    That which loses the fewest nats leaves them less sure than that: it fears the worst corpus most.
    """
    clips: list[tuple[HeldOutVoice, int]] = []
    mixed: list[Values] = []
    shares: list[float] = []
    for voice in voices:
        rule = VoiceRule(np.array(parameters), voice.own_bias, temperatures[1], _NOTHING)
        for order in _streams(voice, "balanced"):
            clips += [(voice, clip) for clip in order.tolist()]
            for sums, raw, own in _heard(rule, voice, order, temperatures[0]):
                mixed.append(np.log(rule.probabilities(sums, raw, own)))
                shares.append(rule.known(sums))
    logits, share = np.array(mixed), np.array(shares)[:, np.newaxis]
    given = _Answers(clips)
    away = [abs(given.too_sure(softmax(logits * np.exp(each * share)))) for each in _SHARPNESSES]
    return float(_SHARPNESSES[int(np.argmin(away))])


def _ordinary(voices: Sequence[HeldOutVoice]) -> tuple[float, ...]:
    found = []
    for voice in voices:
        present = np.unique(voice.targets).tolist()
        if NEUTRAL in present:
            means = {
                label: np.mean(
                    [
                        own.mean(axis=0)
                        for own, target in zip(voice.own, voice.targets, strict=True)
                        if target == label
                    ],
                    axis=0,
                )
                for label in present
            }
            away = means[NEUTRAL] - np.mean(list(means.values()), axis=0)
            found.append(away - away.mean())
    return tuple(np.mean(found, axis=0).tolist()) if found else _NO_MARGINS


def _unsure_below(
    voices: Sequence[HeldOutVoice], parameters: tuple[float, ...], temperatures: tuple[float, float]
) -> float:
    highest, corpora = [], []
    share_of_new = 1.0 - math.exp(-0.5)
    for voice in voices:
        rule = VoiceRule(np.array(parameters), voice.own_bias, temperatures[1], _NOTHING)
        for order in _streams(voice, "balanced"):
            smoothed = None
            for sums, raw, own in _heard(rule, voice, order, temperatures[0]):
                said = rule.probabilities(sums, raw, own)
                smoothed = said if smoothed is None else smoothed + share_of_new * (said - smoothed)
                highest.append(float(smoothed.max()))
                corpora.append(voice.corpus)
    order_of = np.argsort(highest)
    passed = np.cumsum(_equal_corpora(corpora)[order_of])
    return float(np.array(highest)[order_of][np.searchsorted(passed, UNSURE_SHARE * passed[-1])])


def _heard(
    rule: VoiceRule, voice: HeldOutVoice, order: NDArray[np.int64], raw_temperature: float
) -> Iterator[tuple[VoiceSums, Values, Values]]:
    """Learn a voice from the windows of a stream; give what is known with each, and its opinions."""
    sums = rule.nothing_heard()
    for clip in order.tolist():
        raws = log_softmax(voice.raw[clip] / raw_temperature)
        for raw, own in zip(raws, voice.own[clip], strict=True):
            sums = rule.learned(sums, raw, own)
            yield sums, raw, own


def _equal_corpora(names: Sequence[str]) -> Values:
    _, place, counts = np.unique(np.array(names), return_inverse=True, return_counts=True)
    weights: Values = 1.0 / (len(counts) * counts[place])
    return weights


MOST_OF_A_CLIP: Final = 3
"""Windows of a clip, under each condition, that opinions are fitted on: those at its edges hear the pause."""


@dataclass(frozen=True, slots=True)
class VoiceAdaptiveRecipe:
    """Opinions on a few windows of every clip; the rule on voices that other opinions had not heard.

    ``ridge`` is that of `fit_opinions`. See `trainer.recipes.base.Recipe` for the
    other attributes, and docs/decisions/0020-recipe-speech.md.
    """

    name: str
    feature_set: str
    ridge: float
    win_seconds: float = 2.0
    step_seconds: float = 0.5
    train_conditions: tuple[str, ...] = ("clean", "phone", "noise10", "speed+varied")

    version = 1

    def fit(self, tables: Sequence[StepTable]) -> DecisionClassifier:
        """Fit on a training side; see `trainer.recipes.base.Recipe.fit`."""
        thinned = windows_of_speech(tables, MOST_OF_A_CLIP)
        opinions = fit_opinions(thinned, self.ridge)
        # The rule is about voices in time: clean streams, whole.
        clean = [table for table in tables if table.condition == "clean"] or tables
        rule = fit_rule(unheard_voices(thinned, windows_of_speech(clean), self.ridge))
        arrays = {**opinions.arrays(), **rule.arrays()}
        return DecisionClassifier(VoiceLinear.from_arrays(arrays), arrays)
