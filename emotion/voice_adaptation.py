"""The speaker baseline: the sums kept of a voice, how varied it has been, and the rule that adapts to it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from emotion.arrays import Probabilities
from emotion.decision import Values, log_softmax, softmax
from emotion.untrusted import refuse_beyond

EVIDENCE: Final = ("spread", "restlessness", "variety", "evenness", "doubt")
"""What `VoiceSums.evidence` gives, in this order."""

_PRIOR_WINDOWS_OF_SPREAD: Final = 3.0
_PRIOR_SPREAD: Final = 4.0
_PRIOR_STEPS: Final = 2.0
"""The prior: spread and steps of an unknown voice, and their weight in windows."""
_PRIOR_WINDOWS: Final = 2.0
_PRIOR_ENTROPY: Final = 1.0
_NEVER_NEGATIVE: Final = ("squares", "raw", "step_squares", "raw_entropy", "own_entropy")
"""Sums of squares, of probabilities and of entropies."""
_OF_ALL_WINDOWS: Final = ("windows", "margins", *_NEVER_NEGATIVE)
"""What fades with time."""


@dataclass(frozen=True, slots=True, eq=False)
class VoiceSums:
    """Sums over the windows of a voice, those long ago counting less; margins are own ones.

    Attributes
    ----------
    windows : float
        How many.
    margins, squares : ndarray, shape (num_labels,), float64
        Sum of margins less their mean over labels, and of their squares.
    last : ndarray, shape (num_labels,), float64
        Margins of the latest window.
    raw : ndarray, shape (num_labels,), float64
        Sum of the raw opinions' probabilities.
    step_squares, raw_entropy, own_entropy : float
        Sum over windows of half the squared distance of their margins from those of the window before, and of
        the entropies of the raw and the own opinions, nat.
    enrolled : float
        Windows of ordinary speech that the voice was enrolled with; none of the above counts them.
    enrolled_margins : ndarray, shape (num_labels,), float64
        Sum of their margins, less what ordinary speech has of them.
    """

    windows: float
    margins: Values
    squares: Values
    last: Values
    raw: Values
    step_squares: float
    raw_entropy: float
    own_entropy: float
    enrolled: float
    enrolled_margins: Values

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Give the sums as arrays that a file can hold."""
        return {field.name: np.array(getattr(self, field.name), dtype=np.float64) for field in fields(self)}

    def with_window(self, raw: Values, margins: Values) -> "VoiceSums":
        """Add a window, except its own opinion.

        Parameters
        ----------
        raw : ndarray, shape (num_labels,), float64
            Log-probabilities of the raw opinion.
        margins : ndarray, shape (num_labels,), float64
            Own margins.

        Returns
        -------
        VoiceSums
            With it.
        """
        centred = margins - margins.mean()
        step = centred - self.last if self.windows else np.zeros_like(centred)
        probabilities = np.exp(raw)
        return VoiceSums(
            self.windows + 1.0,
            self.margins + centred,
            self.squares + centred * centred,
            centred,
            self.raw + probabilities,
            self.step_squares + float(step @ step) / 2.0,
            self.raw_entropy - float(probabilities @ raw),
            self.own_entropy,
            self.enrolled,
            self.enrolled_margins,
        )

    def scaled(self, share: float) -> "VoiceSums":
        """Let everything count less.

        Parameters
        ----------
        share : float
            Of its weight that is left, 0..1.

        Returns
        -------
        VoiceSums
            The latest window stays what it is.
        """
        return replace(self, **{name: getattr(self, name) * share for name in _OF_ALL_WINDOWS})

    def evidence(self) -> Values:
        """Measure how varied the voice has been.

        Returns
        -------
        ndarray, shape (len(EVIDENCE),), float64
            As `EVIDENCE` names it: the spread of margins (log), the same against their steps from window to
            window (log), what is left of the raw opinions' entropy once they are known (the mutual
            information of window and label), the entropy of their mean, and the doubt of the own opinion.
            Needs at least one window.
        """
        mean = self.margins / self.windows
        spread = max(float((self.squares / self.windows - mean * mean).sum()), 0.0)
        spread = (self.windows * spread + _PRIOR_WINDOWS_OF_SPREAD * _PRIOR_SPREAD) / (
            self.windows + _PRIOR_WINDOWS_OF_SPREAD
        )
        step = (self.step_squares + _PRIOR_STEPS * 2.0) / (max(self.windows - 1.0, 0.0) + _PRIOR_STEPS)
        held = self.windows + _PRIOR_WINDOWS
        even = (self.raw + _PRIOR_WINDOWS / len(self.raw)) / held
        mean_entropy = -float(even @ np.log(even))
        raw_entropy = (self.raw_entropy + _PRIOR_WINDOWS * _PRIOR_ENTROPY) / held
        own_entropy = (self.own_entropy + _PRIOR_WINDOWS * _PRIOR_ENTROPY) / held
        return np.array(
            [
                math.log(spread) - 2.0,
                math.log(spread / step) - 1.0,
                3.0 * (mean_entropy - raw_entropy - 0.3),
                2.0 * (mean_entropy - 1.0),
                2.0 * (own_entropy - 0.8),
            ]
        )


