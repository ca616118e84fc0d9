"""A session from the first sample to the summary: rows as offline, and an ordered stop at any moment."""

import signal
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emotion.audio_io import AudioFile, read_mono
from emotion.model import EmotionModel
from streamer.analysis.spectrogram import SpectrogramHistory
from streamer.events import STATES, Event, Gap, Mark, Pause, Row, Sound
from streamer.pipeline import SessionOptions
from streamer.session import JUMP_SECONDS, Session, interrupts
from streamer.snapshot import Snapshot
from streamer.sources.base import BlockReceiver, SourceInfo
from streamer.sources.file import FileSource, Playback
from streamer.terminal_io import Key, Note
from tests.offline_rows import rows_of, without_lag
from tests.session_parts import OPTIONS, RATE, SECONDS, LoggedSource, Rows, Watched, session_of

LONG_SECONDS = 30.0
ONE_SECOND_MORE = replace(OPTIONS, duration_seconds=2.0)


@pytest.fixture(scope="module")
def long_recording(recording: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The recording five times in a row."""
    path = tmp_path_factory.mktemp("recordings") / "long.wav"
    samples, rate = soundfile.read(recording, dtype="int16")
    soundfile.write(path, np.tile(samples, 5), rate, subtype="PCM_16")
    return path


def test_the_rows_of_a_session_are_those_of_the_whole_file(tiny_model: EmotionModel, recording: Path) -> None:
    rows = Rows()
    summary = session_of(recording, tiny_model, rows).run()
    samples = read_mono(recording).samples[:, np.newaxis]
    expected = rows_of([(0, samples)], tiny_model, tiny_model.card.grid(), RATE)
    assert without_lag(rows.rows) == expected
    assert {row.state for row in rows.rows} == {"speech", "silence"}
    assert summary.seconds == SECONDS
    assert summary.windows == len(expected) == tiny_model.card.grid().num_windows(round(SECONDS * 16_000))
    assert summary.states == {state: sum(row.state == state for row in expected) for state in STATES}
    assert sum(summary.emotions.values()) == summary.states["speech"]
    assert summary.max_lag_seconds == max(row.lag_seconds for row in rows.rows)
    assert (summary.gaps, summary.overruns, summary.dropped_seconds, summary.failures) == (0, 0, 0.0, ())
    assert rows.summaries == [summary]


def test_real_speed_gives_the_same_rows(tiny_model: EmotionModel, recording: Path, tmp_path: Path) -> None:
    short = tmp_path / "short.wav"
    soundfile.write(short, read_mono(recording).samples[: round(1.6 * RATE)], RATE, subtype="PCM_16")
    fast, slow = Rows(), Rows()
    session_of(short, tiny_model, fast).run()
    session_of(short, tiny_model, slow, fast=False).run()
    assert without_lag(slow.rows) == without_lag(fast.rows)
    assert len(slow.rows) == 3


def test_everything_opens_and_closes_in_order(tiny_model: EmotionModel, recording: Path) -> None:
    log: list[str] = []
    Session(
        [LoggedSource(recording, log)],
        tiny_model,
        tiny_model.card.grid(),
        sinks=[Rows(log)],
        screen=Watched(log),
        options=OPTIONS,
    ).run()
    assert log == [
        "screen opens tiny",
        "source opens",
        "sink opens 20",
        "source starts",
        "source stops",
        "sink closes",
        "screen closes",
    ]


def test_the_screen_sees_the_session_from_first_to_last(tiny_model: EmotionModel, recording: Path) -> None:
    screen = Watched()
    options = SessionOptions(callmood_version="0", spectrogram=True)
    summary = session_of(recording, tiny_model, screen=screen, options=options).run()
    first, last = screen.snapshots[0], screen.snapshots[-1]
    assert (first.stream_seconds, first.windows, first.legs[0].row) == (0.0, 0, None)
    assert (last.stream_seconds, last.windows) == (SECONDS, summary.windows)
    assert last.legs[0].row is not None
    assert last.legs[0].row.end == SECONDS
    assert last.spectrogram is not None
    assert last.spectrogram.end == pytest.approx(SECONDS, abs=0.25)
    assert screen.summaries == [summary]


def test_a_duration_ends_the_session_to_the_sample(tiny_model: EmotionModel, recording: Path) -> None:
    rows = Rows()
    options = SessionOptions(callmood_version="0", duration_seconds=2.3)
    summary = session_of(recording, tiny_model, rows, options=options).run()
    assert summary.seconds == 2.3
    assert len(rows.rows) == 6


@pytest.mark.parametrize("stop", ["quit", "signal", "ask"])
def test_the_user_can_stop_at_real_speed(tiny_model: EmotionModel, recording: Path, stop: str) -> None:
    def react(snapshot: Snapshot) -> Key | None:
        if snapshot.stream_seconds < 0.2:
            return None
        if stop == "signal":
            signal.raise_signal(signal.SIGINT)
        if stop == "ask":
            session.ask_to_stop()
        return "quit" if stop == "quit" else None

    rows = Rows()
    session = session_of(recording, tiny_model, rows, screen=Watched(react=react), fast=False)
    summary = session.run()
    assert 0.2 <= summary.seconds < SECONDS
    assert rows.summaries == [summary]


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 60))
def test_stopped_at_any_moment_every_row_so_far_is_right(
    tiny_model: EmotionModel, recording: Path, num_polls: int
) -> None:
    polls = iter(range(num_polls))
    rows = Rows()
    screen = Watched(react=lambda _: None if next(polls, None) is not None else "quit")
    summary = session_of(recording, tiny_model, rows, screen=screen).run()
    analysed = read_mono(recording).samples[: round(summary.seconds * RATE), np.newaxis]
    assert without_lag(rows.rows) == rows_of([(0, analysed)], tiny_model, tiny_model.card.grid(), RATE)
    assert summary.windows == len(rows.rows)


def test_the_second_ctrl_c_insists_and_leaves_all_in_order(tiny_model: EmotionModel, recording: Path) -> None:
    class Slow(Rows):
        def take_row(self, row: Row) -> None:
            super().take_row(row)
            hanging.wait(20)

    def react(_: Snapshot) -> None:
        if rows.rows:
            signal.raise_signal(signal.SIGINT)
            threading.Thread(target=insist).start()

    def insist() -> None:
        asked.wait(20)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        hanging.set()

    handler = signal.getsignal(signal.SIGINT)
    hanging, asked = threading.Event(), threading.Event()
    rows = Slow()

    class Quick(LoggedSource):
        def stop(self) -> None:
            super().stop()
            asked.set()

    log: list[str] = []
    screen = Watched(log, react=react)
    session = Session(
        [Quick(recording, log)],
        tiny_model,
        tiny_model.card.grid(),
        sinks=[rows],
        screen=screen,
        options=OPTIONS,
    )
    with pytest.raises(KeyboardInterrupt):
        session.run()
    assert rows.summaries != []
    assert log[-1] == "screen closes"
    assert signal.getsignal(signal.SIGINT) is handler


class Live:
    """A recording in real time, as if it were a microphone."""

    def __init__(self, path: Path) -> None:
        self._source = FileSource(AudioFile(path), fast=False)
        self.open, self.start, self.stop = self._source.open, self._source.start, self._source.stop

    @property
    def info(self) -> SourceInfo:
        return replace(self._source.info, live=True, seconds=None)

    @property
    def non_finite_samples(self) -> int:
        return 0


def test_keys_pause_and_mark(tiny_model: EmotionModel, recording: Path) -> None:
    seen: list[tuple[str, float]] = []

    class Diary(Rows):
        def handle(self, event: Event) -> None:
            if isinstance(event, Mark):
                assert event.clock > 0
                seen.append(("mark", event.at_seconds))
            elif isinstance(event, Pause):
                assert event.clock > 0
                seen.append(("pause" if event.paused else "go on", event.at_seconds))
            elif isinstance(event, Sound) and seen and seen[-1][0] == "pause":
                assert event.block.first_sample < seen[-1][1] * RATE

    keys: list[tuple[float, Key]] = [(0.1, "mark"), (0.2, "pause"), (0.6, "pause"), (1.0, "quit")]

    def react(snapshot: Snapshot) -> Key | None:
        return keys.pop(0)[1] if snapshot.stream_seconds >= keys[0][0] else None

    summary = Session(
        [Live(recording)],
        tiny_model,
        tiny_model.card.grid(),
        sinks=[Diary()],
        screen=Watched(react=react),
        options=OPTIONS,
    ).run()
    assert [what for what, _ in seen] == ["mark", "pause", "go on"]
    assert seen == sorted(seen, key=lambda event: event[1])
    assert summary.marks == 1
    assert summary.gaps == 1
    assert summary.paused_seconds == pytest.approx(seen[2][1] - seen[1][1], abs=1e-6)


def test_in_a_replay_the_pause_key_holds_it_and_no_row_changes(
    tiny_model: EmotionModel, recording: Path
) -> None:
    undisturbed, rows = Rows(), Rows()
    session_of(recording, tiny_model, undisturbed).run()
    presses: list[float] = []
    held: list[Snapshot] = []

    def react(snapshot: Snapshot) -> Key | None:
        if snapshot.held:
            held.append(snapshot)
        if (not presses and snapshot.stream_seconds >= 0.3) or (len(presses) == 1 and len(held) == 20):
            presses.append(snapshot.stream_seconds)
            return "pause"
        return "quit" if len(presses) == 2 and snapshot.stream_seconds >= presses[1] + 1.0 else None

    screen = Watched(react=react)
    summary = session_of(recording, tiny_model, rows, screen=screen, fast=False).run()
    assert len(presses) == 2
    assert len({snapshot.stream_seconds for snapshot in held[3:]}) == 1, "its clock stands"
    assert not any(snapshot.paused for snapshot in screen.snapshots), "nothing is off the record"
    assert (summary.gaps, summary.paused_seconds) == (0, 0.0)
    assert without_lag(rows.rows) == without_lag(undisturbed.rows[: len(rows.rows)])
    assert len(rows.rows) >= 1


def test_a_jump_on_is_a_gap_of_its_own_and_stream_time_stays_file_time(
    tiny_model: EmotionModel, long_recording: Path
) -> None:
    gaps: list[Gap] = []
    sound_comes, keys_pressed = threading.Event(), threading.Event()

    class Diary(Rows):
        def handle(self, event: Event) -> None:
            super().handle(event)
            if isinstance(event, Gap):
                gaps.append(event)
            sound_comes.set()
            assert keys_pressed.wait(30.0)

    keys: list[Key] = ["pause", "forward", "pause"]

    def react(_: Snapshot) -> Key | None:
        if keys and sound_comes.is_set():
            return keys.pop(0)
        if not keys:
            keys_pressed.set()
        return None

    rows, screen = Diary(), Watched(react=react)
    summary = session_of(long_recording, tiny_model, rows, screen=screen).run()
    [gap] = gaps
    assert gap.cause == "jump"
    assert not gap.estimated
    assert gap.end - gap.start == JUMP_SECONDS
    assert summary.seconds == pytest.approx(LONG_SECONDS)
    samples = read_mono(long_recording).samples[:, np.newaxis]
    pieces = [(0, samples[: gap.start_sample]), (gap.end_sample, samples[gap.end_sample :])]
    expected = rows_of(pieces, tiny_model, tiny_model.card.grid(), RATE)
    assert without_lag(rows.rows) == expected


def test_a_jump_back_analyses_anew_where_nothing_is_written(
    tiny_model: EmotionModel, long_recording: Path
) -> None:
    keys: list[tuple[float, Key]] = [(1.0, "back"), (LONG_SECONDS, "quit")]

    def react(snapshot: Snapshot) -> Key | None:
        return keys.pop(0)[1] if snapshot.stream_seconds >= keys[0][0] else None

    screen = Watched(react=react)
    session_of(long_recording, tiny_model, screen=screen, fast=False, options=ONE_SECOND_MORE).run()
    heard = [snapshot.stream_seconds for snapshot in screen.snapshots]
    back = next(number for number in range(1, len(heard)) if heard[number] < heard[number - 1])
    assert heard[back] < 0.5
    assert heard[-1] == ONE_SECOND_MORE.duration_seconds, "the stream time of what was heard since"


def test_a_jump_back_in_a_pause_stays_paused(tiny_model: EmotionModel, long_recording: Path) -> None:
    keys: list[Key] = ["pause", "back", "quit"]
    back: list[Snapshot] = []

    def react(snapshot: Snapshot) -> Key | None:
        if len(keys) == 1 and snapshot.stream_seconds < 1.0:
            back.append(snapshot)
        is_due = (snapshot.stream_seconds >= 1.0, snapshot.held, len(back) == 10)[3 - len(keys)]
        return keys.pop(0) if is_due else None

    session_of(long_recording, tiny_model, screen=Watched(react=react), fast=False).run()
    assert all(snapshot.held for snapshot in back)
    assert len({snapshot.stream_seconds for snapshot in back[2:]}) == 1


def test_a_jump_back_brings_the_shorter_of_two_sources_back(
    tiny_model: EmotionModel, long_recording: Path, tmp_path: Path
) -> None:
    samples, rate = soundfile.read(long_recording, dtype="int16")
    soundfile.write(tmp_path / "short.wav", samples[: 19 * rate], rate, subtype="PCM_16")
    playback = Playback(2)
    sources = [
        FileSource(AudioFile(path), fast=True, block_seconds=0.05, turn=(playback, number))
        for number, path in enumerate((long_recording, tmp_path / "short.wav"))
    ]
    playback.hold(held=True)
    # At its third jump, the shorter one is at its end.
    keys: list[Key] = ["pause", "forward", "forward", "back", "pause"]
    screen = Watched(react=lambda _: keys.pop(0) if keys else None)
    summary = Session(
        sources, tiny_model, tiny_model.card.grid(), sinks=[], screen=screen, options=OPTIONS
    ).run()
    assert summary.seconds == pytest.approx(LONG_SECONDS)
    step = tiny_model.card.grid().step / 16_000
    heard = [leg.windows * step for leg in summary.legs.values()]
    assert heard == [pytest.approx(20.0, abs=2.0), pytest.approx(9.0, abs=2.0)]


def test_where_something_is_written_a_jump_back_is_refused(tiny_model: EmotionModel, recording: Path) -> None:
    told: list[str] = []

    class Telling(Watched):
        def tell(self, message: str) -> None:
            told.append(message)

    keys: list[Key] = ["back", "forward"]
    rows = Rows()
    screen = Telling(react=lambda _: keys.pop(0) if keys else None)
    session_of(recording, tiny_model, rows, screen=screen).run()
    assert told == [
        "cannot go back: this replay writes files or sends alerts; replay it without these",
        "cannot go on: less than 10 s are left",
    ]
    samples = read_mono(recording).samples[:, np.newaxis]
    assert without_lag(rows.rows) == rows_of([(0, samples)], tiny_model, tiny_model.card.grid(), RATE)


def test_arrows_say_that_live_sound_does_not_jump(tiny_model: EmotionModel, recording: Path) -> None:
    told: list[str] = []

    class Telling(Watched):
        def tell(self, message: str) -> None:
            told.append(message)

    keys: list[Key] = ["forward", "quit"]
    screen = Telling(react=lambda _: keys.pop(0))
    Session(
        [Live(recording)], tiny_model, tiny_model.card.grid(), sinks=[], screen=screen, options=OPTIONS
    ).run()
    assert told == ["arrow keys jump in a replay; this sound is live"]


def test_a_note_marks_the_moment_of_its_key(tiny_model: EmotionModel, recording: Path) -> None:
    marks: list[Mark] = []

    class Diary(Rows):
        def handle(self, event: Event) -> None:
            if isinstance(event, Mark):
                marks.append(event)

    keys: list[tuple[float, Key]] = [
        (0.2, "begin_note"),
        (0.5, "mark"),
        (1.0, Note("asks for money back")),
        (1.1, "begin_note"),
        (1.2, Note(None)),
        (1.2, "begin_note"),
        (1.2, Note("")),
        (1.3, "begin_note"),
        (1.5, "quit"),
    ]

    def react(snapshot: Snapshot) -> Key | None:
        return keys.pop(0)[1] if snapshot.stream_seconds >= keys[0][0] else None

    screen = Watched(react=react)
    summary = session_of(recording, tiny_model, Diary(), screen=screen, fast=False).run()
    assert [mark.note for mark in marks] == [None, "asks for money back", None, None]
    assert marks[0].at_seconds >= 0.5
    assert 0.2 <= marks[1].at_seconds <= marks[0].at_seconds, "the time of the key, not of the last letter"
    assert marks[2].at_seconds >= 1.2, "a note without a word is a mark like any other"
    assert marks[3].at_seconds >= 1.3, "a note that the end cuts leaves its moment"
    assert summary.marks == 4
    last = screen.snapshots[-1]
    assert [tick.kind for tick in last.ticks] == ["mark"] * 4
    assert "mark: asks for money back" in [entry.text for entry in last.log]


def test_the_history_spans_the_session(tiny_model: EmotionModel, recording: Path) -> None:
    history = SpectrogramHistory()
    options = SessionOptions(callmood_version="0", spectrogram_history=history)
    screen = Watched()
    session_of(recording, tiny_model, screen=screen, options=options).run()
    assert len(history.decibels) * history.column_seconds == pytest.approx(SECONDS, abs=0.25)
    assert screen.snapshots[-1].spectrogram is None, "not asked for on the screen"


PATIENCE_SECONDS = 10.0


class Hanging(LoggedSource):
    """Never opens, or never starts, until it is released."""

    def __init__(self, path: Path, log: list[str], stage: str) -> None:
        super().__init__(path, log)
        self.hangs, self.is_released = threading.Event(), threading.Event()
        self._stage = stage

    def open(self) -> None:
        super().open()
        self._hang("open")

    def start(self, queue: BlockReceiver) -> None:
        self._hang("start")
        if self._stage != "start":
            super().start(queue)

    def _hang(self, stage: str) -> None:
        if stage == self._stage:
            self.hangs.set()
            assert self.is_released.wait(PATIENCE_SECONDS)


@pytest.mark.parametrize("stage", ["open", "start"])
def test_a_source_that_hangs_at_the_start_holds_up_nobody_who_wants_to_stop(
    tiny_model: EmotionModel, recording: Path, stage: str
) -> None:
    log: list[str] = []
    source, rows = Hanging(recording, log, stage), Rows(log)
    session = Session(
        [source], tiny_model, tiny_model.card.grid(), sinks=[rows], screen=Watched(log), options=OPTIONS
    )

    def stop() -> None:
        assert source.hangs.wait(PATIENCE_SECONDS)
        session.ask_to_stop()

    asking = threading.Thread(target=stop)
    asking.start()
    if stage == "open":
        with pytest.raises(KeyboardInterrupt):
            session.run()
        assert rows.summaries == [], "nothing was begun"
    else:
        assert session.run().windows == 0
        assert len(rows.summaries) == 1
    assert "source stops" in log
    assert "source starts" not in log
    assert "screen closes" in log
    source.is_released.set()
    for thread in (asking, *(each for each in threading.enumerate() if each.name == "callmood-opening")):
        thread.join(PATIENCE_SECONDS)


def raise_in_turn(*numbers: signal.Signals) -> None:
    for number in numbers:
        signal.raise_signal(number)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_first_asks(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    asked: list[str] = []
    with interrupts(lambda: asked.append("once")):
        signal.raise_signal(number)
    assert asked == ["once"]
    assert signal.getsignal(number) is before


@pytest.mark.parametrize("second", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("first", [signal.SIGINT, signal.SIGTERM])
def test_the_second_insists(first: signal.Signals, second: signal.Signals) -> None:
    before = signal.getsignal(second)
    asked: list[str] = []
    with pytest.raises(KeyboardInterrupt), interrupts(lambda: asked.append("once")):
        raise_in_turn(first, second)
    assert asked == ["once"]
    assert signal.getsignal(second) is before


def test_the_handlers_come_back_after_an_error_as_well() -> None:
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(ValueError, match="broken"), interrupts(lambda: None):
        raise ValueError("broken")
    assert signal.getsignal(signal.SIGINT) is before


def test_another_thread_than_the_main_one_changes_nothing() -> None:
    before = signal.getsignal(signal.SIGINT)
    seen: list[object] = []

    def look() -> None:
        with interrupts(lambda: None):
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert seen == [before]


def test_a_second_hangup_of_the_terminal_does_not_insist() -> None:
    asked: list[str] = []
    with interrupts(lambda: asked.append("once")):
        raise_in_turn(signal.SIGINT, signal.SIGHUP, signal.SIGHUP)
    assert asked == ["once"]


def test_under_nohup_a_terminal_may_close() -> None:
    asked: list[str] = []
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interrupts(lambda: asked.append("once")):
            signal.raise_signal(signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
    assert asked == []


def load_a_library_that_is_interrupted() -> None:
    try:
        raise_in_turn(signal.SIGINT, signal.SIGINT)
    except KeyboardInterrupt as error:
        raise ImportError("initialization failed") from error


def break_after_the_first() -> None:
    signal.raise_signal(signal.SIGINT)
    raise ImportError("broken")


def test_a_library_that_makes_another_error_of_it_is_not_believed() -> None:
    with pytest.raises(KeyboardInterrupt), interrupts(lambda: None):
        load_a_library_that_is_interrupted()


def test_an_error_after_the_first_is_an_error() -> None:
    with pytest.raises(ImportError, match="broken"), interrupts(lambda: None):
        break_after_the_first()
