"""What is done with each block: order, pauses, marks, end, counts, failures, quiet and mute sources."""

import threading
import time

import numpy as np
import pytest

from emotion.arrays import read_only
from emotion.errors import OutputError
from emotion.model import EmotionModel
from streamer.analysis.leg import Leg
from streamer.analysis.source_legs import SourceLegs, SourceOptions
from streamer.events import (
    Absence,
    AudioBlock,
    Event,
    Gap,
    Mark,
    Pause,
    Row,
    Sound,
    UserCommand,
)
from streamer.leg_plan import LegPlan
from streamer.pipeline import ZERO_SECONDS, MuteDetector, Pipeline, SessionOptions
from streamer.session import Worker
from streamer.sinks.base import Sink
from streamer.sinks.group import SinkGroup
from streamer.snapshot import Snapshot
from streamer.sources.base import SourceInfo
from streamer.sources.queue import BlockQueue, SourceMultiplexer
from tests.model_maker import tone_of
from tests.session_material import facts

RATE = 16_000
STEP = RATE // 4
"""Of the tiny model: windows of four steps."""

VOICE = tone_of("sad", 5, RATE, 20.0)[:, np.newaxis]


class Diary(Sink):
    """Notes the kind of each call and where in the stream it stood."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, float]] = []

    @property
    def is_saving(self) -> bool:
        return True

    def handle(self, event: Event) -> None:
        match event:
            case Sound():
                self.seen.append(("block", event.block.first_sample / RATE))
            case Row():
                self.seen.append(("row", event.end))
            case Gap():
                self.seen.append((event.cause, event.start))
            case Mark():
                self.seen.append(("mark", event.at_seconds))
                assert event.clock == 42.0
            case Pause():
                self.seen.append(("pause" if event.paused else "go on", event.at_seconds))
                assert event.clock == 42.0


class Broken(Sink):
    """Fails at the first row."""

    def handle(self, event: Event) -> None:
        if isinstance(event, Row):
            raise OutputError(f"no room for row {event.window}")


def block(first_sample: int, num_samples: int = STEP, *, arrived: float = 0.0) -> AudioBlock:
    samples = VOICE[first_sample % RATE :][:num_samples]
    return AudioBlock(read_only(samples.copy()), first_sample, arrived or time.monotonic())


def pipeline_with(
    model: EmotionModel, *sinks: Sink, live: bool = False, end_sample: int | None = None
) -> Pipeline:
    group = SinkGroup(sinks)
    group.open(facts(sample_rate=RATE))
    return Pipeline(
        [SourceInfo("a test", RATE, 1, "FLOAT", None, live)],
        [LegPlan()],
        model,
        model.card.grid(),
        sinks=group,
        options=SessionOptions("test", duration_seconds=None if end_sample is None else end_sample / RATE),
    )


def seen(pipeline: Pipeline) -> Snapshot:
    """Give what the screen would show."""
    return pipeline.snapshot(SourceMultiplexer([1.0], [RATE]))


def test_sound_comes_before_the_rows_it_completes(tiny_model: EmotionModel) -> None:
    diary = Diary()
    pipeline = pipeline_with(tiny_model, diary)
    for index in range(6):
        pipeline.take(0, block(STEP * index))
    pipeline.finish()
    assert diary.seen == [
        ("block", 0.0),
        ("block", 0.25),
        ("block", 0.5),
        ("block", 0.75),
        ("row", 1.0),
        ("block", 1.0),
        ("row", 1.25),
        ("block", 1.25),
        ("row", 1.5),
    ]
    assert seen(pipeline).stream_seconds == 1.5
    assert pipeline.counters.windows == 3
    assert pipeline.counters.states == {"speech": 3}
    assert pipeline.counters.emotions.total() == 3


def test_a_gap_comes_after_the_rows_before_it_and_before_the_sound_after_it(tiny_model: EmotionModel) -> None:
    diary = Diary()
    pipeline = pipeline_with(tiny_model, diary)
    pipeline.take(0, block(0, RATE))
    pipeline.take(0, block(2 * RATE, RATE))
    assert diary.seen == [
        ("block", 0.0),
        ("row", 1.0),
        ("drop", 1.0),
        ("block", 2.0),
        ("row", 3.0),
    ]
    assert pipeline.counters.gaps == 1
    assert list(pipeline.messages) == ["drop at 1.0 s: 1.00 s of sound is missing"]


def test_while_paused_nothing_is_analysed_or_handed_on(tiny_model: EmotionModel) -> None:
    diary = Diary()
    pipeline = pipeline_with(tiny_model, diary)
    pipeline.take(0, block(0, RATE))
    saving = [seen(pipeline).saving]
    pipeline.obey(0, UserCommand("pause", (RATE,), 42.0))
    assert pipeline.paused
    pipeline.take(0, block(RATE, 3 * RATE))
    assert [*saving, seen(pipeline).saving] == [True, False]
    assert seen(pipeline).stream_seconds == 4.0, "the clock goes on"
    pipeline.obey(0, UserCommand("pause", (4 * RATE,), 42.0))
    pipeline.take(0, block(4 * RATE, RATE))
    assert diary.seen == [
        ("block", 0.0),
        ("row", 1.0),
        ("pause", 1.0),
        ("go on", 4.0),
        ("pause", 1.0),
        ("block", 4.0),
        ("row", 5.0),
    ]
    assert pipeline.sources[0].paused_samples == 3 * RATE
    assert pipeline.sources[0].analysed_samples == 2 * RATE
    assert not pipeline.messages, "the user knows"


def test_a_gap_takes_the_latest_row_off_the_screen_and_leaves_the_baseline(tiny_model: EmotionModel) -> None:
    pipeline = pipeline_with(tiny_model)
    pipeline.take(0, block(0, 2 * RATE))
    before = seen(pipeline).legs[0]
    assert before.row is not None
    assert before.talks
    pipeline.obey(0, UserCommand("pause", (2 * RATE,), 42.0))
    pipeline.take(0, block(2 * RATE, 3 * RATE))
    pipeline.obey(0, UserCommand("pause", (5 * RATE,), 42.0))
    pipeline.take(0, block(5 * RATE, RATE // 2))
    after = seen(pipeline).legs[0]
    assert (after.row, after.talks, after.since_seconds) == (None, False, 5.0)
    assert (after.history, after.voice_known) == (before.history, before.row.voice_known)
    pipeline.take(0, block(5 * RATE + RATE // 2, RATE // 2))
    assert seen(pipeline).legs[0].row is not None


def test_a_mark_stands_where_the_user_set_it(tiny_model: EmotionModel) -> None:
    diary = Diary()
    pipeline = pipeline_with(tiny_model, diary)
    pipeline.take(0, block(0))
    pipeline.obey(0, UserCommand("mark", (STEP,), 42.0))
    assert diary.seen == [("block", 0.0), ("mark", 0.25)]
    assert pipeline.counters.marks == 1


@pytest.mark.parametrize("block_samples", [1_000, 5_000, 40_000])
def test_the_end_asked_for_is_exact_to_the_sample(tiny_model: EmotionModel, block_samples: int) -> None:
    end_sample = RATE + STEP + 1
    lengths: list[int] = []

    class Counter(Sink):
        def handle(self, event: Event) -> None:
            if isinstance(event, Sound):
                lengths.append(len(event.block.samples))

    pipeline = pipeline_with(tiny_model, Counter(), end_sample=end_sample)
    first_sample = 0
    while not pipeline.is_over:
        pipeline.take(0, block(first_sample, block_samples))
        first_sample += block_samples
    assert sum(lengths) == end_sample
    assert seen(pipeline).stream_seconds == end_sample / RATE
    assert pipeline.counters.windows == 2


def test_a_gap_over_the_end_ends_it_too(tiny_model: EmotionModel) -> None:
    diary = Diary()
    pipeline = pipeline_with(tiny_model, diary, end_sample=RATE)
    pipeline.take(0, block(0, STEP))
    pipeline.take(0, block(2 * RATE, STEP))
    assert pipeline.is_over
    assert diary.seen == [("block", 0.0)]


def test_a_sink_that_cannot_write_is_reported_once_and_the_rows_go_on(tiny_model: EmotionModel) -> None:
    diary = Diary()
    pipeline = pipeline_with(tiny_model, Broken(), diary)
    for index in range(8):
        pipeline.take(0, block(STEP * index))
    assert list(pipeline.messages) == ["no room for row 0"]
    assert [what for what, _ in diary.seen].count("row") == 5


def test_the_probability_history_keeps_a_minute(tiny_model: EmotionModel) -> None:
    pipeline = pipeline_with(tiny_model)
    for index in range(70 * 4):
        pipeline.take(0, block(STEP * index))
    points = seen(pipeline).legs[0].history
    assert points[-1].end == 70.0
    assert points[0].end == 10.25
    assert len(points) == 240
    row = seen(pipeline).legs[0].row
    assert row is not None
    assert row.smoothed is not None
    assert points[-1].smoothed == tuple(row.smoothed[label] for label in tiny_model.card.labels)


def test_the_clock_drift_of_a_live_source_is_measured_and_reported(tiny_model: EmotionModel) -> None:
    pipeline = pipeline_with(tiny_model, live=True)
    began = time.monotonic()
    pipeline.take(0, block(0, STEP, arrived=began))
    pipeline.take(0, block(STEP, STEP, arrived=began + 0.3))
    assert pipeline.sources[0].clock_drift.seconds == pytest.approx(-0.05)
    assert not pipeline.messages
    pipeline.take(0, block(2 * STEP, STEP, arrived=began + 1.1))
    assert list(pipeline.messages) == ["the source is 0.6 s behind the clock"]
    pipeline.take(0, block(3 * STEP, STEP, arrived=began + 1.4))
    assert len(pipeline.messages) == 1, "reported again only when it has grown by another half second"


def test_the_real_time_factor_is_processing_over_sound(tiny_model: EmotionModel) -> None:
    pipeline = pipeline_with(tiny_model)
    assert seen(pipeline).real_time_factor == 0.0
    began = time.perf_counter()
    pipeline.take(0, block(0, 4 * RATE))
    assert 0 < seen(pipeline).real_time_factor <= (time.perf_counter() - began) / 4


def test_commands_are_carried_out_at_their_place_and_in_order(
    tiny_model: EmotionModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emotion.wall_clock.now", lambda: 42.0)
    diary, ended = Diary(), threading.Event()
    multiplexer = SourceMultiplexer([10.0], [RATE])
    worker = Worker(multiplexer, pipeline_with(tiny_model, diary), ended.set)
    for number, commands in enumerate([["mark"], ["pause"], ["pause", "mark"], []]):
        multiplexer.queues[0].put(block(STEP * number))
        for command in commands:
            worker.command("mark" if command == "mark" else "pause")
    multiplexer.close()
    worker.start()
    assert worker.stop()
    assert ended.is_set()
    assert worker.error is None
    assert diary.seen == [
        ("block", 0.0),
        ("mark", 0.25),
        ("block", 0.25),
        ("pause", 0.5),
        ("go on", 0.75),
        ("mark", 0.75),
        ("pause", 0.5),
        ("block", 0.75),
    ]


def test_a_source_that_delivers_nothing_is_reported_once_each_time(tiny_model: EmotionModel) -> None:
    pipeline = pipeline_with(tiny_model, live=True)
    queues = [BlockQueue(1, 16_000)]
    for now in (100.0, 102.9, 103.1, 110.0):
        pipeline.look_for_sources(now, queues)
    assert list(pipeline.messages) == ["nothing has come from a test for 3 s"]
    pipeline.take(0, block(0, arrived=111.0))
    pipeline.look_for_sources(111.5, queues)
    assert len(pipeline.messages) == 1
    pipeline.look_for_sources(114.5, queues)
    assert len(pipeline.messages) == 2


def test_a_file_is_waited_for_without_a_word(tiny_model: EmotionModel) -> None:
    pipeline = pipeline_with(tiny_model)
    for now in (100.0, 110.0):
        pipeline.look_for_sources(now, [BlockQueue(1, 16_000)])
    assert list(pipeline.messages) == []


def test_a_complaint_that_grows_stays_in_its_place(tiny_model: EmotionModel) -> None:
    class Grumbling(Sink):
        lines: tuple[str, ...] = ()

        @property
        def complaints(self) -> tuple[str, ...]:
            return self.lines

    grumbling = Grumbling()
    pipeline = pipeline_with(tiny_model, grumbling)
    for number, lines in enumerate([("a", "1 more"), ("a", "2 more"), ("a", "2 more"), ("a", "3 more", "b")]):
        grumbling.lines = lines
        pipeline.take(0, block(STEP * number))
    assert list(pipeline.messages) == ["a", "3 more", "b"]


def test_nothing_but_zeros_is_reported_and_taken_back(tiny_model: EmotionModel) -> None:
    pipeline = pipeline_with(tiny_model, live=True)
    zeros = read_only(np.zeros((STEP, 1), np.float32))
    for number in range(40):
        pipeline.take(0, AudioBlock(zeros, STEP * number, 100.0 + number / 4))
    assert list(seen(pipeline).mute) == ["mono"]
    line = "only zeros come: unmute a test, or let this program hear it"
    assert line in pipeline.messages
    pipeline.take(0, block(STEP * 40, arrived=110.0))
    assert not list(seen(pipeline).mute)
    assert line not in pipeline.messages
    assert pipeline.summary(SourceMultiplexer([1.0], [RATE])).complaints == (
        "a test delivered nothing but zeros for 10 s: it was muted, or refused",
    )


@pytest.mark.parametrize(
    ("quiet_seconds", "absence", "end_sample", "missing"),
    [
        (1.0, None, None, []),
        (1.0, "unplugged", None, [("away", 1.0, 2.0)]),
        (7.5, None, None, [("away", 1.0, 8.5)]),
        (7.5, "unplugged", 4 * RATE, [("away", 1.0, 4.0)]),
        (7.5, "unplugged", RATE, []),
    ],
)
def test_what_a_device_owes_at_the_end_is_a_gap(
    tiny_model: EmotionModel,
    quiet_seconds: float,
    absence: str | None,
    end_sample: int | None,
    missing: list[tuple[str, float, float]],
) -> None:
    diary = Diary()
    pipeline = pipeline_with(tiny_model, diary, live=True, end_sample=end_sample)
    queue = BlockQueue(10, RATE)
    now = time.monotonic()
    pipeline.take(0, block(0, RATE, arrived=now - quiet_seconds))
    queue.note_absence(absence)
    pipeline.finish()
    pipeline.count_missing(now, [queue])
    assert diary.seen[2:] == [(cause, start) for cause, start, _ in missing]
    assert seen(pipeline).stream_seconds == pytest.approx(missing[0][2] if missing else 1.0)
    assert pipeline.counters.gaps == len(missing)


def test_what_the_user_keeps_out_at_the_end_is_no_gap(tiny_model: EmotionModel) -> None:
    diary = Diary()
    pipeline = pipeline_with(tiny_model, diary, live=True)
    queue = BlockQueue(10, RATE)
    now = time.monotonic()
    pipeline.take(0, block(0, RATE, arrived=now - 7.5))
    pipeline.obey(0, UserCommand("pause", (RATE,), 42.0))
    queue.note_absence("unplugged")
    pipeline.count_missing(now, [queue])
    assert pipeline.counters.gaps == 0


WATCH_RATE = 1000
WATCHED_PLANS = (LegPlan("a", source=0, analysed=False), LegPlan("b", source=1, analysed=False))


def two_devices(*, end_seconds: float | None = None) -> tuple[list[SourceLegs], list[BlockQueue]]:
    """Two devices, of which nothing but the level is wanted."""

    def refuse(plan: LegPlan) -> Leg:
        raise AssertionError(plan)

    infos = [SourceInfo(name, WATCH_RATE, 1, "PCM_16", None, live=True) for name in ("near", "far")]
    sources = [
        SourceLegs(number, info, WATCHED_PLANS, refuse, SourceOptions(end_seconds=end_seconds))
        for number, info in enumerate(infos)
    ]
    return sources, [BlockQueue(10, WATCH_RATE) for _ in infos]


def reports(now: float, sources: list[SourceLegs], queues: list[BlockQueue]) -> list[str | Absence]:
    return [
        found for source, queue in zip(sources, queues, strict=True) for found in source.check(now, queue)
    ]


def quiet_block(arrived: float) -> AudioBlock:
    return AudioBlock(read_only(np.zeros((100, 1), np.float32)), 0, arrived)


def test_a_device_that_is_away_is_reported_once_and_not_as_a_silent_one() -> None:
    sources, queues = two_devices()
    assert reports(100.0, sources, queues) == []
    queues[1].note_absence("unplugged")
    assert reports(101.0, sources, queues) == [Absence(1, "far", 0.0, "unplugged")]
    assert [source.is_absent for source in sources] == [False, True]
    assert reports(110.0, sources, queues) == ["nothing has come from near for 3 s"]
    queues[1].note_absence(None)
    assert reports(111.0, sources, queues) == ["nothing has come from far for 3 s"]
    assert not any(source.is_absent for source in sources)


def test_what_came_before_it_went_is_analysed_first() -> None:
    sources, queues = two_devices()
    queues[0].put(quiet_block(100.0))
    queues[0].note_absence("unplugged")
    assert reports(100.1, sources, queues) == []
    queues[0].get(0)
    assert [type(found) for found in reports(100.2, sources, queues)] == [Absence]


@pytest.mark.parametrize(("now", "is_over"), [(103.0, False), (103.2, True)])
def test_a_duration_ends_by_the_clock_where_nothing_comes(now: float, is_over: bool) -> None:
    sources, queues = two_devices(end_seconds=2.0)
    list(sources[0].take(quiet_block(100.1)))
    reports(now, sources, queues)
    assert sources[0].is_over == is_over


def test_sound_that_waits_for_a_slow_worker_has_come() -> None:
    sources, queues = two_devices(end_seconds=2.0)
    list(sources[0].take(quiet_block(100.1)))
    queues[0].put(quiet_block(100.2))
    line = reports(120.0, sources, queues)
    assert "nothing has come from near for 3 s" not in line
    assert not sources[0].is_over


MUTE_LINE = "only zeros come: unmute mic, or let this program hear it"


def mute_block(arrived: float, value: float = 0.0, *, away: bool = False) -> AudioBlock:
    samples = np.zeros((16, 2), np.float32)
    samples[7, 1] = value
    return AudioBlock(samples, 0, arrived, away=away)


def mute_lines(zeros: MuteDetector) -> str | None:
    assert zeros.is_mute == (zeros.line is not None)
    return zeros.line


def test_zeros_are_reported_after_a_while_and_taken_back_with_the_first_sound() -> None:
    zeros = MuteDetector("mic")
    for tenth in range(int(10 * ZERO_SECONDS)):
        zeros.take(mute_block(50.0 + tenth / 10))
    assert mute_lines(zeros) is None
    zeros.take(mute_block(50.0 + ZERO_SECONDS))
    assert mute_lines(zeros) == MUTE_LINE
    zeros.take(mute_block(50.0 + ZERO_SECONDS + 7))
    zeros.take(mute_block(63.0, 1 / 32768))
    assert mute_lines(zeros) is None
    assert zeros.complaint == "mic delivered nothing but zeros for 12 s: it was muted, or refused"


def test_spans_of_zeros_are_added_up_and_short_ones_are_not_counted() -> None:
    zeros = MuteDetector("mic")
    for start in (0.0, 100.0):
        zeros.take(mute_block(start))
        zeros.take(mute_block(start + 6))
        zeros.take(mute_block(start + 7, 0.1))
    zeros.take(mute_block(200.0))
    zeros.take(mute_block(204.0))
    assert zeros.seconds == pytest.approx(12.0)


@pytest.mark.parametrize("value", [1e-30, -1.0, np.nan])
def test_anything_else_is_sound(value: float) -> None:
    zeros = MuteDetector("mic")
    for second in range(20):
        zeros.take(mute_block(float(second), value if second % 4 == 3 else 0.0))
    assert (zeros.line, zeros.complaint) == (None, None)


def test_a_device_that_was_away_was_not_silent() -> None:
    zeros = MuteDetector("mic")
    zeros.take(mute_block(0.0))
    zeros.take(mute_block(600.0, away=True))
    zeros.take(mute_block(601.0))
    assert zeros.line is None
