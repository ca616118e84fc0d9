"""A queue never blocks a card, never loses a file, counts drops; several are read in order of arrival."""

import threading
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotion.arrays import read_only
from emotion.errors import DeviceError
from streamer.events import AudioBlock
from streamer.sources.queue import BlockQueue, SourceMultiplexer

RATE = 100
PATIENCE_SECONDS = 10.0


def block(first_sample: int, num_samples: int = 50, *, overrun: bool = False) -> AudioBlock:
    return AudioBlock(np.zeros((num_samples, 1), np.float32), first_sample, arrived=0.0, overrun=overrun)


def taken(queue: BlockQueue) -> int:
    """Take a block that must be there, and give its first sample."""
    got = queue.get(PATIENCE_SECONDS)
    assert got is not None
    return got.first_sample


def test_blocks_come_out_in_the_order_they_went_in() -> None:
    queue = BlockQueue(10, RATE)
    for index in range(5):
        queue.put(block(50 * index))
    assert [taken(queue) for _ in range(5)] == [0, 50, 100, 150, 200]
    assert queue.get(0) is None
    assert queue.dropped_seconds == 0
    assert queue.end_sample == 250


def test_a_new_queue_has_nothing_to_tell() -> None:
    queue = BlockQueue(1.0, RATE)
    assert (queue.end_sample, queue.dropped_seconds, queue.overruns) == (0, 0.0, 0)
    assert (queue.closed, queue.drained) == (False, False)
    assert (queue.error, queue.absence, queue.oldest_arrival) == (None, None, None)
    assert queue.closed is False, "and not merely nothing"
    assert queue.closed_at is None


def test_it_knows_when_it_was_closed_first() -> None:
    queue = BlockQueue(1.0, RATE)
    before = time.monotonic()
    queue.close()
    closed_at = queue.closed_at
    assert closed_at is not None
    assert before <= closed_at <= time.monotonic()
    queue.close()
    assert queue.closed_at == closed_at


def test_a_full_queue_drops_its_oldest_and_counts() -> None:
    queue = BlockQueue(1.0, RATE)
    for index in range(4):
        queue.put(block(50 * index))
    assert queue.dropped_seconds == 1.0
    assert taken(queue) == 100


def test_what_fits_exactly_is_not_dropped() -> None:
    queue = BlockQueue(1.0, RATE)
    queue.put(block(0, 60))
    queue.put(block(60, 40))
    assert queue.dropped_seconds == 0
    queue.put(block(100, 1))
    assert queue.dropped_seconds == 0.6


def test_a_block_longer_than_the_queue_passes_alone() -> None:
    queue = BlockQueue(1.0, RATE)
    queue.put(block(0))
    queue.put(block(50, 1000))
    assert queue.dropped_seconds == 0.5
    assert taken(queue) == 50


@given(st.lists(st.integers(1, 300), max_size=30), st.lists(st.booleans(), max_size=30))
def test_every_sample_is_taken_or_dropped_or_inside(lengths: list[int], fetches: list[bool]) -> None:
    queue = BlockQueue(2.0, RATE)
    put = fetched = inside = 0
    for index, length in enumerate(lengths):
        queue.put(block(put, length))
        put += length
        if index < len(fetches) and fetches[index]:
            got = queue.get(0)
            assert got is not None
            fetched += len(got.samples)
    queue.close()
    expected = None
    while (got := queue.get(0)) is not None:
        assert expected is None or got.first_sample == expected
        expected = got.end_sample
        inside += len(got.samples)
    assert inside <= max(200, *lengths, 0) if lengths else inside == 0
    assert fetched + inside + round(queue.dropped_seconds * RATE) == put


def test_overruns_are_counted_even_of_blocks_that_are_dropped() -> None:
    queue = BlockQueue(1.0, RATE)
    for index in range(6):
        queue.put(block(50 * index, overrun=index in {1, 5}))
    assert queue.overruns == 2


def test_get_gives_up_after_its_time() -> None:
    assert BlockQueue(1.0, RATE).get(0.01) is None


def test_a_waiting_put_goes_on_as_soon_as_there_is_room() -> None:
    queue = BlockQueue(1.0, RATE)
    queue.put(block(0, 100))
    answers: list[bool] = []
    thread = threading.Thread(target=lambda: answers.append(queue.put_waiting(block(100))))
    thread.start()
    thread.join(0.05)
    assert thread.is_alive(), "it must wait while the queue is full"
    assert taken(queue) == 0
    thread.join(PATIENCE_SECONDS)
    assert not thread.is_alive()
    assert answers == [True]
    assert taken(queue) == 100
    assert queue.dropped_seconds == 0


def test_a_file_may_have_longer_blocks_than_the_queue_holds() -> None:
    queue = BlockQueue(1.0, RATE)
    answers: list[bool] = []
    thread = threading.Thread(target=lambda: answers.append(queue.put_waiting(block(0, 1000))), daemon=True)
    thread.start()
    thread.join(PATIENCE_SECONDS)
    assert answers == [True], "an empty queue takes a block of any length"


