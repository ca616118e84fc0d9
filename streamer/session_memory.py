"""What the panel remembers in bounded memory: the strip of the whole session and the event log."""

import math
from bisect import bisect_right
from collections import Counter, deque
from collections.abc import Sequence
from typing import Final

from streamer.episodes import Episode, EpisodeLanes
from streamer.events import Absence, Alert, Gap, LegEvent, Mark, Pause, Row, Skip
from streamer.snapshot import LogEntry, LogKind, StripView, Tick

MAX_BINS: Final = 512
"""When more are needed, each two become one."""

EMOTION_SHARE: Final = 0.25
"""A bin of the strip shows an emotion where emotions take at least this share of it."""

MAX_LOG_ENTRIES: Final = 50
MAX_TICKS: Final = 200

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
                kind = event.emotion or event.state
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


class SessionMemory:
    """Takes what happens in a session, and gives the strip, the event log and the ticks for the screen.

    Parameters
    ----------
    legs : sequence of str
        Those that are analysed.
    labels : sequence of str
        Of the model.
    """

    def __init__(self, legs: Sequence[str], labels: Sequence[str]) -> None:
        self._is_one = len(legs) == 1
        self._strip = SessionStrip(legs, labels)
        self._episodes = EpisodeLanes()
        self._log: list[LogEntry] = []
        self._ticks: deque[Tick] = deque(maxlen=MAX_TICKS)
        self._gap: Gap | None = None

    def take(self, event: LegEvent) -> None:
        """Take what comes next of a leg."""
        self._strip.take(event)
        for episode in self._episodes.take(event):
            self._note_episode(episode)
        # A pause has entries of its own, and a source that stalls has lost nothing.
        if isinstance(event, Gap) and event.cause not in {"pause", "stall"}:
            # The legs of a source have their gaps in common: one entry says it.
            same = (self._gap.start, self._gap.end) if self._gap is not None else None
            if same != (event.start, event.end):
                self._note(event.start, _gap_text(event), "gap", gap_message(event))
            self._gap = event

    def interrupt(self) -> None:
        """End the episodes where the sound ends for a while."""
        for episode in self._episodes.finish():
            self._note_episode(episode)

    def note(self, event: Mark | Pause | Absence | Alert) -> None:
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


def skip_message(skip: Skip) -> str:
    """Give the message about windows that are skipped."""
    return f"too slow: x{skip.demand:.1f}; windows are skipped"
