"""All sinks are told the same; one that fails is closed and left out, and the others go on."""

from typing import NoReturn

import numpy as np
import pytest

from emotion.errors import OutputError
from streamer.block import AudioBlock
from streamer.row import Gap, Row
from streamer.session_facts import SessionFacts, Summary
from streamer.sink import Sink
from streamer.sink_group import SinkGroup
from tests.session_material import SUMMARY, facts, silent_row

BLOCK = AudioBlock(np.zeros((4, 1), np.float32), 0, 0.0)
GAP = Gap("mono", 1.0, 2.0, 1000, 2000, "drop", estimated=False)


class Diary(Sink):
    """Writes down what it is told, and fails where it is asked to."""

    def __init__(self, fails_at: str = "", error: type[Exception] = OutputError) -> None:
        self.told: list[str] = []
        self._fails_at = fails_at
        self._error = error

    def open(self, facts: SessionFacts) -> None:
        assert facts.session
        self._note("open")

    def take_block(self, block: AudioBlock, source: int = 0) -> None:
        assert block is BLOCK
        self._note("block")

    def take_row(self, row: Row) -> None:
        self._note(f"row {row.window}")

    def take_gap(self, gap: Gap) -> None:
        self._note(f"gap {gap.cause}")

    def take_mark(self, at_seconds: float, clock: float) -> None:
        self._note(f"mark {at_seconds:g} {clock:g}")

    def take_pause(self, at_seconds: float, clock: float, *, paused: bool) -> None:
        self._note(f"pause {at_seconds:g} {clock:g} {paused}")

    def take_failure(self, message: str) -> None:
        self._note(f"heard that {message}")

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
    group.take_block(BLOCK)
    group.take(silent_row(7))
    group.take(GAP)
    group.take_mark(1.5, 99.0)
    group.take_pause(2.5, 98.0, paused=True)
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
    group.take_block(BLOCK)
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
        group.take_block(BLOCK)