def _shapes(shapes: Mapping[str, tuple[int, ...]]) -> str:
    return ", ".join(f"{name} {shapes[name]}" for name in sorted(shapes)) or "none"


PARAMETERS: Final = (
    "baseline_windows",
    "share_windows",
    "limit_windows",
    "sharpness",
    "evidence_bias",
    *EVIDENCE,
)
"""What the array ``rule`` of a model holds, in this order; see `VoiceRule`."""

_NUM_COUNTS: Final = 3
_MAX_SHARPNESS: Final = 50.0
"""It stands in an exponent."""


class VoiceRule:
    """Two opinions are mixed: the raw one, and one that looks at what differs from usual for this voice.

    With n windows and S the sum of their own margins, the own opinion of margins m is
    ``log_softmax((m - S / (n + baseline_windows) + own_bias) / own_temperature)``. What is usual for a voice
    can be learned only from one that changes: a caller who is angry throughout would pass for neutral. So the
    own opinion's share of the log-probabilities is ``n / (n + share_windows)`` times
    ``sigmoid(evidence_bias + weights . evidence)``, the evidence being how varied the voice has been (see
    `VoiceSums.evidence`); the raw opinion gets the rest. Two opinions that agree are worth more than each by
    itself, so the mixture is multiplied by ``exp(sharpness * share)``. Beyond `limit_windows` all sums are
    scaled back to it: a voice that changes slowly is followed, and no sum grows for ever. A voice that was
    enrolled is trusted from the start, and further speech moves it as far as that speech is varied. See
    docs/decisions/0019-voices.md.

    Parameters
    ----------
    parameters : ndarray, shape (len(PARAMETERS),), float64
        As `PARAMETERS` names them: three numbers of windows, the sharpness, a bias, and a weight for each
        evidence.
    own_bias : ndarray, shape (num_labels,), float64
        Of the own margins.
    own_temperature : float
        Over 0.
    ordinary : ndarray, shape (num_labels,), float64
        Own margins of ordinary, neutral speech against the usual of its voice.

    Raises
    ------
    ValueError
        If there are more or fewer parameters, or one cannot be.
    """

    def __init__(
        self, parameters: Values, own_bias: Values, own_temperature: float, ordinary: Values
    ) -> None:
        if parameters.shape != (len(PARAMETERS),):
            raise ValueError(f"array rule holds {parameters.size} values; expected {', '.join(PARAMETERS)}")
        baseline_windows, share_windows, limit_windows = parameters[:_NUM_COUNTS].tolist()
        if min(baseline_windows, share_windows) < 0.0 or limit_windows < 1.0:
            raise ValueError(f"array rule says {parameters.tolist()}; numbers of windows are not negative")
        self._baseline_windows: float = baseline_windows
        self._share_windows: float = share_windows
        self._limit_windows: float = limit_windows
        self._sharpness, self._evidence_bias = parameters[_NUM_COUNTS : _NUM_COUNTS + 2].tolist()
        if abs(self._sharpness) > _MAX_SHARPNESS:
            raise ValueError(f"array rule says sharpness {self._sharpness:g}, beyond ±{_MAX_SHARPNESS:g}")
        self._evidence_weights = parameters[_NUM_COUNTS + 2 :]
        self._own_bias = own_bias
        self._own_temperature = own_temperature
        self._ordinary = ordinary

    def empty_sums(self) -> VoiceSums:
        """Start without a baseline."""
        none = np.zeros(len(self._own_bias))
        return VoiceSums(0.0, none, none, none, none, 0.0, 0.0, 0.0, 0.0, none)

    def sums_of(self, arrays: Mapping[str, NDArray[Any]]) -> VoiceSums:
        """Take up again what `VoiceSums.arrays` gave.

        Parameters
        ----------
        arrays : mapping of str to ndarray
            float64.

        Returns
        -------
        VoiceSums
            A copy.

        Raises
        ------
        ValueError
            If they are no such arrays, or hold what cannot be.
        """
        expected = {name: array.shape for name, array in self.empty_sums().arrays().items()}
        found = {name: array.shape for name, array in arrays.items()}
        if found != expected or any(array.dtype != np.float64 for array in arrays.values()):
            raise ValueError(f"arrays {_shapes(found)}; expected {_shapes(expected)}, float64")
        refuse_beyond(arrays)
        below = [name for name in _NEVER_NEGATIVE if (arrays[name] < 0.0).any()]
        if below:
            raise ValueError(f"array {below[0]} holds a sum below 0")
        windows, enrolled = float(arrays["windows"]), float(arrays["enrolled"])
        if not (0.0 <= windows <= self._limit_windows and 0.0 <= enrolled <= self._limit_windows):
            raise ValueError(
                f"{windows:g} windows, {enrolled:g} enrolled; expected 0 to {self._limit_windows:g} windows"
            )
        values: dict[str, Any] = {
            name: array.copy() if array.ndim else float(array) for name, array in arrays.items()
        }
        return VoiceSums(**values)

    def learned(self, sums: VoiceSums, raw: Values, margins: Values) -> VoiceSums:
        """Add a window.

        Parameters
        ----------
        sums : VoiceSums
            Of the windows before it.
        raw : ndarray, shape (num_labels,), float64
            Log-probabilities of the raw opinion.
        margins : ndarray, shape (num_labels,), float64
            Own margins.

        Returns
        -------
        VoiceSums
            With it.
        """
        added = sums.with_window(raw, margins)
        own = self.own_opinion(added, margins)
        added = replace(added, own_entropy=added.own_entropy - float(np.exp(own) @ own))
        if added.windows > self._limit_windows:
            added = added.scaled(self._limit_windows / added.windows)
        return added

    def own_opinion(self, sums: VoiceSums, margins: Values) -> Values:
        """Give the opinion that knows what is usual for the voice.

        Parameters
        ----------
        sums : VoiceSums
            What is known of the voice.
        margins : ndarray, shape (num_labels,), float64
            Own margins.

        Returns
        -------
        ndarray, shape (num_labels,), float64
            Log-probabilities.
        """
        moved = self._trust(sums) if sums.enrolled else 1.0
        weight = moved * sums.windows + sums.enrolled + self._baseline_windows
        usual = (moved * sums.margins + sums.enrolled_margins) / weight
        return log_softmax((margins - usual + self._own_bias) / self._own_temperature)

    def enrolled(self, sums: VoiceSums) -> VoiceSums:
        """Take the speech so far as this voice's ordinary speech.

        Parameters
        ----------
        sums : VoiceSums
            Of some seconds of it.

        Returns
        -------
        VoiceSums
            Known at once, with no other windows.
        """
        enrolled = sums.margins - sums.windows * self._ordinary
        return replace(self.empty_sums(), enrolled=sums.windows, enrolled_margins=enrolled)

    def probabilities(self, sums: VoiceSums, raw: Values, margins: Values) -> Probabilities:
        """Mix both opinions of a window.

        Parameters
        ----------
        sums : VoiceSums
            What is known of the voice.
        raw : ndarray, shape (num_labels,), float64
            Log-probabilities of the raw opinion.
        margins : ndarray, shape (num_labels,), float64
            Own margins.

        Returns
        -------
        ndarray, shape (num_labels,), float64
            Sums to 1; the raw opinion alone where nothing is known.
        """
        share = self.known(sums)
        if share == 0.0:
            return softmax(raw)
        mixed = (1.0 - share) * raw + share * self.own_opinion(sums, margins)
        return softmax(mixed * math.exp(self._sharpness * share))

    def known(self, sums: VoiceSums) -> float:
        """Say how well the voice is known: the share of the own opinion.

        Parameters
        ----------
        sums : VoiceSums
            What is kept of it.

        Returns
        -------
        float
            0 at first, towards 1 for a voice that was enrolled, or has spoken long and in many moods.
        """
        enrolled = sums.enrolled / (sums.enrolled + self._baseline_windows) if sums.enrolled else 0.0
        share = sums.windows / (sums.windows + self._share_windows) if sums.windows else 0.0
        return max(enrolled, self._trust(sums) * share)

    def _trust(self, sums: VoiceSums) -> float:
        """Give the probability that the speech so far is varied enough to learn from, 0..1."""
        if not sums.windows:
            return 0.0
        logit = self._evidence_bias + math.fsum((self._evidence_weights * sums.evidence()).tolist())
        return 1.0 / (1.0 + math.exp(-max(-50.0, min(50.0, logit))))
