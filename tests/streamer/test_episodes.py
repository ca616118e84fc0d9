"""Episodes: what touches is one, however the stream is cut; side by side they are disjoint and cover it."""

import math
import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamer.episodes import Episode, EpisodeFinder, shown_kind, side_by_side
from streamer.events import Gap, LegEvent, Row
from tests.row_streams import KINDS, find_episodes, stream, streams
from tests.session_material import silent_row, speech_row


def touching(rows: Sequence[Row], gaps: Sequence[Gap]) -> list[list[Row]]:
    """Group rows of one kind by the definition: each touches the one before, no gap between them."""
    groups: list[list[Row]] = []
    for row in rows:
        before = groups[-1][-1] if groups else None
        is_apart = before is None or before.end_sample < row.start_sample
        if is_apart or any(before.end_sample <= gap.start_sample < row.end_sample for gap in gaps if before):
            groups.append([])
        groups[-1].append(row)
    return groups


@given(streams())
def test_windows_of_a_kind_that_touch_are_one_episode_whatever_lies_between(events: list[LegEvent]) -> None:
    gaps = [event for event in events if isinstance(event, Gap)]
    expected = []
    for kind in ("angry", "happy", "silence"):
        rows = [event for event in events if isinstance(event, Row) and shown_kind(event) == kind]
        expected += [
            (kind, group[0].start_sample, group[-1].end_sample, len(group), group[0].window)
            for group in touching(rows, gaps)
        ]
    found = [
        (each.kind, each.start_sample, each.end_sample, each.num_windows, each.window)
        for each in find_episodes(events)
    ]
    assert sorted(found) == sorted(expected)
    assert [each[1] for each in found] == sorted(each[1] for each in found)


@given(streams())
def test_exclusive_episodes_are_the_runs_of_equal_rows(events: list[LegEvent]) -> None:
    runs: list[list[Row]] = []
    open_run: list[Row] | None = None
    for event in events:
        if isinstance(event, Gap):
            open_run = None
        elif isinstance(event, Row):
            touches = open_run is not None and open_run[-1].end_sample >= event.start_sample
            if open_run is None or not touches or shown_kind(open_run[-1]) != shown_kind(event):
                open_run = []
                runs.append(open_run)
            open_run.append(event)
    found = find_episodes(events, exclusive=True)
    assert [(each.kind, each.start_sample, each.end_sample, each.num_windows) for each in found] == [
        (shown_kind(run[0]), run[0].start_sample, run[-1].end_sample, len(run)) for run in runs
    ]


@given(streams())
def test_side_by_side_they_are_disjoint_and_cover_the_same_sound(events: list[LegEvent]) -> None:
    episodes = find_episodes(events, exclusive=True)
    placed = side_by_side(episodes)

    def covered(spans: Sequence[Episode]) -> set[int]:
        return {sample for each in spans for sample in range(each.start_sample, each.end_sample)}

    assert covered(placed) == covered(episodes)
    assert sum(each.end_sample - each.start_sample for each in placed) == len(covered(placed))
    for before, after in pairwise(placed):
        assert before.end <= after.start
        assert before.end_sample <= after.start_sample
    for each in placed:
        assert each.start < each.end
        assert each.start == pytest.approx(each.start_sample / 1000, abs=0.0006)
        assert each.end == pytest.approx(each.end_sample / 1000, abs=0.0006)
    kept = [
        replace(
            one,
            start=other.start,
            end=other.end,
            start_sample=other.start_sample,
            end_sample=other.end_sample,
        )
        for one, other in zip(placed, episodes, strict=True)
    ]
    assert kept == episodes, "nothing but the borders moves"


