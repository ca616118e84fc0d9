"""The state of a session for the screen, replaced as a whole, and what is kept of each leg for it."""

import math
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from emotion.arrays import FloatArray
from streamer.events import Gap, LegEvent, LineFit, Row, Skip, is_spoken

if TYPE_CHECKING:
    from streamer.analysis.gate import NoiseFloor


@dataclass(frozen=True, slots=True)
class HistoryPoint:
    """One step of the last minute, or one bin of the last ten minutes or the last hour.

    Attributes
    ----------
    end : float
        Stream time of the window's end, or of the latest window's in the bin, s.
    emotion : str or None
        Leading label after smoothing, of a bin the one shown most often; None where none is shown.
    smoothed : tuple of float or None
        Its probabilities in label order; None without speech.
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
        The latest; None until the first window since the start, or since the latest gap, is full.
    level_dbfs, floor_dbfs : float
        RMS of the latest tenth of a second, and the room's noise floor, dB below full scale.
    history : tuple of HistoryPoint
        The probability history: at most the last minute, oldest first.
    long_histories : tuple of tuple of HistoryPoint
        The same in bins, for each of `ZOOMS` but the first; empty where nothing was kept.
    analysed : bool
        False where only the level is taken.
    talks : bool
        Somebody talks on it now.
    talk_share : float or None
        The part of all talk that is its own, 0..1; None where nobody has talked yet, or it is not analysed.
    spoke_last : bool
        Nobody has talked after it.
    since_seconds : float
        Stream time at which its sound began, or went on after the latest gap, s.
    voice_known : float
        How far the speaker baseline is trusted, 0..1.
    line_voices : int or None
        Earlier callers on its line; None where it is on none.
    line_fits : bool
        False where the line was found not to fit this voice.
    """

    name: str
    row: Row | None
    level_dbfs: float
    floor_dbfs: float
    history: tuple[HistoryPoint, ...]
    long_histories: tuple[tuple[HistoryPoint, ...], ...] = ()
    analysed: bool = True
    talks: bool = False
    talk_share: float | None = None
    spoke_last: bool = False
    since_seconds: float = 0.0
    voice_known: float = 0.0
    line_voices: int | None = None
    line_fits: bool = True


LogKind: TypeAlias = Literal["episode", "mark", "alert", "gap", "pause", "device", "load", "line"]
"""What an entry of the event log is of."""