@pytest.mark.parametrize("error", [None, ValueError("the card has gone")])
def test_closing_wakes_both_ends(error: Exception | None) -> None:
    full, empty = BlockQueue(1.0, RATE), BlockQueue(1.0, RATE)
    full.put(block(0, 100))
    put: list[bool] = []
    got: list[AudioBlock | None] = []
    threads = [
        threading.Thread(target=lambda: put.append(full.put_waiting(block(100)))),
        threading.Thread(target=lambda: got.append(empty.get(PATIENCE_SECONDS))),
    ]
    for thread in threads:
        thread.start()
    for queue in (full, empty):
        queue.close(error)
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
        assert not thread.is_alive()
    assert (put, got) == ([False], [None])
    assert full.error is empty.error is error


def test_what_is_inside_can_still_be_taken_after_closing() -> None:
    queue = BlockQueue(1.0, RATE)
    queue.put(block(0))
    queue.close()
    queue.put(block(50))
    assert queue.closed
    assert [queue.drained, taken(queue), queue.drained] == [False, 0, True]
    assert queue.end_sample == 50


def test_the_first_word_at_closing_counts() -> None:
    queue = BlockQueue(1.0, RATE)
    first = ValueError("first")
    queue.close(first)
    queue.close(ValueError("second"))
    assert queue.error is first


def test_whoever_waits_for_news_hears_that_a_device_went_and_came_back() -> None:
    news = threading.Event()
    queue = BlockQueue(1.0, RATE, news)
    for reason in ("unplugged", None):
        queue.note_absence(reason)
        assert queue.absence == reason
        assert news.is_set()
        news.clear()
    assert not queue.closed


def test_discarding_empties_the_queue_and_counts_the_sound_as_dropped() -> None:
    queue = BlockQueue(10.0, RATE)
    queue.put(block(0))
    queue.put(block(50))
    queue.close()
    queue.discard()
    assert queue.drained
    assert queue.dropped_seconds == 1.0


def test_two_threads_lose_nothing() -> None:
    queue = BlockQueue(0.5, RATE)
    received: list[int] = []

    def take() -> None:
        while not queue.drained:
            got = queue.get(PATIENCE_SECONDS)
            if got is not None:
                received.append(got.first_sample)

    thread = threading.Thread(target=take)
    thread.start()
    for index in range(500):
        assert queue.put_waiting(block(7 * index, 7))
    queue.close()
    thread.join(PATIENCE_SECONDS)
    assert not thread.is_alive()
    assert received == [7 * index for index in range(500)]


def arriving_block(arrived: float, num_samples: int = 10) -> AudioBlock:
    return AudioBlock(read_only(np.zeros((num_samples, 1), np.float32)), 0, arrived)


@pytest.fixture
def multiplexer() -> SourceMultiplexer:
    return SourceMultiplexer([1.0, 1.0], [100, 200])


def test_what_arrived_first_comes_first(multiplexer: SourceMultiplexer) -> None:
    multiplexer.queues[1].put(arriving_block(1.0))
    multiplexer.queues[0].put(arriving_block(3.0))
    multiplexer.queues[1].put(arriving_block(2.0))
    came = [multiplexer.get(0.0) for _ in range(3)]
    assert [(found[0], found[1].arrived) for found in came if found] == [(1, 1.0), (1, 2.0), (0, 3.0)]
    assert multiplexer.get(0.0) is None


def test_whoever_waits_is_woken_by_any_source(multiplexer: SourceMultiplexer) -> None:
    found: list[object] = []
    waiting = threading.Thread(target=lambda: found.append(multiplexer.get(30.0)))
    waiting.start()
    multiplexer.queues[1].put(arriving_block(5.0))
    waiting.join(10.0)
    assert not waiting.is_alive()
    assert isinstance(found[0], tuple)
    assert found[0][0] == 1


def test_the_end_of_all_sources_wakes_too(multiplexer: SourceMultiplexer) -> None:
    ended: list[object] = []
    waiting = threading.Thread(target=lambda: ended.append(multiplexer.get(30.0)))
    waiting.start()
    multiplexer.queues[0].close()
    multiplexer.queues[1].close()
    waiting.join(10.0)
    assert ended == [None]
    assert multiplexer.drained


def test_a_source_that_fails_ends_all_once_the_rest_is_taken(multiplexer: SourceMultiplexer) -> None:
    multiplexer.queues[1].put(arriving_block(1.0))
    multiplexer.queues[0].close(DeviceError("unplugged"))
    drained = [multiplexer.drained]
    found = multiplexer.get(0.0)
    assert found is not None
    assert found[0] == 1
    assert [*drained, multiplexer.drained] == [False, True]
    assert str(multiplexer.error) == "unplugged"
    multiplexer.queues[1].put(arriving_block(2.0))
    assert multiplexer.get(0.0) is None, "nobody adds to what has ended"


def test_a_look_does_not_wait(multiplexer: SourceMultiplexer) -> None:
    begun = time.monotonic()
    for _ in range(30):
        assert multiplexer.get(0.0) is None
    assert time.monotonic() - begun < 15.0


def test_a_source_without_a_bound_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="zip"):
        SourceMultiplexer([1.0], [100, 200])


def test_each_source_has_its_own_bound(multiplexer: SourceMultiplexer) -> None:
    for number in range(15):
        multiplexer.queues[0].put(arriving_block(number))
        multiplexer.queues[1].put(arriving_block(number))
    assert multiplexer.dropped_seconds == pytest.approx(0.5)
    assert multiplexer.end_samples == (10, 10)
