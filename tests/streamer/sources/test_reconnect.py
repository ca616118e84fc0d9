"""A device that goes and comes back: one index, one gap for each time away, and a stop at any moment."""

import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from queue import SimpleQueue

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotion.arrays import read_only
from emotion.errors import DeviceError
from streamer.events import AudioBlock
from streamer.sources import reconnect
from streamer.sources.base import BlockReceiver, SourceInfo
from streamer.sources.queue import BlockQueue
from streamer.sources.reconnect import ReconnectingSource

RATE = 1000
INFO = SourceInfo("headset", RATE, 1, "PCM_16", None, live=True)
PATIENCE_SECONDS = 10.0


class Device:
    """Delivers what a test tells it to, in the thread of the test."""

    def __init__(self, *, opens: bool = True) -> None:
        self.info = INFO
        self.non_finite_samples = 0
        self.opens = opens
        self.is_started = threading.Event()
        self.is_released = threading.Event()
        self._queue: BlockReceiver | None = None
        self._end_sample = 0

    def open(self) -> None:
        if not self.opens:
            raise DeviceError("headset is not there; plug it in")

    def start(self, queue: BlockReceiver) -> None:
        self._queue = queue
        self.is_started.set()

    def stop(self) -> None:
        self.is_released.set()
        if self._queue is not None:
            self._queue.close()

    def deliver(self, num_samples: int, arrived: float) -> None:
        assert self._queue is not None
        samples = read_only(np.full((num_samples, 1), self._end_sample, np.float32))
        self._queue.put(AudioBlock(samples, self._end_sample, arrived))
        self._end_sample += num_samples

    def go(self, error: BaseException | None) -> None:
        assert self._queue is not None
        self._queue.close(error)


@pytest.fixture(autouse=True)
def _impatient() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reconnect, "RETRY_SECONDS", (0.001, 0.002))
        yield


def run_through(lives: Sequence[Sequence[tuple[int, float]]]) -> tuple[list[AudioBlock], BlockQueue]:
    """Open a device once for each list, and deliver its blocks with these lengths and arrival times."""
    devices = [Device() for _ in lives]
    ready = iter(devices[1:])
    source = ReconnectingSource(devices[0], lambda _: next(ready))
    queue = BlockQueue(1e6, RATE)
    source.open()
    source.start(queue)
    for number, (device, blocks) in enumerate(zip(devices, lives, strict=True)):
        assert device.is_started.wait(PATIENCE_SECONDS)
        for num_samples, arrived in blocks:
            device.deliver(num_samples, arrived)
        if number + 1 < len(devices):
            device.go(DeviceError("unplugged; plug it in"))
            assert device.is_released.wait(PATIENCE_SECONDS)
    source.stop()
    source.stop()
    assert devices[-1].is_released.is_set()
    heard = []
    while (block := queue.get(0)) is not None:
        heard.append(block)
    assert queue.drained
    return heard, queue


@given(
    st.lists(
        st.lists(st.tuples(st.integers(1, 50), st.floats(0.0, 0.3)), min_size=0, max_size=3),
        min_size=1,
        max_size=4,
    )
)
def test_the_index_never_goes_back_and_jumps_once_for_each_return(
    lives: list[list[tuple[int, float]]],
) -> None:
    now = 100.0
    timed = []
    for life in lives:
        now += 1.0
        blocks = []
        for num_samples, wait in life:
            now += num_samples / RATE + wait
            blocks.append((num_samples, now))
        timed.append(blocks)
    heard, queue = run_through(timed)
    assert queue.error is None
    arrivals = [arrived for blocks in timed for _, arrived in blocks]
    assert [block.arrived for block in heard] == arrivals
    for before, after in pairwise(heard):
        assert after.first_sample >= before.end_sample
        assert after.away == (after.first_sample > before.end_sample)
        if after.away:
            away_seconds = after.arrived - len(after.samples) / RATE - before.arrived
            assert (after.first_sample - before.end_sample) / RATE == pytest.approx(
                away_seconds, abs=1.5 / RATE
            )
    num_heard = sum(1 for blocks in timed if blocks)
    # What is missing before the first sound counts as well.
    assert sum(block.away for block in heard) == max(0, num_heard - bool(lives[0]))


def test_it_is_retried_until_it_opens_and_reported_meanwhile() -> None:
    tries: list[float] = []
    back = Device()

    def reopen(info: SourceInfo) -> Device:
        assert info == INFO
        tries.append(time.monotonic())
        if len(tries) == 1:
            raise DeviceError("no such device; see the list")
        return Device(opens=False) if len(tries) < 4 else back

    first = Device()
    source = ReconnectingSource(first, reopen)
    queue = BlockQueue(10, RATE)
    source.start(queue)
    first.deliver(10, 100.0)
    first.go(DeviceError("unplugged; plug it in"))
    assert back.is_started.wait(PATIENCE_SECONDS)
    assert len(tries) == 4
    reported = [queue.absence]
    back.deliver(5, 101.0)
    reported.append(queue.absence)
    assert reported == ["unplugged", None], "without the advice"
    source.stop()
    assert [(block.first_sample, block.away) for block in (queue.get(0), queue.get(0)) if block] == [
        (0, False),
        (1005, True),
    ]


def test_a_bug_ends_the_source() -> None:
    device = Device()
    source = ReconnectingSource(device, lambda _: Device())
    queue = BlockQueue(10, RATE)
    source.start(queue)
    bug = AttributeError("a bug")
    device.go(bug)
    assert queue.get(PATIENCE_SECONDS) is None
    assert queue.drained
    assert queue.error is bug
    assert queue.absence is None
    source.stop()


