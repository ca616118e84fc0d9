"""The recipe of the shipped models: linear classifiers, mixed by rules that know the speaker and the line."""

import hashlib
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
from emotion.line_baseline import ARRAYS as LINE_ARRAYS
from emotion.line_baseline import (
    LONGEST_CALL_WINDOWS,
    MOST_VOICES,
    LineRule,
    LineSums,
    LineValues,
)
from emotion.smoothing import ProbabilitySmoother
from emotion.voice_adaptation import EVIDENCE, VoiceRule, VoiceSums
from emotion.voice_linear import VoiceLinear
from trainer.cache import Cache, cache_key, library_versions
from trainer.recipes.base import (
    LEAST_SHARE,
    FittedClassifier,
    TrainingWindows,
    mostly_neutral_order,
    single_order,
    windows_of_speech,
)
from trainer.recipes.linear import NEUTRAL_SHARE, LinearExperts, fit_experts
from trainer.window_table import StepTable

NEUTRAL: Final = LABELS.index("neutral")

STEP_SECONDS: Final = 0.5
"""Between the windows that rules are fitted on."""

MOST_OF_A_CLIP: Final = 3
"""Windows of a clip, under each condition, that experts are fitted on: those at its edges hold the pause."""

EXPERTS_VERSION: Final = 1
"""Raise it when the same windows give other experts. Caches are keyed by it."""

DOUBTED: Final = 0.35
"""Of the way from chance to 1: a corpus whose labels the others find no better is reported."""

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

UNSURE_SHARE: Final = 0.2
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
    step_seconds: float = STEP_SECONDS
    train_conditions: tuple[str, ...] = ("clean", "phone", "noise10", "speed+varied")
    learns_voices: bool = True

    gate = "voice"
    version = 6

    def fit(self, tables: Sequence[StepTable]) -> FittedClassifier:
        """Fit on a training side; see `trainer.recipes.base.Recipe.fit`."""
        thinned = windows_of_speech(tables, MOST_OF_A_CLIP)
        experts = experts_of(thinned, self.ridge)
        # The rule is about voices in time: clean streams, whole.
        clean = [table for table in tables if table.condition == "clean"] or tables
        tested_on = windows_of_speech(clean)
        voices = held_out_voices(thinned, tested_on, self.ridge)
        rule = fit_rule(voices) if self.learns_voices else fit_doubt(voices)
        arrays = experts.arrays() | rule.arrays()
        if rule.line is None:
            arrays = {name: array for name, array in arrays.items() if name not in LINE_ARRAYS}
        doubted = _doubted([*voices, *_incomplete_voices(thinned, tested_on, self.ridge)])
        return FittedClassifier(VoiceLinear.from_arrays(arrays), arrays=arrays, remarks=doubted)


def experts_of(windows: TrainingWindows, ridge: float) -> LinearExperts:
    """Fit experts, or find in the cache what was fitted on the same windows.

    Folds share them: the corpora a and b are left out together, whichever of the two is scored.
    """
    digest = hashlib.blake2b(digest_size=16)
    for name, array in windows.columns().items():
        if name != "clip":
            digest.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
    key = cache_key(
        experts=EXPERTS_VERSION,
        windows=digest.hexdigest(),
        ridge=ridge,
        libraries=library_versions("numpy", "scipy"),
    )
    cache = Cache.of_kind("experts")
    if found := cache.load(key):
        return LinearExperts(**found)
    experts = fit_experts(windows, ridge)
    cache.store(key, experts.arrays())
    return experts


