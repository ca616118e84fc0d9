"""Save the whole audio of a session: a folder for each source, a WAV file for each hour."""

import re
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from emotion.atomic_files import Access
from emotion.errors import OutputError, output_error
from streamer.events import AudioBlock, Event, Gap, Pause, Sound
from streamer.recordings.session_folder import SessionFolder
from streamer.recordings.wav import MAX_WAV_BYTES, WavFormat, WavWriter
from streamer.session_info import SessionInfo, Summary
from streamer.sinks.base import Sink
from streamer.sinks.writer import has_disk_space

SOUND_FOLDER: Final = "sound"
CONTINUED: Final = "_continued"
"""In the name of a file that follows the one before without a break."""

_FOLDER_NAME: Final = re.compile(rf"{SOUND_FOLDER}(-[0-9]{{1,3}})?", re.ASCII)
_FILE_NAME: Final = re.compile(
    rf"sound_(?P<first_sample>[0-9]{{12,18}})(?P<continued>{CONTINUED})?\.wav", re.ASCII
)


class SoundFile(NamedTuple):
    """A file of a session's sound.

    Attributes
    ----------
    first_sample : int
        Index of its first sample in the stream.
    continues : bool
        True where it follows the file before without a break; False at the start of the session and after a
        gap, even one without length.
    path : Path
        The WAV.
    """

    first_sample: int
    continues: bool
    path: Path


def sound_folder(source: int) -> str:
    """Name the folder of a source's sound in the session's."""
    return f"{SOUND_FOLDER}-{source + 1}" if source else SOUND_FOLDER


def sound_name(first_sample: int, *, continues: bool) -> str:
    """Name a file so that names sort by time."""
    return f"sound_{first_sample:012d}{CONTINUED if continues else ''}.wav"


def first_sample_of(name: str) -> int | None:
    """Read where a file of the whole sound begins."""
    match = _FILE_NAME.fullmatch(name)
    return int(match["first_sample"]) if match else None


def is_sound_folder(name: str) -> bool:
    """Tell whether the whole sound of a source lies in a folder of this name."""
    return _FOLDER_NAME.fullmatch(name) is not None


def sound_files(folder: Path, source: int = 0) -> tuple[SoundFile, ...]:
    """List a session's whole sound."""
    found = (
        (_FILE_NAME.fullmatch(path.name), path) for path in (folder / sound_folder(source)).glob("*.wav")
    )
    return tuple(
        sorted(
            SoundFile(int(match["first_sample"]), match["continued"] is not None, path)
            for match, path in found
            if match
        )
    )


_SECONDS_IN_AN_HOUR: Final = 3600


class _SourceAudio:
    """The sound of one source: a new file each hour of stream time, after each gap, and at the size limit."""

    def __init__(self, folder: Path, wav_format: WavFormat, max_file_bytes: int, access: Access) -> None:
        self.num_files = 0
        self._folder = folder
        self._format = wav_format
        self._max_file_bytes = max_file_bytes
        self._access = access
        self._writer: WavWriter | None = None
        self._at = 0
        self._file_ends = 0
        self._continues = False

    def append(self, block: AudioBlock) -> None:
        """Write a block, into two files where it passes the end of the first."""
        if block.first_sample != self._at:
            self.break_off()
        self._at = block.first_sample
        path = self._folder
        try:
            while self._at < block.end_sample:
                writer = self._writer or self._begin_file()
                path = writer.path
                until = min(block.end_sample, self._file_ends)
                writer.append(block.samples[self._at - block.first_sample : until - block.first_sample])
                self._at = until
                if self._at == self._file_ends:
                    self._end_file()
                    self._continues = True
        except OSError as error:
            raise output_error(path, error) from error

    def break_off(self) -> None:
        """End the file; the next one does not continue it."""
        self._continues = False
        try:
            self._end_file()
        except OSError as error:
            raise output_error(self._folder, error) from error

    def _begin_file(self) -> WavWriter:
        """Create the file of the next sample, and set where it must end."""
        self._access.make_folder(self._folder, parents=False)
        name = sound_name(self._at, continues=self._continues)
        self._writer = WavWriter(self._folder / name, self._format, self._access)
        self.num_files += 1
        hour = _SECONDS_IN_AN_HOUR * self._format.sample_rate
        self._file_ends = min(
            (self._at // hour + 1) * hour, self._at + self._format.samples_in(self._max_file_bytes)
        )
        return self._writer

    def _end_file(self) -> None:
        writer, self._writer = self._writer, None
        if writer is None:
            return
        writer.close()
        if not writer.num_samples:
            # Nothing but its head could be written.
            writer.path.unlink(missing_ok=True)
            self.num_files -= 1


class SessionAudio(Sink):
    """Records every sample of every channel that may be kept; a folder for each source.

    The name of a file has the index of its first sample, and whether it continues the file before, from which
    a replay restores the stream. A file can be opened at any moment; after a killed process it lacks at most
    the last block. Channels of legs that are not analysed are not recorded.
    """

    # Later sound is written to another file.
    may_recover = True
    # Blocks.
    num_written = 0

    def __init__(self, folder: SessionFolder, max_file_bytes: int = MAX_WAV_BYTES) -> None:
        self._folder = folder
        self._max_file_bytes = max_file_bytes
        self._sources: dict[int, _SourceAudio] = {}
        self._source_of_leg: dict[str, int] = {}
        self._is_open = False

    def open(self, info: SessionInfo) -> None:
        """Create the session's folder."""
        self._folder.open(info)
        self._is_open = True
        self._source_of_leg = {leg.name: leg.source for leg in info.legs}
        for number, source in enumerate(info.sources):
            if kept := info.kept_channels(number):
                self._sources[number] = _SourceAudio(
                    self._folder.path / sound_folder(number),
                    WavFormat(source.sample_rate, len(kept), source.sample_format),
                    self._max_file_bytes,
                    self._folder.access,
                )

    def handle(self, event: Event) -> None:
        """Write sound; end the file of a source at a gap, and all files at a pause."""
        if isinstance(event, Sound):
            if self._is_open and event.source in self._sources:
                try:
                    self._sources[event.source].append(event.block)
                except OutputError as error:
                    raise self._folder.explained(error) from error
                self.num_written += 1
        elif isinstance(event, Gap):
            if audio := self._sources.get(self._source_of_leg.get(event.leg, 0)):
                audio.break_off()
        elif isinstance(event, Pause):
            for audio in self._sources.values():
                audio.break_off()

    def recover(self) -> bool:
        """Check for the session's folder, with room in it; end the files that failed."""
        if not has_disk_space(self._folder.path):
            return False
        for audio in self._sources.values():
            with suppress(OutputError):  # The error has been reported.
                audio.break_off()
        return True

    @property
    def files(self) -> tuple[str, ...]:
        """The session's folder, once there is sound in it."""
        return (f"{self._folder.path}/",) if any(each.num_files for each in self._sources.values()) else ()

    @property
    def is_saving(self) -> bool:
        """True while the sound that comes is kept."""
        return self._is_open and bool(self._sources)

    def close(self, summary: Summary | None) -> None:
        """End the files and leave the summary in the session's folder; a second call does nothing."""
        if not self._is_open:
            return
        self._is_open = False
        for audio in self._sources.values():
            audio.break_off()
        self._folder.close(summary)
