"""What a leg hears before any model judges it: vectors, what others are told, what gaps say and forget."""

from itertools import count

import numpy as np
import pytest

from emotion.arrays import Samples, read_only
from emotion.features.catalogue import feature_set
from emotion.resampling import StreamResampler
from emotion.window_grid import WindowGrid
from streamer.block import AudioBlock
from streamer.heard import Heard
from streamer.hearing import Hearing, Vectors
from streamer.leg_pace import LegPace
from streamer.pace import Pace
from streamer.row import Gap
from tests.model_maker import tone_of
from tests.strategies import sound

RATE = 16_000
GRID = WindowGrid.from_seconds(0.5, 0.2, RATE)
FEATURES = feature_set("classic-speech")


class Listener:
    """Keeps what it is told, stretch by stretch."""

    def __init__(self) -> None:
        self.stretches: list[tuple[float, list[Samples]]] = []

    def begin(self, start: float) -> None:
        self.stretches.append((start, []))

    def push(self, samples: Samples) -> None:
        self.stretches[-1][1].append(samples)

    def heard(self) -> list[tuple[float, Samples]]:
        return [(start, np.concatenate(parts)) for start, parts in self.stretches]


def block(
    samples: Samples,
    first_sample: int,
    *,
    arrived: float = 0.0,
    overrun: bool = False,
    stalled: bool = False,
    away: bool = False,
) -> AudioBlock:
    columns = samples if samples.ndim == 2 else samples[:, np.newaxis]
    return AudioBlock(read_only(columns.copy()), first_sample, arrived, overrun, stalled, away)


def hearing(gate: str = "level", vectors: Vectors = "speech", pace: LegPace | None = None) -> Hearing:
    return Hearing("customer", FEATURES, GRID, RATE, gate=gate, vectors=vectors, pace=pace)


def windows(events: list[Heard | Gap]) -> list[Heard]:
    return [event for event in events if isinstance(event, Heard)]


def scene() -> Samples:
    """A second of a tone, then a second and a half of almost nothing."""
    return np.concatenate([tone_of("angry", 1, RATE, 1.0), 1e-5 * sound("noise", 24_000, 1.0, 1)])


def test_only_speech_has_a_vector_unless_all_are_asked_for() -> None:
    speech, every = (windows(hearing(vectors=which).push(block(scene(), 0))) for which in ("speech", "all"))
    states = [each.state for each in speech]
    assert set(states) == {"speech", "silence"}
    assert [each.state for each in every] == states
    assert [each.vector is not None for each in speech] == [state == "speech" for state in states]
    for one, other in zip(speech, every, strict=True):
        assert other.vector is not None
        if one.vector is not None:
            np.testing.assert_array_equal(one.vector, other.vector)


def test_speech_that_has_waited_too_long_on_a_slow_machine_is_skipped_and_nothing_else() -> None:
    pace = Pace(0.2)
    for _ in range(30):
        pace.worked(0, sound_seconds=0.5, busy_seconds=1.0, lag_seconds=0.0)
    usual, slow = hearing(), hearing(pace=LegPace(pace, "customer", clock=lambda: 100.0))
    both: list[list[Heard]] = [[], []]
    for first in range(0, len(scene()), 1_600):
        # The last tone arrived just now, what was before it long ago.
        arrived = 99.9 if first >= 0.8 * RATE else 90.0
        part = block(scene()[first : first + 1_600], first, arrived=arrived)
        for leg, heard in zip((usual, slow), both, strict=True):
            heard.extend(windows(leg.push(part)))
    skipped = [each for each in both[1] if each.skipped]
    assert skipped
    assert not any(each.skipped for each in both[0])
    for one, other in zip(*both, strict=True):
        assert (one.state, one.start, one.end_sample) == (other.state, other.start, other.end_sample)
        assert other.skipped == (one.state == "speech" and one.arrived == 90.0)
        assert (other.vector is None) == (one.vector is None or other.skipped)


def test_a_pace_learns_what_vectors_take() -> None:
    ticks = count(0.0, 0.25)
    pace = Pace(0.2)
    leg = hearing(pace=LegPace(pace, "customer", clock=lambda: next(ticks)))
    heard = windows(leg.push(block(scene(), 0)))
    num_vectors = sum(each.vector is not None for each in heard)
    assert pace._slots[-1].heard_seconds == 0.25 * num_vectors > 0


def test_a_listener_hears_all_sound_at_the_models_rate_and_where_each_stretch_begins() -> None:
    listener = Listener()
    leg = Hearing("customer", FEATURES, GRID, 44_100, gate="level", listener=listener)
    stereo = np.stack([sound("noise", 30_000, 0.3, seed) for seed in (1, 2)], axis=1)
    for cut in (slice(0, 10), slice(10, 17_000), slice(17_000, 20_000)):
        leg.push(block(stereo[cut], 441_000 + cut.start))
    leg.push(block(stereo[20_000:], 500_000))
    leg.finish()
    assert [start for start, _ in listener.heard()] == [10.0, 500_000 / 44_100]
    for (_, told), part in zip(listener.heard(), (stereo[:20_000], stereo[20_000:]), strict=True):
        resampler = StreamResampler(44_100, RATE)
        whole = [resampler.push(part.mean(axis=1, dtype=np.float32)), resampler.finish()]
        np.testing.assert_allclose(told, np.concatenate(whole), atol=1e-6)


