"""A session's parts, made to be looked into, and the recording that they hear."""

from collections.abc import Callable
from pathlib import Path

from emotion.audio_io import AudioFile
from emotion.model import EmotionModel
from streamer.events import Event, Row
from streamer.pipeline import SessionOptions
from streamer.session import Session
from streamer.session_info import SessionInfo, Summary
from streamer.sinks.base import Sink
from streamer.snapshot import Snapshot
from streamer.sources.base import BlockReceiver
from streamer.sources.file import FileSource
from streamer.terminal_io import Key, Screen

RATE = 22_050
SECONDS = 6.0
OPTIONS = SessionOptions(callmood_version="0.1.0")


class Rows(Sink):
    """Keeps all rows, and when it was opened and closed."""

    def __init__(self, log: list[str] | None = None) -> None:
        self.rows: list[Row] = []
        self.summaries: list[Summary | None] = []
        self.log = [] if log is None else log

    def open(self, info: SessionInfo) -> None:
        self.log.append(f"sink opens {info.session[:2]}")

    def handle(self, event: Event) -> None:
        if isinstance(event, Row):
            self.take_row(event)

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

    def start(self, queue: BlockReceiver) -> None:
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

    def open(self, facts: SessionInfo) -> None:
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
        [FileSource(AudioFile(path), fast=fast)],
        model,
        model.card.grid(),
        sinks=sinks,
        screen=screen or Screen(),
        options=options,
    )
