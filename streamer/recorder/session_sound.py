"""The whole sound of a session, as its sources delivered it."""

from contextlib import suppress

from emotion.errors import OutputError
from streamer.block import AudioBlock
from streamer.recorder.session_folder import SessionFolder
from streamer.recorder.sound_names import sound_folder
from streamer.recorder.source_sound import SourceSound
from streamer.recorder.wav_format import MAX_WAV_BYTES, WavFormat
from streamer.room import has_room
from streamer.row import Gap
from streamer.session_facts import SessionFacts, Summary
from streamer.sink import Sink


class SessionSound(Sink):
    """Every sample of every channel that may be kept, exactly; a folder for each source.

    Each file's name carries the index of its first sample, and whether it continues the file before, so that
    a replay can put it back in its place. A file can be opened at any moment; one whose process was killed
    lacks at most the block in hand. The channel of a leg that is not analysed is in no file.

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
        self._sounds: dict[int, SourceSound] = {}
        self._source_of: dict[str, int] = {}
        self._num_files = 0
        self._is_open = False
        self._num_blocks = 0

    def open(self, facts: SessionFacts) -> None:
        """Make the session's folder.

        Raises
        ------
        OutputError
            If it cannot be made.
        """
        self._folder.open(facts)
        self._is_open = True
        self._source_of = {leg.name: leg.source for leg in facts.legs}
        for number, source in enumerate(facts.sources):
            if kept := facts.kept_channels(number):
                self._sounds[number] = SourceSound(
                    self._folder.path / sound_folder(number),
                    WavFormat(source.sample_rate, len(kept), source.sample_format),
                    self._max_file_bytes,
                    self._folder.access,
                )

    def take_block(self, block: AudioBlock, source: int = 0) -> None:
        """Write a block, into a second file where it goes past the end of the first.

        Raises
        ------
        OutputError
            If it cannot be written; what was written before can be opened.
        """
        if source not in self._sounds:
            return
        try:
            self._sounds[source].take(block)
        except OutputError as error:
            raise self._folder.explained(error) from error
        self._num_blocks += 1

    def take_gap(self, gap: Gap) -> None:
        """End the source's file: what comes next is not its continuation.

        Raises
        ------
        OutputError
            If the system reports a late fault.
        """
        sound = self._sounds.get(self._source_of.get(gap.leg, 0))
        if sound is not None:
            sound.break_off()

    def take_pause(self, at_seconds: float, clock: float, *, paused: bool) -> None:  # noqa: ARG002
        """End the files; after the pause begin others.

        Raises
        ------
        OutputError
            If the system reports a late fault.
        """
        for sound in self._sounds.values():
            sound.break_off()

    @property
    def may_recover(self) -> bool:
        """True: what comes later stands in a file of its own."""
        return True

    def recover(self) -> bool:
        """Look for the session's folder, with room in it; end the files that failed."""
        if not has_room(self._folder.path):
            return False
        for sound in self._sounds.values():
            with suppress(OutputError):  # The system has refused it before.
                sound.break_off()
        return True

    @property
    def num_written(self) -> int:
        """Blocks written."""
        return self._num_blocks

    @property
    def files(self) -> tuple[str, ...]:
        """The session's folder, once there is sound in it."""
        num_files = self._num_files + sum(sound.num_files for sound in self._sounds.values())
        return (f"{self._folder.path}/",) if num_files else ()

    @property
    def is_saving(self) -> bool:
        """True while the sound that comes is kept."""
        return bool(self._sounds)

    def close(self, summary: Summary | None) -> None:
        """End the files and leave the summary in the session's folder; a second call does nothing.

        Raises
        ------
        OutputError
            If the summary cannot be written; all files can be opened.
        """
        if not self._is_open:
            return
        self._is_open = False
        sounds, self._sounds = self._sounds, {}
        self._num_files = sum(sound.num_files for sound in sounds.values())
        for sound in sounds.values():
            sound.break_off()
        self._folder.close(summary)