@dataclass(frozen=True, slots=True, eq=False)
class HeldOutVoice:
    """The clips of one speaker under one condition, classified by experts fitted without them.

    Attributes
    ----------
    raw, own : list of ndarray, each of shape (num_windows, num_labels), float64
        Margins of the windows of each clip in order: of the raw expert with its bias, of the adapted one
        without.
    line : list of LineValues, or None
        Of the windows of each clip; None of experts that know no lines.
    biases : tuple of ndarray, each of shape (num_labels,), float64
        Of the adapted expert, and of the line's.
    targets : ndarray, shape (num_clips,), int64
        Label of each clip.
    corpus : str
        Where the speaker is from.
    complete : bool
        Whether every emotion has its share in that corpus.
    fold : int
        Voices of one fold were classified by the same experts.
    """

    raw: list[Values]
    own: list[Values]
    line: list[LineValues] | None
    biases: tuple[Values, Values]
    targets: NDArray[np.int64]
    corpus: str
    complete: bool
    fold: int

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
    for number, (left_out, tested) in enumerate(folds):
        rest = fitted_on.take(~left_out)
        if len(rest) and np.array_equal(np.unique(rest.targets), np.unique(fitted_on.targets)):
            voices += _voices(tested_on.take(tested), experts_of(rest, ridge), complete, number)
    return voices


def _incomplete_voices(
    fitted_on: TrainingWindows, tested_on: TrainingWindows, ridge: float
) -> list[HeldOutVoice]:
    """Classify the incomplete corpora by experts fitted on the complete ones, of which there are several."""
    complete = fitted_on.complete_corpora
    inside = np.isin(fitted_on.corpus, complete)
    if len(complete) < 2 or inside.all():
        return []
    others = tested_on.take(~np.isin(tested_on.corpus, complete))
    return _voices(others, experts_of(fitted_on.take(inside), ridge), complete, len(complete))


