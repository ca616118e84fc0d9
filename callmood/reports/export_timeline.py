"""What is exported: episodes or windows of each leg, alerts, marks, and the recording that they are of."""

import os
import re
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

from emotion.errors import printable
from streamer.episodes import Episode, recorded_lane, shown_kind
from streamer.events import STATES, Row, State
from streamer.leg_plan import LegPlan
from streamer.recordings.journal_reader import Journal
from streamer.recordings.lookup import StoredSession
from streamer.recordings.session_audio import sound_files


class Interval(NamedTuple):
    """A labelled part of a session, ms of stream time, with its mean or only probability, 0..1."""

    start_ms: int
    end_ms: int
    label: str
    state: State = "speech"
    probability: float | None = None


@dataclass(frozen=True, slots=True)
class LegTrack:
    """What one leg showed, in order of time.

    Attributes
    ----------
    plan : LegPlan
        The leg.
    rows : tuple of Row
        Its windows.
    episodes : tuple of Episode
        Of one emotion or state each, side by side; empty where windows are exported.
    spans : tuple of Interval
        The episodes; or the windows as they were classified, which overlap.
    """

    plan: LegPlan
    rows: tuple[Row, ...]
    episodes: tuple[Episode, ...]
    spans: tuple[Interval, ...]

    def tier(self, states: Container[State] = STATES) -> list[Interval]:
        """Give the spans of some states so that no two overlap and none is empty.

        Where two overlap, they meet in the middle of it.
        """
        placed: list[Interval] = []
        for each in self.spans:
            start = each.start_ms
            if placed and placed[-1].end_ms > start:
                start = max((placed[-1].end_ms + start) // 2, placed[-1].start_ms)
                placed[-1] = placed[-1]._replace(end_ms=start)
            placed.append(each._replace(start_ms=start))
        return [
            each for each in placed if each.start_ms < each.end_ms and each.label and each.state in states
        ]


_IS_ADDRESS: Final = re.compile(r"[a-z][a-z0-9+.-]*://", re.ASCII | re.IGNORECASE).match


@dataclass(frozen=True, slots=True)
class Recording:
    """The sound that times refer to.

    Attributes
    ----------
    name : str
        As the user or the journal names it: an address, a path, or only a name.
    path : Path or None
        Where it lies, if it is in the session's folder.
    channels : mapping of str to int
        Which of its channels, from 0, is which leg; without one all are mixed.
    is_known : bool
        False where nobody has a recording by that name: the session kept no sound, or not in one file.
    """

    name: str
    path: Path | None
    channels: Mapping[str, int]
    is_known: bool = True

    @property
    def is_address(self) -> bool:
        """Whether it is named by an address, such as https://example.com/call.wav."""
        return self.path is None and _IS_ADDRESS(self.name) is not None

    def seen_from(self, folder: Path) -> str:
        """Name it for a file in `folder`."""
        return printable(self.name if self.path is None else os.path.relpath(self.path, folder))


@dataclass(frozen=True, slots=True)
class Timeline:
    """A session, as all formats take it.

    Attributes
    ----------
    name : str
        Of the session.
    journal : Journal
        Its rows, alerts and marks.
    is_windows : bool
        Whether the tracks hold windows instead of episodes.
    tracks : tuple of LegTrack
        One a leg, those that were not analysed included.
    recordings : tuple of Recording
        One a source.
    """

    name: str
    journal: Journal
    is_windows: bool
    tracks: tuple[LegTrack, ...]
    recordings: tuple[Recording, ...]

    @property
    def analysed(self) -> tuple[LegTrack, ...]:
        """The tracks of legs that were analysed."""
        return tuple(track for track in self.tracks if track.plan.analysed)

    def who(self, leg: str) -> str:
        """Give what a label begins with where legs share a track: the leg, if there are several."""
        return f"{one_line(leg)}: " if len(self.tracks) > 1 else ""


def timeline(
    stored: StoredSession, journal: Journal, *, is_windows: bool = False, audio: str | None = None
) -> Timeline:
    """Prepare a session; `audio` names the recording instead of the source or the session's sound."""
    tracks = tuple(_track(plan, journal, is_windows) for plan in dict.fromkeys(journal.header.legs))
    recordings = tuple(_recording(stored, journal, number, audio) for number in _sources(journal))
    return Timeline(stored.name, journal, is_windows, tracks, recordings)


def _track(plan: LegPlan, journal: Journal, is_windows: bool) -> LegTrack:
    rows = tuple(
        sorted((row for row in journal.rows if row.leg == plan.name), key=lambda row: (row.start, row.window))
    )
    if is_windows:
        spans = (
            _interval(
                row, shown_kind(row), row.smoothed[row.emotion] if row.emotion and row.smoothed else None
            )
            for row in rows
        )
        return LegTrack(plan, rows, (), tuple(spans))
    episodes = recorded_lane(rows, (gap for gap in journal.gaps if gap.leg == plan.name))
    spans = (_interval(each, each.kind, each.mean_probability) for each in episodes)
    return LegTrack(plan, rows, tuple(episodes), tuple(spans))


def _interval(span: Row | Episode, label: str, probability: float | None) -> Interval:
    return Interval(ms(span.start), ms(span.end), one_line(label), span.state, probability)


def _sources(journal: Journal) -> range:
    return range(len(journal.header.sources))


def _recording(stored: StoredSession, journal: Journal, number: int, audio: str | None) -> Recording:
    """Find the sound of a source: what was replayed, or what the session recorded in one file."""
    header = journal.header
    source, legs = header.sources[number], [leg for leg in header.legs if leg.source == number]
    channels = {leg.name: leg.channel for leg in legs if leg.channel is not None}
    if audio is not None or not source.live:
        return Recording(source.name if audio is None else audio, None, channels)
    files = sound_files(stored.folder, number) if stored.folder is not None else ()
    if len(files) == 1 and files[0].first_sample == 0:
        kept = header.kept_channels(number)
        in_file = {leg: kept.index(channel) for leg, channel in channels.items() if channel in kept}
        return Recording(files[0].path.name, files[0].path, in_file)
    end = f"-{number + 1}" if number else ""
    return Recording(f"{stored.name}{end}.wav", None, channels, is_known=False)


def joined_points(points: Iterable[tuple[int, str]]) -> list[tuple[int, str]]:
    """Order points by time; those of one millisecond become one, since no two may share a place."""
    texts: dict[int, list[str]] = {}
    for at_ms, text in sorted(points):
        texts.setdefault(at_ms, []).append(text)
    return [(at_ms, "; ".join(at)) for at_ms, at in texts.items()]


def unique(names: Iterable[str]) -> list[str]:
    """Number names that were there before; an empty one becomes ``leg``."""
    given: list[str] = []
    for name in names:
        plain = one_line(name) or "leg"
        free, number = plain, 2
        while free in given:
            free, number = f"{plain} {number}", number + 1
        given.append(free)
    return given


def ms(seconds: float) -> int:
    """Round stream time to milliseconds."""
    return round(seconds * 1000)


@lru_cache(maxsize=1024)
def one_line(text: str) -> str:
    """Make text fit for one line: no tabs, line breaks or other characters without a shape."""
    return printable(" ".join(text.split()))
