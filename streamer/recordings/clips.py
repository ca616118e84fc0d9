"""Clips: which windows are kept, what their files are called, and the sink that writes them."""

import csv
import io
import re
from collections import deque
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import ClassVar, Final, Literal, NamedTuple

import numpy as np

from emotion.arrays import Samples, make_finite
from emotion.atomic_files import write_new
from emotion.card import LABELS
from emotion.errors import OutputError, UsageError, output_error
from emotion.signal import mix_down
from emotion.window_grid import to_samples
from streamer.episodes import EpisodeFinder
from streamer.events import Alert, AudioBlock, Event, Gap, Row, Sound, is_spoken
from streamer.leg_plan import LegPlan
from streamer.recordings.session_folder import SessionFolder
from streamer.recordings.wav import WavFormat
from streamer.session_info import SessionClock, SessionInfo, Summary, split_time
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

    def path(self, clock: SessionClock) -> PurePosixPath:
        """Name the file, in the session's folder."""
        return clip_path(CLIPS_FOLDER, clock, self.start, ClipName(self.leg, self.window, self.kind))

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
    """What `--record` or `--moments` was given.

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
    def parse(cls, text: str, option: str = "--record") -> "ClipRule":
        """Parse what an option was given."""
        words = [word.strip() for word in text.split(",")]
        for kind in _KINDS:
            if words == [kind]:
                return cls(kind)
        if unknown := [word for word in words if word not in LABELS]:
            raise UsageError(
                f"{option} has {unknown[0]!r} in {text!r}; give all, speech, alerts, or one or more of "
                f"{','.join(LABELS)} with commas between them"
            )
        return cls("labels", frozenset(words))

    @property
    def text(self) -> str:
        """As an option takes it."""
        return ",".join(sorted(self.labels)) or self.kind

    def kind_of(self, row: Row) -> str | None:
        """Give what a wanted window shares with others, a label or the kind of the rule; None for others."""
        if self.kind == "labels":
            return row.emotion if row.emotion in self.labels else None
        return self.kind if self.kind == "all" or (self.kind == "speech" and is_spoken(row)) else None

    def wants(self, row: Row) -> bool:
        """Tell whether a window is to be kept."""
        return self.kind_of(row) is not None


CLIPS_FOLDER: Final = "clips"

_CLIP_NAME: Final = re.compile(
    r"[0-9]{2,}-[0-9]{2}-[0-9]{2}\.[0-9]{3}_[\w-]*_[0-9]{7,}_(?P<kind>[a-z]+)\.wav"
)
_HOUR_NAME: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}|hour-[0-9]{4,}", re.ASCII)


class ClipName(NamedTuple):
    """What the name of a clip tells beside its time: leg, first window, emotion or state."""

    leg: str
    window: int
    kind: str


def clip_path(folder: str, clock: SessionClock, start: float, name: ClipName) -> PurePosixPath:
    """Name a clip, in the session's folder, so that names sort by time and carry the emotion.

    Without a clock, in a replay, hour and time are those of the stream.
    """
    moment = clock.at(start)
    if moment is None:
        hours, minutes, seconds, milliseconds = split_time(start)
        hour, time = f"hour-{hours:04d}", f"{hours:02d}-{minutes:02d}-{seconds:02d}.{milliseconds:03d}"
    else:
        # Truncated, as stream time is.
        hour, time = f"{moment:%Y-%m-%dT%H}", f"{moment:%H-%M-%S}.{moment.microsecond // 1000:03d}"
    # The index has the name of the leg as it is.
    leg = re.sub(r"[\W_]+", "-", name.leg)[:40]
    return PurePosixPath(folder, hour, f"{time}_{leg}_{name.window:07d}_{name.kind}.wav")


def is_hour_folder(name: str) -> bool:
    """Tell whether the clips of an hour lie in a folder of this name."""
    return _HOUR_NAME.fullmatch(name) is not None


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

    def unbroken_end(self, start_sample: int, end_sample: int) -> int:
        """Find the last sample, up to `end_sample`, before which there is no gap from `start_sample` on."""
        ends = start_sample
        for piece in self._pieces:
            if piece.first_sample <= ends < piece.end_sample:
                ends = piece.end_sample
        return min(ends, end_sample)

    @property
    def first_sample(self) -> int | None:
        """The oldest sample that is remembered."""
        return self._pieces[0].first_sample if self._pieces else None

    @property
    def end_sample(self) -> int:
        """One past the latest sample."""
        return self._pieces[-1].end_sample if self._pieces else 0


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


class ClipFiles:
    """Writes clips into a session's folder, and an index with a line for each.

    A clip is written whole or not at all, and only then its line in the index.

    Attributes
    ----------
    num_written : int
        Clips so far.
    """

    def __init__(self, folder: SessionFolder, index_file: str, columns: tuple[str, ...]) -> None:
        self.num_written = 0
        self._folder = folder
        self._index_file = index_file
        self._columns = columns
        self._index: LineFile | None = None

    def write(self, file: PurePosixPath, content: bytes, index_values: tuple[object, ...]) -> None:
        """Write a clip; OutputError where that fails, or there is a file of its name."""
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
            self._index.write(index_line(index_values))
        except OutputError:
            # The clip is reported missing: no file without a line in the index may remain.
            path.unlink(missing_ok=True)
            raise
        self.num_written += 1

    def _new_index(self) -> LineFile:
        lines = LineFile(self._folder.path / self._index_file, access=self._folder.access)
        try:
            lines.write(index_line(self._columns))
        except OutputError:
            lines.close()
            raise
        return lines

    @property
    def complaints(self) -> tuple[str, ...]:
        """What others did to the index."""
        note = None if self._index is None else self._index.note
        return () if note is None else (note,)

    @property
    def files(self) -> tuple[str, ...]:
        """The session's folder, once there is a clip in it."""
        return (f"{self._folder.path}/",) if self.num_written else ()

    def close(self) -> None:
        """Close the index."""
        if self._index is not None:
            self._index.close()


