"""All sinks get the same events; one that fails is suspended and retried, or closed, and the others go on."""

from typing import NoReturn

import numpy as np
import pytest

from emotion.errors import OutputError
from streamer.events import AudioBlock, Event, Failure, Gap, Mark, Pause, Row, Sound
from streamer.session_info import SessionInfo, Summary
from streamer.sinks.base import Sink
from streamer.sinks.group import (
    FIRST_RETRY_SECONDS,
    MAX_RETRY_SECONDS,
    STEADY_SECONDS,
    SinkGroup,
)
from tests.session_material import SUMMARY, facts, silent_row

BLOCK = AudioBlock(np.zeros((4, 1), np.float32), 0, 0.0)
GAP = Gap(1.0, 2.0, 1000, 2000, leg="mono", cause="drop", estimated=False)


class Diary(Sink):
    """Writes down what it is told, and fails where it is asked to."""

    def __init__(self, fails_at: str = "", error: type[Exception] = OutputError) -> None:
        self.told: list[str] = []
        self._fails_at = fails_at
        self._error = error

    def open(self, info: SessionInfo) -> None:
        assert info.session
        self._note("open")

    def handle(self, event: Event) -> None:
        match event:
            case Sound():
                assert event.block is BLOCK
                self._note("block")
            case Row():
                self._note(f"row {event.window}")
            case Gap():
                self._note(f"gap {event.cause}")
            case Mark():
                self._note(f"mark {event.at_seconds:g} {event.clock:g}")
            case Pause():
                self._note(f"pause {event.at_seconds:g} {event.clock:g} {event.paused}")
            case Failure():
                self._note(f"heard that {event.message}")

    @property
    def files(self) -> tuple[str, ...]:
        return ("diary.txt",)

    @property
    def is_saving(self) -> bool:
        return True

    def close(self, summary: Summary | None) -> None:
        self._note("close" if summary is None else "close with summary")

    def _note(self, what: str) -> None:
        self.told.append(what)
        if what == self._fails_at:
            self._fail(what)

    def _fail(self, what: str) -> NoReturn:
        raise self._error(f"the disk is full at {what}")


def tell_everything(group: SinkGroup) -> None:
    group.open(facts())
    group.handle(Sound(BLOCK))
    group.handle(silent_row(7))
    group.handle(GAP)
    group.handle(Mark(1.5, 99.0))
    group.handle(Pause(2.5, 98.0, paused=True))
    group.close(SUMMARY)


ALL = ["open", "block", "row 7", "gap drop", "mark 1.5 99", "pause 2.5 98 True", "close with summary"]


def test_everything_reaches_all_in_order() -> None:
    sinks = [Diary(), Diary()]
    group = SinkGroup(sinks)
    tell_everything(group)
    group.close(SUMMARY)
    assert [sink.told for sink in sinks] == [ALL, ALL]
    assert group.failures == ()
    assert group.files == ("diary.txt",), "each file once"


@pytest.mark.parametrize("place", range(1, len(ALL) - 1))
def test_a_sink_that_fails_is_closed_and_left_out(place: int) -> None:
    broken, sound = Diary(fails_at=ALL[place]), Diary()
    group = SinkGroup([broken, sound])
    tell_everything(group)
    assert broken.told == [*ALL[: place + 1], "close"]
    heard = f"heard that the disk is full at {ALL[place]}"
    assert sound.told == [*ALL[: place + 1], heard, *ALL[place + 1 :]]
    assert group.failures == (f"the disk is full at {ALL[place]}",)
    assert group.files == ("diary.txt",), "what it had written is still there"


def test_sinks_may_fail_one_after_the_other() -> None:
    second = Diary(fails_at="heard that the disk is full at block")
    last = Diary()
    group = SinkGroup([Diary(fails_at="block"), second, last])
    tell_everything(group)
    told = ["the disk is full at block", "the disk is full at heard that the disk is full at block"]
    assert list(group.failures) == told
    assert second.told[-1] == "close"
    assert last.told == ["open", "block", *(f"heard that {message}" for message in told), *ALL[2:]]


def test_a_sink_that_fails_at_the_end_is_told_of_too() -> None:
    group = SinkGroup([Diary(fails_at="close with summary"), Diary()])
    tell_everything(group)
    assert group.failures == ("the disk is full at close with summary",)


def test_the_summary_tells_each_what_those_before_it_wrote_or_could_not() -> None:
    class Reader(Diary):
        summary: Summary | None = None

        def close(self, summary: Summary | None) -> None:
            self.summary = summary

    class Late(Diary):
        @property
        def files(self) -> tuple[str, ...]:
            return ("late.png",) if "close with summary" in self.told else ()

    reader = Reader()
    tell_everything(SinkGroup([Late(), Diary(fails_at="close with summary"), reader]))
    assert reader.summary is not None
    assert reader.summary.files == ("late.png", "diary.txt")
    assert reader.summary.failures == (*SUMMARY.failures, "the disk is full at close with summary")


