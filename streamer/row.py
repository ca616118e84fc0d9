"""What a leg says: a row for each window, or that it was skipped; a gap where the sample index jumped."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, get_args

State: TypeAlias = Literal["speech", "silence", "noise", "clipped", "unsure"]
"""What a window holds: the first four are the gate's words, `unsure` is the judge's about speech."""

STATES: Final[tuple[State, ...]] = get_args(State)
"""In the order in which they are counted."""

GapCause: TypeAlias = Literal["overrun", "drop", "pause", "stall", "away"]
"""Who lost the sound: the card, we, or the user; or nobody, the source had none to give or was gone."""


@dataclass(frozen=True, slots=True)
class Row:
    """All that is known about one window.

    Attributes
    ----------
    leg : str
        Name of the leg.
    window : int
        Running number of the window in its leg, from 0; those that were skipped have theirs as well.
    start, end : float
        Stream time, s.
    start_sample, end_sample : int
        The same in samples of the source.
    state : {'speech', 'silence', 'noise', 'clipped', 'unsure'}
        Whether speech was heard, and if so whether the model would decide.
    emotion : str or None
        The leading label after smoothing; None unless the state is `speech`.
    probabilities, smoothed : mapping of label to float, or None
        The model's own word for this window, and the smoothed one that the panel shows; None unless the
        state is `speech` or `unsure`.
    level_dbfs : float
        RMS of the window without its DC, dB below full scale; never under -120.
    lag_seconds : float
        From the arrival of the window's last sample to this row.
    voice_known : float
        How well the voice is known, this window included, 0..1; 0 where the model learns no voices.
    """

    leg: str
    window: int
    start: float
    end: float
    start_sample: int
    end_sample: int
    state: State
    emotion: str | None
    probabilities: Mapping[str, float] | None
    smoothed: Mapping[str, float] | None
    level_dbfs: float
    lag_seconds: float
    voice_known: float = 0.0


@dataclass(frozen=True, slots=True)
class Skip:
    """A window of speech that was left out because the machine is too slow: its sound was heard, not judged.

    Attributes
    ----------
    leg : str
        Name of the leg.
    window : int
        Its number in the leg.
    start, end : float
        Stream time, s.
    start_sample, end_sample : int
        The same in samples of the source.
    lag_seconds : float
        From the arrival of its last sample until it was given up.
    demand : float
        How many times as fast the machine would have to be.
    """

    leg: str
    window: int
    start: float
    end: float
    start_sample: int
    end_sample: int
    lag_seconds: float
    demand: float

    @property
    def state(self) -> State:
        """What the gate heard: only speech is skipped."""
        return "speech"


def is_spoken(row: Row | Skip) -> bool:
    """Tell whether a window holds speech.

    Parameters
    ----------
    row : Row or Skip
        Of the window.

    Returns
    -------
    bool
        True where the gate heard speech, sure or not of its emotion.
    """
    return row.state in {"speech", "unsure"}


@dataclass(frozen=True, slots=True)
class Gap:
    """Sound that was never heard: windows end before it and start anew after it.

    Attributes
    ----------
    leg : str
        Name of the leg.
    start, end : float
        Stream time, s.
    start_sample, end_sample : int
        The same in samples of the source.
    cause : {'overrun', 'drop', 'pause', 'stall', 'away'}
        Who lost it.
    estimated : bool
        True where the length was estimated from a clock.
    """

    leg: str
    start: float
    end: float
    start_sample: int
    end_sample: int
    cause: GapCause
    estimated: bool


Said: TypeAlias = Row | Skip | Gap
"""What a leg may say."""
