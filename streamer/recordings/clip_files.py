"""Files of clips: the sound of a leg that may become one, their names, and their index."""

import csv
import io
import re
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from pathlib import PurePosixPath
from typing import Final, NamedTuple

import numpy as np

from emotion.arrays import Samples, make_finite
from emotion.atomic_files import write_new
from emotion.errors import OutputError, output_error
from emotion.signal import mix_down
from emotion.window_grid import to_samples
from streamer.events import AudioBlock
from streamer.leg_plan import LegPlan
from streamer.recordings.session_folder import SessionFolder
from streamer.recordings.wav import WavFormat
from streamer.session_info import SessionClock, SessionInfo, Summary, split_time
from streamer.sinks.base import Sink
from streamer.sinks.writer import LineFile, has_disk_space

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


_MAX_LEG_CHARACTERS: Final = 40


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
    return PurePosixPath(folder, hour, f"{time}_{_form(name.leg)}_{name.window:07d}_{name.kind}.wav")


def _form(leg: str) -> str:
    """Write the name of a leg as it stands in the name of a file; the index has it as it is."""
    return re.sub(r"[\W_]+", "-", leg)[:_MAX_LEG_CHARACTERS]


def leg_forms(legs: Sequence[str]) -> dict[str, str]:
    """Write the names of all legs of a session so that each differs from the others in names of files."""
    forms: dict[str, str] = {}
    taken: set[str] = set()
    for leg in legs:
        form = _form(leg)
        numbered = (f"{form[: _MAX_LEG_CHARACTERS - 3]}-{number}" for number in range(2, 100))
        forms[leg] = next(each for each in (form, *numbered) if each.casefold() not in taken)
        taken.add(forms[leg].casefold())
    return forms


def is_hour_folder(name: str) -> bool:
    """Tell whether the clips of an hour lie in a folder of this name."""
    return _HOUR_NAME.fullmatch(name) is not None


def kind_of_clip(name: str) -> str | None:
    """Read the emotion, or the state, from the name of a clip."""
    match = _CLIP_NAME.fullmatch(name)
    return match["kind"] if match else None


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


class LegRing:
    """Remembers one leg of the blocks of its source, and encodes spans of it as WAV files.

    A clip has 16 bits where the source has them in one channel. The mean of several channels needs floats to
    be exact; as mono floats it is no larger than 16-bit stereo.

    Attributes
    ----------
    source : int
        Number of the source.
    sample_rate : int
        Of the source, Hz.
    form : str
        Name of the leg in names of files.
    ring : ClipRing
        The sound.
    """

    def __init__(self, info: SessionInfo, leg: LegPlan, seconds: float) -> None:
        source, kept = info.sources[leg.source], info.kept_channels(leg.source)
        self.source = leg.source
        self.sample_rate = source.sample_rate
        self.form = leg_forms([each.name for each in info.legs])[leg.name]
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


SLACK_SECONDS: Final = 2.0
"""Sound kept beyond win, s: a row comes later than its sound, as the resampler delays it."""


class ClipExistsError(OutputError):
    """A file has the name of a clip: to try again later is no use."""


class ClipSink(Sink):
    """Writes clips into a session's folder, and an index with a line for each; what clips, its kinds decide.

    A clip is written whole or not at all, and only then its line in the index.
    """

    # Each clip is a file of its own.
    may_recover = True
    # Clips.
    num_written = 0

    def __init__(self, folder: SessionFolder, index_file: str, columns: tuple[str, ...]) -> None:
        self._folder = folder
        self._index_file = index_file
        self._columns = columns
        self._index: LineFile | None = None
        self._clock = SessionClock()
        self._is_open = False

    def _open_folder(self, info: SessionInfo) -> None:
        """Create the session's folder."""
        self._folder.open(info)
        self._is_open = True
        self._clock = SessionClock.of(info)

    def _close_folder(self, summary: Summary | None) -> None:
        """Close the index and leave the summary in the session's folder."""
        self._is_open = False
        if self._index is not None:
            self._index.close()
        self._folder.close(summary)

    def _write_clip(self, file: PurePosixPath, content: bytes, index_values: tuple[object, ...]) -> None:
        """Write a clip.

        Raises
        ------
        ClipExistsError
            If there is a file of its name, which stays as it is.
        OutputError
            If it cannot be written.
        """
        path = self._folder.path / file
        try:
            # One folder at a time: a session's folder that was removed must not be created again.
            self._folder.access.make_folder(path.parent.parent, parents=False)
            self._folder.access.make_folder(path.parent, parents=False)
        except OSError as error:
            raise self._folder.explained(output_error(path, error)) from error
        try:
            write_new(path, content, self._folder.access)
        except FileExistsError as error:
            raise ClipExistsError(str(output_error(path, error))) from error
        except OSError as error:
            raise self._folder.explained(output_error(path, error)) from error
        try:
            if self._index is None:
                self._index = self._new_index()
            self._index.write(index_line(index_values))
        except OutputError:
            # The clip is reported missing: no file without a line in the index may remain.
            # The error of the index says more than one of the removal.
            with suppress(OSError):
                path.unlink()
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

    def recover(self) -> bool:
        """Check for the session's folder, with room in it."""
        return has_disk_space(self._folder.path)

    @property
    def is_saving(self) -> bool:
        """True while the sound that comes may become a clip."""
        return self._is_open

    @property
    def complaints(self) -> tuple[str, ...]:
        """What others did to the index."""
        note = None if self._index is None else self._index.note
        return () if note is None else (note,)

    @property
    def files(self) -> tuple[str, ...]:
        """The session's folder, once there is a clip in it."""
        return (f"{self._folder.path}/",) if self.num_written else ()
