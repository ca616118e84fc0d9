"""What is done with each block: order, pauses, marks, the end asked for, counts, failures."""

import time

import numpy as np
import pytest

from emotion.arrays import read_only
from emotion.errors import OutputError
from emotion.model import EmotionModel
from streamer.alerts.alerting import Alerting
from streamer.block import AudioBlock
from streamer.block_queue import BlockQueue
from streamer.leg import Leg
from streamer.leg_plan import LegPlan
from streamer.leg_views import LegViews
from streamer.listening import Listening
from streamer.row import Gap, Row
from streamer.sink import Sink
from streamer.sink_group import SinkGroup
from streamer.source import SourceInfo
from streamer.source_legs import SourceLegs
from streamer.talk import Talk
from streamer.user_commands import UserCommand, UserCommands
from tests.model_maker import tone_of
from tests.session_material import facts

RATE = 16_000
STEP = RATE // 4
"""Of the tiny model: windows of four steps."""

VOICE = tone_of("sad", 5, RATE, 20.0)[:, np.newaxis]


class Diary(Sink):
    """Notes the kind of each call and where in the stream it stood."""

    def __init__(self) -> None:
        self.told: list[tuple[str, float]] = []

    @property
    def is_saving(self) -> bool:
        return True

    def take_block(self, block: AudioBlock, source: int = 0) -> None:
        self.told.append(("block", block.first_sample / RATE))

    def take_row(self, row: Row) -> None:
        self.told.append(("row", row.end))

    def take_gap(self, gap: Gap) -> None:
        self.told.append((gap.cause, gap.start))

    def take_mark(self, at_seconds: float, clock: float) -> None:
        self.told.append(("mark", at_seconds))
        assert clock == 42.0

    def take_pause(self, at_seconds: float, clock: float, *, paused: bool) -> None:
        self.told.append(("pause" if paused else "go on", at_seconds))
        assert clock == 42.0


class Broken(Sink):
    """Fails at the first row."""

    def take_row(self, row: Row) -> None:
        raise OutputError(f"no room for row {row.window}")


def block(first_sample: int, num_samples: int = STEP, *, arrived: float = 0.0) -> AudioBlock:
    samples = VOICE[first_sample % RATE :][:num_samples]
    return AudioBlock(read_only(samples.copy()), first_sample, arrived or time.monotonic())


def listening_with(
    model: EmotionModel, *sinks: Sink, live: bool = False, end_sample: int | None = None
) -> Listening:
    group = SinkGroup(sinks)
    group.open(facts(sample_rate=RATE))
    info = SourceInfo("a test", RATE, 1, "FLOAT", None, live)
    end_seconds = None if end_sample is None else end_sample / RATE
    source = SourceLegs(
        0,
        info,
        [LegPlan()],
        lambda plan: Leg(plan.name, model, model.card.grid(), RATE),
        end_seconds=end_seconds,
    )
    views = LegViews(source.legs, model.card.labels, Talk(["mono"], STEP / RATE))
    return Listening([source], views, group, Alerting((), ["mono"], STEP / RATE), live=live)


