"""Fit how opinions are mixed, how sure they are, and when nothing is to be said: on voices not fitted on."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from emotion.labels import LABELS
from emotion.softmax import Values, log_softmax, softmax
from emotion.voice_evidence import EVIDENCE
from emotion.voice_rule import VoiceRule
from trainer.recipes.unheard_voices import NEUTRAL, UnheardVoice

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
_SHARPNESSES: Final = np.linspace(0.0, 1.0, 21)
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
        As `emotion.voice_rule.PARAMETERS` names them.
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


def fit_rule(voices: Sequence[UnheardVoice]) -> FittedRule:
    """Fit temperatures, the weights of the evidence, the sharpness and the threshold of doubt, in this order.

    Parameters
    ----------
    voices : sequence of UnheardVoice
        None gives `CAUTIOUS`.

    Returns
    -------
    FittedRule
        Every corpus counts the same.
    """
    if not voices:
        return CAUTIOUS
    temperatures = (_raw_temperature(voices), _own_temperature(voices))
    counts = BASELINE_WINDOWS, SHARE_WINDOWS, LIMIT_WINDOWS
    unweighted = (*counts, 0.0, 0.0, *(0.0 for _ in EVIDENCE))
    evidence, varied, weights = _evidence(voices, unweighted, temperatures)
    if len(np.unique(varied)) < 2:
        # Too little was heard to say what tells voices in many moods from those in one.
        return FittedRule(temperatures, unweighted, CAUTIOUS.unsure_below, _ordinary(voices))
    machine = LogisticRegression(C=0.1).fit(evidence, varied, sample_weight=weights)
    bias = STEEPNESS * (float(machine.intercept_[0]) - CAUTION)
    weighted = (bias, *(STEEPNESS * machine.coef_[0]).tolist())
    sharpness = _sharpness(voices, (*counts, 0.0, *weighted), temperatures)
    parameters = (*counts, sharpness, *weighted)
    unsure_below = _unsure_below(voices, parameters, temperatures)
    return FittedRule(temperatures, parameters, unsure_below, _ordinary(voices))


def _streams(voice: UnheardVoice, kind: str) -> list[NDArray[np.int64]]:
    return list(voice.order(kind, np.random.default_rng([_SEED, len(voice.targets), len(kind)])))


def _raw_temperature(voices: Sequence[UnheardVoice]) -> float:
    answers = [(voice, clip, voice.raw[clip]) for voice in voices for clip in range(len(voice.targets))]
    return _calmest(answers)


def _own_temperature(voices: Sequence[UnheardVoice]) -> float:
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


def _calmest(answers: Sequence[tuple[UnheardVoice, int, Values]]) -> float:
    """Give the temperature at which answers, the mean of a clip's windows, lose the fewest nats."""
    num_windows = [len(margins) for _, _, margins in answers]
    starts = np.cumsum([0, *num_windows[:-1]])
    logits = np.concatenate([margins for _, _, margins in answers])
    targets = np.array([voice.targets[clip] for voice, clip, _ in answers])
    weights = _equal_corpora([voice.corpus for voice, _, _ in answers])
    losses = []
    for temperature in _TEMPERATURES:
        sums = np.add.reduceat(softmax(logits / temperature), starts, axis=0)
        right = sums[np.arange(len(targets)), targets] / np.array(num_windows)
        losses.append(-float(weights @ np.log(np.maximum(right, 1e-9))))
    return float(_TEMPERATURES[int(np.argmin(losses))])


