"""A sink that could not write rests, is asked again, and goes on: one line for all that befalls it."""

import pytest

from emotion.errors import OutputError
from streamer.resting_sinks import LONGEST_SECONDS, LOOK_SECONDS, STEADY_SECONDS, RestingSinks
from streamer.row import Row
from streamer.session_facts import Summary
from streamer.sink import Sink
from streamer.sink_group import SinkGroup
from tests.session_material import SUMMARY, facts, silent_row


class Clock:
    """Stands still but where a test moves it."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Disk(Sink):
    """Takes rows while there is room."""

    may_recover = True

    def __init__(self) -> None:
        self.is_full = False
        self.looks_full = False
        self.told: list[str] = []

    def take_row(self, row: Row) -> None:
        if self.is_full:
            raise OutputError("the disk is full; free some space")
        self.told.append(f"row {row.window}")

    def take_failure(self, message: str) -> None:
        self.told.append(message)

    def recover(self) -> bool:
        return not self.looks_full

    def close(self, summary: Summary | None) -> None:
        self.told.append("closed" if summary is None else "closed with summary")


class Told(Sink):
    """Hears what becomes of the others."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def take_failure(self, message: str) -> None:
        self.heard.append(message)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def disk() -> Disk:
    return Disk()


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def group(disk: Disk, told: Told, clock: Clock) -> SinkGroup:
    opened = SinkGroup([disk, told], clock=clock)
    opened.open(facts())
    return opened


FULL = "the disk is full; free some space"


def test_it_goes_on_as_soon_as_there_is_room_and_both_ends_are_told(
    group: SinkGroup, disk: Disk, told: Told, clock: Clock
) -> None:
    group.take(silent_row(0))
    disk.is_full = disk.looks_full = True
    group.take(silent_row(1))
    assert group.failures == (FULL,)
    assert not group.is_saving
    disk.is_full = disk.looks_full = False
    clock.now += LOOK_SECONDS - 0.1
    group.take(silent_row(2))
    assert disk.told == ["row 0"], "it is not asked before its time"
    clock.now += 30.1 - LOOK_SECONDS
    group.take(silent_row(3))
    line = f"{FULL}; it went on after 30 s, without 2 windows"
    assert disk.told == ["row 0", "row 3", line]
    assert told.heard == [FULL, line]
    assert group.failures == (line,)
    group.close(SUMMARY)
    assert disk.told[-1] == "closed with summary"


def test_it_is_not_tried_while_it_says_that_it_cannot(group: SinkGroup, disk: Disk, clock: Clock) -> None:
    disk.is_full = disk.looks_full = True
    for window in range(50):
        group.take(silent_row(window))
        clock.now += LOOK_SECONDS
    assert disk.told == []
    assert group.failures == (FULL,)
    group.close(SUMMARY)
    assert disk.told == ["closed"]
    assert group.failures == (FULL,)


def test_at_the_end_it_is_asked_once_more(group: SinkGroup, disk: Disk) -> None:
    disk.is_full = disk.looks_full = True
    group.take(silent_row(0))
    disk.is_full = disk.looks_full = False
    group.close(SUMMARY)
    assert disk.told == ["closed with summary"]
    assert group.failures == (f"{FULL}; it went on after 0 s, without 1 window",)


def test_what_fails_whenever_it_is_tried_is_tried_ever_more_seldom_in_one_line(
    group: SinkGroup, disk: Disk, told: Told, clock: Clock
) -> None:
    disk.is_full = True
    for window in range(86_400 // 5):
        group.take(silent_row(window))
        clock.now += 5.0
    assert len(group.failures) == 1
    assert group.failures[0].startswith(f"{FULL}; ")
    tries = int(group.failures[0].split("; ")[2].split()[0])
    assert 86_400 / LONGEST_SECONDS < tries < 86_400 / LONGEST_SECONDS + 10
    assert len(told.heard) <= 2 * tries


def test_after_a_steady_while_a_failure_is_a_new_one(disk: Disk) -> None:
    resting = RestingSinks()
    now = 0.0
    for _ in range(5):
        resting.put(disk, "full", now)
        assert list(resting.recovered(now + LOOK_SECONDS - 0.1)) == []
        assert list(resting.recovered(now + LOOK_SECONDS)) == [disk]
        now += LOOK_SECONDS + STEADY_SECONDS
    assert resting.line(disk) == "full; 5 times; it went on after 5 s, without 0 windows"


def test_one_that_cannot_recover_is_closed_at_once(told: Told, clock: Clock) -> None:
    class Reader(Disk):
        may_recover = False

    gone = Reader()
    group = SinkGroup([gone, told], clock=clock)
    group.open(facts())
    gone.is_full = True
    group.take(silent_row(0))
    assert gone.told == ["closed"]
    clock.now += LONGEST_SECONDS
    gone.is_full = False
    group.take(silent_row(1))
    assert gone.told == ["closed"]
    assert group.failures == (FULL,)
