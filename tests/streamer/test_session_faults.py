"""A session in which something breaks: an ordered stop, one clear error, nothing half-written."""

import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile

from emotion.audio_io import AudioFile
from emotion.errors import AudioFileError, CallmoodError, OutputError
from emotion.model import EmotionModel
from streamer.events import Row
from streamer.session import Session
from streamer.session_info import SessionInfo
from streamer.sources.base import BlockReceiver
from streamer.sources.file import FileSource
from streamer.terminal_io import Screen
from tests.session_parts import OPTIONS, RATE, SECONDS, LoggedSource, Rows, Watched, session_of


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


def test_the_error_of_a_source_is_raised_after_its_sound_was_analysed(
    tiny_model: EmotionModel, recording: Path
) -> None:
    class Breaking(FileSource):
        def _read(self, queue: BlockReceiver) -> None:
            super()._read(queue)
            raise AudioFileError("call.wav ends early")

    rows = Rows()
    session = Session(
        [Breaking(AudioFile(recording), fast=True)],
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
    monkeypatch.setattr("streamer.session.DRAIN_SECONDS", 0.05)
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
        [Watching(recording, [])],
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
    monkeypatch.setattr("streamer.session.DRAIN_SECONDS", 0.05)
    monkeypatch.setattr("streamer.session.LAST_SECONDS", 0.05)
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
        def open(self, facts: SessionInfo) -> None:
            raise OutputError(f"recordings/{facts.session}: permission denied; choose another folder")

    log: list[str] = []
    rows = Rows(log)
    session = Session(
        [LoggedSource(recording, log)],
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
        [Taken(recording, log)],
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
    with pytest.raises(AudioFileError, match=r"short\.wav lasts 0\.999955 s .* window 1 s: not one fits"):
        session_of(path, tiny_model, Rows(log), screen=Watched(log)).run()
    assert log == []


def test_a_file_just_as_long_as_a_window_gives_one_row(tiny_model: EmotionModel, tmp_path: Path) -> None:
    path = tmp_path / "just.wav"
    soundfile.write(path, np.zeros(RATE), RATE)
    assert session_of(path, tiny_model).run().windows == 1
