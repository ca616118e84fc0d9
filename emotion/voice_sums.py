"""All that is kept of a voice: a few sums over its windows."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from emotion.bounded_arrays import refuse_beyond
from emotion.softmax import Values
from emotion.voice_evidence import voice_evidence

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
        Sums for `emotion.voice_evidence.voice_evidence`.
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
        """Begin with a voice that nobody has heard.

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
            The most that can have been heard.

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
                f"{windows:g} windows heard, {enrolled:g} enrolled; expected 0 to {limit_windows:g} windows"
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
        """Add a window, but for what the own opinion says of it.

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
        """Add what the own opinion says of the latest window.

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
        """Take all that was heard for ordinary speech.

        Parameters
        ----------
        ordinary : ndarray, shape (num_labels,), float64
            Own margins of ordinary speech, against the usual of its voice.

        Returns
        -------
        VoiceSums
            Enrolled; nothing heard beside that.
        """
        enrolled = self.margins - self.windows * ordinary
        nothing = VoiceSums.nothing(len(ordinary))
        return replace(nothing, enrolled=self.windows, enrolled_margins=enrolled)

    def evidence(self) -> Values:
        """Say how varied the voice has been.

        Returns
        -------
        ndarray, shape (len(EVIDENCE),), float64
            As `emotion.voice_evidence.EVIDENCE` names it; at least one window was heard.
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