TickKind: TypeAlias = Literal["mark", "alert"]
"""What is a tick on a time axis."""


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One line of the event log.

    Attributes
    ----------
    at_seconds : float
        Stream time of the event, or at which it began, s.
    text : str
        What happened, without the time.
    kind : str
        For its style.
    message : str
        The same as a message; empty where it is none. Where the log is shown, the message is not.
    emotion : str
        The label of an episode, for its colour; empty for what is no episode.
    """

    at_seconds: float
    text: str
    kind: LogKind
    message: str = ""
    emotion: str = ""


@dataclass(frozen=True, slots=True)
class Tick:
    """A moment on a time axis.

    Attributes
    ----------
    at_seconds : float
        Stream time, s.
    kind : {'mark', 'alert'}
        What happened.
    leg : str
        Of an alert; empty for a mark.
    """

    at_seconds: float
    kind: TickKind
    leg: str = ""


@dataclass(frozen=True, slots=True)
class StripView:
    """The whole session in bins of one length.

    Attributes
    ----------
    bin_seconds : float
        Length of a bin, s; it doubles when there would be too many.
    kinds : mapping of str to tuple of str
        For each analysed leg what its bins show, from the start of the stream: a label, a state, "gap",
        "pause", or "" where nothing is known.
    ticks : tuple of Tick
        At most one of each kind a bin.
    """

    bin_seconds: float = 1.0
    kinds: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    ticks: tuple[Tick, ...] = ()


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
        Stream time so far, s.
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
        Windows of speech that were skipped.
    too_slow : float or None
        How many times as fast the machine would have to be; None where it keeps up.
    held : bool
        A replay is paused: its clock stands, and nothing is kept out.
    log : tuple of LogEntry
        The latest events, by time.
    ticks : tuple of Tick
        The latest marks and alerts.
    strip : StripView
        The whole session.
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
    held: bool = False
    log: tuple[LogEntry, ...] = ()
    ticks: tuple[Tick, ...] = ()
    strip: StripView = field(default_factory=StripView)

    def is_live(self, leg: str) -> bool:
        """Tell whether sound of a leg comes in just now; if not, its last row and level are of before."""
        return not self.paused and leg not in self.absent


HISTORY_SECONDS: Final = 60.0

ZOOMS: Final = (HISTORY_SECONDS, 600.0, 3600.0)
"""What the trend may show, s."""

_HISTORY_BINS: Final = 240
"""Bins of each of the longer ones."""


def bin_seconds_of(zoom_seconds: float) -> float:
    """Give the length of the bins in which a longer history is kept, s."""
    return zoom_seconds / _HISTORY_BINS


class _BinnedHistory:
    """The mean of each label, and the emotion shown most often, in bins that stand still on the clock."""

    def __init__(self, zoom_seconds: float) -> None:
        self._bin_seconds = bin_seconds_of(zoom_seconds)
        self._bin = -1
        self._shown: Counter[str | None] = Counter()
        self._sums: list[float] = []
        self._points: deque[HistoryPoint] = deque(maxlen=_HISTORY_BINS)

    def take(self, point: HistoryPoint) -> None:
        """Take a step; the newest point is that of its bin so far."""
        number = math.ceil(point.end / self._bin_seconds - 1e-9)
        if number == self._bin:
            self._points.pop()
        else:
            self._bin, self._sums = number, []
            self._shown.clear()
        if point.smoothed is not None:
            self._shown[point.emotion] += 1
            self._sums = [
                total + share
                for total, share in zip(
                    self._sums or [0.0] * len(point.smoothed), point.smoothed, strict=True
                )
            ]
        count = self._shown.total()
        emotion = self._shown.most_common(1)[0][0] if count else None
        smoothed = tuple(total / count for total in self._sums) if count else None
        self._points.append(HistoryPoint(point.end, emotion, smoothed))

    def since(self, seconds: float) -> tuple[HistoryPoint, ...]:
        """Give the points after a stream time."""
        while self._points and self._points[0].end <= seconds:
            self._points.popleft()
        return tuple(self._points)


_MEMORY_STEPS: Final = 64
"""How many steps a leg may be behind another and still be held against it."""


class TalkTime:
    """Counts, a step of each row at a time, the time in which each leg talks, and in which several do.

    Attributes
    ----------
    last : str or None
        The leg that talked last; the one that began later where several do.
    """

    def __init__(
        self, legs: Sequence[str], step_seconds: float, talks: Callable[[Row | Skip], bool] = is_spoken
    ) -> None:
        self.last: str | None = None
        self._step_seconds = step_seconds
        self._talks = talks
        self._num_overlaps = 0
        self._num_steps = dict.fromkeys(legs, 0)
        self._recent: dict[str, deque[int]] = {leg: deque(maxlen=_MEMORY_STEPS) for leg in legs}
        self._began = dict.fromkeys(legs, -1)

    def take(self, row: Row | Skip) -> None:
        """Count the last step of a row."""
        if not self._talks(row):
            return
        step = math.floor(row.end / self._step_seconds + 0.5)
        own = self._recent[row.leg]
        if not own or own[-1] < step - 1:
            self._began[row.leg] = step
        own.append(step)
        self._num_steps[row.leg] += 1
        num_others = sum(leg != row.leg and step in recent for leg, recent in self._recent.items())
        self._num_overlaps += num_others == 1
        if self.last is None or num_others == 0 or self._began[row.leg] >= self._began[self.last]:
            self.last = row.leg

    def counts(self, leg: str) -> bool:
        """Tell whether a leg is analysed."""
        return leg in self._num_steps

    def share(self, leg: str) -> float | None:
        """Give the part of all talk that is a leg's."""
        total = sum(self._num_steps.values())
        return self._num_steps[leg] / total if total and leg in self._num_steps else None

    def seconds(self, leg: str) -> float:
        """Give how long a leg has talked."""
        return self._num_steps[leg] * self._step_seconds

    @property
    def overlap_seconds(self) -> float:
        """How long more than one leg has talked at once, s."""
        return self._num_overlaps * self._step_seconds

    def talks_now(self, leg: str, seconds: float) -> bool:
        """Tell whether a leg talked in the step that ends about now."""
        recent = self._recent.get(leg)
        return recent is not None and len(recent) > 0 and (recent[-1] + 1.5) * self._step_seconds >= seconds