@given(
    st.lists(st.tuples(st.sampled_from(("me", "them")), st.sampled_from(KINDS)), max_size=40),
    st.booleans(),
)
def test_legs_do_not_depend_on_each_other(order: list[tuple[str, str]], exclusive: bool) -> None:
    streams = {leg: stream([kind for name, kind in order if name == leg], leg) for leg in ("me", "them")}
    waiting = {leg: iter(events) for leg, events in streams.items()}
    mixed = [next(waiting[leg]) for leg, _ in order]
    found = find_episodes(mixed, exclusive=exclusive)
    for leg, events in streams.items():
        assert [each for each in found if each.leg == leg] == find_episodes(events, exclusive=exclusive)


@given(streams(), st.sampled_from([0.2, 0.3, 0.65, 1.0]))
def test_none_is_longer_than_allowed_and_parts_hold_all_windows(
    events: list[LegEvent], longest_seconds: float
) -> None:
    whole = EpisodeFinder()
    parts = EpisodeFinder(longest_seconds=longest_seconds)
    cut = [each for event in events for each in parts.take(event)] + parts.finish()
    uncut = [each for event in events for each in whole.take(event)] + whole.finish()
    assert all(each.end - each.start <= longest_seconds + 1e-9 for each in cut)
    assert sum(each.num_windows for each in cut) == sum(each.num_windows for each in uncut)
    for each in uncut:
        inside = [
            part
            for part in cut
            if part.kind == each.kind and each.start <= part.start and part.end <= each.end
        ]
        assert min(part.start for part in inside) == each.start
        assert max(part.end for part in inside) == each.end


@given(streams())
def test_the_numbers_are_those_of_its_windows(events: list[LegEvent]) -> None:
    rows = [event for event in events if isinstance(event, Row)]
    for episode in find_episodes(events, lambda _: "all"):
        inside = [
            row
            for row in rows
            if episode.start_sample <= row.start_sample and row.end_sample <= episode.end_sample
        ]
        emotions = [row.emotion for row in inside if row.emotion is not None]
        assert episode.num_windows == len(inside)
        assert (episode.emotion is None) == (not emotions)
        if episode.emotion is None:
            assert (episode.mean_probability, episode.peak_probability) == (None, None)
            assert episode.peak_seconds == (inside[0].start + inside[0].end) / 2
        else:
            assert emotions.count(episode.emotion) == max(map(emotions.count, emotions))


def test_mean_peak_and_its_place_are_those_of_the_emotion() -> None:
    rows = [
        speech_row(0, probability=0.5),
        speech_row(1, probability=0.9),
        speech_row(2, emotion="sad", probability=0.99),
        silent_row(3),
    ]
    (episode,) = find_episodes(rows, lambda _: "all")
    assert (episode.emotion, episode.state) == ("angry", "speech")
    assert episode.mean_probability == pytest.approx(0.7)
    assert episode.peak_probability == 0.9
    assert episode.peak_seconds == (rows[1].start + rows[1].end) / 2


@pytest.mark.parametrize("exclusive", [False, True])
def test_a_skipped_window_ends_what_no_later_window_touches(*, exclusive: bool) -> None:
    finder = EpisodeFinder(exclusive=exclusive)
    ended = [
        (number, each.end_sample)
        for number, event in enumerate(stream(["angry", *["skip"] * 8]))
        for each in finder.take(event)
    ]
    # The window of number 5 begins at sample 250, after the end of the only row at 200.
    assert ended == [(5, 200)]
    assert finder.finish() == []


def test_rows_without_a_kind_are_left_out() -> None:
    wanted: Callable[[Row], str | None] = lambda row: row.emotion  # noqa: E731
    found = find_episodes(stream(["silence", "angry", "silence", "silence"]), wanted)
    assert [(each.kind, each.num_windows) for each in found] == [("angry", 1)]


def test_memory_does_not_grow_with_an_episode() -> None:
    """An hour of one emotion is merged as it comes: nothing of it is kept but counts."""
    finder = EpisodeFinder(longest_seconds=math.inf)
    for window in range(200):
        finder.take(speech_row(window))
    tracemalloc.start()
    for window in range(200, 8_000):
        finder.take(speech_row(window))
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert grown < 20_000
    (episode,) = finder.finish()
    assert episode.num_windows == 8_000
