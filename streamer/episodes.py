"""Episodes: windows of one kind that touch, merged into one span."""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from streamer.events import STATES, Gap, LegEvent, Row, Skip, Span, State


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode(Span):
    """Windows of one leg and one kind that touch: from the start of the first to the end of the last.

    Attributes
    ----------
    leg : str
        Name of the leg.
    kind : str
        What its windows have in common, as `EpisodeFinder` was told.
    window : int
        Number of the first window in the leg.
    num_windows : int
        Windows of the kind.
    state : {'speech', 'silence', 'noise', 'clipped', 'unsure'}
        The most frequent one.
    emotion : str or None
        The emotion that was shown most often; None where none was.
    mean_probability, peak_probability : float or None
        Of that emotion over its windows, smoothed, 0..1; None without an emotion.
    peak_seconds : float
        Middle of the window of the peak; without an emotion, of the first window. Stream time, s.
    """

    leg: str
    kind: str
    window: int
    num_windows: int
    state: State
    emotion: str | None
    mean_probability: float | None
    peak_probability: float | None
    peak_seconds: float


@dataclass(slots=True)
class _Open:
    """An episode that may still grow: memory does not grow with it."""

    first: Row
    last: Row
    num_windows: int = 0
    states: Counter[State] = field(default_factory=Counter)
    emotions: Counter[str] = field(default_factory=Counter)
    sums: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    peaks: dict[str, tuple[float, float]] = field(default_factory=dict)

    def add(self, row: Row) -> None:
        self.last = row
        self.num_windows += 1
        self.states[row.state] += 1
        if row.emotion is not None and row.smoothed is not None:
            share = row.smoothed[row.emotion]
            self.emotions[row.emotion] += 1
            self.sums[row.emotion] += share
            if share > self.peaks.get(row.emotion, (-math.inf,))[0]:
                self.peaks[row.emotion] = (share, (row.start + row.end) / 2)

    def episode(self, kind: str) -> Episode:
        emotion = max(self.emotions, key=self.emotions.__getitem__, default=None)
        mean = peak = None
        peak_seconds = (self.first.start + self.first.end) / 2
        if emotion is not None:
            mean = self.sums[emotion] / self.emotions[emotion]
            peak, peak_seconds = self.peaks[emotion]
        return Episode(
            start=self.first.start,
            end=self.last.end,
            start_sample=self.first.start_sample,
            end_sample=self.last.end_sample,
            leg=self.first.leg,
            kind=kind,
            window=self.first.window,
            num_windows=self.num_windows,
            state=max(STATES, key=self.states.__getitem__),
            emotion=emotion,
            mean_probability=mean,
            peak_probability=peak,
            peak_seconds=peak_seconds,
        )


def shown_kind(row: Row) -> str:
    """Give what the panel shows of a window: its emotion, else its state."""
    return row.emotion or row.state


class EpisodeFinder:
    """Merges rows into episodes, leg by leg, as they come.

    Parameters
    ----------
    kind_of : callable
        Gives the kind of a row; None leaves the row out.
    exclusive : bool
        True where a row of another kind ends an episode: each leg is then a sequence of episodes, one after
        the other. Otherwise an episode lasts while windows of its kind touch, whatever lies between them.
    longest_seconds : float
        An episode that would become longer ends, and another begins, s.
    """

    def __init__(
        self,
        kind_of: Callable[[Row], str | None] = shown_kind,
        *,
        exclusive: bool = False,
        longest_seconds: float = math.inf,
    ) -> None:
        self._kind_of = kind_of
        self._exclusive = exclusive
        self._longest_seconds = longest_seconds
        self._open: dict[tuple[str, str], _Open] = {}

    def take(self, event: LegEvent) -> list[Episode]:
        """Take what comes next of a leg, and give the episodes that have ended.

        A gap ends all of the leg; a skipped window, those that no later window touches.
        """
        if isinstance(event, Skip):
            return self._end(
                lambda leg, _kind, episode: leg == event.leg and episode.last.end_sample < event.start_sample
            )
        if not isinstance(event, Row):
            return self._end(lambda leg, _kind, _open: leg == event.leg)
        row, wanted = event, self._kind_of(event)

        def is_over(leg: str, kind: str, episode: _Open) -> bool:
            if leg != row.leg:
                return False
            if episode.last.end_sample < row.start_sample or (self._exclusive and kind != wanted):
                return True
            return kind == wanted and row.end - episode.first.start > self._longest_seconds

        ended = self._end(is_over)
        if wanted is not None:
            self._open.setdefault((row.leg, wanted), _Open(row, row)).add(row)
        return ended

    def finish(self, legs: Collection[str] | None = None) -> list[Episode]:
        """Give the episodes that end where the sound of some legs ends, or of all."""
        return self._end(lambda leg, *_: legs is None or leg in legs)

    def _end(self, is_over: Callable[[str, str, _Open], bool]) -> list[Episode]:
        over = [key for key, episode in self._open.items() if is_over(*key, episode)]
        return [self._open.pop(key).episode(key[1]) for key in over]


def recorded_lane(rows: Iterable[Row], gaps: Iterable[Gap]) -> list[Episode]:
    """Give what one leg of a recorded session showed: exclusive episodes, side by side."""
    # A gap ends what came before it, also where its times are wrong: rows after it begin at its end.
    events: list[LegEvent] = [*gaps, *rows]
    events.sort(key=lambda event: (event.start_sample, not isinstance(event, Gap)))
    finder = EpisodeFinder(exclusive=True)
    episodes = [episode for event in events for episode in finder.take(event)]
    return side_by_side([*episodes, *finder.finish()])


def side_by_side(episodes: Sequence[Episode]) -> list[Episode]:
    """Let exclusive episodes of one leg, in order, meet in the middle of where their windows overlap.

    The border is then in the middle between the centres of the two windows that meet there.
    """
    placed = list(episodes)
    for number, (before, after) in enumerate(pairwise(episodes)):
        if before.end_sample > after.start_sample:
            sample = (before.end_sample + after.start_sample) // 2
            seconds = (before.end + after.start) / 2
            placed[number] = replace(placed[number], end=seconds, end_sample=sample)
            placed[number + 1] = replace(placed[number + 1], start=seconds, start_sample=sample)
    return placed


class EpisodeLanes:
    """Gives the episodes of each leg's lane, as `recorded_lane` does, when they end while a session runs."""

    def __init__(self) -> None:
        self._finder = EpisodeFinder(exclusive=True)
        # By leg, where the latest episode gave way to the next one, in seconds and as a sample.
        self._borders: dict[str, tuple[float, int]] = {}

    def take(self, event: LegEvent) -> list[Episode]:
        """Take what comes next of a leg, and give the episodes that have ended."""
        return [self._placed(episode, event) for episode in self._finder.take(event)]

    def finish(self, legs: Collection[str] | None = None) -> list[Episode]:
        """Give the episodes that end where the sound of some legs ends, or of all."""
        return [self._placed(episode, None) for episode in self._finder.finish(legs)]

    def _placed(self, episode: Episode, following: LegEvent | None) -> Episode:
        start, start_sample = self._borders.pop(episode.leg, (episode.start, episode.start_sample))
        end, end_sample = episode.end, episode.end_sample
        if isinstance(following, Row) and following.start_sample < end_sample:
            end, end_sample = (end + following.start) / 2, (end_sample + following.start_sample) // 2
            self._borders[episode.leg] = end, end_sample
        return replace(episode, start=start, end=end, start_sample=start_sample, end_sample=end_sample)
