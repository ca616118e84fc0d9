"""The limits of a folder of recordings, and the sink that holds it to them while a session runs."""

import json
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotion.atomic_files import lock_folder
from emotion.errors import UsageError
from streamer.recordings.retention import (
    Pruner,
    Retention,
    RetentionLimits,
    parse_size,
    size_text,
)
from streamer.recordings.scan import opened_folder
from streamer.recordings.wav import MAX_WAV_BYTES
from tests.recorded_material import (
    DAY,
    MIDDLE,
    NEW,
    OLD,
    WEEK,
    Recording,
    age,
    record,
    removed,
    sessions,
    size,
    tree,
)
from tests.session_material import SUMMARY, facts, speech_row


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("7d", 7 * DAY), ("36h", 129_600), ("2w", 14 * DAY), ("1.5 D", 1.5 * DAY), (" 1h ", 3600)],
)
def test_an_age_is_read(text: str, seconds: float) -> None:
    bounds = RetentionLimits.parse(text, None)
    assert bounds is not None
    assert bounds.keep_seconds == seconds
    assert bounds.why(seconds, 10**15) is None
    assert bounds.why(seconds + 1, 0) == f"older than {text.strip()}"


@pytest.mark.parametrize(
    "text",
    ["", "7", "d", "0d", "0.0h", "-7d", "7m", "7 days", "1e3d", "inf", "nan", "\u0667d", "9" * 400 + "d"],
)
def test_what_is_no_age_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"--keep is .*give an age with its unit"):
        RetentionLimits.parse(text, None)


@pytest.mark.parametrize(
    ("text", "num_bytes"),
    [("2GB", 2 * 10**9), ("500 mb", 5 * 10**8), ("1.5g", 15 * 10**8), ("1kB", 1000), ("0.001k", 1)],
)
def test_a_size_is_read(text: str, num_bytes: int) -> None:
    bounds = RetentionLimits.parse(None, text)
    assert bounds is not None
    assert bounds.max_bytes == num_bytes
    assert bounds.why(10**12, num_bytes) is None
    assert bounds.why(0, num_bytes + 1) == f"more than {size_text(num_bytes)}"


@pytest.mark.parametrize(
    "text", ["", "2", "2000000", "GB", "0GB", "0.0004k", "-1GB", "2GiB", "1e9kB", "infGB"]
)
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"--max-size is .*give a size with its unit"):
        RetentionLimits.parse(None, text)


@given(st.integers(1000, 10**14))
def test_a_size_that_is_written_can_be_read(num_bytes: int) -> None:
    assert abs(parse_size(size_text(num_bytes)) - num_bytes) <= num_bytes / 190


def test_no_bound_is_none() -> None:
    assert RetentionLimits.parse(None, None) is None


def test_the_file_in_hand_is_a_small_part_of_the_bound() -> None:
    assert WEEK.max_file_bytes == MAX_WAV_BYTES
    assert RetentionLimits(max_bytes=2 * 10**9).max_file_bytes == 250_000_000
    assert RetentionLimits(max_bytes=10**12).max_file_bytes == MAX_WAV_BYTES
    assert RetentionLimits(max_bytes=1000).max_file_bytes == 1_000_000


def test_no_file_of_our_own_session_is_older_than_that_whatever_the_disk_says(tmp_path: Path) -> None:
    recording = Recording(tmp_path, NEW)
    recording.hear(600)
    recording.clip(0)
    recording.end()
    # As a disk dates them whose clock is another: one of a server, or one that ends in 2038.
    age(recording.path, 400)
    before = tree(tmp_path)
    # A minute, for a machine may have been started a moment ago.
    retention = Retention(tmp_path, RetentionLimits(60.0, None, "1m"))
    retention.open(facts(session=NEW))
    retention.close(SUMMARY)
    assert tree(tmp_path) == before
    Pruner(tmp_path, WEEK).run(time.time(), NEW, own_seconds=8 * DAY)
    assert {line["why"] for line in removed(tmp_path)} == {"older than 7d"}


def test_a_session_tidies_when_it_begins_meanwhile_and_when_it_ends(tmp_path: Path) -> None:
    path = record(tmp_path, OLD, days_ago=8)
    (path / "notes.txt").write_text("mine")
    strange = tmp_path / "20261101T000000Z-0000"
    strange.mkdir()
    (strange / "session.json").write_text("{}")
    news = threading.Condition()
    moment, num_asked = time.time(), 0

    def clock() -> float:
        nonlocal num_asked
        with news:
            num_asked += 1
            news.notify()
            return moment

    def wait_for_a_pass() -> None:
        """Wait until a pass that begins from now on has ended: the next one asks for the time then."""
        with news:
            wanted = num_asked + 2
            assert news.wait_for(lambda: num_asked >= wanted, 10)

    retention = Retention(tmp_path, WEEK, every_seconds=0.01, clock=clock)
    retention.open(facts(session=NEW))
    wait_for_a_pass()
    assert [line["session"] for line in removed(tmp_path)] == [OLD]
    record(tmp_path, MIDDLE)
    moment += 8 * DAY
    wait_for_a_pass()
    assert not (tmp_path / MIDDLE).exists()
    retention.close(SUMMARY)
    retention.close(None)
    assert sorted(retention.complaints) == [
        f"{strange} was left alone: its session.json does not tell of this session",
        f"{path} stays, with what is not callmood's: notes.txt",
    ]
    assert not [thread for thread in threading.enumerate() if thread.name == "callmood-retention"]