def test_sound_comes_before_the_rows_it_completes(tiny_model: EmotionModel) -> None:
    diary = Diary()
    listening = listening_with(tiny_model, diary)
    for index in range(6):
        listening.take(0, block(STEP * index))
    listening.finish()
    assert diary.told == [
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
    assert listening.stream_seconds == 1.5
    assert listening.tally.windows == 3
    assert listening.tally.states == {"speech": 3}
    assert listening.tally.emotions.total() == 3


def test_a_gap_comes_after_the_rows_before_it_and_before_the_sound_after_it(tiny_model: EmotionModel) -> None:
    diary = Diary()
    listening = listening_with(tiny_model, diary)
    listening.take(0, block(0, RATE))
    listening.take(0, block(2 * RATE, RATE))
    assert diary.told == [
        ("block", 0.0),
        ("row", 1.0),
        ("drop", 1.0),
        ("block", 2.0),
        ("row", 3.0),
    ]
    assert listening.tally.gaps == 1
    assert list(listening.messages) == ["drop at 1.0 s: 1.00 s of sound is missing"]


def test_while_paused_nothing_is_analysed_or_handed_on(tiny_model: EmotionModel) -> None:
    diary = Diary()
    listening = listening_with(tiny_model, diary)
    listening.take(0, block(0, RATE))
    saving = [listening.saving]
    listening.obey(0, UserCommand("pause", (RATE,), 42.0))
    assert listening.paused
    listening.take(0, block(RATE, 3 * RATE))
    assert [*saving, listening.saving] == [True, False]
    assert listening.stream_seconds == 4.0, "the clock goes on"
    listening.obey(0, UserCommand("pause", (4 * RATE,), 42.0))
    listening.take(0, block(4 * RATE, RATE))
    assert diary.told == [
        ("block", 0.0),
        ("row", 1.0),
        ("pause", 1.0),
        ("go on", 4.0),
        ("pause", 1.0),
        ("block", 4.0),
        ("row", 5.0),
    ]
    assert listening.sources[0].paused_samples == 3 * RATE
    assert listening.sources[0].heard_samples == 2 * RATE
    assert not listening.messages, "the user knows"


def test_a_mark_stands_where_the_user_set_it(tiny_model: EmotionModel) -> None:
    diary = Diary()
    listening = listening_with(tiny_model, diary)
    listening.take(0, block(0))
    listening.obey(0, UserCommand("mark", (STEP,), 42.0))
    assert diary.told == [("block", 0.0), ("mark", 0.25)]
    assert listening.tally.marks == 1


@pytest.mark.parametrize("block_samples", [1_000, 5_000, 40_000])
def test_the_end_asked_for_is_exact_to_the_sample(tiny_model: EmotionModel, block_samples: int) -> None:
    end_sample = RATE + STEP + 1
    heard: list[int] = []

    class Counter(Sink):
        def take_block(self, block: AudioBlock, source: int = 0) -> None:
            heard.append(len(block.samples))

    listening = listening_with(tiny_model, Counter(), end_sample=end_sample)
    first_sample = 0
    while not listening.is_over:
        listening.take(0, block(first_sample, block_samples))
        first_sample += block_samples
    assert sum(heard) == end_sample
    assert listening.stream_seconds == end_sample / RATE
    assert listening.tally.windows == 2


def test_a_gap_over_the_end_ends_it_too(tiny_model: EmotionModel) -> None:
    diary = Diary()
    listening = listening_with(tiny_model, diary, end_sample=RATE)
    listening.take(0, block(0, STEP))
    listening.take(0, block(2 * RATE, STEP))
    assert listening.is_over
    assert diary.told == [("block", 0.0)]


def test_a_sink_that_cannot_write_is_told_of_once_and_the_rows_go_on(tiny_model: EmotionModel) -> None:
    diary = Diary()
    listening = listening_with(tiny_model, Broken(), diary)
    for index in range(8):
        listening.take(0, block(STEP * index))
    assert list(listening.messages) == ["no room for row 0"]
    assert [what for what, _ in diary.told].count("row") == 5


def test_the_trend_keeps_a_minute(tiny_model: EmotionModel) -> None:
    listening = listening_with(tiny_model)
    for index in range(70 * 4):
        listening.take(0, block(STEP * index))
    points = listening.leg_views[0].trend
    assert points[-1].end == 70.0
    assert points[0].end == 10.25
    assert len(points) == 240
    row = listening.leg_views[0].row
    assert row is not None
    assert row.smoothed is not None
    assert points[-1].smoothed == tuple(row.smoothed[label] for label in tiny_model.card.labels)


def test_the_slip_of_a_live_source_is_measured_and_told(tiny_model: EmotionModel) -> None:
    listening = listening_with(tiny_model, live=True)
    began = time.monotonic()
    listening.take(0, block(0, STEP, arrived=began))
    listening.take(0, block(STEP, STEP, arrived=began + 0.3))
    assert listening.sources[0].slip.seconds == pytest.approx(-0.05)
    assert not listening.messages
    listening.take(0, block(2 * STEP, STEP, arrived=began + 1.1))
    assert list(listening.messages) == ["the source is 0.6 s behind the clock"]
    listening.take(0, block(3 * STEP, STEP, arrived=began + 1.4))
    assert len(listening.messages) == 1, "said again only when it has grown by another half second"


def test_the_real_time_factor_is_processing_over_sound(tiny_model: EmotionModel) -> None:
    listening = listening_with(tiny_model)
    assert listening.real_time_factor == 0.0
    began = time.perf_counter()
    listening.take(0, block(0, 4 * RATE))
    assert 0 < listening.real_time_factor <= (time.perf_counter() - began) / 4


def test_commands_are_due_at_their_place_and_in_order() -> None:
    commands = UserCommands()
    given = [
        UserCommand("mark", (100,), 1.0),
        UserCommand("pause", (200,), 2.0),
        UserCommand("pause", (300,), 3.0),
    ]
    for command in given:
        commands.give(command)
    assert commands.due(0, 99) == []
    assert commands.due(0, 200) == given[:2]
    assert commands.due(0, 1000) == given[2:]
    assert commands.due(0, 1000) == []


def test_a_source_that_delivers_nothing_is_told_of_once_each_time(tiny_model: EmotionModel) -> None:
    listening = listening_with(tiny_model, live=True)
    queues = [BlockQueue(1, 16_000)]
    for now in (100.0, 102.9, 103.1, 110.0):
        listening.look_for_sources(now, queues)
    assert list(listening.messages) == ["nothing has come from a test for 3 s"]
    listening.take(0, block(0, arrived=111.0))
    listening.look_for_sources(111.5, queues)
    assert len(listening.messages) == 1
    listening.look_for_sources(114.5, queues)
    assert len(listening.messages) == 2


def test_a_complaint_that_grows_stays_in_its_place(tiny_model: EmotionModel) -> None:
    class Grumbling(Sink):
        lines: tuple[str, ...] = ()

        @property
        def complaints(self) -> tuple[str, ...]:
            return self.lines

    grumbling = Grumbling()
    listening = listening_with(tiny_model, grumbling)
    for number, lines in enumerate([("a", "1 more"), ("a", "2 more"), ("a", "2 more"), ("a", "3 more", "b")]):
        grumbling.lines = lines
        listening.take(0, block(STEP * number))
    assert list(listening.messages) == ["a", "3 more", "b"]


def test_nothing_but_zeros_is_told_of_and_taken_back(tiny_model: EmotionModel) -> None:
    listening = listening_with(tiny_model, live=True)
    zeros = read_only(np.zeros((STEP, 1), np.float32))
    for number in range(40):
        listening.take(0, AudioBlock(zeros, STEP * number, 100.0 + number / 4))
    assert list(listening.mute) == ["mono"]
    said = "only zeros come: unmute a test, or let this program hear it"
    assert said in listening.messages
    listening.take(0, block(STEP * 40, arrived=110.0))
    assert not list(listening.mute)
    assert said not in listening.messages
    assert listening.complaints == ("a test delivered nothing but zeros for 10 s: it was muted, or refused",)


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
    listening = listening_with(tiny_model, diary, live=True, end_sample=end_sample)
    queue = BlockQueue(10, RATE)
    now = time.monotonic()
    listening.take(0, block(0, RATE, arrived=now - quiet_seconds))
    queue.note_absence(absence)
    listening.finish()
    listening.count_missing(now, [queue])
    assert diary.told[2:] == [(cause, start) for cause, start, _ in missing]
    assert listening.stream_seconds == pytest.approx(missing[0][2] if missing else 1.0)
    assert listening.tally.gaps == len(missing)


def test_what_the_user_keeps_out_at_the_end_is_no_gap(tiny_model: EmotionModel) -> None:
    diary = Diary()
    listening = listening_with(tiny_model, diary, live=True)
    queue = BlockQueue(10, RATE)
    now = time.monotonic()
    listening.take(0, block(0, RATE, arrived=now - 7.5))
    listening.obey(0, UserCommand("pause", (RATE,), 42.0))
    queue.note_absence("unplugged")
    listening.count_missing(now, [queue])
    assert listening.tally.gaps == 0
