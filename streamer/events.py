"""What passes between the stages: blocks, rows, skips, gaps, absences of a device, commands of the user."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, get_args

from emotion.arrays import Samples


@dataclass(frozen=True, slots=True, eq=False)
class AudioBlock:
    """Samples with their place in the stream.

    Attributes
    ----------
    samples : ndarray, shape (n, channels), float32, read-only
        Full scale ±1, at the source's own rate.
    first_sample : int
        Index of the first sample, counted from the start of the stream. A jump against the end of the block
        before is a gap.
    arrived : float
        ``time.monotonic()`` when the block arrived, s.
    overrun : bool
        The card lost input just before this block; the jump in `first_sample` is then an estimate.
    stalled : bool
        The source had none to give for a while just before this block: nobody lost any, and the jump is an
        estimate.
    away : bool
        The device was gone until just before this block, and is back; the jump is an estimate.
    jumped : bool
        The user moved in a replay just before this block: nobody lost any sound, and the jump is exact.
    """

    samples: Samples
    first_sample: int
    arrived: float
    overrun: bool = False
    stalled: bool = False
    away: bool = False
    jumped: bool = False

    @property
    def end_sample(self) -> int:
        """One past the index of the last sample."""
        return self.first_sample + len(self.samples)


@dataclass(frozen=True, slots=True)
class Span:
    """A part of the stream.

    Attributes
    ----------
    start, end : float
        Stream time, s.
    start_sample, end_sample : int
        The same in samples of the source.
    """

    start: float
    end: float
    start_sample: int
    end_sample: int


State: TypeAlias = Literal["speech", "silence", "noise", "clipped", "unsure"]
"""What a window holds: the gate gives the first four; the classifier turns speech into `unsure`."""

STATES: Final[tuple[State, ...]] = get_args(State)
"""In the order in which they are counted."""

GapCause: TypeAlias = Literal["overrun", "drop", "pause", "stall", "away", "jump"]
"""Who lost the sound: the card, we, or the user. Or nobody: the source had none to give, was gone, or the
user moved on in a replay."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row(Span):
    """All that is known about one window.

    Attributes
    ----------
    leg : str
        Name of the leg.
    window : int
        Running number of the window in its leg, from 0; those that were skipped have theirs as well.
    state : {'speech', 'silence', 'noise', 'clipped', 'unsure'}
        Whether it holds speech, and if so whether the model would decide.
    emotion : str or None
        The leading label after smoothing; None unless the state is `speech`.
    probabilities, smoothed : mapping of label to float, or None
        Of this window alone, and smoothed as the panel shows them; None unless the
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
    state: State
    emotion: str | None
    probabilities: Mapping[str, float] | None
    smoothed: Mapping[str, float] | None
    level_dbfs: float
    lag_seconds: float
    voice_known: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Skip(Span):
    """A window of speech that was skipped because the machine is too slow.

    Attributes
    ----------
    leg : str
        Name of the leg.
    window : int
        Its number in the leg.
    lag_seconds : float
        From the arrival of its last sample until it was given up.
    demand : float
        How many times as fast the machine would have to be.
    """

    leg: str
    window: int
    lag_seconds: float
    demand: float

    @property
    def state(self) -> State:
        """By the gate: only speech is skipped."""
        return "speech"


def is_spoken(row: Row | Skip) -> bool:
    """Tell whether a window holds speech."""
    return row.state in {"speech", "unsure"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap(Span):
    """Sound that is missing: windows end before it and start anew after it.

    Attributes
    ----------
    leg : str
        Name of the leg.
    cause : {'overrun', 'drop', 'pause', 'stall', 'away', 'jump'}
        Who lost it.
    estimated : bool
        True where the length was estimated from a clock.
    """

    leg: str
    cause: GapCause
    estimated: bool


LegEvent: TypeAlias = Row | Skip | Gap
"""What becomes of the sound of a leg."""


@dataclass(frozen=True, slots=True)
class LineFit:
    """The line of a leg was found not to fit the voice on it, and is no longer used; or to fit it again.

    Attributes
    ----------
    leg : str
        Name of the leg.
    at_seconds : float
        Stream time at the end of the window that decided it, s.
    fits : bool
        What was found.
    """

    leg: str
    at_seconds: float
    fits: bool


LegOutput: TypeAlias = LegEvent | LineFit
"""What a leg gives."""


@dataclass(frozen=True, slots=True)
class Absence:
    """A device that went away, and is waited for; the gap after it ends when it is back.

    Attributes
    ----------
    number : int
        Of the source.
    source : str
        Its name.
    at_seconds : float
        Stream time at the end of the sound before, s.
    reason : str
        What is known of why.
    """

    number: int
    source: str
    at_seconds: float
    reason: str


@dataclass(frozen=True, slots=True)
class Sound:
    """A block as a source delivered it, before the rows that it completes; never one of a pause.

    Attributes
    ----------
    block : AudioBlock
        With the channels that ``SessionInfo.kept_channels`` names.
    source : int
        Number of the source.
    """

    block: AudioBlock
    source: int = 0


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert rule that came true in a leg: one alert an episode.

    Attributes
    ----------
    leg : str
        Name of the leg.
    rule : str
        The rule's text.
    label : str
        The emotion that it watches.
    onset_seconds : float
        Stream time at the start of the first window above the threshold, s.
    at_seconds : float
        Stream time at the end of the window that raised the alert, s.
    probability : float
        Smoothed, of that window, 0..1.
    delay_seconds : float
        From the onset to the alert, s of stream time; the lag of the row comes on top.
    window : int
        Number of the window that raised it, in its leg.
    onset_sample, end_sample : int
        Onset and alert in samples of the source.
    """

    leg: str
    rule: str
    label: str
    onset_seconds: float
    at_seconds: float
    probability: float
    delay_seconds: float
    window: int
    onset_sample: int
    end_sample: int

    @property
    def text(self) -> str:
        """The alert in short, as ``customer angry 0.82 for 5.0 s (angry>0.7 for 5s)``."""
        return f"{self.leg} {self.label} {self.probability:.2f} for {self.delay_seconds:.1f} s ({self.rule})"


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment that the user marked: stream time, s, and seconds since the epoch; what was written of it."""

    at_seconds: float
    clock: float
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Pause:
    """The user begins a pause, or ends it: stream time, s, and seconds since the epoch."""

    at_seconds: float
    clock: float
    paused: bool


@dataclass(frozen=True, slots=True)
class Failure:
    """A sink that was suspended, closed, or works again: one line, as the summary repeats it."""

    message: str


@dataclass(frozen=True, slots=True)
class Complaint:
    """Something that went wrong without ending a sink: one line, as the summary repeats it."""

    message: str


Event: TypeAlias = Sound | LegOutput | Absence | Alert | Mark | Pause | Failure | Complaint
"""What a sink is given."""


APART_SECONDS: Final = 10.0
"""Windows skipped so far apart are reported anew."""


class SkipEpisodes:
    """Keeps when a window was skipped last, of whatever leg."""

    def __init__(self) -> None:
        self._last_end: float | None = None

    def begins_with(self, skip: Skip) -> bool:
        """Take the next window that was skipped."""
        last, self._last_end = self._last_end, max(skip.end, self._last_end or 0.0)
        return last is None or skip.end - last > APART_SECONDS


CommandKind: TypeAlias = Literal["pause", "mark", "begin_note", "end_note"]

MAX_NOTE_CHARACTERS: Final = 200
"""Longest note of a mark."""


@dataclass(frozen=True, slots=True)
class UserCommand:
    """One key.

    Attributes
    ----------
    kind : {'pause', 'mark', 'begin_note', 'end_note'}
        "pause" begins a pause, or ends it. "begin_note" is the moment of the mark that "end_note" sets.
    at_samples : tuple of int
        For each source, one past the last sample that had arrived when the key was pressed: what comes later
        comes after it.
    clock : float
        Seconds since the epoch.
    note : str or None
        What "end_note" gives; None sets no mark.
    """

    kind: CommandKind
    at_samples: tuple[int, ...]
    clock: float
    note: str | None = None
