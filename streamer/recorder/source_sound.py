"""The sound of one source of a session, file by file."""

from pathlib import Path
from typing import Final

from emotion.access import PRIVATE, Access
from emotion.write_errors import output_error
from streamer.block import AudioBlock
from streamer.recorder.sound_names import sound_name
from streamer.recorder.wav_format import WavFormat
from streamer.recorder.wav_writer import WavWriter

_SECONDS_IN_AN_HOUR: Final = 3600


class SourceSound:
    """Every sample, exactly; a new file each hour of stream time and after each gap.

    Parameters
    ----------
    folder : Path
        Made with the first file.
    wav_format : WavFormat
        Of what comes.
    max_file_bytes : int
        Where a file ends before its hour is full.
    access : Access, optional
        Who may read the files; by default the user alone.

    Attributes
    ----------
    num_files : int
        Begun so far.
    """

    def __init__(
        self, folder: Path, wav_format: WavFormat, max_file_bytes: int, access: Access = PRIVATE
    ) -> None:
        self.num_files = 0
        self._folder = folder
        self._format = wav_format
        self._max_file_bytes = max_file_bytes
        self._access = access
        self._writer: WavWriter | None = None
        self._at = 0
        self._file_ends = 0
        self._continues = False

    def take(self, block: AudioBlock) -> None:
        """Write a block, into a second file where it goes past the end of the first.

        Parameters
        ----------
        block : AudioBlock
            With the channels of the format.

        Raises
        ------
        OutputError
            If it cannot be written; what was written before can be opened.
        """
        path = self._folder
        try:
            if block.first_sample != self._at:
                self._break_off()
            self._at = block.first_sample
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
        """End the file: what comes next is not its continuation.

        Raises
        ------
        OutputError
            If the system reports a late fault.
        """
        try:
            self._break_off()
        except OSError as error:
            raise output_error(self._folder, error) from error

    def _begin_file(self) -> WavWriter:
        """Open a file for the sample that comes next, and say where it must end."""
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
            # The disk took its head and nothing more.
            writer.path.unlink(missing_ok=True)
            self.num_files -= 1

    def _break_off(self) -> None:
        self._continues = False
        self._end_file()
