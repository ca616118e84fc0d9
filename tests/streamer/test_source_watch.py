"""What is said of sources that deliver nothing."""

import numpy as np
import pytest

from emotion.arrays import read_only
from streamer.absence import Absence
from streamer.block import AudioBlock
from streamer.block_queue import BlockQueue
from streamer.leg import Leg
from streamer.leg_plan import LegPlan
from streamer.source import SourceInfo
from streamer.source_legs import SourceLegs
from streamer.source_watch import SourceWatch

RATE = 1000
PLANS = (LegPlan("a", source=0, analysed=False), LegPlan("b", source=1, analysed=False))


def parts(*, end_seconds: float | None = None) -> tuple[SourceWatch, list[SourceLegs], list[BlockQueue]]:
    """Two devices, of which nothing but the level is wanted."""

    def refuse(plan: LegPlan) -> Leg:
        raise AssertionError(plan)

    infos = [SourceInfo(name, RATE, 1, "PCM_16", None, live=True) for name in ("near", "far")]
    sources = [
        SourceLegs(number, info, PLANS, refuse, end_seconds=end_seconds) for number, info in enumerate(infos)
    ]
    return SourceWatch(sources), sources, [BlockQueue(10, RATE) for _ in infos]


def block(arrived: float) -> AudioBlock:
    return AudioBlock(read_only(np.zeros((100, 1), np.float32)), 0, arrived)


def test_a_device_that_is_away_is_told_of_once_and_not_as_a_silent_one() -> None:
    watch, _, queues = parts()
    assert list(watch.look(100.0, queues)) == []
    queues[1].note_absence("unplugged")
    assert list(watch.look(101.0, queues)) == [Absence(1, "far", 0.0, "unplugged")]
    assert watch.absent == (1,)
    assert list(watch.look(110.0, queues)) == ["nothing has come from near for 3 s"]
    queues[1].note_absence(None)
    assert list(watch.look(111.0, queues)) == ["nothing has come from far for 3 s"]
    assert not watch.absent


def test_what_came_before_it_went_is_heard_first() -> None:
    watch, _, queues = parts()
    queues[0].put(block(100.0))
    queues[0].note_absence("unplugged")
    assert list(watch.look(100.1, queues)) == []
    queues[0].get(0)
    assert [type(said) for said in watch.look(100.2, queues)] == [Absence]


@pytest.mark.parametrize(("now", "is_over"), [(103.0, False), (103.2, True)])
def test_a_duration_ends_by_the_clock_where_nothing_comes(now: float, is_over: bool) -> None:
    watch, sources, queues = parts(end_seconds=2.0)
    list(sources[0].take(block(100.1)))
    list(watch.look(now, queues))
    assert sources[0].is_over == is_over


def test_sound_that_waits_for_a_slow_worker_has_come() -> None:
    watch, sources, queues = parts(end_seconds=2.0)
    list(sources[0].take(block(100.1)))
    queues[0].put(block(100.2))
    said = list(watch.look(120.0, queues))
    assert "nothing has come from near for 3 s" not in said
    assert not sources[0].is_over
