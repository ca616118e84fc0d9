"""The line baseline: what is usual on a microphone, trunk or room, learned from the voices heard there."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from emotion.decision import VOICES, LineState, LineView, Values, log_softmax
from emotion.untrusted import MIN_DIVISOR, refuse_beyond

ARRAYS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "line_weights": ("<f4", ("d", "k")),
    "line_bias": ("<f4", ("k",)),
    "place_weights": ("<f4", ("d", "p")),
    "line_rule": ("<f8", ("l",)),
}
"""Names, types and shapes in ``model.npz``: all of them, or none in a model that knows no lines."""

PARAMETERS: Final = ("temperature", "sharpness", "near", "far")
"""What the array ``line_rule`` holds, in this order; see `LineRule`."""

MOST_SHARE: Final = 0.5
"""Of the log-probabilities: an angry line would mislead the line's opinion alone."""

MOST_VOICES: Final = 100.0
"""The sums of a line are scaled back to this many, so that it follows a line that changes slowly."""

LEAST_WINDOWS: Final = 10.0
"""A voice with fewer windows of speech tells nothing about its line."""

SETTLING_WINDOWS: Final = 5.0
"""The mean of a voice's windows is as far off, in windows, as voices on one line are from each other."""

LONGEST_CALL_WINDOWS: Final = 1200.0
"""The sums of a call are scaled back to so many windows: ten minutes of speech."""

_MARGINS: Final = "margins"
_PLACE: Final = "place"
_MAX_VALUE: Final = 1.0e6
_MAX_SHARPNESS: Final = 50.0


class LineValues(NamedTuple):
    """What a line looks at in a window; linear in its vector.

    Attributes
    ----------
    margins : ndarray, shape (num_labels,) or (n, num_labels), float64
        Line margins, without their bias.
    place : ndarray, shape (num_places,) or (n, num_places), float64
        Where it lies in directions in which lines differ more than voices on one line do.
    """

    margins: Values
    place: Values


@dataclass(frozen=True, slots=True, eq=False)
class LineSums:
    """Sums over earlier voices, each with its mean; or over the windows of one call.

    Attributes
    ----------
    count : float
        Of voices, or windows.
    margins, place : ndarray, float64
        Sums of `LineValues`.
    """

    count: float
    margins: Values
    place: Values

    def plus(self, values: LineValues, most: float) -> "LineSums":
        """Add one; beyond `most` all sums are scaled back to it."""
        count, margins, place = self.count + 1.0, self.margins + values.margins, self.place + values.place
        if count > most:
            return LineSums(most, margins * (most / count), place * (most / count))
        return LineSums(count, margins, place)


