"""A session from the first sample to the summary: rows as offline, and an ordered stop at any moment."""

import signal
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emotion.audio_file import AudioFile, read_mono
from emotion.errors import AudioFileError, CallmoodError, OutputError
from emotion.model import EmotionModel
from streamer.block import AudioBlock
from streamer.block_queue import BlockQueue
from streamer.file_source import FileSource
from streamer.row import Row
from streamer.screen import Key, Screen
from streamer.session import Session
from streamer.session_facts import SessionFacts, Summary
from streamer.session_options import SessionOptions
from streamer.sink import Sink
from streamer.snapshot import Snapshot
from streamer.spectrogram.history import SpectrogramHistory
from tests.model_maker import tone_of
from tests.offline_rows import rows_of, without_lag

RATE = 22_050
SECONDS = 6.0
OPTIONS = SessionOptions(callmood_version="0.1.0")


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six seconds: a voice, a pause longer than a window, another voice."""
    path = tmp_path_factory.mktemp("recordings") / "call.wav"
    pause = np.zeros(2 * RATE, np.float32)
    parts = [tone_of("angry", 1, RATE, 2.0), pause, tone_of("sad", 2, RATE, SECONDS - 4.0)]
    soundfile.write(path, np.concatenate(parts), RATE, subtype="PCM_16")
    return path


class Rows(Sink):
    """Keeps all rows, and when it was opened and closed."""

    def __init__(self, log: list[str] | None = None) -> None:
        self.rows: list[Row] = []
        self.summaries: list[Summary | None] = []
        self.log = [] if log is None else log

    def open(self, facts: SessionFacts) -> None:
        self.log.append(f"sink opens {facts.session[:2]}")

    def take_row(self, row: Row) -> None:
        self.rows.append(row)

    def close(self, summary: Summary | None) -> None:
        self.log.append("sink closes")
        self.summaries.append(summary)


class LoggedSource(FileSource):
    """A real file, with a note of when it opens, starts and stops."""

    def __init__(self, path: Path, log: list[str], *, fast: bool = True) -> None:
        super().__init__(AudioFile(path), fast=fast)
        self._log = log

    def open(self) -> None:
        self._log.append("source opens")

    def start(self, queue: BlockQueue) -> None:
        self._log.append("source starts")
        super().start(queue)

    def stop(self) -> None:
        self._log.append("source stops")
        super().stop()


class Watched(Screen):
    """Keeps what it was shown, and presses keys when told to."""

    def __init__(
        self, log: list[str] | None = None, react: Callable[[Snapshot], Key | None] | None = None
    ) -> None:
        super().__init__()
        self.log = [] if log is None else log
        self.snapshots: list[Snapshot] = []
        self.summaries: list[Summary | None] = []
        self._react = react

    def open(self, facts: SessionFacts) -> None:
        self.log.append(f"screen opens {facts.model}")

    def draw(self, snapshot: Snapshot) -> None:
        self.snapshots.append(snapshot)

    def poll(self, timeout_seconds: float) -> Key | None:
        super().poll(min(timeout_seconds, 0.01))
        return self._react(self.snapshots[-1]) if self._react is not None else None

    def close(self, summary: Summary | None) -> None:
        self.log.append("screen closes")
        self.summaries.append(summary)


def session_of(
    path: Path,
    model: EmotionModel,
    *sinks: Sink,
    screen: Screen | None = None,
    fast: bool = True,
    options: SessionOptions = OPTIONS,
) -> Session:
    return Session(
        FileSource(AudioFile(path), fast=fast),
        model,
        model.card.grid(),
        sinks=sinks,
        screen=screen or Screen(),
        options=options,
    )


def test_the_rows_of_a_session_are_those_of_the_whole_file(tiny_model: EmotionModel, recording: Path) -> None:
    rows = Rows()
    summary = session_of(recording, tiny_model, rows).run()
    samples = read_mono(recording).samples[:, np.newaxis]
    expected = rows_of([(0, samples)], tiny_model, tiny_model.card.grid(), RATE)
    assert without_lag(rows.rows) == expected
    assert {row.state for row in rows.rows} == {"speech", "silence"}
    assert summary.seconds == SECONDS
    assert summary.windows == len(expected) == tiny_model.card.grid().num_windows(round(SECONDS * 16_000))
    assert summary.states == {
        state: sum(row.state == state for row in expected) for state in ("speech", "silence")
    }
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
        LoggedSource(recording, log),
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
    heard = read_mono(recording).samples[: round(summary.seconds * RATE), np.newaxis]
    assert without_lag(rows.rows) == rows_of([(0, heard)], tiny_model, tiny_model.card.grid(), RATE)
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
        Quick(recording, log),
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


def test_keys_pause_and_mark(tiny_model: EmotionModel, recording: Path) -> None:
    told: list[tuple[str, float]] = []

    class Diary(Rows):
        def take_mark(self, at_seconds: float, clock: float) -> None:
            assert clock > 0
            told.append(("mark", at_seconds))

        def take_pause(self, at_seconds: float, clock: float, *, paused: bool) -> None:
            assert clock > 0
            told.append(("pause" if paused else "go on", at_seconds))

        def take_block(self, block: AudioBlock) -> None:
            if told and told[-1][0] == "pause":
                assert block.first_sample < told[-1][1] * RATE

    keys: list[tuple[float, Key]] = [(0.1, "mark"), (0.2, "pause"), (0.6, "pause"), (1.0, "quit")]

    def react(snapshot: Snapshot) -> Key | None:
        return keys.pop(0)[1] if snapshot.stream_seconds >= keys[0][0] else None

    summary = session_of(recording, tiny_model, Diary(), screen=Watched(react=react), fast=False).run()
    assert [what for what, _ in told] == ["mark", "pause", "go on"]
    assert told == sorted(told, key=lambda event: event[1])
    assert summary.marks == 1
    assert summary.gaps == 1
    assert summary.paused_seconds == pytest.approx(told[2][1] - told[1][1], abs=1e-6)


def test_a_disk_that_fills_up_is_a_failure_but_no_end(tiny_model: EmotionModel, recording: Path) -> None:
    class Full(Rows):
        def take_row(self, row: Row) -> None:
            if row.window == 3:
                raise OutputError("clips: no space left on the device; recording stopped")

    full, rows = Full(), Rows()
    screen = Watched()
    summary = session_of(recording, tiny_model, full, rows, screen=screen).run()
    assert summary.failures == ("clips: no space left on the device; recording stopped",)
    assert screen.snapshots[-1].messages == summary.failures
    assert len(rows.rows) == summary.windows > 4
    assert (full.summaries, rows.summaries) == ([None], [summary])


def test_what_breaks_the_worker_is_raised_after_an_ordered_stop(
    tiny_model: EmotionModel, recording: Path
) -> None:
    class Bug(Rows):
        def take_row(self, row: Row) -> None:
            super().take_row(row)
            if row.window == 3:
                raise ZeroDivisionError("a bug")

    bug, log = Bug(), list[str]()
    screen = Watched(log)
    with pytest.raises(ZeroDivisionError, match="a bug"):
        session_of(recording, tiny_model, bug, screen=screen, fast=False).run()
    assert len(bug.rows) == 4
    assert bug.summaries[0] is not None
    assert bug.summaries[0].failures == ("a bug",)
    assert log[-1] == "screen closes"


def test_a_source_that_breaks_is_raised_after_its_sound_was_heard(
    tiny_model: EmotionModel, recording: Path
) -> None:
    class Breaking(FileSource):
        def _read(self, queue: BlockQueue) -> None:
            super()._read(queue)
            raise AudioFileError("call.wav ends early")

    rows = Rows()
    session = Session(
        Breaking(AudioFile(recording), fast=True),
        tiny_model,
        tiny_model.card.grid(),
        sinks=[rows],
        screen=Screen(),
        options=OPTIONS,
    )
    with pytest.raises(AudioFileError, match="ends early"):
        session.run()
    assert len(rows.rows) == tiny_model.card.grid().num_windows(round(SECONDS * 16_000))
    assert rows.summaries[0] is not None
    assert rows.summaries[0].failures == ("call.wav ends early",)


def test_a_stop_that_takes_too_long_drops_what_waits_and_counts_it(
    tiny_model: EmotionModel, recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streamer.worker.DRAIN_SECONDS", 0.05)
    going_on = threading.Event()

    class Slow(Rows):
        def take_row(self, row: Row) -> None:
            super().take_row(row)
            going_on.wait(20)

    class Watching(LoggedSource):
        def stop(self) -> None:
            super().stop()
            threading.Timer(0.3, going_on.set).start()

    rows = Slow()
    screen = Watched(react=lambda _: "quit" if rows.rows else None)
    session = Session(
        Watching(recording, []),
        tiny_model,
        tiny_model.card.grid(),
        sinks=[rows],
        screen=screen,
        options=OPTIONS,
    )
    summary = session.run()
    assert 1 <= len(rows.rows) < tiny_model.card.grid().num_windows(round(SECONDS * 16_000))
    assert summary.dropped_seconds > 0


def test_an_analysis_that_hangs_is_an_error_and_its_sinks_are_left_alone(
    tiny_model: EmotionModel, recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streamer.worker.DRAIN_SECONDS", 0.05)
    monkeypatch.setattr("streamer.worker.LAST_SECONDS", 0.05)
    going_on = threading.Event()

    class Hanging(Rows):
        def take_row(self, row: Row) -> None:
            super().take_row(row)
            going_on.wait(20)

    rows, log = Hanging(), list[str]()
    screen = Watched(log, react=lambda _: "quit" if rows.rows else None)
    with pytest.raises(CallmoodError, match="something it writes to hangs"):
        session_of(recording, tiny_model, rows, screen=screen).run()
    assert rows.summaries == []
    assert log[-1] == "screen closes"
    going_on.set()
    for thread in threading.enumerate():
        if thread.name == "callmood-worker":
            thread.join(20)


def test_a_sink_that_cannot_open_stops_it_before_the_first_sample(
    tiny_model: EmotionModel, recording: Path
) -> None:
    class Refused(Rows):
        def open(self, facts: SessionFacts) -> None:
            raise OutputError(f"recordings/{facts.session}: permission denied; choose another folder")

    log: list[str] = []
    rows = Rows(log)
    session = Session(
        LoggedSource(recording, log),
        tiny_model,
        tiny_model.card.grid(),
        sinks=[rows, Refused()],
        screen=Watched(log),
        options=OPTIONS,
    )
    with pytest.raises(OutputError, match="permission denied"):
        session.run()
    assert log == [
        "screen opens tiny",
        "source opens",
        "sink opens 20",
        "sink closes",
        "source stops",
        "screen closes",
    ]
    assert rows.summaries == [None]


def test_a_source_that_will_not_open_writes_nothing(tiny_model: EmotionModel, recording: Path) -> None:
    class Taken(LoggedSource):
        def open(self) -> None:
            raise AudioFileError("the device is taken")

    log: list[str] = []
    session = Session(
        Taken(recording, log),
        tiny_model,
        tiny_model.card.grid(),
        sinks=[Rows(log)],
        screen=Watched(log),
        options=OPTIONS,
    )
    with pytest.raises(AudioFileError, match="taken"):
        session.run()
    assert log == ["screen opens tiny", "source stops", "screen closes"]


def test_a_file_shorter_than_a_window_is_refused_before_anything_opens(
    tiny_model: EmotionModel, tmp_path: Path
) -> None:
    path = tmp_path / "short.wav"
    soundfile.write(path, np.zeros(RATE - 1), RATE)
    log: list[str] = []
    session = session_of(path, tiny_model, Rows(log), screen=Watched(log))
    with pytest.raises(AudioFileError, match=r"short\.wav lasts 0\.999955 s .* window 1 s: not one fits"):
        session.run()
    assert log == []


def test_a_file_just_as_long_as_a_window_gives_one_row(tiny_model: EmotionModel, tmp_path: Path) -> None:
    path = tmp_path / "just.wav"
    soundfile.write(path, np.zeros(RATE), RATE)
    assert session_of(path, tiny_model).run().windows == 1


def test_the_history_spans_the_session(tiny_model: EmotionModel, recording: Path) -> None:
    history = SpectrogramHistory()
    options = SessionOptions(callmood_version="0", spectrogram_history=history)
    screen = Watched()
    session_of(recording, tiny_model, screen=screen, options=options).run()
    assert len(history.decibels) * history.column_seconds == pytest.approx(SECONDS, abs=0.25)
    assert screen.snapshots[-1].spectrogram is None, "not asked for on the screen"
