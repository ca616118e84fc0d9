"""What is fixed while a session runs: id, wall clock, sources, legs, model; and the summary at its end."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from types import MappingProxyType
from typing import Literal, TypeAlias

from emotion.decision import LineState, VoiceState
from emotion.wall_clock import later, local, utc
from streamer.leg_plan import LegPlan, kept_channels
from streamer.sources.base import SourceInfo

ClockKind: TypeAlias = Literal["wall", "given", "stream"]
"""What the time at a moment of the stream is: that of the wall clock; that of the recording, as the user gave
it for a replay; or not known, so that stamps are stream time."""

LineAddition: TypeAlias = Callable[[LineState], LineState | None]
"""Gives a state of a line with one more voice; the same state where the voice spoke too little."""


@dataclass(frozen=True, slots=True)
class LegLine:
    """The line that a leg is on: a microphone, trunk or room, as earlier callers left it.

    Attributes
    ----------
    name, codec : str
        Which line it is.
    voices : int
        Earlier callers.
    state : LineState or None
        Their sums at the start; None where they are not known, as in a journal.
    model_digest : str
        SHA-256 of the arrays of the model that the sums are of; empty without them.
    """

    name: str
    codec: str
    voices: int
    state: LineState | None = field(default=None, repr=False, compare=False)
    model_digest: str = field(default="", repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """The head of a journal and of the panel.

    Attributes
    ----------
    session : str
        Identifier, sorts by time, fit for a file name.
    started : float
        Clock at the start, seconds since the epoch: of the session, or of the recording where `clock` is
        ``given``.
    sources : tuple of SourceInfo
        Where the sound comes from.
    notes : tuple of str
        What the user must know of the sources: mixed down, resampled, not analysed.
    model : str
        Name of the model.
    model_notes : tuple of str
        Shown wherever the model is: fitted on tones, weights not for commercial use.
    feature_set : str
        Name and version, as ``classic-speech/1``.
    labels : tuple of str
        In the model's order.
    win_seconds, step_seconds : float
        The grid, s.
    sample_rate : int
        Of the model, Hz.
    legs : tuple of LegPlan
        In the order in which they are shown.
    callmood_version : str
        The program's own.
    voices : mapping of str to str
        Names of the saved voices that legs go on with, by leg; others begin with nobody's.
    lines : mapping of str to LegLine
        The saved lines that legs are on, by leg; others are on none.
    learns_voice : bool
        Whether what is usual for the voice is learned.
    shows_change_after_seconds : float or None
        How long after a change of emotion it is shown, s, as measured for the card; None where nobody
        measured it, or not with this win and step.
    alerts : tuple of str or None
        The rules that the legs are watched by, as they were given; None where an older journal does not say.
    announced : str or None
        What the parties were told before the start.
    clock : {'wall', 'given', 'stream'}
        Whether `started` and stream time add up to the time at a moment: live; in a replay with `--started`;
        or not, in any other replay.
    utc_offset_seconds : float or None
        Of the clock, s; None for that of this computer.
    """

    session: str
    started: float
    sources: tuple[SourceInfo, ...]
    notes: tuple[str, ...]
    model: str
    model_notes: tuple[str, ...]
    feature_set: str
    labels: tuple[str, ...]
    win_seconds: float
    step_seconds: float
    sample_rate: int
    legs: tuple[LegPlan, ...]
    callmood_version: str
    voices: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    lines: Mapping[str, LegLine] = field(default_factory=lambda: MappingProxyType({}))
    learns_voice: bool = False
    shows_change_after_seconds: float | None = None
    alerts: tuple[str, ...] | None = ()
    announced: str | None = None
    clock: ClockKind = "wall"
    utc_offset_seconds: float | None = field(default=None, compare=False)

    @property
    def staff(self) -> tuple[str, ...]:
        """The legs of employees."""
        return tuple(leg.name for leg in self.legs if leg.staff)

    @property
    def source_name(self) -> str:
        """The names of all sources."""
        return " + ".join(source.name for source in self.sources)

    @property
    def seconds(self) -> float | None:
        """The length of the longest source, s; None where one has no known length."""
        lengths = [source.seconds for source in self.sources if source.seconds is not None]
        return max(lengths) if len(lengths) == len(self.sources) else None

    def kept_channels(self, source: int) -> tuple[int, ...]:
        """Name the channels of a source that sinks are given."""
        return kept_channels(self.legs, source, self.sources[source].channels)


@dataclass(frozen=True, slots=True)
class StrongMoment:
    """An episode of an emotion, among the strongest of its leg.

    Attributes
    ----------
    emotion : str
        The label.
    start, end : float
        Stream time, s.
    mean_probability, peak_probability : float
        Smoothed, over its windows, 0..1.
    """

    emotion: str
    start: float
    end: float
    mean_probability: float
    peak_probability: float


@dataclass(frozen=True, slots=True)
class LegSummary:
    """The totals of one analysed leg.

    Attributes
    ----------
    windows : int
        Rows given.
    state_seconds, emotion_seconds : mapping of str to float
        How long each state lasted and each emotion was shown, s: a step for each window.
    talk_seconds : float
        How long somebody talked, s; windows of speech that were skipped count.
    moments : tuple of StrongMoment
        At most three of each emotion, those with the highest peak, the longer of two; in order of the labels,
        the strongest first.
    """

    windows: int
    state_seconds: Mapping[str, float]
    emotion_seconds: Mapping[str, float]
    talk_seconds: float
    moments: tuple[StrongMoment, ...] = ()

    @property
    def strongest(self) -> StrongMoment | None:
        """The strongest moment of all emotions but neutral, or of it where there is no other."""
        return max(
            self.moments, key=lambda each: (each.emotion != "neutral", each.peak_probability), default=None
        )


@dataclass(frozen=True, slots=True)
class Summary:
    """The last line of a journal and of the screen.

    Attributes
    ----------
    seconds : float
        Stream time, s.
    windows : int
        Rows given.
    states : mapping of state to int
        Rows by state.
    emotions : mapping of label to int
        Rows by leading emotion.
    overruns, gaps, marks : int
        How often the card lost input, the sample index jumped, the user marked a moment.
    dropped_seconds, paused_seconds, slip_seconds : float
        Sound we lost; sound the user kept out; stream time less monotonic time for a live source.
    non_finite_samples : int
        NaN and infinite samples, taken as 0.
    real_time_factor : float
        Processing time over audio time.
    max_lag_seconds : float
        The longest wait from a window's last sample to its row.
    files : tuple of str
        What was written, folders with a slash at the end.
    failures : tuple of str
        What stopped on the way while the monitoring went on.
    talk_seconds : mapping of str to float
        How long somebody talked, by leg, s; empty where there is but one.
    overlap_seconds : float
        How long more than one leg talked at once, s.
    alerts : int
        How many were raised.
    complaints : tuple of str
        What went wrong and ended nothing: an alert's command that failed, a file that was cut.
    drift_seconds : float or None
        How far the samples of the second source lagged behind the first's at the end, s; None without a
        second.
    skipped : int
        Windows of speech that were skipped; they are no rows.
    legs : mapping of str to LegSummary
        The totals of each analysed leg.
    hints : tuple of str
        What might serve the user better next time, one line each; not kept in journals.
    voice_states : mapping of str to VoiceState
        The speaker baseline of each analysed leg, for whoever saves voices.
    line_additions : mapping of str to callable
        For each leg on a line: adds its voice to a state of that line, for whoever saves lines.
    """

    seconds: float
    windows: int
    states: Mapping[str, int]
    emotions: Mapping[str, int]
    overruns: int
    gaps: int
    marks: int
    dropped_seconds: float
    paused_seconds: float
    slip_seconds: float
    non_finite_samples: int
    real_time_factor: float
    max_lag_seconds: float
    files: tuple[str, ...]
    failures: tuple[str, ...]
    talk_seconds: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    overlap_seconds: float = 0.0
    alerts: int = 0
    complaints: tuple[str, ...] = ()
    drift_seconds: float | None = None
    skipped: int = 0
    legs: Mapping[str, LegSummary] = field(default_factory=lambda: MappingProxyType({}))
    hints: tuple[str, ...] = ()
    voice_states: Mapping[str, VoiceState] = field(
        default_factory=lambda: MappingProxyType({}), repr=False, compare=False
    )
    line_additions: Mapping[str, LineAddition] = field(
        default_factory=lambda: MappingProxyType({}), repr=False, compare=False
    )


def new_session_id(started: float) -> str:
    """Name a session so that names sort by time and fit into a file name."""
    return f"{utc(started):%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"


@dataclass(frozen=True, slots=True)
class SessionClock:
    """The clock of a session, with the offset from UTC that held when it began.

    One offset for the whole session: names made from it keep sorting by time in the hour that the end of
    summer time repeats, and a clock that is set back changes nothing.

    Attributes
    ----------
    started : datetime
        When the session, or the recording, began, with its offset.
    kind : {'wall', 'given', 'stream'}
        As in `SessionInfo.clock`.
    """

    started: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    kind: ClockKind = "wall"

    @classmethod
    def of(cls, info: SessionInfo) -> "SessionClock":
        """Give the clock of a session."""
        if info.utc_offset_seconds is None:
            return cls(local(info.started), info.clock)
        zone = timezone(timedelta(seconds=info.utc_offset_seconds))
        return cls(utc(info.started).astimezone(zone), info.clock)

    def at(self, stream_seconds: float) -> datetime | None:
        """Give the time at a moment of the stream; None where it is not known."""
        return None if self.kind == "stream" else later(self.started, stream_seconds)

    def text_at(self, stream_seconds: float) -> str:
        """Write the time at a moment as ISO 8601; where it is not known, stream time as ``00:00:03.500``."""
        moment = self.at(stream_seconds)
        if moment is not None:
            return moment.isoformat(timespec="milliseconds")
        hours, minutes, seconds, milliseconds = split_time(stream_seconds)
        return f"{hours:02d}:{minutes:02d}:{seconds:02d}.{milliseconds:03d}"

    def key_at(self, stream_seconds: float, epoch_seconds: float) -> datetime:
        """Give the time of a key: as it was read, or by the stream where its clock was given."""
        if self.kind == "given":
            return later(self.started, stream_seconds)
        return utc(epoch_seconds).astimezone(self.started.tzinfo)


def split_time(seconds: float) -> tuple[int, int, int, int]:
    """Split a time into hours, minutes, seconds and milliseconds.

    Truncated, not rounded: 59.9996 s must not become the next minute's 00.000.
    """
    # A microsecond more: 0.3 s is a bit less than 300 ms.
    milliseconds = int(seconds * 1000.0 + 0.001)
    return (
        milliseconds // 3_600_000,
        milliseconds // 60_000 % 60,
        milliseconds // 1000 % 60,
        milliseconds % 1000,
    )