class LineRule:
    """A third opinion beside a voice's two: the raw one corrected by what is usual on the line.

    With n earlier voices on the line and M the sum of each one's mean line margins, the line's opinion of
    margins m is ``log_softmax((m - M / (n + 1) + line_bias) / temperature)``: the mean of the voices, shrunk
    by n / (n + 1). It gets the share ``s = 0.5 * agreement`` of the log-probabilities, the raw opinion the
    rest, and the mixture is multiplied by ``exp(sharpness * s)``. What is mixed stands for the raw opinion in
    `emotion.voice_adaptation.VoiceRule`.

    A line that is not this one is noticed by its place: the agreement falls from 1 to 0 while the distance
    between the mean place of the present voice and that of the line grows from `near` to `far`. Distances are
    divided by ``sqrt(1 + 1 / n + SETTLING_WINDOWS / t)``, t being the windows heard of the voice: means of
    few are far from each other by chance. See docs/decisions/0038-line.md.

    Parameters
    ----------
    parameters : ndarray, shape (len(PARAMETERS),), float64
        As `PARAMETERS` names them.
    bias : ndarray, shape (num_labels,), float64
        Of the line margins.
    num_places : int
        Length of `LineValues.place`.

    Raises
    ------
    ValueError
        If there are more or fewer parameters, or one cannot be.
    """

    def __init__(self, parameters: Values, bias: Values, num_places: int) -> None:
        if parameters.shape != (len(PARAMETERS),):
            raise ValueError(
                f"array line_rule holds {parameters.size} values; expected {', '.join(PARAMETERS)}"
            )
        temperature, sharpness, near, far = parameters.tolist()
        if temperature < MIN_DIVISOR or not 0.0 <= near < far:
            raise ValueError(
                f"array line_rule says {parameters.tolist()}; expected a temperature over 0, and two "
                "distances of which the second is larger"
            )
        if abs(sharpness) > _MAX_SHARPNESS:
            raise ValueError(f"array line_rule says sharpness {sharpness:g}, beyond ±{_MAX_SHARPNESS:g}")
        self._temperature: float = temperature
        self._sharpness: float = sharpness
        self._near: float = near
        self._far: float = far
        self._bias = bias
        self._num_places = num_places

    def no_sums(self) -> LineSums:
        """Start without voices, or windows."""
        return LineSums(0.0, np.zeros(len(self._bias)), np.zeros(self._num_places))

    def sums_of(self, line: LineState) -> LineSums:
        """Take up again what `state_of` gave; an empty one is a line without voices.

        Parameters
        ----------
        line : mapping of str to ndarray
            float64.

        Returns
        -------
        LineSums
            Of its voices.

        Raises
        ------
        ValueError
            If the arrays are others, or hold what cannot be.
        """
        if not line:
            return self.no_sums()
        expected = {name: array.shape for name, array in _arrays(self.no_sums()).items()}
        found = {name: array.shape for name, array in line.items()}
        if found != expected or any(array.dtype != np.float64 for array in line.values()):
            raise ValueError(f"arrays {found} for a line; expected {expected}, float64")
        refuse_beyond(line)
        voices = float(line[VOICES])
        if not 0.0 <= voices <= MOST_VOICES:
            raise ValueError(f"{voices:g} voices on a line; expected 0 to {MOST_VOICES:g}")
        for name in (_MARGINS, _PLACE):
            if (np.abs(line[name]) > _MAX_VALUE * voices).any():
                raise ValueError(f"array {name} holds more than {voices:g} voices can leave")
        return LineSums(voices, line[_MARGINS].copy(), line[_PLACE].copy())

    def state_of(self, sums: LineSums, call: LineSums) -> LineState:
        """Give the line with the voice of a call added, as arrays that a file can hold."""
        if call.count < LEAST_WINDOWS:
            return _arrays(sums)
        means = (np.clip(each / call.count, -_MAX_VALUE, _MAX_VALUE) for each in (call.margins, call.place))
        return _arrays(sums.plus(LineValues(*means), MOST_VOICES))

    def view(self, sums: LineSums, call: LineSums) -> LineView:
        """Tell what the line does for a voice.

        Parameters
        ----------
        sums : LineSums
            Of earlier voices.
        call : LineSums
            Of the present voice's windows so far.

        Returns
        -------
        LineView
            With a share of 0 where no voice was heard before.
        """
        if not sums.count:
            return LineView(0.0, 0.0, fits=True)
        agreement = self._agreement(sums, call)
        return LineView(sums.count, MOST_SHARE * agreement, fits=agreement > 0.0)

    def mixed(self, sums: LineSums, share: float, raw: Values, margins: Values) -> Values:
        """Mix the raw opinion of a window with the line's.

        Parameters
        ----------
        sums : LineSums
            Of earlier voices.
        share : float
            Of the line's opinion, as `view` gives it.
        raw : ndarray, shape (..., num_labels), float64
            Log-probabilities.
        margins : ndarray, shape (..., num_labels), float64
            Line margins.

        Returns
        -------
        ndarray, shape (..., num_labels), float64
            Log-probabilities; the raw ones where the line has no share.
        """
        if share == 0.0:
            return raw
        mixed = (1.0 - share) * raw + share * self.opinion(sums, margins)
        return log_softmax(mixed * math.exp(self._sharpness * share))

    def opinion(self, sums: LineSums, margins: Values) -> Values:
        """Give the log-probabilities of the line's opinion, of shape (..., num_labels) as its margins."""
        return log_softmax((margins - sums.margins / (sums.count + 1.0) + self._bias) / self._temperature)

    def distance(self, sums: LineSums, call: LineSums) -> float:
        """Measure how far the present voice is from the line, at least one window and one voice given."""
        away = call.place / call.count - sums.place / sums.count
        expected = 1.0 + 1.0 / sums.count + SETTLING_WINDOWS / call.count
        return math.sqrt(float(away @ away) / expected)

    def _agreement(self, sums: LineSums, call: LineSums) -> float:
        """Tell how far the present voice may belong to the line, 0..1."""
        if not call.count:
            return 1.0
        left = (self._far - self.distance(sums, call)) / (self._far - self._near)
        return min(1.0, max(0.0, left))


def _arrays(sums: LineSums) -> LineState:
    return {VOICES: np.array(sums.count), _MARGINS: sums.margins.copy(), _PLACE: sums.place.copy()}


def rule_of(arrays: Mapping[str, NDArray[Any]]) -> LineRule | None:
    """Build the rule from the arrays of a model; None where it knows no lines.

    Parameters
    ----------
    arrays : mapping of str to ndarray
        Of ``model.npz``.

    Returns
    -------
    LineRule or None
        Ready.

    Raises
    ------
    ValueError
        If only some of the arrays are there, or `LineRule` does not take them.
    """
    there = [name for name in ARRAYS if name in arrays]
    if not there:
        return None
    if len(there) < len(ARRAYS):
        missing = next(name for name in ARRAYS if name not in arrays)
        raise ValueError(f"array {missing} is missing beside {there[0]}")
    return LineRule(
        arrays["line_rule"].astype(np.float64),
        arrays["line_bias"].astype(np.float64),
        arrays["place_weights"].shape[1],
    )
