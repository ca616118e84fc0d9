"""How many legs one thread follows, and how many calls in real time before rows are late."""

import heapq
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from queue import Empty, SimpleQueue
from typing import Final

import numpy as np

from benchmarks.speech import STEP_SECONDS, BenchSound
from benchmarks.timing import undisturbed
from benchmarks.whole_step import SteppedLeg
from emotion.arrays import Samples, read_only
from emotion.model import EmotionModel
from emotion.window_grid import to_samples
from streamer.analysis.leakage import LeakageDetector
from streamer.analysis.leg import Leg, LegOptions
from streamer.analysis.source_legs import SourceLegs, SourceOptions
from streamer.events import AudioBlock, Row
from streamer.leg_plan import LegPlan
from streamer.session import LIVE_QUEUE_SECONDS
from streamer.sources.base import SourceInfo
from streamer.sources.file import BLOCK_SECONDS

NUM_STEPS: Final = 6
"""Steps that each leg is followed for: three seconds of every call."""


@dataclass(frozen=True, slots=True)
class Crowd:
    """Legs that were followed side by side."""

    num_legs: int
    real_time_factor: float  # processor time over audio time: under 1 the core kept up
    speech_share: float  # share of the rows that the gate took for speech; the others cost less

    @property
    def legs_in_real_time(self) -> float:
        """Legs that one core would just follow at this cost a leg."""
        return self.num_legs / self.real_time_factor


def crowd(
    model: EmotionModel, sound: BenchSound, num_legs: int, source_rate: int, block_seconds: float
) -> Crowd:
    """Follow many legs for `NUM_STEPS` steps each, in turns, each at another place in the sound."""
    legs = [SteppedLeg(model, sound, source_rate, block_seconds) for _ in range(num_legs)]
    places = [leg.fill(place) for place, leg in enumerate(legs)]
    num_speech = 0
    with undisturbed():
        begin = time.process_time()
        for number in range(NUM_STEPS):
            for place, leg in zip(places, legs, strict=True):
                num_speech += leg.step(place + number)
        seconds = time.process_time() - begin
    return Crowd(num_legs, seconds / (NUM_STEPS * STEP_SECONDS), num_speech / (NUM_STEPS * num_legs))


MAX_LAG_SECONDS: Final = 0.25
"""A call is followed where 99 of 100 rows come no later."""

SOURCE_RATE: Final = 16_000
MOST_TRIES: Final = 6
_LEGS: Final = (LegPlan("customer", channel=0), LegPlan("friend", channel=1))
_PATIENCE_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Calls:
    """Calls that were followed side by side."""

    num_calls: int  # how many, two legs each
    # From the arrival of a window's last sample to its row.
    lag_p50_seconds: float
    lag_p99_seconds: float
    lag_max_seconds: float
    dropped_share: float  # of the sound, what had waited longer than a live session lets it
    busy_share: float  # processor time over time

    @property
    def are_followed(self) -> bool:
        """True where nothing was dropped and 99 of 100 rows were in time."""
        return self.dropped_share == 0.0 and self.lag_p99_seconds <= MAX_LAG_SECONDS


@dataclass(frozen=True, slots=True)
class CallCapacity:
    """The most calls that were followed, and twice as many."""

    followed: Calls  # the most; where not even one was followed, that one
    doubled: Calls


def call_capacity(
    model: EmotionModel, sound: BenchSound, first_guess: int, seconds: float, most_tries: int = MOST_TRIES
) -> CallCapacity:
    """Search for the most calls that one core follows."""
    low, high = 0, None
    best: Calls | None = None
    num_calls = max(1, first_guess)
    for _ in range(most_tries):
        calls = follow_calls(model, sound, num_calls, seconds)
        if calls.are_followed:
            best, low = calls, num_calls
        else:
            high = num_calls
            best = best or (calls if num_calls == 1 else None)
        grown = max(num_calls + 1, round(num_calls * 1.25))
        num_calls = grown if high is None else (low + high) // 2
        if num_calls in {low, 0}:
            break
    if best is None:
        best = follow_calls(model, sound, 1, seconds)
    return CallCapacity(best, follow_calls(model, sound, 2 * best.num_calls, seconds))


