"""The state of a session for the screen, replaced as a whole, and the probability history of each leg."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from emotion.arrays import FloatArray
from streamer.events import Row


@dataclass(frozen=True, slots=True)
class HistoryPoint:
    """One step of the last minute.

    Attributes
    ----------
    end : float
        Stream time of the window's end, s.
    emotion : str or None
        Leading label after smoothing; None where none is shown.
    smoothed : tuple of float or None
        Its probabilities in label order; None where no speech was heard.
    """

    end: float
    emotion: str | None
    smoothed: tuple[float, ...] | None


@dataclass(frozen=True, slots=True)
class LegView:
    """What the screen knows of one leg.

    Attributes
    ----------
    name : str
        Name of the leg.
    row : Row or None
        The latest; None until the first window is full.
    level_dbfs, floor_dbfs : float
        RMS of the latest tenth of a second, and the room's noise floor, dB below full scale.
    trend : tuple of TrendPoint
        At most the last minute, oldest first.
    analysed : bool
        False where only the level is taken.
    talks : bool
        Somebody talks on it now.
    talk_share : float or None
        The part of all talk that is its own, 0..1; None where nobody has talked yet, or it is not analysed.
    spoke_last : bool
        Nobody has talked after it.
    """

    name: str
    row: Row | None
    level_dbfs: float
    floor_dbfs: float
    trend: tuple[HistoryPoint, ...]
    analysed: bool = True
    talks: bool = False
    talk_share: float | None = None
    spoke_last: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class SpectrogramView:
    """The last seconds of sound, for the terminal.

    Attributes
    ----------
    columns : ndarray, shape (num_columns, num_bands), float32, read-only
        Mel power in dB re full scale, oldest column first, lowest band first.
    band_hz : tuple of float
        Centre of each band, Hz.
    column_seconds : float
        Time from one column to the next, s.
    end : float
        Stream time at the end of the last column, s.
    """

    columns: FloatArray
    band_hz: tuple[float, ...]
    column_seconds: float
    end: float


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """Everything a panel shows that changes.

    Attributes
    ----------
    stream_seconds : float
        Stream time heard so far, s.
    windows : int
        Rows so far.
    legs : tuple of LegView
        One view a leg.
    lag_seconds, real_time_factor : float
        Of the latest row; of the session so far.
    overruns, gaps, marks : int
        Counts so far.
    dropped_seconds : float
        Sound that we lost, s.
    paused, saving : bool
        Nothing is analysed or saved; sound is being kept on disk.
    messages : tuple of str
        The last few lines worth reading, oldest first.
    spectrogram : SpectrogramView or None
        None unless asked for.
    overlap_seconds : float
        How long more than one leg has talked at once, s.
    drift_seconds : float or None
        How far the samples of the second source lag behind those of the first, s; None where there is but
        one.
    num_alerts : int
        Raised so far: the terminal rings once for each.
    alerts : tuple of str
        Those that hold now, one line each.
    absent : tuple of str
        Names of the legs whose device is away just now, and is waited for.
    mute : tuple of str
        Names of the legs whose source has delivered nothing but zeros for a while.
    skipped : int
        Windows that there was no time to hear.
    too_slow : float or None
        How many times as fast the machine would have to be; None where it keeps up.
    """

    stream_seconds: float
    windows: int
    legs: tuple[LegView, ...]
    lag_seconds: float
    real_time_factor: float
    overruns: int
    gaps: int
    marks: int
    dropped_seconds: float
    paused: bool
    saving: bool
    messages: tuple[str, ...]
    spectrogram: SpectrogramView | None
    overlap_seconds: float = 0.0
    drift_seconds: float | None = None
    num_alerts: int = 0
    alerts: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    mute: tuple[str, ...] = ()
    skipped: int = 0
    too_slow: float | None = None

    def hears(self, leg: str) -> bool:
        """Tell whether a leg is heard just now; where it is not, its last row and level are of before."""
        return not self.paused and leg not in self.absent


HISTORY_SECONDS: Final = 60.0


class ProbabilityHistory:
    """Keeps a point for each row of the last minute."""

    def __init__(self, labels: Sequence[str]) -> None:
        self._labels = tuple(labels)
        self._points: deque[HistoryPoint] = deque()

    def take(self, row: Row) -> None:
        """Append a row; what is older than a minute leaves."""
        smoothed = None if row.smoothed is None else tuple(row.smoothed[label] for label in self._labels)
        self._points.append(HistoryPoint(row.end, row.emotion, smoothed))
        while self._points[0].end <= row.end - HISTORY_SECONDS:
            self._points.popleft()

    @property
    def points(self) -> tuple[HistoryPoint, ...]:
        """Oldest first."""
        return tuple(self._points)