class LegViews:
    """Keeps of each leg what its view needs; `noise_floors` names the legs in the order of the views.

    `line_voices` has the earlier callers of each line, by leg.
    """

    def __init__(
        self,
        noise_floors: Mapping[str, "NoiseFloor"],
        labels: Sequence[str],
        talk: TalkTime,
        line_voices: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        self._line_voices = line_voices
        self._line_fits = dict.fromkeys(noise_floors, True)
        self._noise_floors = noise_floors
        self._labels = tuple(labels)
        self._talk = talk
        self._rows: dict[str, Row] = {}
        self._histories: dict[str, deque[HistoryPoint]] = {leg: deque() for leg in noise_floors}
        self._binned = {leg: tuple(map(_BinnedHistory, ZOOMS[1:])) for leg in noise_floors}
        self._since_seconds = dict.fromkeys(noise_floors, 0.0)
        self._voice_known = dict.fromkeys(noise_floors, 0.0)
        self._latest_seconds = 0.0

    def begin(self, seconds: float) -> None:
        """Let the sound of all legs begin at a stream time other than 0."""
        self._since_seconds = dict.fromkeys(self._since_seconds, seconds)

    def take(self, event: LegEvent) -> None:
        """Take what comes next of a leg: after a skip the latest row stands, a gap makes it out of date."""
        if isinstance(event, Gap):
            self._rows.pop(event.leg, None)
            self._since_seconds[event.leg] = event.end
            return
        self._latest_seconds = max(self._latest_seconds, event.end)
        self._talk.take(event)
        if isinstance(event, Skip):
            return
        self._rows[event.leg] = event
        self._voice_known[event.leg] = event.voice_known
        smoothed = None if event.smoothed is None else tuple(map(event.smoothed.__getitem__, self._labels))
        history = self._histories[event.leg]
        history.append(point := HistoryPoint(event.end, event.emotion, smoothed))
        for binned in self._binned[event.leg]:
            binned.take(point)
        while history[0].end <= event.end - HISTORY_SECONDS:
            history.popleft()

    def take_line(self, event: LineFit) -> None:
        """Note whether a line fits."""
        self._line_fits[event.leg] = event.fits

    @property
    def views(self) -> tuple[LegView, ...]:
        """One a leg, in their order."""
        return tuple(
            LegView(
                name=leg,
                row=self._rows.get(leg),
                level_dbfs=noise_floor.latest_dbfs,
                floor_dbfs=noise_floor.dbfs,
                history=tuple(self._histories[leg]),
                long_histories=tuple(
                    binned.since(self._latest_seconds - zoom)
                    for zoom, binned in zip(ZOOMS[1:], self._binned[leg], strict=True)
                ),
                analysed=self._talk.counts(leg),
                talks=leg in self._rows and self._talk.talks_now(leg, self._latest_seconds),
                talk_share=self._talk.share(leg),
                spoke_last=self._talk.last == leg,
                since_seconds=self._since_seconds[leg],
                voice_known=self._voice_known[leg],
                line_voices=self._line_voices.get(leg),
                line_fits=self._line_fits[leg],
            )
            for leg, noise_floor in self._noise_floors.items()
        )