def follow_calls(
    model: EmotionModel, sound: BenchSound, num_calls: int, seconds: float, seed: int = 0
) -> Calls:
    """Follow so many calls on one core, for a time after their first windows are full."""
    generator = np.random.default_rng(seed)
    calls = [_Call(model, sound, generator) for _ in range(num_calls)]
    arrivals: SimpleQueue[tuple[_Call, AudioBlock]] = SimpleQueue()
    stop = threading.Event()
    lags: list[float] = []
    num_blocks = num_dropped = 0
    with _one_core(), undisturbed():
        feeder = threading.Thread(target=_feed, args=(calls, arrivals, stop), name="callmood-bench-feeder")
        feeder.start()
        began, busy = time.monotonic(), time.process_time()
        while time.monotonic() < began + seconds:
            try:
                call, block = arrivals.get(timeout=0.1)
            except Empty:
                continue
            num_blocks += 1
            if time.monotonic() - block.arrived > LIVE_QUEUE_SECONDS:
                num_dropped += 1
                continue
            lags += [event.lag_seconds for event in call.legs.take(block) if isinstance(event, Row)]
        took, busy = time.monotonic() - began, time.process_time() - busy
        stop.set()
        feeder.join(_PATIENCE_SECONDS)
    # What still waits was not followed either: its lag is at least its age.
    now = time.monotonic()
    waiting = [now - block.arrived for _, block in _drained(arrivals)]
    p50, p99, longest = np.quantile([*lags, *waiting] or [0.0], (0.5, 0.99, 1.0)).tolist()
    return Calls(num_calls, p50, p99, longest, num_dropped / max(1, num_blocks), busy / took)


class _Call:
    """A stereo source with its first windows full, at a random phase."""

    def __init__(self, model: EmotionModel, sound: BenchSound, generator: np.random.Generator) -> None:
        info = SourceInfo("call", SOURCE_RATE, len(_LEGS), "FLOAT", None, live=True)
        grid = model.card.grid(model.card.win_seconds, STEP_SECONDS)
        leakage = LeakageDetector({plan.name: SOURCE_RATE for plan in _LEGS})

        def open_leg(plan: LegPlan) -> Leg:
            return Leg(
                plan.name,
                model,
                grid,
                SOURCE_RATE,
                LegOptions(is_leak=partial(leakage.is_leak, plan.name)),
            )

        self.legs = SourceLegs(0, info, _LEGS, open_leg, SourceOptions(leakage=leakage))
        whole = sound.at_rate(SOURCE_RATE)
        turned = [np.roll(whole, -int(generator.integers(len(whole)))) for _ in _LEGS]
        self._sound: Samples = np.stack(turned, axis=1)
        self._length = to_samples(BLOCK_SECONDS, SOURCE_RATE)
        self._position = 0
        self.phase_seconds = float(generator.uniform(0.0, STEP_SECONDS))
        num_filling = round((model.card.win_seconds or 0.0) / BLOCK_SECONDS) - 1
        # Fill up to a random point of the next step: the calls' rows come at different times.
        for _ in range(num_filling + int(self.phase_seconds / BLOCK_SECONDS)):
            for _ in self.legs.take(self.block()):
                pass

    def block(self) -> AudioBlock:
        """Give the next block, as if it arrived now."""
        start = self._position % (len(self._sound) - self._length)
        samples = read_only(self._sound[start : start + self._length].copy())
        block = AudioBlock(samples, self._position, time.monotonic())
        self._position += self._length
        return block


def _feed(
    calls: list[_Call], arrivals: "SimpleQueue[tuple[_Call, AudioBlock]]", stop: threading.Event
) -> None:
    """Deliver the blocks of all calls, each at its time."""
    began = time.monotonic()
    due = [(began + call.phase_seconds % BLOCK_SECONDS, number) for number, call in enumerate(calls)]
    heapq.heapify(due)
    while not stop.wait(max(0.0, due[0][0] - time.monotonic())):
        at, number = heapq.heappop(due)
        arrivals.put((calls[number], calls[number].block()))
        heapq.heappush(due, (at + BLOCK_SECONDS, number))


def _drained(arrivals: "SimpleQueue[tuple[_Call, AudioBlock]]") -> Iterator[tuple[_Call, AudioBlock]]:
    while not arrivals.empty():
        yield arrivals.get()


@contextmanager
def _one_core() -> Iterator[None]:
    """Keep this process on one core, where the system lets it."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
