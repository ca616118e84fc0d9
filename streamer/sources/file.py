"""A recording in place of the microphone, in real time or as fast as the queue takes it."""

import time
from typing import Final

from emotion.arrays import read_only
from emotion.audio_io import AudioFile
from emotion.window_grid import to_samples
from streamer.events import AudioBlock
from streamer.sources.base import BlockReceiver, SourceInfo, SourceThread

BLOCK_SECONDS: Final = 0.05
FAST_BLOCK_SECONDS: Final = 0.25
STOP_SECONDS: Final = 5.0


class FileSource:
    """Delivers a recording in real time, or as fast as the queue takes it; loses nothing."""

    def __init__(self, audio: AudioFile, *, fast: bool, block_seconds: float | None = None) -> None:
        self._audio = audio
        self._fast = fast
        seconds = block_seconds or (FAST_BLOCK_SECONDS if fast else BLOCK_SECONDS)
        self._block_samples = max(1, to_samples(seconds, audio.sample_rate))
        self._thread = SourceThread("callmood-file", self._read)

    @property
    def info(self) -> SourceInfo:
        """What is known of the file; its notes grow while it is read."""
        audio = self._audio
        return SourceInfo(
            name=audio.path.name,
            sample_rate=audio.sample_rate,
            channels=audio.channels,
            sample_format=audio.sample_format,
            seconds=audio.num_samples / audio.sample_rate,
            live=False,
            notes=tuple(audio.notes),
        )

    @property
    def non_finite_samples(self) -> int:
        """NaN and infinite samples, read as 0."""
        return self._audio.non_finite_samples

    def open(self) -> None:
        """Do nothing: `AudioFile` has checked the file."""

    def start(self, queue: BlockReceiver) -> None:
        """Begin to read, in a thread of its own."""
        self._thread.start(queue)

    def stop(self) -> None:
        """Read no more, and wait until the thread has ended; a second call does nothing."""
        self._thread.stop()
        self._thread.wait(STOP_SECONDS)

    def _read(self, queue: BlockReceiver) -> None:
        began = time.monotonic()
        first_sample = 0
        for samples in self._audio.blocks(self._block_samples):
            end_sample = first_sample + len(samples)
            if not self._fast:
                # Counted from the start, not from the block before, so that delays do not add up.
                due = began + end_sample / self._audio.sample_rate
                self._thread.stopping.wait(max(0.0, due - time.monotonic()))
            if self._thread.stopping.is_set():
                return
            block = AudioBlock(read_only(samples), first_sample, arrived=time.monotonic())
            if not queue.put_waiting(block):
                return
            first_sample = end_sample


COMPARED_SECONDS: Final = 60.0
_COMPARED_VALUES: Final = 2**18
"""Values at a time: with a thousand channels, a minute would be gigabytes."""


def are_channels_same(audio: AudioFile) -> bool:
    """Tell whether all channels are the same in the first minute, and not silent."""
    left, has_sound = to_samples(COMPARED_SECONDS, audio.sample_rate), False
    for block in audio.blocks(max(1, _COMPARED_VALUES // audio.channels)):
        compared = block[:left]
        if (compared != compared[:, :1]).any():
            return False
        has_sound = has_sound or bool(compared.any())
        left -= len(compared)
        if not left:
            break
    return has_sound
