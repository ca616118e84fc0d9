"""The rule by which a voice is learned, and by which that changes what is said."""

import math
from collections.abc import Mapping
from typing import Any, Final

from numpy.typing import NDArray

from emotion.arrays import Probabilities
from emotion.softmax import Values, log_softmax, softmax
from emotion.voice_evidence import EVIDENCE
from emotion.voice_sums import VoiceSums

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

    With n windows heard and S the sum of their own margins, the own opinion of margins m is
    ``log_softmax((m - S / (n + baseline_windows) + own_bias) / own_temperature)``. What is usual for a voice
    can be learned only from one that changes: a caller who is angry throughout would pass for neutral. So the
    own opinion's share of the log-probabilities is ``n / (n + share_windows)`` times
    ``sigmoid(evidence_bias + weights . evidence)``, the evidence being how varied the voice has been (see
    `emotion.voice_evidence`); the raw opinion gets the rest. Two opinions that agree are worth more than each
    by itself, so the mixture is multiplied by ``exp(sharpness * share)``. Beyond `limit_windows` all sums are
    scaled back to it: a voice that changes slowly is followed, and no sum grows for ever. A voice that was
    enrolled is trusted from the start, and what is heard moves it as far as it is varied. See
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

    def nothing_heard(self) -> VoiceSums:
        """Begin with a voice that nobody has heard."""
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
        """Take all that was heard for the ordinary speech of this voice.

        Parameters
        ----------
        sums : VoiceSums
            Of some seconds of it.

        Returns
        -------
        VoiceSums
            Known at once, whatever the voice will say.
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
            0 at first, towards 1 for a voice that was enrolled, or heard for long and in many moods.
        """
        enrolled = sums.enrolled / (sums.enrolled + self._baseline_windows) if sums.enrolled else 0.0
        heard = sums.windows / (sums.windows + self._share_windows) if sums.windows else 0.0
        return max(enrolled, self._trust(sums) * heard)

    def _trust(self, sums: VoiceSums) -> float:
        """Say how likely what was heard is varied enough to learn from, 0..1."""
        if not sums.windows:
            return 0.0
        logit = self._evidence_bias + math.fsum((self._evidence_weights * sums.evidence()).tolist())
        return 1.0 / (1.0 + math.exp(-max(-50.0, min(50.0, logit))))
