"""What is to be scored, in which streams, under which conditions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from emotion.errors import UsageError
from evaluation.streams.plan import STREAM_KINDS, StreamKind, default_seeds
from trainer.conditions.catalogue import EVALUATION_CONDITIONS, check_condition

TRAINING_KIND: Final[StreamKind] = "balanced"
"""Recipes fit on streams of all clips."""

TRAINING_SEED: Final = 0


@dataclass(frozen=True, slots=True)
class Settings:
    """The axes of the table.

    Attributes
    ----------
    kinds : tuple of {'balanced', 'mostly-neutral', 'single'}
        Of streams.
    conditions : tuple of str
        Lines that the test side is heard through.
    baselines : tuple of bool
        Without the speaker baseline, with it.
    num_seeds : int or None
        Orders of the mostly neutral and single streams; None for the usual number. Balanced streams hold
        every clip and are heard in one order.
    """

    kinds: tuple[StreamKind, ...] = STREAM_KINDS
    conditions: tuple[str, ...] = EVALUATION_CONDITIONS
    baselines: tuple[bool, ...] = (False, True)
    num_seeds: int | None = None

    def seeds(self, kind: StreamKind) -> tuple[int, ...]:
        """Give the seeds of a kind of stream.

        Parameters
        ----------
        kind : {'balanced', 'mostly-neutral', 'single'}
            Of streams.

        Returns
        -------
        tuple of int
            At least one.
        """
        if kind == "balanced" or self.num_seeds is None:
            return default_seeds(kind)
        return tuple(range(self.num_seeds))


def settings_of(
    kinds: Sequence[str], conditions: Sequence[str], baselines: tuple[bool, ...], num_seeds: int | None
) -> Settings:
    """Check what a user asks for.

    Parameters
    ----------
    kinds, conditions : sequence of str
        Names; none of them means the usual ones.
    baselines : tuple of bool
        Without the speaker baseline, with it.
    num_seeds : int or None
        At least 1.

    Returns
    -------
    Settings
        Streams in the house's order, conditions in that asked for.

    Raises
    ------
    UsageError
        If there is no such kind of stream, or no such condition.
    """
    for name in kinds:
        if name not in STREAM_KINDS:
            raise UsageError(f"no kind of stream is called {name!r}; choose from {', '.join(STREAM_KINDS)}")
    for name in conditions:
        check_condition(name)
    chosen = tuple(kind for kind in STREAM_KINDS if not kinds or kind in kinds)
    return Settings(chosen, tuple(conditions) or EVALUATION_CONDITIONS, baselines, num_seeds)
