"""The latest state of a session, as the worker leaves it for the screen."""

from dataclasses import dataclass

from emotion.arrays import FloatArray
from streamer.row import Row


@dataclass(frozen=True, slots=True)
class TrendPoint:
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
    """

    name: str
    row: Row | None
    level_dbfs: float
    floor_dbfs: float
    trend: tuple[TrendPoint, ...]


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
