"""The speaker baseline: the sums kept of a voice, how varied it has been, and the rule that adapts to it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from emotion.arrays import Probabilities
from emotion.decision import Values, log_softmax, softmax
from emotion.untrusted_arrays import refuse_beyond

EVIDENCE: Final = ("spread", "restlessness", "variety", "evenness", "doubt")
"""What `voice_evidence` gives, in this order."""

_PRIOR_WINDOWS_OF_SPREAD: Final = 3.0
_PRIOR_SPREAD: Final = 4.0
_PRIOR_STEPS: Final = 2.0
"""The prior: spread and steps of an unknown voice, and their weight in windows."""


def voice_evidence(
    *,
    windows: float,
    spread: float,
    step_squares: float,
    mean_entropy: float,
    raw_entropy: float,
    own_entropy: float,
) -> tuple[float, ...]:
    """Measure how varied the speech of a voice has been.

    Parameters
    ----------
    windows : float
        Windows of speech, at least 1.
    spread : float
        Variance of their own margins, summed over labels.
    step_squares : float
        Sum over windows of half the squared distance of their margins from those of the window before.
    mean_entropy : float
        Entropy of the mean of the raw opinions, nat.
    raw_entropy, own_entropy : float
        Mean entropy of the raw and of the own opinions, nat.

    Returns
    -------
    tuple of float
        As `EVIDENCE` names them: the spread of margins (log), the same against their steps from window to
        window (log), what is left of the raw opinions' entropy once they are known (the mutual information
        of window and label), the entropy of their mean, and the doubt of the own opinion.
    """
    held = (windows * spread + _PRIOR_WINDOWS_OF_SPREAD * _PRIOR_SPREAD) / (
        windows + _PRIOR_WINDOWS_OF_SPREAD
    )
    step = (step_squares + _PRIOR_STEPS * 2.0) / (max(windows - 1.0, 0.0) + _PRIOR_STEPS)
    return (
        math.log(held) - 2.0,
        math.log(held / step) - 1.0,
        3.0 * (mean_entropy - raw_entropy - 0.3),
        2.0 * (mean_entropy - 1.0),
        2.0 * (own_entropy - 0.8),
    )


_PRIOR_WINDOWS: Final = 2.0
_PRIOR_ENTROPY: Final = 1.0
_NEVER_NEGATIVE: Final = ("squares", "raw", "step_squares", "raw_entropy", "own_entropy")
"""Sums of squares, of probabilities and of entropies."""


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
        Sums for `emotion.voice_adaptation.voice_evidence`.
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

    @classmethod
    def nothing(cls, num_labels: int) -> "VoiceSums":
        """Start without a baseline.

        Parameters
        ----------
        num_labels : int
            Of the model.

        Returns
        -------
        VoiceSums
            All zero.
        """
        none = np.zeros(num_labels)
        return cls(0.0, none, none, none, none, 0.0, 0.0, 0.0, 0.0, none)

    @classmethod
    def from_arrays(
        cls, arrays: Mapping[str, NDArray[Any]], num_labels: int, limit_windows: float
    ) -> "VoiceSums":
        """Take up again what `arrays` gave.

        Parameters
        ----------
        arrays : mapping of str to ndarray
            float64, one a field.
        num_labels : int
            Of the model.
        limit_windows : float
            Most windows that the sums can hold.

        Returns
        -------
        VoiceSums
            A copy.

        Raises
        ------
        ValueError
            If they are no such arrays, or hold what cannot be.
        """
        expected = {name: array.shape for name, array in cls.nothing(num_labels).arrays().items()}
        found = {name: array.shape for name, array in arrays.items()}
        if found != expected or any(array.dtype != np.float64 for array in arrays.values()):
            raise ValueError(f"arrays {_shapes(found)}; expected {_shapes(expected)}, float64")
        refuse_beyond(arrays)
        below = [name for name in _NEVER_NEGATIVE if (arrays[name] < 0.0).any()]
        if below:
            raise ValueError(f"array {below[0]} holds a sum below 0")
        windows, enrolled = float(arrays["windows"]), float(arrays["enrolled"])
        if not (0.0 <= windows <= limit_windows and 0.0 <= enrolled <= limit_windows):
            raise ValueError(
                f"{windows:g} windows, {enrolled:g} enrolled; expected 0 to {limit_windows:g} windows"
            )
        return cls(
            windows,
            arrays["margins"].copy(),
            arrays["squares"].copy(),
            arrays["last"].copy(),
            arrays["raw"].copy(),
            float(arrays["step_squares"]),
            float(arrays["raw_entropy"]),
            float(arrays["own_entropy"]),
            enrolled,
            arrays["enrolled_margins"].copy(),
        )

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

    def with_own_opinion(self, own: Values) -> "VoiceSums":
        """Add the own opinion of the latest window.

        Parameters
        ----------
        own : ndarray, shape (num_labels,), float64
            Its log-probabilities.

        Returns
        -------
        VoiceSums
            With it.
        """
        return replace(self, own_entropy=self.own_entropy - float(np.exp(own) @ own))

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
        return VoiceSums(
            self.windows * share,
            self.margins * share,
            self.squares * share,
            self.last,
            self.raw * share,
            self.step_squares * share,
            self.raw_entropy * share,
            self.own_entropy * share,
            self.enrolled,
            self.enrolled_margins,
        )

    def as_enrolment(self, ordinary: Values) -> "VoiceSums":
        """Take the windows so far as ordinary speech.

        Parameters
        ----------
        ordinary : ndarray, shape (num_labels,), float64
            Own margins of ordinary speech, against the usual of its voice.

        Returns
        -------
        VoiceSums
            Enrolled, with no other windows.
        """
        enrolled = self.margins - self.windows * ordinary
        nothing = VoiceSums.nothing(len(ordinary))
        return replace(nothing, enrolled=self.windows, enrolled_margins=enrolled)

    def evidence(self) -> Values:
        """Measure how varied the voice has been.

        Returns
        -------
        ndarray, shape (len(EVIDENCE),), float64
            As `emotion.voice_adaptation.EVIDENCE` names it; needs at least one window.
        """
        mean = self.margins / self.windows
        spread = float((self.squares / self.windows - mean * mean).sum())
        held = self.windows + _PRIOR_WINDOWS
        even = (self.raw + _PRIOR_WINDOWS / len(self.raw)) / held
        return np.array(
            voice_evidence(
                windows=self.windows,
                spread=max(spread, 0.0),
                step_squares=self.step_squares,
                mean_entropy=-float(even @ np.log(even)),
                raw_entropy=(self.raw_entropy + _PRIOR_WINDOWS * _PRIOR_ENTROPY) / held,
                own_entropy=(self.own_entropy + _PRIOR_WINDOWS * _PRIOR_ENTROPY) / held,
            )
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
    `voice_evidence`); the raw opinion gets the rest. Two opinions that agree are worth more than each
    by itself, so the mixture is multiplied by ``exp(sharpness * share)``. Beyond `limit_windows` all sums are
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
        return VoiceSums.nothing(len(self._own_bias))

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
        return VoiceSums.from_arrays(arrays, len(self._own_bias), self._limit_windows)

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
        added = added.with_own_opinion(self.own_opinion(added, margins))
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
            Known at once.
        """
        return sums.as_enrolment(self._ordinary)

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