def _evidence(
    voices: Sequence[UnheardVoice], parameters: tuple[float, ...], temperatures: tuple[float, float]
) -> tuple[Values, NDArray[np.int64], Values]:
    rows, varied, weights = [], [], []
    for kind, weight in _STREAMS.items():
        for voice in voices:
            rule = VoiceRule(np.array(parameters), voice.own_bias, temperatures[1], _NOTHING)
            for order in _streams(voice, kind):
                sums = rule.nothing_heard()
                found = []
                for number, (raw, own) in enumerate(_windows(voice, order, temperatures[0])):
                    sums = rule.learned(sums, raw, own)
                    if number >= _FIRST_WINDOW and (number - _FIRST_WINDOW) % _EVERY == 0:
                        found.append(sums.evidence())
                rows += found
                varied += [kind != "single"] * len(found)
                weights += [(voice.corpus, kind, weight)] * len(found)
    cells = [f"{corpus}|{kind}" for corpus, kind, _ in weights]
    equal = _equal_corpora(cells) * np.array([weight for _, _, weight in weights])
    return np.array(rows), np.array(varied, dtype=np.int64), equal * len(equal) / equal.sum()


def _sharpness(
    voices: Sequence[UnheardVoice], parameters: tuple[float, ...], temperatures: tuple[float, float]
) -> float:
    """Give the sharpness at which answers, the mean of a clip's windows, lose the fewest nats."""
    mixed: list[Values] = []
    shares: list[float] = []
    starts, targets, corpora = [], [], []
    for voice in voices:
        rule = VoiceRule(np.array(parameters), voice.own_bias, temperatures[1], _NOTHING)
        for order in _streams(voice, "balanced"):
            sums = rule.nothing_heard()
            for clip in order.tolist():
                starts.append(len(shares))
                targets.append(voice.targets[clip])
                corpora.append(voice.corpus)
                raws = log_softmax(voice.raw[clip] / temperatures[0])
                for raw, own in zip(raws, voice.own[clip], strict=True):
                    sums = rule.learned(sums, raw, own)
                    mixed.append(np.log(rule.probabilities(sums, raw, own)))
                    shares.append(rule.known(sums))
    logits, share = np.array(mixed), np.array(shares)[:, np.newaxis]
    num_windows = np.diff(np.append(starts, len(share)))
    weights = _equal_corpora(corpora)
    losses = []
    for sharpness in _SHARPNESSES:
        said = np.add.reduceat(softmax(logits * np.exp(sharpness * share)), starts, axis=0)
        right = said[np.arange(len(targets)), targets] / num_windows
        losses.append(-float(weights @ np.log(np.maximum(right, 1e-9))))
    return float(_SHARPNESSES[int(np.argmin(losses))])


def _ordinary(voices: Sequence[UnheardVoice]) -> tuple[float, ...]:
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
    voices: Sequence[UnheardVoice], parameters: tuple[float, ...], temperatures: tuple[float, float]
) -> float:
    highest, corpora = [], []
    share_of_new = 1.0 - math.exp(-0.5)
    for voice in voices:
        rule = VoiceRule(np.array(parameters), voice.own_bias, temperatures[1], _NOTHING)
        for order in _streams(voice, "balanced"):
            sums = rule.nothing_heard()
            smoothed = None
            for raw, own in _windows(voice, order, temperatures[0]):
                sums = rule.learned(sums, raw, own)
                said = rule.probabilities(sums, raw, own)
                smoothed = said if smoothed is None else smoothed + share_of_new * (said - smoothed)
                highest.append(float(smoothed.max()))
                corpora.append(voice.corpus)
    order_of = np.argsort(highest)
    passed = np.cumsum(_equal_corpora(corpora)[order_of])
    return float(np.array(highest)[order_of][np.searchsorted(passed, UNSURE_SHARE * passed[-1])])


def _windows(
    voice: UnheardVoice, order: NDArray[np.int64], raw_temperature: float
) -> list[tuple[Values, Values]]:
    return [
        (raw, own)
        for clip in order.tolist()
        for raw, own in zip(log_softmax(voice.raw[clip] / raw_temperature), voice.own[clip], strict=True)
    ]


def _equal_corpora(names: Sequence[str]) -> Values:
    _, place, counts = np.unique(np.array(names), return_inverse=True, return_counts=True)
    weights: Values = 1.0 / (len(counts) * counts[place])
    return weights