LONGEST_MOMENT_SECONDS: Final = 60.0
MARGIN_SECONDS: Final = 1.0


class _Overlaps:
    """Counts clips of windows that overlap, and the moments that they make."""

    def __init__(self, rule: ClipRule) -> None:
        self.num_clips = 0
        self.num_moments = 0
        self._finder = EpisodeFinder(
            rule.kind_of, longest_seconds=LONGEST_MOMENT_SECONDS - 2 * MARGIN_SECONDS
        )
        self._last: dict[str, tuple[int, bool]] = {}

    def take(self, event: Row | Gap) -> None:
        self.num_moments += len(self._finder.take(event))

    def take_clip(self, row: Row) -> None:
        """Count a clip, and the one before it where that was not counted."""
        end, is_counted = self._last.get(row.leg, (0, True))
        overlaps = row.start_sample < end
        self.num_clips += overlaps * (1 + (not is_counted))
        self._last[row.leg] = (row.end_sample, overlaps)

    def finish(self) -> None:
        self.num_moments += len(self._finder.finish())


class ClipRecorder(Sink):
    """Writes the sound of single windows and alerts of a leg, at the rate of the source.

    Parameters
    ----------
    folder : SessionFolder
        Of the session.
    rule : ClipRule
        Which windows, or alerts.
    hints_at_moments : bool
        Say at the end how few moments clips that overlap would have been.
    """

    unit: ClassVar[str] = "clip"
    # Each clip is a file of its own.
    may_recover = True

    def __init__(self, folder: SessionFolder, rule: ClipRule, *, hints_at_moments: bool = False) -> None:
        self._num_lost = 0
        self._folder = folder
        self._rule = rule
        self._files = ClipFiles(folder, INDEX_FILE, INDEX_COLUMNS)
        self._overlaps = _Overlaps(rule) if hints_at_moments else None
        self._clock = SessionClock()
        self._legs: dict[str, LegAudio] = {}
        self._is_open = False
        self._last_alert: tuple[str, int, str] | None = None

    def open(self, info: SessionInfo) -> None:
        """Create the session's folder."""
        self._folder.open(info)
        self._is_open = True
        self._clock = SessionClock.of(info)
        remembered = MAX_ALERT_SECONDS if self._rule.kind == "alerts" else info.win_seconds
        self._legs = {
            leg.name: LegAudio(info, leg, remembered + SLACK_SECONDS) for leg in info.legs if leg.analysed
        }

    def handle(self, event: Event) -> None:
        """Remember sound; write the clip of a window or an alert that the rule wants."""
        if isinstance(event, Sound):
            self.remember(event)
        if isinstance(event, Row | Gap) and self._overlaps is not None:
            self._overlaps.take(event)
        if isinstance(event, Row) and self._rule.wants(event):
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
            return
        self._write(Clip.of_row(row), content)
        if self._overlaps is not None:
            self._overlaps.take_clip(row)

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
        file = clip.path(self._clock)
        self._files.write(file, content, clip.index_values(str(file)))

    def recover(self) -> bool:
        """Check for the session's folder, with room in it."""
        return has_disk_space(self._folder.path)

    def lacks(self, event: Event | Summary) -> bool:
        """True for a window or an alert that would have become a clip."""
        if isinstance(event, Alert):
            return self._rule.kind == "alerts"
        return isinstance(event, Row) and self._rule.wants(event)

    @property
    def num_written(self) -> int:
        """Clips."""
        return self._files.num_written

    @property
    def complaints(self) -> tuple[str, ...]:
        """What others did to the index."""
        return self._files.complaints

    @property
    def hints(self) -> tuple[str, ...]:
        """How few moments the clips that overlap would have been."""
        found = self._overlaps
        if found is None or self._is_open or not found.num_clips:
            return ()
        moments = f"--moments {self._rule.text} would have saved {found.num_moments}"
        return (f"{found.num_clips} clips overlap; {moments}",)

    @property
    def files(self) -> tuple[str, ...]:
        """The session's folder, once there is a clip in it."""
        return self._files.files

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
        if self._overlaps is not None:
            self._overlaps.finish()
        self._files.close()
        self._folder.close(summary)
        if self._num_lost:
            raise OutputError(
                f"clips missing in {self._folder.path}: {self._num_lost}; their sound was gone before their "
                "rows came: please report it, and meanwhile keep the whole sound with --record-session"
            )