def test_a_failure_while_giving_up_is_a_failure_of_its_own() -> None:
    class Stubborn(Diary):
        def close(self, summary: Summary | None) -> None:
            super().close(summary)
            self._fail("close")

    group = SinkGroup([Stubborn(fails_at="block")])
    tell_everything(group)
    assert group.failures == ("the disk is full at block", "the disk is full at close")
    assert not group.is_saving


def test_only_working_sinks_count_as_saving() -> None:
    group = SinkGroup([Diary(fails_at="block")])
    group.open(facts())
    assert group.is_saving
    group.handle(Sound(BLOCK))
    assert not group.is_saving


def test_all_open_or_none() -> None:
    sinks = [Diary(), Diary(fails_at="open"), Diary()]
    with pytest.raises(OutputError, match="full at open"):
        SinkGroup(sinks).open(facts())
    assert [sink.told for sink in sinks] == [["open", "close"], ["open"], []]


def test_a_bug_in_one_sink_still_closes_the_others() -> None:
    sinks = [Diary(fails_at="close with summary", error=ZeroDivisionError), Diary()]
    group = SinkGroup(sinks)
    group.open(facts())
    with pytest.raises(ZeroDivisionError):
        group.close(SUMMARY)
    assert sinks[1].told == ["open", "close with summary"]


def test_a_bug_while_listening_is_not_swallowed() -> None:
    group = SinkGroup([Diary(fails_at="block", error=ZeroDivisionError)])
    group.open(facts())
    with pytest.raises(ZeroDivisionError):
        group.handle(Sound(BLOCK))


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

    def handle(self, event: Event) -> None:
        if isinstance(event, Failure):
            self.told.append(event.message)
        elif isinstance(event, Row):
            self.num_tries += 1
            self.write(f"row {event.window}")

    def write(self, what: str) -> None:
        if self.is_full:
            raise OutputError("the disk is full; free some space")
        self.told.append(what)

    @property
    def num_written(self) -> int:
        return len(self.told)

    def recover(self) -> bool:
        return not self.looks_full

    def close(self, summary: Summary | None) -> None:
        self.told.append("closed" if summary is None else "closed with summary")


