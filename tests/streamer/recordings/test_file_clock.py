"""The clock that ages files: setting the wall clock forward makes nothing old."""

import pytest

from streamer.recordings.retention import FileClock

DAY = 86_400.0
KEEP = 7 * DAY


class Clocks:
    """One that somebody sets, and one that nobody can."""

    def __init__(self) -> None:
        self.wall = 1_750_000_000.0
        self.steady = 40 * DAY
        self.file_clock = FileClock(KEEP, wall=lambda: self.wall, steady=lambda: self.steady)

    def pass_by(self, seconds: float) -> float:
        self.wall += seconds
        self.steady += seconds
        return self.file_clock()


@pytest.fixture
def clocks() -> Clocks:
    return Clocks()


def test_while_nobody_sets_it_it_is_the_wall_clock(clocks: Clocks) -> None:
    for _ in range(20):
        assert clocks.pass_by(DAY) == pytest.approx(clocks.wall, abs=1e-3)


def test_a_clock_that_is_put_right_bit_by_bit_is_followed(clocks: Clocks) -> None:
    for _ in range(1000):
        clocks.wall += 0.9
        assert clocks.pass_by(60) == pytest.approx(clocks.wall, abs=1e-3)


def test_a_clock_set_back_is_followed_at_once(clocks: Clocks) -> None:
    clocks.wall -= 365 * DAY
    assert clocks.pass_by(60) == pytest.approx(clocks.wall, abs=1e-3)


def test_set_forward_each_file_goes_when_it_is_as_old_as_it_may_be(clocks: Clocks) -> None:
    written = {"before": clocks.wall}
    clocks.wall += 365 * DAY
    written["after"] = clocks.wall
    gone: dict[str, float] = {}
    for hour in range(24 * 30):
        now = clocks.pass_by(3600)
        for name, moment in written.items():
            if now - moment > KEEP:
                gone.setdefault(name, hour + 1)
    assert gone.keys() == written.keys()
    assert all(KEEP / 3600 <= hours <= KEEP / 3600 + 2 for hours in gone.values()), gone


def test_set_forward_by_mistake_and_back_nothing_has_changed(clocks: Clocks) -> None:
    right = clocks.wall
    clocks.wall += 365 * DAY
    assert clocks.pass_by(3 * DAY) == pytest.approx(right + 3 * DAY, abs=1e-3)
    clocks.wall -= 365 * DAY
    assert clocks.pass_by(DAY) == pytest.approx(right + 4 * DAY, abs=1e-3)


def test_set_forward_again_it_waits_anew(clocks: Clocks) -> None:
    right = clocks.wall
    for _ in range(3):
        clocks.wall += 30 * DAY
        clocks.pass_by(6 * DAY)
    assert clocks.pass_by(0) == pytest.approx(right + 18 * DAY, abs=1e-3)


def test_to_the_second(clocks: Clocks) -> None:
    clocks.wall += 60
    assert clocks.file_clock() == clocks.wall, "no more than a leap"
    right = clocks.wall
    clocks.wall += 61
    assert clocks.file_clock() == right
    clocks.wall += 60
    assert clocks.pass_by(KEEP) == right + KEEP, "as old as it may be, and not older"
    assert clocks.pass_by(1) == clocks.wall


def test_it_goes_by_the_clocks_of_the_machine() -> None:
    import time

    assert FileClock(KEEP)() == pytest.approx(time.time(), abs=5)