def test_a_minute_of_the_stream_is_a_minute_however_fast_it_comes(tmp_path: Path) -> None:
    news = threading.Semaphore(0)
    moment = time.time()

    def clock() -> float:
        news.release()
        return moment

    retention = Retention(tmp_path, WEEK, every_seconds=60.0, clock=clock)
    retention.open(facts(session=NEW))
    assert news.acquire(timeout=10), "the first pass"
    for minute in range(1, 4):
        for second in range(60 * minute - 60, 60 * minute):
            retention.handle(replace(speech_row(), end=float(second)))
        assert not news.acquire(timeout=0.05), "a pass before its time"
        retention.handle(replace(speech_row(), end=60.0 * minute))
        assert news.acquire(timeout=10), "a pass when it is time"
    retention.close(None)


def test_the_end_says_where_the_bound_does_not_hold(tmp_path: Path) -> None:
    record(tmp_path, OLD, days_ago=1)
    recording = Recording(tmp_path, NEW)
    recording.hear(1000)
    retention = Retention(tmp_path, RetentionLimits(max_bytes=1000), every_seconds=1000.0)
    retention.open(facts(session=NEW))
    retention.close(SUMMARY)
    assert sessions(tmp_path) == [NEW]
    assert len(list((recording.path / "sound").iterdir())) == 1
    [line] = retention.complaints
    assert line.startswith(f"{tmp_path} holds ")
    assert "more than 1 kB: what is left is being recorded" in line
    recording.end()


def test_the_end_is_silent_where_the_bound_just_holds(tmp_path: Path) -> None:
    retention = Retention(tmp_path, RetentionLimits(max_bytes=size(record(tmp_path, OLD, days_ago=1))))
    retention.open(facts(session=NEW))
    retention.close(SUMMARY)
    assert sessions(tmp_path) == [OLD]
    assert retention.complaints == ()


def test_a_session_that_was_not_opened_has_nothing_to_wait_for(tmp_path: Path) -> None:
    retention = Retention(tmp_path, WEEK, close_seconds=1000.0)
    retention.handle(speech_row())
    retention.close(None)
    assert retention.complaints == ()


def test_a_disk_that_hangs_holds_neither_the_end_nor_the_program(tmp_path: Path) -> None:
    record(tmp_path, OLD, days_ago=8)
    hangs, goes_on = threading.Event(), threading.Event()

    def clock() -> float:
        hangs.set()
        goes_on.wait(20)
        return time.time()

    retention = Retention(tmp_path, WEEK, close_seconds=0.05, clock=clock)
    retention.open(facts(session=NEW))
    assert hangs.wait(10)
    [thread] = [each for each in threading.enumerate() if each.name == "callmood-retention"]
    assert thread.daemon
    retention.close(SUMMARY)
    assert thread.is_alive()
    goes_on.set()
    thread.join(10)
    assert sessions(tmp_path) == [OLD], "what nobody waits for is left to the next session"


def test_where_another_process_tidies_it_is_tried_again_soon(tmp_path: Path) -> None:
    record(tmp_path, OLD, days_ago=8)
    news = threading.Semaphore(0)

    def clock() -> float:
        news.release()
        return time.time()

    retention = Retention(tmp_path, WEEK, every_seconds=1000.0, clock=clock)
    with opened_folder(tmp_path) as recordings:
        assert lock_folder(recordings) == "ours"
        retention.open(facts(session=NEW))
        for _ in range(2):
            assert news.acquire(timeout=10)
    retention.close(None)


def test_a_clock_set_forward_while_it_runs_makes_nothing_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(tmp_path, OLD, days_ago=1)
    right, ahead, looks = time.clock_gettime, 0.0, threading.Semaphore(0)

    def clock_gettime(clock: int) -> float:
        if clock == time.CLOCK_REALTIME:
            looks.release()
            return right(clock) + ahead
        return right(clock)

    monkeypatch.setattr(time, "clock_gettime", clock_gettime)
    retention = Retention(tmp_path, WEEK, every_seconds=0.01)
    retention.open(facts(session=NEW))
    for _ in range(3):
        assert looks.acquire(timeout=10)
    ahead = 365 * DAY
    for _ in range(10):
        assert looks.acquire(timeout=10)
    retention.close(SUMMARY)
    assert sessions(tmp_path) == [OLD]
    assert retention.complaints == ()


def test_a_session_that_never_began_does_not_wait_for_a_last_pass(tmp_path: Path) -> None:
    passes: list[float] = []
    first = threading.Event()

    def clock() -> float:
        passes.append(time.time())
        first.set()
        return passes[-1]

    retention = Retention(tmp_path, WEEK, every_seconds=1000.0, clock=clock)
    retention.open(facts())
    assert first.wait(10)
    retention.close(None)
    assert len(passes) == 1


def test_what_nobody_thought_of_becomes_a_complaint(tmp_path: Path) -> None:
    def clock() -> float:
        raise ZeroDivisionError

    retention = Retention(tmp_path, WEEK, clock=clock)
    retention.open(facts())
    retention.close(SUMMARY)
    assert retention.complaints == ("recordings are tidied no more: ZeroDivisionError()",)
    assert json.dumps(retention.complaints)


def test_the_last_pass_is_not_left_out(tmp_path: Path) -> None:
    first, moment = threading.Event(), time.time()

    def clock() -> float:
        first.set()
        return moment

    retention = Retention(tmp_path, WEEK, every_seconds=1000.0, clock=clock)
    retention.open(facts(session=NEW))
    assert first.wait(10)
    record(tmp_path, OLD)
    moment += 8 * DAY
    retention.close(SUMMARY)
    assert sessions(tmp_path) == []