def test_a_bug_in_opening_it_again_is_raised() -> None:
    device = Device()
    source = ReconnectingSource(device, lambda _: list[Device]().pop())
    queue = BlockQueue(10, RATE)
    source.start(queue)
    device.go(DeviceError("unplugged"))
    assert queue.get(PATIENCE_SECONDS) is None
    assert isinstance(queue.error, IndexError)
    source.stop()


def test_a_stop_in_the_middle_of_an_attempt_releases_what_it_opened() -> None:
    late, opening, go_on = Device(), threading.Event(), threading.Event()

    def reopen(_: SourceInfo) -> Device:
        opening.set()
        assert go_on.wait(PATIENCE_SECONDS)
        return late

    first = Device()
    source = ReconnectingSource(first, reopen)
    queue = BlockQueue(10, RATE)
    source.start(queue)
    first.go(DeviceError("unplugged"))
    assert opening.wait(PATIENCE_SECONDS)
    stopping = threading.Thread(target=source.stop)
    stopping.start()
    go_on.set()
    stopping.join(PATIENCE_SECONDS)
    assert late.is_released.is_set()
    assert queue.drained


def test_a_device_that_is_not_there_at_the_start_is_an_error() -> None:
    source = ReconnectingSource(Device(opens=False), lambda _: Device())
    with pytest.raises(DeviceError, match="not there"):
        source.open()
    source.stop()


def test_blocks_of_an_abandoned_device_are_dropped() -> None:
    first, second = Device(), Device()
    source = ReconnectingSource(first, lambda _: second)
    queue = BlockQueue(10, RATE)
    source.start(queue)
    first.go(DeviceError("unplugged"))
    assert second.is_started.wait(PATIENCE_SECONDS)
    first.deliver(10, 100.0)
    first.go(DeviceError("again"))
    second.deliver(10, 101.0)
    source.stop()
    blocks = [queue.get(0), queue.get(0)]
    assert [block.arrived for block in blocks if block] == [101.0]


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Poll often, and count a device as away after five polls."""
    monkeypatch.setattr(reconnect, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(reconnect, "FIRST_POLLS", 5)


def wait_for_absence(queue: BlockQueue, news: threading.Event) -> str:
    while (absence := queue.absence) is None:
        assert news.wait(PATIENCE_SECONDS)
        news.clear()
    return absence


@pytest.mark.usefixtures("watched")
@pytest.mark.parametrize("num_blocks", [0, 1])
def test_a_device_that_delivers_nothing_counts_as_away(num_blocks: int) -> None:
    hangs, back = Device(), Device()
    source = ReconnectingSource(hangs, lambda _: back)
    news = threading.Event()
    queue = BlockQueue(10, RATE, news)
    source.start(queue)
    for _ in range(num_blocks):
        hangs.deliver(10, time.monotonic())
    assert (
        wait_for_absence(queue, news)
        == "headset delivers nothing any more: it hangs, or the sound server does"
    )
    assert back.is_started.wait(PATIENCE_SECONDS)
    assert hangs.is_released.is_set()
    hangs.deliver(10, time.monotonic())
    back.deliver(10, time.monotonic())
    source.stop()
    heard = [block.away for block in iter(lambda: queue.get(0), None)]
    assert heard == [False] * num_blocks + [True], "what comes late from the first is no sound"


@pytest.mark.usefixtures("watched")
def test_a_source_that_stalls_is_probed() -> None:
    device = Device()
    device.info = replace(INFO, stalls=True)
    probes: SimpleQueue[str | None] = SimpleQueue()
    answers: SimpleQueue[str | None] = SimpleQueue()

    def probe() -> None:
        probes.put(None)
        if (reason := answers.get()) is not None:
            raise DeviceError(reason)

    source = ReconnectingSource(device, lambda _: Device(opens=False), probe=probe)
    news = threading.Event()
    queue = BlockQueue(10, RATE, news)
    source.start(queue)
    for answer in (None, None, "the sound server does not answer"):
        probes.get(timeout=PATIENCE_SECONDS)
        assert queue.absence is None
        answers.put(answer)
    assert wait_for_absence(queue, news) == "the sound server does not answer"
    source.stop()


@pytest.mark.usefixtures("watched")
def test_a_probe_that_hangs_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconnect, "PROBE_TIMEOUT_SECONDS", 0.0)
    monkeypatch.setattr(reconnect, "MAX_MISSING_SECONDS", 0.0)
    device = Device()
    device.info = replace(INFO, stalls=True)
    is_probed, answers = threading.Event(), threading.Event()

    def probe() -> None:
        is_probed.set()
        assert answers.wait(PATIENCE_SECONDS)

    source = ReconnectingSource(device, lambda _: Device(), probe=probe)
    queue = BlockQueue(10, RATE)
    source.start(queue)
    device.deliver(10, time.monotonic())
    assert is_probed.wait(PATIENCE_SECONDS)
    source.stop()
    assert device.is_released.wait(PATIENCE_SECONDS)
    assert queue.absence is not None
    answers.set()
    for thread in threading.enumerate():
        if thread.name == "callmood-probe":
            thread.join(PATIENCE_SECONDS)


@pytest.mark.parametrize(("quiet_seconds", "is_away"), [(0.5, False), (1.5, True)])
def test_what_is_missing_at_the_end_is_reported(quiet_seconds: float, is_away: bool) -> None:
    device = Device()
    source = ReconnectingSource(device, lambda _: Device())
    queue = BlockQueue(10, RATE)
    source.start(queue)
    device.deliver(10, time.monotonic() - quiet_seconds)
    source.stop()
    assert (queue.absence is not None) == is_away