class Told(Sink):
    """Hears what becomes of the others."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def handle(self, event: Event) -> None:
        if isinstance(event, Failure):
            self.heard.append(event.message)


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
    group.handle(silent_row(0))
    disk.is_full = disk.looks_full = True
    group.handle(silent_row(1))
    assert group.failures == (f"{FULL}; missing: 1 window",)
    assert not group.is_saving
    disk.is_full = disk.looks_full = False
    clock.now += FIRST_RETRY_SECONDS - 0.1
    group.handle(silent_row(2))
    assert disk.told == ["row 0"], "it is not asked before its time"
    clock.now += 30.1 - FIRST_RETRY_SECONDS
    group.handle(Mark(1.0, 2.0))
    assert group.failures == (f"{FULL}; missing: 2 windows",), "nothing has been written yet"
    group.handle(silent_row(3))
    line = f"{FULL}; it went on after 30 s, without 2 windows"
    assert disk.told == ["row 0", "row 3", line]
    assert told.heard == [FULL, line]
    assert group.failures == (line,)
    group.close(SUMMARY)
    assert disk.told[-1] == "closed with summary"


def test_it_is_not_tried_while_it_says_that_it_cannot(group: SinkGroup, disk: Disk, clock: Clock) -> None:
    disk.is_full = disk.looks_full = True
    for window in range(50):
        group.handle(silent_row(window))
        clock.now += FIRST_RETRY_SECONDS
    assert disk.told == []
    assert disk.num_tries == 1
    assert group.failures == (f"{FULL}; missing: 50 windows",)
    group.close(SUMMARY)
    assert disk.told == ["closed"]
    assert group.failures == (f"{FULL}; missing: 50 windows",)


def test_at_the_end_it_is_asked_once_more(group: SinkGroup, disk: Disk) -> None:
    disk.is_full = disk.looks_full = True
    group.handle(silent_row(0))
    disk.is_full = disk.looks_full = False
    group.close(SUMMARY)
    assert disk.told == ["closed with summary"]
    assert group.failures == (f"{FULL}; missing: 1 window",), "it did not go on with windows"


def test_what_fails_whenever_it_is_tried_is_tried_ever_more_seldom_in_one_line(
    group: SinkGroup, disk: Disk, told: Told, clock: Clock
) -> None:
    disk.is_full = True
    for window in range(86_400 // 5):
        group.handle(silent_row(window))
        clock.now += 5.0
    assert group.failures == (f"{FULL}; missing: {86_400 // 5} windows",), "it never went on"
    assert told.heard == [FULL]
    assert 86_400 / MAX_RETRY_SECONDS < disk.num_tries < 86_400 / MAX_RETRY_SECONDS + 10


def test_what_fails_again_after_it_went_on_is_told_again_and_counted_in_one_line(
    group: SinkGroup, disk: Disk, told: Told, clock: Clock
) -> None:
    for window, full in enumerate([True, False, True, True, True]):
        disk.is_full = full
        group.handle(silent_row(window))
        clock.now += 2 * FIRST_RETRY_SECONDS
    over = f"{FULL}; it went on after 2 s, without 1 window"
    assert told.heard == [FULL, over, f"{FULL}; 2 times"]
    assert group.failures == (f"{FULL}; 2 times; missing: 4 windows",)


def test_two_that_fail_in_the_same_words_have_one_line(told: Told, clock: Clock) -> None:
    class Marks(Disk):
        unit = "mark"

        def handle(self, event: Event) -> None:
            if isinstance(event, Mark):
                self.write("mark")
            elif isinstance(event, Failure):
                super().handle(event)

        def lacks(self, event: Event | Summary) -> bool:
            return isinstance(event, Mark)

    disk, marks = Disk(), Marks()
    group = SinkGroup([disk, marks, told], clock=clock)
    group.open(facts())
    disk.is_full = marks.is_full = disk.looks_full = marks.looks_full = True
    group.handle(Mark(0.5, 1.0))
    for window in range(2):
        group.handle(silent_row(window))
    assert told.heard == [FULL]
    assert group.failures == (f"{FULL}; missing: 1 mark and 2 windows",)
    disk.is_full = marks.is_full = disk.looks_full = marks.looks_full = False
    clock.now += 9
    group.handle(silent_row(2))
    group.handle(Mark(0.5, 1.0))
    over = f"{FULL}; it went on after 9 s, without 1 mark and 2 windows"
    assert group.failures == (over,)
    assert told.heard[-1] == over
    group.close(SUMMARY)


class Lines(Disk):
    """Has a line for the summary, too."""

    unit = "line"

    def lacks(self, event: Event | Summary) -> bool:
        return True


def test_the_summary_is_missing_where_it_rests_to_the_end(clock: Clock) -> None:
    lines = Lines()
    group = SinkGroup([lines], clock=clock)
    group.open(facts())
    lines.is_full = lines.looks_full = True
    group.handle(silent_row(0))
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
    group.handle(silent_row(0))
    group.close(SUMMARY)
    assert late.told == ["closed with summary"]
    assert group.failures == (f"{FULL}; missing: 2 lines",)


def test_after_a_steady_while_a_failure_is_a_new_one(group: SinkGroup, disk: Disk, clock: Clock) -> None:
    for window in range(0, 10, 2):
        disk.is_full = True
        group.handle(silent_row(window))
        disk.is_full = False
        clock.now += FIRST_RETRY_SECONDS - 0.1
        group.handle(Mark(0.0, 0.0))
        assert not group.is_saving, "it is not retried before the first interval is over"
        clock.now += 0.1
        group.handle(silent_row(window + 1))
        assert disk.told[-2] == f"row {window + 1}", "nor after a longer one"
        clock.now += STEADY_SECONDS
    assert group.failures == (f"{FULL}; 5 times; it went on after 5 s, without 5 windows",)


def test_sound_is_remembered_while_suspended_and_no_report_is_missed(clock: Clock) -> None:
    class Ring(Lines):
        def __init__(self) -> None:
            super().__init__()
            self.remembered: list[Sound] = []

        def remember(self, sound: Sound) -> None:
            self.remembered.append(sound)

    ring, other = Ring(), Disk()
    group = SinkGroup([ring, other], clock=clock)
    group.open(facts())
    ring.is_full = ring.looks_full = True
    group.handle(silent_row(0))
    group.handle(Sound(BLOCK))
    other.is_full = True
    group.handle(silent_row(1))
    assert ring.remembered == [Sound(BLOCK)]
    assert group.failures == (f"{FULL}; missing: 2 lines and 1 window",), "reports do not count"


def test_one_that_cannot_recover_is_closed_at_once(told: Told, clock: Clock) -> None:
    class Reader(Disk):
        may_recover = False

    gone = Reader()
    group = SinkGroup([gone, told], clock=clock)
    group.open(facts())
    gone.is_full = True
    group.handle(silent_row(0))
    assert gone.told == ["closed"]
    clock.now += MAX_RETRY_SECONDS
    gone.is_full = False
    group.handle(silent_row(1))
    assert gone.told == ["closed"]
    assert group.failures == (FULL,)
