"""How much sound a moment has."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite
from typing import Final

from emotion.errors import UsageError

MARGIN_SECONDS: Final = 1.0
LONGEST_MOMENT_SECONDS: Final = 60.0

_LONGEST_ALLOWED_SECONDS: Final = 600.0
_MOST_BYTES: Final = 500_000_000
_SAMPLE_BYTES: Final = 4


@dataclass(frozen=True, slots=True)
class MomentLimits:
    """How much sound a moment has.

    Attributes
    ----------
    margin_seconds : float
        Before the episode and after it, s.
    longest_seconds : float
        A clip has no more, margins included, s; a longer episode goes on in the next clip.
    """

    margin_seconds: float = MARGIN_SECONDS
    longest_seconds: float = LONGEST_MOMENT_SECONDS

    def check(self, win_seconds: float) -> None:
        """Refuse limits that a window does not fit into, or that make clips too long."""
        margin, longest = self.margin_seconds, self.longest_seconds
        if not (isfinite(margin) and margin >= 0.0):
            raise UsageError(f"--margin is {margin:g} s; give 0 or more, such as 1")
        if not longest <= _LONGEST_ALLOWED_SECONDS:
            raise UsageError(f"--longest is {longest:g} s; {_LONGEST_ALLOWED_SECONDS:g} is the most")
        if longest < (least := win_seconds + 2.0 * margin):
            raise UsageError(
                f"--longest is {longest:g} s; a window of {win_seconds:g} s with a --margin of {margin:g} s "
                f"on both sides needs {least:g}"
            )

    def check_memory(self, seconds: float, sample_rates: Iterable[int]) -> None:
        """Refuse to hold so many seconds of each leg in memory where that is too much.

        Parameters
        ----------
        seconds : float
            Of each leg, s.
        sample_rates : iterable of int
            Of the source of each leg, Hz.
        """
        num_bytes = _SAMPLE_BYTES * seconds * sum(sample_rates)
        if num_bytes > _MOST_BYTES:
            raise UsageError(
                f"--longest is {self.longest_seconds:g} s; the sound of all legs would take "
                f"{num_bytes / 1e6:.0f} MB of memory and {_MOST_BYTES / 1e6:.0f} are the most; "
                "give a smaller --longest"
            )
