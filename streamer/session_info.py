"""What is fixed while a session runs: id, wall clock, sources, legs, model; and the summary at its end."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from emotion.decision import VoiceState
from emotion.wall_clock import later, local, utc
from streamer.leg_plan import LegPlan, kept_channels
from streamer.sources.base import SourceInfo


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """The head of a journal and of the panel.

    Attributes
    ----------
    session : str
        Identifier, sorts by time, fit for a file name.
    started : float
        Wall clock at the start, seconds since the epoch.
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
    learns_voice : bool
        Whether what is usual for the voice is learned.
    shows_change_after_seconds : float or None
        How long after a change of emotion it is shown, s, as measured for the card; None where nobody
        measured it, or not with this win and step.
    alerts : tuple of str
        The rules that the legs are watched by, as they were given.
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
    learns_voice: bool = False
    shows_change_after_seconds: float | None = None
    alerts: tuple[str, ...] = ()

    @property
    def source_name(self) -> str:
        """The names of all sources."""
        return " + ".join(source.name for source in self.sources)

    @property
    def seconds(self) -> float | None:
        """The length of the sound where it is known, s."""
        return self.sources[0].seconds

    def kept_channels(self, source: int) -> tuple[int, ...]:
        """Name the channels of a source that sinks are given."""
        return kept_channels(self.legs, source, self.sources[source].channels)


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
    voice_states : mapping of str to VoiceState
        The speaker baseline of each analysed leg, for whoever saves voices.
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
    voice_states: Mapping[str, VoiceState] = field(
        default_factory=lambda: MappingProxyType({}), repr=False, compare=False
    )


def new_session_id(started: float) -> str:
    """Name a session so that names sort by time and fit into a file name."""
    return f"{utc(started):%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"


@dataclass(frozen=True, slots=True)
class SessionClock:
    """Wall-clock time with the offset from UTC that held when the session began.

    One offset for the whole session: names made from it keep sorting by time in the hour that the end of
    summer time repeats, and a clock that is set back changes nothing.

    Attributes
    ----------
    started : datetime
        When the session began, with its offset.
    """

    started: datetime

    @classmethod
    def from_epoch(cls, started: float) -> "SessionClock":
        """Start the clock."""
        return cls(local(started))

    def at(self, stream_seconds: float) -> datetime:
        """Give the time at a moment of the stream."""
        return later(self.started, stream_seconds)

    def read(self, epoch_seconds: float) -> datetime:
        """Give a reading of the wall clock with the session's offset."""
        return utc(epoch_seconds).astimezone(self.started.tzinfo)

    def iso(self, epoch_seconds: float) -> str:
        """Write a reading of the wall clock as ISO 8601."""
        return self.read(epoch_seconds).isoformat(timespec="milliseconds")