def _folds_of_speakers(
    fitted_on: TrainingWindows, tested_on: TrainingWindows, complete: tuple[str, ...]
) -> list[tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
    inside = np.isin(fitted_on.corpus, complete)
    speakers = np.random.default_rng(0).permutation(np.unique(fitted_on.speaker[inside]))
    parts = [speakers[first::NUM_SPEAKER_FOLDS] for first in range(NUM_SPEAKER_FOLDS)]
    return [
        (np.isin(fitted_on.speaker, part), np.isin(tested_on.speaker, part)) for part in parts if len(part)
    ]


def _voices(
    part: TrainingWindows, experts: LinearExperts, complete: tuple[str, ...], fold: int
) -> list[HeldOutVoice]:
    scaled = experts.scaled(part.vectors)
    raw = (scaled @ experts.raw_weights + experts.raw_bias).astype(np.float64)
    own = (scaled @ experts.own_weights).astype(np.float64)
    line = None
    biases = experts.own_bias.astype(np.float64), np.zeros(len(LABELS))
    if (
        experts.line_weights is not None
        and experts.line_bias is not None
        and experts.place_weights is not None
    ):
        line = LineValues(
            (scaled @ experts.line_weights).astype(np.float64),
            (scaled @ experts.place_weights).astype(np.float64),
        )
        biases = biases[0], experts.line_bias.astype(np.float64)
    voices = []
    keys = part.voice
    for key in np.unique(keys):
        rows = np.flatnonzero(keys == key)
        clips, first = np.unique(part.clip[rows], return_index=True)
        of_clip = [rows[part.clip[rows] == clip] for clip in clips]
        corpus = str(part.corpus[rows[0]])
        voices.append(
            HeldOutVoice(
                [raw[each] for each in of_clip],
                [own[each] for each in of_clip],
                None if line is None else [LineValues(line.margins[e], line.place[e]) for e in of_clip],
                biases,
                part.targets[rows[first]],
                corpus,
                corpus in complete,
                fold,
            )
        )
    return voices


def _doubted(voices: Sequence[HeldOutVoice]) -> dict[str, str]:
    """Name the corpora whose labels experts of the others hardly find, over the labels that they have."""
    lines = {}
    for corpus in sorted({voice.corpus for voice in voices}):
        targets, found = [], []
        for voice in (each for each in voices if each.corpus == corpus):
            usual = np.concatenate(voice.own).mean(axis=0)
            targets += voice.targets.tolist()
            found += [(own - usual + voice.biases[0]).mean(axis=0) for own in voice.own]
        truth = np.array(targets)
        labels = np.flatnonzero(np.bincount(truth, minlength=len(LABELS)) >= LEAST_SHARE * len(truth))
        said = labels[np.array(found)[:, labels].argmax(axis=1)]
        uar = float(np.mean([(said[truth == label] == label).mean() for label in labels]))
        chance = 1.0 / len(labels)
        if len(labels) > 1 and uar - chance < DOUBTED * (1.0 - chance):
            lines[corpus] = (
                f"{corpus}: the other corpora find its {len(labels)} labels with UAR {uar:.2f} (chance "
                f"{chance:.2f}); check how it was labelled, or leave it out"
            )
    return lines


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
    line : tuple of float, or None
        As `emotion.line_baseline.PARAMETERS` names them; None where no line could be tried.
    """

    temperatures: tuple[float, float]
    parameters: tuple[float, ...]
    unsure_below: float
    ordinary: tuple[float, ...]
    line: tuple[float, ...] | None = None

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Give the arrays by name."""
        return {
            "temperatures": np.array(self.temperatures),
            "rule": np.array(self.parameters, dtype=np.float64),
            "unsure_below": np.array(self.unsure_below),
            "ordinary": np.array(self.ordinary),
            **({} if self.line is None else {"line_rule": np.array(self.line)}),
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
    rule = replace(
        CAUTIOUS,
        temperatures=temperatures,
        ordinary=_ordinary(varied_voices),
        line=_fit_line(voices, temperatures[0]),
    )
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


_LINE_VOICES: Final = (1, 3, 8)
"""Earlier voices of the lines that a line's rule is fitted on."""

_LINE_MIXES: Final = (None, NEUTRAL_SHARE)
"""Share of neutral speech in their calls; None for as much of each emotion."""

_NEAR_QUANTILE: Final = 0.75
_FAR_QUANTILE: Final = 0.97
"""Of the distances of voices from their own line: up to one a line is fully trusted, beyond the other not."""

_LINE_SHARPNESSES: Final = np.linspace(-1.0, 2.0, 31)


def _fit_line(voices: Sequence[HeldOutVoice], raw_temperature: float) -> tuple[float, ...] | None:
    """Fit temperature, distances and sharpness of a line's rule; None where no two voices share a line."""
    calls = [
        (voice, sums, number, share)
        for voice in voices
        for number in _LINE_VOICES
        for share in _LINE_MIXES
        if (sums := _line_of(voice, voices, number, share)).count
    ]
    if not calls:
        return None
    answers = []
    for voice, sums, _, _ in calls:
        for clip, values in enumerate(voice.line or ()):
            moved = values.margins - sums.margins / (sums.count + 1.0) + voice.biases[1]
            answers.append((voice, clip, moved))
    temperature = _best_temperature(answers)
    plain = (temperature, 0.0, 0.0, 1.0)
    distances, corpora = [], []
    for voice, sums, number, share in calls:
        if number == max(_LINE_VOICES) and share is None:
            found = list(_distances(voice, sums, LineRule(np.array(plain), voice.biases[1], len(sums.place))))
            distances += found
            corpora += [voice.corpus] * len(found)
    near, far = _weighted_quantiles(distances, corpora, (_NEAR_QUANTILE, _FAR_QUANTILE))
    distant = (near, max(far, near * 1.05, 1e-6))
    return (temperature, _line_sharpness(calls, raw_temperature, (temperature, 0.0, *distant)), *distant)


def _line_of(
    voice: HeldOutVoice, voices: Sequence[HeldOutVoice], number: int, neutral_share: float | None
) -> LineSums:
    """Give a line on which some other voices were heard, drawn the same every time."""
    others = [
        each
        for each in voices
        if each is not voice and (each.corpus, each.fold) == (voice.corpus, voice.fold) and each.line
    ]
    rng = np.random.default_rng([_SEED, number, len(voice.targets), len(others)])
    sums = LineSums(0.0, np.zeros(len(LABELS)), np.zeros(voice.line[0].place.shape[-1] if voice.line else 0))
    for place in rng.permutation(len(others))[:number].tolist() if voice.line else ():
        sums = sums.plus(mean_line_values(others[place], neutral_share), MOST_VOICES)
    return sums


def mean_line_values(voice: HeldOutVoice, neutral_share: float | None) -> LineValues:
    """Give what a call of a voice leaves on its line.

    Parameters
    ----------
    voice : HeldOutVoice
        Of experts that know lines.
    neutral_share : float or None
        Of neutral speech in the call; None for as much of each emotion that the voice speaks in.

    Returns
    -------
    LineValues
        The mean of its windows.
    """
    present = np.unique(voice.targets).tolist()
    weights = dict.fromkeys(present, 1.0)
    if neutral_share is not None and NEUTRAL in present and len(present) > 1:
        weights = dict.fromkeys(present, (1.0 - neutral_share) / (len(present) - 1)) | {
            NEUTRAL: neutral_share
        }
    total = sum(weights.values())
    margins, place = (
        sum(
            weights[label]
            / total
            * np.mean([parts[clip].mean(axis=0) for clip in voice.clips_of(label)], axis=0)
            for label in present
        )
        for parts in zip(*(voice.line or ()), strict=True)
    )
    return LineValues(margins, place)


def _distances(voice: HeldOutVoice, sums: LineSums, rule: LineRule) -> Iterator[float]:
    """Give the distance of a voice from its line after each clip of streams in one emotion, and in all."""
    for kind in ("balanced", "single"):
        for order in voice.streams(kind):
            call = rule.no_sums()
            for values in ((voice.line or [])[clip] for clip in order.tolist()):
                for margins, place in zip(*values, strict=True):
                    call = call.plus(LineValues(margins, place), LONGEST_CALL_WINDOWS)
                yield rule.distance(sums, call)


def _weighted_quantiles(
    values: Sequence[float], corpora: Sequence[str], quantiles: Sequence[float]
) -> tuple[float, ...]:
    order = np.argsort(values)
    passed = np.cumsum(_equal_corpora(corpora)[order])
    places = np.minimum(np.searchsorted(passed, np.array(quantiles) * passed[-1]), len(order) - 1)
    return tuple(np.array(values)[order][places].tolist())


def _line_sharpness(
    calls: Sequence[tuple[HeldOutVoice, LineSums, int, float | None]],
    raw_temperature: float,
    parameters: tuple[float, ...],
) -> float:
    """Give the sharpness at which answers that know the line alone are as confident as they are right."""
    clips, mixed, shares = [], [], []
    for voice, sums, _, _ in calls:
        rule = LineRule(np.array(parameters), voice.biases[1], len(sums.place))
        whole = LineSums(
            float(sum(len(each.place) for each in voice.line or ())),
            np.zeros(len(LABELS)),
            np.sum([each.place.sum(axis=0) for each in voice.line or ()], axis=0),
        )
        share = rule.view(sums, whole).share
        for clip, values in enumerate(voice.line or ()):
            clips.append((voice, clip))
            mixed.append(
                rule.mixed(sums, share, log_softmax(voice.raw[clip] / raw_temperature), values.margins)
            )
            shares.append(np.full((len(values.margins), 1), share))
    logits, share_of = np.concatenate(mixed), np.concatenate(shares)
    answers = _Answers(clips)
    away = [abs(answers.overconfidence(softmax(logits * np.exp(s * share_of)))) for s in _LINE_SHARPNESSES]
    return float(_LINE_SHARPNESSES[int(np.argmin(away))])


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
            own = margins - np.cumsum(margins, axis=0) / (num_windows + BASELINE_WINDOWS) + voice.biases[0]
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
        rule = VoiceRule(np.array(fitted.parameters), voice.biases[0], fitted.temperatures[1], _NOTHING)
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
    for voice, _, rule, windows in _streams(voices, "balanced", fitted):
        smoother = ProbabilitySmoother(STEP_SECONDS)
        for sums, raw, own in windows:
            highest.append(float(smoother.speech(rule.probabilities(sums, raw, own)).max()))
            corpora.append(voice.corpus)
    return _weighted_quantiles(highest, corpora, (UNSURE_SHARE,))[0]
