"""Clips: which windows are kept, what their files are called, and the sink that writes them."""

import csv
import io
import re
from collections import deque
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import ClassVar, Final, Literal, NamedTuple

import numpy as np

from emotion.arrays import Samples, make_finite
from emotion.atomic_files import write_new
from emotion.card import LABELS
from emotion.errors import OutputError, UsageError, output_error
from emotion.signal import mix_down
from emotion.window_grid import to_samples
from streamer.events import Alert, AudioBlock, Event, Row, Sound, is_spoken
from streamer.leg_plan import LegPlan
from streamer.recordings.session_folder import SessionFolder
from streamer.recordings.wav import WavFormat
from streamer.session_info import SessionClock, SessionInfo, Summary
from streamer.sinks.base import Sink
from streamer.sinks.writer import LineFile, has_disk_space


@dataclass(frozen=True, slots=True)
class Clip:
    """A span of one leg that is kept, and why.

    Attributes
    ----------
    leg : str
        Name of the leg.
    window : int
        Number of the window, or of the one that raised the alert, in its leg.
    start, end : float
        Stream time, s.
    state : str
        The window's state, or ``alert``.
    emotion : str or None
        The leading one, or the one that was watched.
    probability : float or None
        Its smoothed probability; None without an emotion.
    level_dbfs : float or None
        Of the window, dB below full scale; None for an alert.
    """

    leg: str
    window: int
    start: float
    end: float
    state: str
    emotion: str | None
    probability: float | None
    level_dbfs: float | None

    @classmethod
    def of_row(cls, row: Row) -> "Clip":
        """Describe the clip of a window."""
        probability = None
        if row.emotion is not None and row.smoothed is not None:
            probability = float(row.smoothed[row.emotion])
        return cls(
            row.leg, row.window, row.start, row.end, row.state, row.emotion, probability, row.level_dbfs
        )

    @classmethod
    def of_alert(cls, alert: Alert, start: float) -> "Clip":
        """Describe the clip of an alert, which begins at a stream time of `start` seconds."""
        return cls(
            alert.leg, alert.window, start, alert.at_seconds, "alert", alert.label, alert.probability, None
        )

    @property
    def kind(self) -> str:
        """A word for the file's name: the emotion or, without one, the state."""
        return self.emotion or self.state

    def path(self, begins: datetime) -> PurePosixPath:
        """Name the file, in the session's folder, so that names sort by time and carry the emotion."""
        # Truncated, not rounded: 59.9996 s must not become the next minute's 00.000.
        time = f"{begins:%H-%M-%S}.{begins.microsecond // 1000:03d}"
        # The index has the name of the leg as it is.
        leg = re.sub(r"[\W_]+", "-", self.leg)[:40]
        name = f"{time}_{leg}_{self.window:07d}_{self.kind}.wav"
        return PurePosixPath(CLIPS_FOLDER, f"{begins:%Y-%m-%dT%H}", name)

    def index_values(self, file: str) -> tuple[object, ...]:
        """Give the values of INDEX_COLUMNS."""
        return (
            float(self.start),
            float(self.end),
            self.state,
            self.emotion or "",
            "" if self.probability is None else self.probability,
            "" if self.level_dbfs is None else f"{self.level_dbfs:.1f}",
            self.leg,
            self.window,
            file,
        )


_KINDS: Final[tuple[Literal["all", "speech", "alerts"], ...]] = ("all", "speech", "alerts")


@dataclass(frozen=True, slots=True)
class ClipRule:
    """What `--record` was given.

    Attributes
    ----------
    kind : {'all', 'speech', 'labels', 'alerts'}
        Every window; every window that is speech, sure or not; every window whose leading emotion is among
        `labels`; no window, but what led to each alert.
    labels : frozenset of str
        Empty unless the kind is 'labels'.
    """

    kind: Literal["all", "speech", "labels", "alerts"]
    labels: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, text: str) -> "ClipRule":
        """Parse `--record`."""
        words = [word.strip() for word in text.split(",")]
        for kind in _KINDS:
            if words == [kind]:
                return cls(kind)
        if unknown := [word for word in words if word not in LABELS]:
            raise UsageError(
                f"--record has {unknown[0]!r} in {text!r}; give all, speech, alerts, or one or more of "
                f"{','.join(LABELS)} with commas between them"
            )
        return cls("labels", frozenset(words))

    def wants(self, row: Row) -> bool:
        """Tell whether a window is to be kept."""
        if self.kind == "all":
            return True
        if self.kind == "speech":
            return is_spoken(row)
        return row.emotion in self.labels


CLIPS_FOLDER: Final = "clips"

