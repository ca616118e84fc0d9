"""A sink that could not write rests, is asked again, and goes on: one line for all that befalls it."""

import pytest

from emotion.errors import OutputError
from streamer.absence import Absence
from streamer.alerts.alert import Alert
from streamer.resting_sinks import LONGEST_SECONDS, LOOK_SECONDS, STEADY_SECONDS, RestingSinks
from streamer.row import Row, Said
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
        self.num_tries = 0

    def take_row(self, row: Row) -> None:
        self.num_tries += 1
        if self.is_full:
            raise OutputError("the disk is full; free some space")
        self.told.append(f"row {row.window}")

    @property
    def num_written(self) -> int:
        return len(self.told)

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
    assert group.failures == (f"{FULL}; missing: 1 window",)
    assert not group.is_saving
    disk.is_full = disk.looks_full = False
    clock.now += LOOK_SECONDS - 0.1
    group.take(silent_row(2))
    assert disk.told == ["row 0"], "it is not asked before its time"
    clock.now += 30.1 - LOOK_SECONDS
    group.take_mark(1.0, 2.0)
    assert group.failures == (f"{FULL}; missing: 2 windows",), "nothing has been written yet"
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
    assert disk.num_tries == 1
    assert group.failures == (f"{FULL}; missing: 50 windows",)
    group.close(SUMMARY)
    assert disk.told == ["closed"]
    assert group.failures == (f"{FULL}; missing: 50 windows",)


def test_at_the_end_it_is_asked_once_more(group: SinkGroup, disk: Disk) -> None:
    disk.is_full = disk.looks_full = True
    group.take(silent_row(0))
    disk.is_full = disk.looks_full = False
    group.close(SUMMARY)
    assert disk.told == ["closed with summary"]
    assert group.failures == (f"{FULL}; missing: 1 window",), "it did not go on with windows"


def test_what_fails_whenever_it_is_tried_is_tried_ever_more_seldom_in_one_line(
    group: SinkGroup, disk: Disk, told: Told, clock: Clock
) -> None:
    disk.is_full = True
    for window in range(86_400 // 5):
        group.take(silent_row(window))
        clock.now += 5.0
    assert group.failures == (f"{FULL}; missing: {86_400 // 5} windows",), "it never went on"
    assert told.heard == [FULL]
    assert 86_400 / LONGEST_SECONDS < disk.num_tries < 86_400 / LONGEST_SECONDS + 10


def test_what_fails_again_after_it_went_on_is_told_again_and_counted_in_one_line(
    group: SinkGroup, disk: Disk, told: Told, clock: Clock
) -> None:
    for window, full in enumerate([True, False, True, True, True]):
        disk.is_full = full
        group.take(silent_row(window))
        clock.now += 2 * LOOK_SECONDS
    over = f"{FULL}; it went on after 2 s, without 1 window"
    assert told.heard == [FULL, over, f"{FULL}; 2 times"]
    assert group.failures == (f"{FULL}; 2 times; missing: 4 windows",)


def test_two_that_fail_in_the_same_words_have_one_line(told: Told, clock: Clock) -> None:
    class Marks(Disk):
        unit = "mark"

        def take_mark(self, at_seconds: float, clock: float) -> None:
            if self.is_full:
                raise OutputError(FULL)
            self.told.append("mark")

        def lacks(self, event: Said | Alert | Absence | None) -> bool:
            return event is None

    disk, marks = Disk(), Marks()
    group = SinkGroup([disk, marks, told], clock=clock)
    group.open(facts())
    disk.is_full = marks.is_full = disk.looks_full = marks.looks_full = True
    group.take_mark(0.5, 1.0)
    for window in range(2):
        group.take(silent_row(window))
    assert told.heard == [FULL]
    assert group.failures == (f"{FULL}; missing: 1 mark and 2 windows",)
    disk.is_full = marks.is_full = disk.looks_full = marks.looks_full = False
    clock.now += 9
    group.take(silent_row(2))
    group.take_mark(0.5, 1.0)
    over = f"{FULL}; it went on after 9 s, without 1 mark and 2 windows"
    assert group.failures == (over,)
    assert told.heard[-1] == over
    group.close(SUMMARY)


class Lines(Disk):
    """Has a line for the summary, too."""

    unit = "line"

    def lacks(self, event: Said | Alert | Absence | None) -> bool:
        return True


def test_the_summary_is_missing_where_it_rests_to_the_end(clock: Clock) -> None:
    lines = Lines()
    group = SinkGroup([lines], clock=clock)
    group.open(facts())
    lines.is_full = lines.looks_full = True
    group.take(silent_row(0))
    group.close(SUMMARY)
    assert lines.told == ["closed"]
    assert group.failures == (f"{FULL}; missing: 2 lines",)


def test_what_a_sink_fails_to_end_with_is_in_the_line_of_its_trouble(disk: Disk, clock: Clock) -> None:
    class Late(Lines):
        def close(self, summary: Summary | None) -> None:
            super().close(summary)
            raise OutputError(FULL)

    late = Late()
    group = SinkGroup([late, disk], clock=clock)
    group.open(facts())
    late.is_full = True
    group.take(silent_row(0))
    group.close(SUMMARY)
    assert late.told == ["closed with summary"]
    assert group.failures == (f"{FULL}; missing: 2 lines",)


def test_after_a_steady_while_a_failure_is_a_new_one(disk: Disk) -> None:
    resting = RestingSinks()
    now = 0.0
    for window in range(5):
        resting.put(disk, "full", now)
        assert list(resting.to_be_tried(now + LOOK_SECONDS - 0.1)) == []
        assert list(resting.to_be_tried(now + LOOK_SECONDS)) == [disk]
        assert resting.gone_on(now + LOOK_SECONDS) == []
        disk.take_row(silent_row(window))
        assert resting.gone_on(now + LOOK_SECONDS) == [disk]
        assert resting.gone_on(now + LOOK_SECONDS) == []
        now += LOOK_SECONDS + STEADY_SECONDS
    assert resting.line(disk) == "full; 5 times; it went on after 5 s, with nothing missing"


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
