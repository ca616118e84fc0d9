"""The whole sound of a session, as the source delivered it."""

from typing import Final

from streamer.block import AudioBlock
from streamer.recorder.session_folder import SessionFolder
from streamer.recorder.sound_names import SOUND_FOLDER, sound_name
from streamer.recorder.wav_format import MAX_WAV_BYTES, WavFormat
from streamer.recorder.wav_writer import WavWriter
from streamer.row import Gap
from streamer.session_facts import SessionFacts, Summary
from streamer.sink import Sink
from streamer.write_errors import output_error

_SECONDS_IN_AN_HOUR: Final = 3600


class SessionSound(Sink):
    """Every sample of every channel, exactly; a new file each hour of stream time and after each gap.

    Each file's name carries the index of its first sample, and whether it continues the file before, so that
    a replay can put it back in its place. A file can be opened at any moment; one whose process was killed
    lacks at most the block in hand.

    Parameters
    ----------
    folder : SessionFolder
        Shared with other sinks of the session.
    max_file_bytes : int, optional
        Where a file ends before its hour is full.
    """

    def __init__(self, folder: SessionFolder, max_file_bytes: int = MAX_WAV_BYTES) -> None:
        self._folder = folder
        self._max_file_bytes = max_file_bytes
        self._format: WavFormat | None = None
        self._writer: WavWriter | None = None
        self._at = 0
        self._file_ends = 0
        self._continues = False
        self._num_files = 0

    def open(self, facts: SessionFacts) -> None:
        """Make the session's folder.

        Raises
        ------
        OutputError
            If it cannot be made.
        """
        self._folder.open(facts)
        source = facts.source
        self._format = WavFormat(source.sample_rate, source.channels, source.sample_format)

    def take_block(self, block: AudioBlock) -> None:
        """Write a block, into a second file where it goes past the end of the first.

        Raises
        ------
        OutputError
            If it cannot be written; what was written before can be opened.
        """
        if self._format is None:
            return
        path = self._folder.path / SOUND_FOLDER
        try:
            if block.first_sample != self._at:
                self._break_off()
            self._at = block.first_sample
            while self._at < block.end_sample:
                writer = self._writer or self._begin_file(self._format)
                path = writer.path
                until = min(block.end_sample, self._file_ends)
                writer.append(block.samples[self._at - block.first_sample : until - block.first_sample])
                self._at = until
                if self._at == self._file_ends:
                    self._end_file()
                    self._continues = True
        except OSError as error:
            raise output_error(path, error) from error

    def take_gap(self, gap: Gap) -> None:  # noqa: ARG002
        """End the file: what comes next is not its continuation.

        Raises
        ------
        OutputError
            If the system reports a late fault.
        """
        self._break_off_or_explain()

    def take_pause(self, at_seconds: float, clock: float, *, paused: bool) -> None:  # noqa: ARG002
        """End the file; after the pause begins another.

        Raises
        ------
        OutputError
            If the system reports a late fault.
        """
        self._break_off_or_explain()

    @property
    def files(self) -> tuple[str, ...]:
        """The session's folder, once there is sound in it."""
        return (f"{self._folder.path}/",) if self._num_files else ()

    @property
    def is_saving(self) -> bool:
        """True while the sound that comes is kept."""
        return self._format is not None

    def close(self, summary: Summary | None) -> None:
        """End the file and leave the summary in the session's folder; a second call does nothing.

        Raises
        ------
        OutputError
            If the summary cannot be written; all files can be opened.
        """
        if self._format is None:
            return
        self._format = None
        self._break_off_or_explain()
        self._folder.close(summary)

    def _begin_file(self, wav_format: WavFormat) -> WavWriter:
        """Open a file for the sample that comes next, and say where it must end."""
        folder = self._folder.path / SOUND_FOLDER
        folder.mkdir(exist_ok=True)
        self._writer = WavWriter(folder / sound_name(self._at, continues=self._continues), wav_format)
        self._num_files += 1
        hour = _SECONDS_IN_AN_HOUR * wav_format.sample_rate
        self._file_ends = min(
            (self._at // hour + 1) * hour, self._at + wav_format.samples_in(self._max_file_bytes)
        )
        return self._writer

    def _end_file(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()

    def _break_off(self) -> None:
        self._continues = False
        self._end_file()

    def _break_off_or_explain(self) -> None:
        try:
            self._break_off()
        except OSError as error:
            raise output_error(self._folder.path / SOUND_FOLDER, error) from error
