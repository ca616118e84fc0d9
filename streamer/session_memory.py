"""What a session remembers in bounded memory: its strip, its event log, and the totals of each leg."""

import math
from bisect import bisect_right
from collections import Counter, deque
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from streamer.episodes import Episode, EpisodeLanes, shown_kind
from streamer.events import STATES, Absence, Alert, Gap, LegEvent, LineFit, Mark, Pause, Row, Skip
from streamer.session_info import LegSummary, StrongMoment
from streamer.snapshot import LogEntry, LogKind, StripView, Tick

MAX_BINS: Final = 512
"""When more are needed, each two become one."""

EMOTION_SHARE: Final = 0.25
"""A bin of the strip shows an emotion where emotions take at least this share of it."""

MAX_LOG_ENTRIES: Final = 50
MAX_TICKS: Final = 200

MOST_MOMENTS: Final = 3
"""Of each emotion of a leg, in its totals."""

_FIRST_BIN_SECONDS: Final = 1.0
_UNREMARKABLE: Final = frozenset({"neutral"})
"""Episodes that the log leaves out: they lie between the others."""


def dominant_kind(counts: Counter[str], labels: Sequence[str]) -> str:
    """Give what a bin shows: the longest emotion, if emotions last long enough, else the state."""
    total = counts.total()
    if not total:
        return ""
    emotions = {label: counts[label] for label in labels if counts[label]}
    if sum(emotions.values()) >= EMOTION_SHARE * total:
        return max(emotions, key=emotions.__getitem__)
    others = {kind: count for kind, count in counts.items() if kind not in emotions}
    return max(others, key=others.__getitem__)


