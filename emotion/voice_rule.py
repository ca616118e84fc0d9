"""The rule by which a voice is learned, and by which that changes what is said."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from emotion.arrays import Probabilities
from emotion.softmax import Values, log_softmax, softmax

PARAMETERS: Final = ("most_share", "baseline_windows", "share_windows", "limit_windows")
"""What the array ``rule`` of a model holds, in this order; see `VoiceRule`."""


@dataclass(frozen=True, slots=True, eq=False)
class VoiceSums:
    """All that is kept of a voice.

    Attributes
    ----------
    windows : float
        How many windows were heard, those long ago counting less.
    margins : ndarray, shape (num_labels,), float64
        Sum of their own margins.
    """

    windows: float
    margins: Values

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Give the sums as arrays that a file can hold."""
        return {"windows": np.array(self.windows), "margins": self.margins.copy()}


class VoiceRule:
    """Two opinions are mixed: the raw one, and one that looks at what differs from usual for this voice.

    With n windows heard and S the sum of their own margins, the own opinion of margins m is
    ``log_softmax((m - S / (n + baseline_windows) + own_bias) / own_temperature)``; it gets the share
    ``most_share * n / (n + share_windows)`` of the log-probabilities, the raw one the rest. Beyond
    `limit_windows`, n and S are scaled back to it: a voice that changes slowly is followed, and no sum grows
    for ever. See docs/decisions/0019-voices.md.

    Parameters
    ----------
    parameters : ndarray, shape (4,), float64
        As `PARAMETERS` names them: a share, 0..1; three numbers of windows.
    own_bias : ndarray, shape (num_labels,), float64
        Of the own margins.
    own_temperature : float
        Over 0.

    Raises
    ------
    ValueError
        If there are more or fewer parameters, or one cannot be.
    """

    def __init__(self, parameters: Values, own_bias: Values, own_temperature: float) -> None:
        if parameters.shape != (len(PARAMETERS),):
            raise ValueError(f"array rule holds {parameters.size} values; expected {', '.join(PARAMETERS)}")
        most_share, baseline_windows, share_windows, limit_windows = parameters.tolist()
        if not 0.0 <= most_share <= 1.0:
            raise ValueError(f"array rule says most_share {most_share:g}; expected 0 to 1")
        if min(baseline_windows, share_windows) < 0.0 or limit_windows < 1.0:
            raise ValueError(f"array rule says {parameters.tolist()}; numbers of windows are not negative")
        self._most_share: float = most_share
        self._baseline_windows: float = baseline_windows
        self._share_windows: float = share_windows
        self._limit_windows: float = limit_windows
        self._own_bias = own_bias
        self._own_temperature = own_temperature

    def nothing_heard(self) -> VoiceSums:
        """Begin with a voice that nobody has heard."""
        return VoiceSums(0.0, np.zeros(len(self._own_bias)))

    def sums_of(self, arrays: Mapping[str, NDArray[Any]]) -> VoiceSums:
        """Take up again what `VoiceSums.arrays` gave.

        Parameters
        ----------
        arrays : mapping of str to ndarray
            ``windows``, of shape (), and ``margins``, of shape (num_labels,); float64.

        Returns
        -------
        VoiceSums
            A copy.

        Raises
        ------
        ValueError
            If they are no such arrays, or hold what cannot be.
        """
        expected = {name: array.shape for name, array in self.nothing_heard().arrays().items()}
        found = {name: array.shape for name, array in arrays.items()}
        if found != expected or any(array.dtype != np.float64 for array in arrays.values()):
            raise ValueError(f"arrays {_shapes(found)}; expected {_shapes(expected)}, float64")
        windows, margins = float(arrays["windows"]), arrays["margins"].copy()
        if not (np.isfinite(margins).all() and 0.0 <= windows <= self._limit_windows):
            raise ValueError(
                f"{windows:g} windows heard, and margins of {np.abs(margins).max():g}; "
                f"expected 0 to {self._limit_windows:g} windows, and finite margins"
            )
        return VoiceSums(windows, margins)

    def learned(self, sums: VoiceSums, raw: Values, margins: Values) -> VoiceSums:  # noqa: ARG002
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
        windows, total = sums.windows + 1.0, sums.margins + margins
        if windows <= self._limit_windows:
            return VoiceSums(windows, total)
        return VoiceSums(self._limit_windows, total * (self._limit_windows / windows))

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
        share = self._most_share * self.known(sums)
        if share == 0.0:
            return softmax(raw)
        usual = sums.margins / (sums.windows + self._baseline_windows)
        own = log_softmax((margins - usual + self._own_bias) / self._own_temperature)
        return softmax((1.0 - share) * raw + share * own)

    def known(self, sums: VoiceSums) -> float:
        """Say how well the voice is known.

        Parameters
        ----------
        sums : VoiceSums
            What is kept of it.

        Returns
        -------
        float
            0 at first, towards 1.
        """
        return sums.windows / (sums.windows + self._share_windows) if sums.windows else 0.0


def _shapes(shapes: Mapping[str, tuple[int, ...]]) -> str:
    return ", ".join(f"{name} {shapes[name]}" for name in sorted(shapes)) or "none"