@pytest.mark.parametrize(
    ("lost", "jump", "expected"),
    [
        ({}, 100, ("drop", False)),
        ({"overrun": True}, 100, ("overrun", True)),
        ({"overrun": True}, 0, ("overrun", True)),
        ({"stalled": True}, 100, ("stall", True)),
        ({"overrun": True, "stalled": True}, 100, ("stall", True)),
        ({"away": True}, 100, ("away", True)),
        ({"away": True, "stalled": True}, 100, ("away", True)),
    ],
)
def test_a_gap_is_one_legs_and_has_a_cause(
    lost: dict[str, bool], jump: int, expected: tuple[str, bool]
) -> None:
    leg = hearing()
    leg.push(block(scene()[:2000], 1000))
    (gap,) = leg.push(
        block(
            scene()[:2000],
            3000 + jump,
            overrun=lost.get("overrun", False),
            stalled=lost.get("stalled", False),
            away=lost.get("away", False),
        )
    )
    assert isinstance(gap, Gap)
    assert (gap.leg, gap.cause, gap.estimated) == ("customer", *expected)
    assert (gap.start, gap.end) == (3000 / RATE, (3000 + jump) / RATE)


def test_what_is_missing_before_the_first_sound_is_a_gap_once() -> None:
    leg = hearing()
    late = block(scene(), 48_000, away=True)
    (gap,) = leg.gap_before(late)
    rest = leg.push(late)
    assert isinstance(gap, Gap)
    assert (gap.start, gap.end, gap.cause) == (0.0, 3.0, "away")
    assert not any(isinstance(event, Gap) for event in rest)
    assert windows(rest)[0].start == 3.0
    assert not any(isinstance(event, Gap) for event in hearing().push(block(scene(), 48_000)))


def test_a_pause_without_length_is_a_gap_all_the_same() -> None:
    leg = hearing()
    leg.push(block(scene()[:2000], 0))
    assert leg.pause() == []
    (gap,) = leg.push(block(scene()[:2000], 2000))
    assert isinstance(gap, Gap)
    assert (gap.cause, gap.start_sample, gap.end_sample) == ("pause", 2000, 2000)


def test_what_is_known_of_the_room_stays_over_a_gap_and_no_slice_is_glued_across() -> None:
    leg = hearing()
    leg.push(block(0.001 * sound("noise", 8_000 + 1_500, 1.0, 1), 0))
    floor, level = leg.floor_dbfs, leg.level_dbfs
    assert floor == pytest.approx(-65, abs=1)
    loud = 0.5 * sound("noise", 1_600, 1.0, 2)
    leg.push(block(loud[:1_500], 20_000))
    assert leg.level_dbfs == level, "the first slice after the gap is not whole yet"
    leg.push(block(loud[1_500:], 21_500))
    assert leg.level_dbfs == pytest.approx(20 * np.log10(np.sqrt(np.mean(loud**2))), abs=1e-3)
    assert leg.floor_dbfs == pytest.approx(floor, abs=1)


def test_samples_at_full_scale_count_where_they_lie() -> None:
    flat = np.sign(sound("tone", 16_000, 1.0, 3)).astype(np.float32)
    clean = 0.3 * sound("noise", 16_000, 1.0, 3)
    leg = hearing(gate="voice")
    states = {each.start: each.state for each in windows(leg.push(block(np.concatenate([clean, flat]), 500)))}
    begins = 500 / RATE
    assert all(state != "clipped" for start, state in states.items() if start + 0.5 <= begins + 1.0)
    assert all(state == "clipped" for start, state in states.items() if start >= begins + 1.0)
    after = windows(leg.push(block(clean, 40_000)))
    assert after
    assert all(each.state != "clipped" for each in after)


def test_a_tone_is_no_speech_where_the_feature_set_is_usually_told_voices() -> None:
    tone = block(0.3 * sound("tone", 24_000, 1.0, 3), 0)
    by_voice = Hearing("customer", feature_set("acoustic"), GRID, RATE)
    by_level = Hearing("customer", FEATURES, GRID, RATE)
    assert "speech" not in {each.state for each in windows(by_voice.push(tone))}
    assert "speech" in {each.state for each in windows(by_level.push(tone))}


def test_samples_that_are_no_numbers_are_counted_over_all_blocks() -> None:
    leg = hearing()
    for first in (0, 100):
        leg.push(block(np.full(100, np.nan, np.float32), first))
    assert leg.non_finite_samples == 200


def test_a_small_rest_of_a_window_does_not_keep_a_large_block_alive() -> None:
    leg = hearing()
    leg.push(block(np.zeros(RATE * 20 + 5, np.float32), 0))
    assert leg._stretch is not None
    held = leg._stretch._pieces._waiting
    assert sum(len(each) for each in held) > 0
    assert all(each.base is None or each.base.nbytes < 4 * RATE for each in held)