class SessionStrip:
    """Bins of the whole session, a lane a leg; memory does not grow with time."""

    def __init__(self, legs: Sequence[str], labels: Sequence[str]) -> None:
        self._labels = tuple(labels)
        self._bin_seconds = _FIRST_BIN_SECONDS
        self._bins: dict[str, list[Counter[str]]] = {leg: [] for leg in legs}
        self._kinds: dict[str, list[str]] = {leg: [] for leg in legs}
        self._filled = dict.fromkeys(legs, 0.0)
        self._ticks: dict[tuple[int, str], Tick] = {}

    def take(self, event: LegEvent) -> None:
        """Fill a lane from where it ends to the end of a window, or of a gap."""
        match event:
            case Row():
                kind = shown_kind(event)
            case Skip():
                kind = "gap"
            case Gap():
                kind = "pause" if event.cause == "pause" else "gap"
        start = max(self._filled[event.leg], event.start)
        self._filled[event.leg] = max(start, event.end)
        self._fill(event.leg, start, event.end, kind)

    def tick(self, tick: Tick) -> None:
        """Keep a moment; of each kind one a bin."""
        number = self._bin_of(tick.at_seconds)
        self._ticks.setdefault((number, tick.kind), tick)

    @property
    def view(self) -> StripView:
        """All lanes."""
        kinds = {leg: tuple(kinds) for leg, kinds in self._kinds.items()}
        return StripView(self._bin_seconds, kinds, tuple(self._ticks.values()))

    def _fill(self, leg: str, start: float, end: float, kind: str) -> None:
        last = self._bin_of(end - 1e-6)
        bins, kinds = self._bins[leg], self._kinds[leg]
        first = self._bin_of(start)
        for _ in range(last + 1 - len(bins)):
            bins.append(Counter())
            kinds.append("")
        for number in range(first, last + 1):
            began, ended = number * self._bin_seconds, (number + 1) * self._bin_seconds
            milliseconds = round(1000 * (min(end, ended) - max(start, began)))
            if milliseconds > 0:
                bins[number][kind] += milliseconds
                kinds[number] = dominant_kind(bins[number], self._labels)

    def _bin_of(self, seconds: float) -> int:
        """Give the bin of a moment, with longer bins first where there would be too many."""
        while (number := max(0, math.floor(seconds / self._bin_seconds))) >= MAX_BINS:
            self._bin_seconds *= 2
            for leg, bins in self._bins.items():
                self._bins[leg] = [sum(bins[at : at + 2], Counter()) for at in range(0, len(bins), 2)]
                self._kinds[leg] = [dominant_kind(counts, self._labels) for counts in self._bins[leg]]
            ticks, self._ticks = self._ticks, {}
            for (at, kind), tick in ticks.items():
                self._ticks.setdefault((at // 2, kind), tick)
        return number


class _LegTotals:
    """Windows, seconds, and the strongest episodes of each emotion of one leg."""

    def __init__(self, labels: Sequence[str]) -> None:
        self._states: Counter[str] = Counter()
        self._emotions: Counter[str] = Counter()
        self._strongest: dict[str, list[StrongMoment]] = {label: [] for label in labels}

    def count(self, row: Row) -> None:
        self._states[row.state] += 1
        if row.emotion is not None:
            self._emotions[row.emotion] += 1

    def rank(self, episode: Episode) -> None:
        emotion, mean, peak = episode.emotion, episode.mean_probability, episode.peak_probability
        if emotion is None or mean is None or peak is None:
            return
        found = self._strongest[emotion]
        found.append(StrongMoment(emotion, episode.start, episode.end, mean, peak))
        # The earlier one first where two are equal.
        found.sort(key=lambda moment: (-moment.peak_probability, moment.start - moment.end))
        del found[MOST_MOMENTS:]

    def summary(self, step_seconds: float, talk_seconds: float) -> LegSummary:
        return LegSummary(
            windows=self._states.total(),
            state_seconds={state: self._states[state] * step_seconds for state in STATES},
            emotion_seconds={label: self._emotions[label] * step_seconds for label in self._strongest},
            talk_seconds=talk_seconds,
            moments=tuple(moment for found in self._strongest.values() for moment in found),
        )


class SessionMemory:
    """Takes what happens in a session; gives strip, event log and ticks for the screen, and the totals.

    Parameters
    ----------
    legs : sequence of str
        Those that are analysed.
    labels : sequence of str
        Of the model, in its order.
    step_seconds : float
        What each window counts for in the totals, s.
    """

    def __init__(self, legs: Sequence[str], labels: Sequence[str], step_seconds: float) -> None:
        self._is_one = len(legs) == 1
        self._step_seconds = step_seconds
        self._strip = SessionStrip(legs, labels)
        self._totals = {leg: _LegTotals(labels) for leg in legs}
        self._episodes = EpisodeLanes()
        self._log: list[LogEntry] = []
        self._ticks: deque[Tick] = deque(maxlen=MAX_TICKS)
        self._gap: Gap | None = None

    def take(self, event: LegEvent) -> None:
        """Take what comes next of a leg."""
        self._strip.take(event)
        if isinstance(event, Row):
            self._totals[event.leg].count(event)
        self._take_episodes(self._episodes.take(event))
        # A pause has entries of its own, and a source that stalls has lost nothing.
        if isinstance(event, Gap) and event.cause not in {"pause", "stall"}:
            # The legs of a source have their gaps in common: one entry says it.
            same = (self._gap.start, self._gap.end) if self._gap is not None else None
            if same != (event.start, event.end):
                self._note(event.start, _gap_text(event), "gap", gap_message(event))
            self._gap = event

    def interrupt(self, legs: Collection[str] | None = None) -> None:
        """End the episodes of some legs, or of all, where their sound ends for a while."""
        self._take_episodes(self._episodes.finish(legs))

    def leg_summaries(self, talk_seconds: Mapping[str, float]) -> dict[str, LegSummary]:
        """End the episodes, and give the totals of each leg; how long each talked comes from elsewhere."""
        self.interrupt()
        return {
            leg: totals.summary(self._step_seconds, talk_seconds[leg]) for leg, totals in self._totals.items()
        }

    def note(self, event: Mark | Pause | Absence | Alert | LineFit) -> None:
        """Take an event that is no leg's sound."""
        match event:
            case Mark():
                text = f"mark: {event.note}" if event.note else "mark"
                self._tick(Tick(event.at_seconds, "mark"))
                self._note(event.at_seconds, text, "mark", mark_message(event))
            case Pause():
                text = "off the record" if event.paused else "on the record"
                self._note(event.at_seconds, text, "pause")
            case Absence():
                text = f"{event.source} is away: {event.reason}"
                self._note(event.at_seconds, text, "device", absence_message(event))
            case Alert():
                self._tick(Tick(event.at_seconds, "alert", event.leg))
                text = f"{event.leg} {event.label} {event.probability:.2f} for {event.delay_seconds:.1f} s"
                self._note(event.at_seconds, text, "alert", alert_message(event))
            case LineFit():
                leg = "" if self._is_one else f"{event.leg} "
                self._note(event.at_seconds, f"{leg}{line_text(event)}", "line", line_message(event))

    def note_load(self, skip: Skip) -> None:
        """Take the first of the windows for which there is no time."""
        self._note(skip.end, f"too slow: x{skip.demand:.1f}", "load", skip_message(skip))

    @property
    def strip(self) -> StripView:
        """The whole session."""
        return self._strip.view

    @property
    def log(self) -> tuple[LogEntry, ...]:
        """The latest events, by time."""
        return tuple(self._log)

    @property
    def ticks(self) -> tuple[Tick, ...]:
        """The latest marks and alerts."""
        return tuple(self._ticks)

    def _take_episodes(self, ended: Sequence[Episode]) -> None:
        for episode in ended:
            self._totals[episode.leg].rank(episode)
            self._note_episode(episode)

    def _note_episode(self, episode: Episode) -> None:
        if episode.emotion is None or episode.emotion in _UNREMARKABLE:
            return
        leg = "" if self._is_one else f"{episode.leg} "
        seconds = episode.end - episode.start
        text = f"{leg}{episode.emotion} {seconds:.1f} s"
        self._add(LogEntry(episode.start, text, "episode", emotion=episode.emotion))

    def _note(self, at_seconds: float, text: str, kind: LogKind, message: str = "") -> None:
        self._add(LogEntry(at_seconds, text, kind, message))

    def _add(self, entry: LogEntry) -> None:
        place = bisect_right(self._log, entry.at_seconds, key=lambda each: each.at_seconds)
        self._log.insert(place, entry)
        del self._log[:-MAX_LOG_ENTRIES]

    def _tick(self, tick: Tick) -> None:
        self._ticks.append(tick)
        self._strip.tick(tick)


def _gap_text(gap: Gap) -> str:
    seconds = gap.end - gap.start
    return f"jumped {seconds:.1f} s on" if gap.cause == "jump" else f"{gap.cause}: {seconds:.2f} s missing"


def gap_message(gap: Gap) -> str:
    """Give the message about a gap."""
    seconds = gap.end - gap.start
    if gap.cause == "jump":
        return f"jump at {gap.start:.1f} s: {seconds:.2f} s were passed over"
    return f"{gap.cause} at {gap.start:.1f} s: {seconds:.2f} s of sound is missing"


def mark_message(mark: Mark) -> str:
    """Give the message about a mark; empty for one without a note."""
    return f"mark at {mark.at_seconds:.1f} s: {mark.note}" if mark.note else ""


def absence_message(absence: Absence) -> str:
    """Give the message about a device that went away."""
    return f"waiting for {absence.source}: {absence.reason}"


def alert_message(alert: Alert) -> str:
    """Give the message about an alert."""
    return f"alert: {alert.text}"


def line_text(event: LineFit) -> str:
    """Say what was found of a line, without its leg."""
    return "line fits again: used" if event.fits else "line does not fit: not used"


def line_message(event: LineFit) -> str:
    """Give the message about a line."""
    return f"{event.leg}: {line_text(event)}"


def skip_message(skip: Skip) -> str:
    """Give the message about windows that are skipped."""
    return f"too slow: x{skip.demand:.1f}; windows are skipped"
