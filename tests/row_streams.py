"""Streams of rows, skips and gaps of one leg, in small; and all episodes of a stream at once."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from hypothesis import strategies as st

from streamer.episodes import Episode, EpisodeFinder, shown_kind
from streamer.events import Gap, LegEvent, Row, Skip
from tests.session_material import silent_row, speech_row

KINDS = ("angry", "happy", "silence", "skip", "gap")
STEP, WIN = 50, 200
GAP_SAMPLES = 730


def stream(kinds: Sequence[str], leg: str = "mono") -> list[LegEvent]:
    """Windows of 200 samples each 50 at 1 kHz; a gap moves all that follow."""
    events: list[LegEvent] = []
    # One past the last sample before a gap, and the first one after it.
    number, first, end = 0, 0, 0
    for kind in kinds:
        if kind == "gap":
            first, gap_start = end + GAP_SAMPLES, end
            seconds = (gap_start / 1000, first / 1000)
            events.append(Gap(*seconds, gap_start, first, leg=leg, cause="drop", estimated=False))
            end = first
            continue
        start, end = first, first + WIN
        if kind == "skip":
            place = (start / 1000, end / 1000, start, end)
            events.append(Skip(*place, leg=leg, window=number, lag_seconds=1.0, demand=2.0))
        else:
            row = silent_row(number) if kind == "silence" else speech_row(number, emotion=kind)
            placed = replace(row, start=start / 1000, end=end / 1000, start_sample=start, end_sample=end)
            events.append(replace(placed, leg=leg))
        number += 1
        first += STEP
    return events


def streams() -> st.SearchStrategy[list[LegEvent]]:
    """Draw a stream."""
    return st.lists(st.sampled_from(KINDS), max_size=40).map(stream)


def find_episodes(
    events: Iterable[LegEvent], kind_of: Callable[[Row], str | None] = shown_kind, *, exclusive: bool = False
) -> list[Episode]:
    """Find all episodes of a stream, by start."""
    finder = EpisodeFinder(kind_of, exclusive=exclusive)
    found = [episode for event in events for episode in finder.take(event)]
    return sorted([*found, *finder.finish()], key=lambda episode: (episode.start, episode.end))