_CLIP_NAME: Final = re.compile(r"[0-9-]{8}\.[0-9]{3}_[\w-]*_[0-9]{7,}_(?P<kind>[a-z]+)\.wav")


def kind_of_clip(name: str) -> str | None:
    """Read the emotion, or the state, from the name of a clip."""
    match = _CLIP_NAME.fullmatch(name)
    return match["kind"] if match else None


INDEX_FILE: Final = "index.csv"
INDEX_NAMES: Final = re.compile(r"index(-[0-9]+)?\.csv")
"""With the numbered ones that are created beside a foreign file of the name."""

INDEX_COLUMNS: Final = (
    "start",
    "end",
    "state",
    "emotion",
    "probability",
    "level_dbfs",
    "leg",
    "window",
    "file",
)


def index_line(values: tuple[object, ...]) -> str:
    """Write values with commas between them, quoted where they must be, without a line end."""
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(values)
    return text.getvalue()


class _Piece(NamedTuple):
    first_sample: int
    samples: Samples

    @property
    def end_sample(self) -> int:
        return self.first_sample + len(self.samples)


class ClipRing:
    """The most recent mono sound, with its place in the stream."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._pieces: deque[_Piece] = deque()

    def push(self, first_sample: int, samples: Samples) -> None:
        """Add sound and drop what is more than the capacity before it."""
        while self._pieces and self._pieces[0].end_sample <= first_sample - self._capacity:
            self._pieces.popleft()
        if len(samples):
            self._pieces.append(_Piece(first_sample, samples))

    def cut(self, start_sample: int, end_sample: int) -> Samples | None:
        """Give the samples of a span; None unless all are there."""
        found = []
        at = start_sample
        for piece in self._pieces:
            if piece.first_sample <= at < min(piece.end_sample, end_sample):
                found.append(piece.samples[at - piece.first_sample : end_sample - piece.first_sample])
                at += len(found[-1])
        return np.concatenate(found) if found and at == end_sample else None

    def unbroken_start(self, start_sample: int, end_sample: int) -> int:
        """Find the first sample, from `start_sample` on, after which there is no gap up to `end_sample`."""
        begins = end_sample
        for piece in reversed(self._pieces):
            if piece.first_sample < end_sample:
                if piece.end_sample < begins:
                    break
                begins = piece.first_sample
        return min(end_sample, max(start_sample, begins))


class LegAudio:
    """Remembers one leg of the blocks of its source, and encodes spans of it as WAV files.

    A clip has 16 bits where the source has them in one channel. The mean of several channels needs floats to
    be exact; as mono floats it is no larger than 16-bit stereo.

    Attributes
    ----------
    source : int
        Number of the source.
    sample_rate : int
        Of the source, Hz.
    ring : ClipRing
        The sound.
    """

    def __init__(self, info: SessionInfo, leg: LegPlan, seconds: float) -> None:
        source, kept = info.sources[leg.source], info.kept_channels(leg.source)
        self.source = leg.source
        self.sample_rate = source.sample_rate
        self.ring = ClipRing(to_samples(seconds, source.sample_rate))
        self._columns = slice(None)
        if leg.channel is not None:
            column = kept.index(leg.channel)
            self._columns = slice(column, column + 1)
        is_exact = leg.channel is not None or len(kept) == 1
        self._format = WavFormat(source.sample_rate, 1, source.sample_format if is_exact else "FLOAT")

    def push(self, block: AudioBlock) -> None:
        """Remember the sound."""
        finite, *_ = make_finite(block.samples[:, self._columns])
        self.ring.push(block.first_sample, mix_down(finite))

    def wav(self, start_sample: int, end_sample: int) -> bytes | None:
        """Encode a span as a file; None unless all of it is there."""
        samples = self.ring.cut(start_sample, end_sample)
        if samples is None:
            return None
        return self._format.head(len(samples)) + self._format.encode(samples)


BEFORE_ALERT_SECONDS: Final = 10.0
"""How long before its onset the clip of an alert begins, s."""

MAX_ALERT_SECONDS: Final = 60.0
"""No clip of an alert is longer, so that memory has a bound."""

SLACK_SECONDS: Final = 2.0
"""Sound kept beyond win, s: a row comes later than its sound, as the resampler delays it."""


class ClipRecorder(Sink):
    """Writes the sound of single windows and alerts of a leg, at the rate of the source.

    A clip is written whole or not at all, and only then its line in index.csv.
    """

    unit: ClassVar[str] = "clip"
    # Each clip is a file of its own.
    may_recover = True
    # Clips.
    num_written = 0

    def __init__(self, folder: SessionFolder, rule: ClipRule) -> None:
        self._num_lost = 0
        self._folder = folder
        self._rule = rule
        self._clock = SessionClock.from_epoch(0.0)
        self._legs: dict[str, LegAudio] = {}
        self._is_open = False
        self._index: LineFile | None = None
        self._last_alert: tuple[str, int, str] | None = None

    def open(self, info: SessionInfo) -> None:
        """Create the session's folder."""
        self._folder.open(info)
        self._is_open = True
        self._clock = SessionClock.from_epoch(info.started)
        remembered = MAX_ALERT_SECONDS if self._rule.kind == "alerts" else info.win_seconds
        self._legs = {
            leg.name: LegAudio(info, leg, remembered + SLACK_SECONDS) for leg in info.legs if leg.analysed
        }

    def handle(self, event: Event) -> None:
        """Remember sound; write the clip of a window or an alert that the rule wants."""
        if isinstance(event, Sound):
            self.remember(event)
        elif isinstance(event, Row) and self._rule.wants(event):
            self._record_row(event)
        elif isinstance(event, Alert) and self._rule.kind == "alerts":
            self._record_alert(event)

    def remember(self, sound: Sound) -> None:
        """Keep the sound of the first windows after a failure, too."""
        for audio in self._legs.values():
            if audio.source == sound.source:
                audio.push(sound.block)

    def _record_row(self, row: Row) -> None:
        audio = self._legs.get(row.leg)
        if audio is None:
            return
        content = audio.wav(row.start_sample, row.end_sample)
        if content is None:
            self._num_lost += 1
        else:
            self._write(Clip.of_row(row), content)

    def _record_alert(self, alert: Alert) -> None:
        """Write the sound from ten seconds before the onset of an alert on.

        It begins later after a gap, a pause or the start of the session, and is at most a minute long.
        """
        audio = self._legs.get(alert.leg)
        if audio is None:
            return
        rate = audio.sample_rate
        wanted = alert.onset_sample - to_samples(BEFORE_ALERT_SECONDS, rate)
        longest = alert.end_sample - to_samples(MAX_ALERT_SECONDS, rate)
        begins = audio.ring.unbroken_start(max(0, wanted, longest), alert.end_sample)
        content = audio.wav(begins, alert.end_sample)
        clip = Clip.of_alert(alert, alert.at_seconds - (alert.end_sample - begins) / rate)
        # Two rules may come true in the same window: it is the same sound.
        key = (clip.leg, clip.window, clip.kind)
        if content is not None and key != self._last_alert:
            self._last_alert = key
            self._write(clip, content)

    def _write(self, clip: Clip, content: bytes) -> None:
        file = clip.path(self._clock.at(clip.start))
        path = self._folder.path / file
        try:
            # One folder at a time: a session's folder that was removed must not be created again.
            self._folder.access.make_folder(path.parent.parent, parents=False)
            self._folder.access.make_folder(path.parent, parents=False)
            write_new(path, content, self._folder.access)
        except OSError as error:
            raise self._folder.explained(output_error(path, error)) from error
        try:
            if self._index is None:
                self._index = self._new_index()
            self._index.write(index_line(clip.index_values(str(file))))
        except OutputError:
            # The clip is reported missing: no file without a line in the index may remain.
            path.unlink(missing_ok=True)
            raise
        self.num_written += 1

    def _new_index(self) -> LineFile:
        lines = LineFile(self._folder.path / INDEX_FILE, access=self._folder.access)
        try:
            lines.write(index_line(INDEX_COLUMNS))
        except OutputError:
            lines.close()
            raise
        return lines

    def recover(self) -> bool:
        """Check for the session's folder, with room in it."""
        return has_disk_space(self._folder.path)

    def lacks(self, event: Event | Summary) -> bool:
        """True for a window or an alert that would have become a clip."""
        if isinstance(event, Alert):
            return self._rule.kind == "alerts"
        return isinstance(event, Row) and self._rule.wants(event)

    @property
    def complaints(self) -> tuple[str, ...]:
        """What others did to the index."""
        note = None if self._index is None else self._index.note
        return () if note is None else (note,)

    @property
    def files(self) -> tuple[str, ...]:
        """The session's folder, once there is a clip in it."""
        return (f"{self._folder.path}/",) if self.num_written else ()

    @property
    def is_saving(self) -> bool:
        """True while a window may become a clip."""
        return self._is_open

    def close(self, summary: Summary | None) -> None:
        """Close the index and leave the summary in the session's folder; a second call does nothing."""
        if not self._is_open:
            return
        self._is_open = False
        self._legs = {}
        if self._index is not None:
            self._index.close()
        self._folder.close(summary)
        if self._num_lost:
            raise OutputError(
                f"clips missing in {self._folder.path}: {self._num_lost}; their sound was gone before their "
                "rows came: please report it, and meanwhile keep the whole sound with --record-session"
            )
