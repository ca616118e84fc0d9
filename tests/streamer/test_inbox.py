"""Blocks of several sources, in the order of their arrival."""

import threading
import time

import numpy as np
import pytest

from emotion.arrays import read_only
from emotion.errors import DeviceError
from streamer.block import AudioBlock
from streamer.inbox import Inbox


def block(arrived: float, num_samples: int = 10) -> AudioBlock:
    return AudioBlock(read_only(np.zeros((num_samples, 1), np.float32)), 0, arrived)


@pytest.fixture
def inbox() -> Inbox:
    return Inbox([1.0, 1.0], [100, 200])


def test_what_arrived_first_comes_first(inbox: Inbox) -> None:
    inbox.queues[1].put(block(1.0))
    inbox.queues[0].put(block(3.0))
    inbox.queues[1].put(block(2.0))
    came = [inbox.get(0.0) for _ in range(3)]
    assert [(found[0], found[1].arrived) for found in came if found] == [(1, 1.0), (1, 2.0), (0, 3.0)]
    assert inbox.get(0.0) is None


def test_whoever_waits_is_woken_by_any_source(inbox: Inbox) -> None:
    found: list[object] = []
    waiting = threading.Thread(target=lambda: found.append(inbox.get(30.0)))
    waiting.start()
    inbox.queues[1].put(block(5.0))
    waiting.join(10.0)
    assert not waiting.is_alive()
    assert isinstance(found[0], tuple)
    assert found[0][0] == 1


def test_the_end_of_all_sources_wakes_too(inbox: Inbox) -> None:
    ended: list[object] = []
    waiting = threading.Thread(target=lambda: ended.append(inbox.get(30.0)))
    waiting.start()
    inbox.queues[0].close()
    inbox.queues[1].close()
    waiting.join(10.0)
    assert ended == [None]
    assert inbox.drained


def test_a_source_that_fails_ends_all_once_the_rest_is_taken(inbox: Inbox) -> None:
    inbox.queues[1].put(block(1.0))
    inbox.queues[0].close(DeviceError("unplugged"))
    drained = [inbox.drained]
    found = inbox.get(0.0)
    assert found is not None
    assert found[0] == 1
    assert [*drained, inbox.drained] == [False, True]
    assert str(inbox.error) == "unplugged"
    inbox.queues[1].put(block(2.0))
    assert inbox.get(0.0) is None, "nobody adds to what has ended"


def test_a_look_does_not_wait(inbox: Inbox) -> None:
    begun = time.monotonic()
    for _ in range(30):
        assert inbox.get(0.0) is None
    assert time.monotonic() - begun < 15.0


def test_a_source_without_a_bound_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="zip"):
        Inbox([1.0], [100, 200])


def test_each_source_has_its_own_bound(inbox: Inbox) -> None:
    for number in range(15):
        inbox.queues[0].put(block(number))
        inbox.queues[1].put(block(number))
    assert inbox.dropped_seconds == pytest.approx(0.5)
    assert inbox.end_samples == (10, 10)
