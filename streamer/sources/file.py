"""A recording in place of the microphone, in real time or as fast as the queue takes it."""

import math
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

from emotion.arrays import Samples, read_only
from emotion.audio_io import AudioFile
from emotion.window_grid import to_samples
from streamer.events import AudioBlock
from streamer.recordings.sound_reader import KeptSound
from streamer.sources.base import BlockReceiver, SourceInfo, SourceThread

if TYPE_CHECKING:
    from streamer.analysis.predict import Recording

BLOCK_SECONDS: Final = 0.05
FAST_BLOCK_SECONDS: Final = 0.25
STOP_SECONDS: Final = 5.0


class Playback:
    """What the sources of one replay share: whose turn it is, the pause, and the jumps.

    They deliver in the order of the stream, the lower number first: legs are compared with each other, and
    rows are the same each time only if blocks come in the same order. A jump moves all of them, and none
    ends before all have: a source that is shorter waits at its end for a jump back.

    Attributes
    ----------
    changed : threading.Condition
        Is notified at every change.
    held : bool
        The user has paused the replay.
    """

    def __init__(self, num_sources: int = 1) -> None:
        self.changed = threading.Condition()
        self.held = False
        # By source, stream time, s: its length, where it is, and before what no more of it comes.
        self._lengths = [0.0] * num_sources
        self._positions = [0.0] * num_sources
        self._until = [0.0] * num_sources
        self._num_jumps = 0
        self._target = 0.0
        # How many of the jumps each source has made; all, once it has left.
        self._jumps_made = [0] * num_sources

    def join(self, number: int, seconds: float) -> None:
        """Note how long a source is, s."""
        self._lengths[number] = seconds

    def hold(self, *, held: bool) -> None:
        """Stop or resume delivery."""
        with self.changed:
            self.held = held
            self.changed.notify_all()

    def jump(self, seconds: float) -> bool:
        """Let all sources go on at another place; False where less sound of the longest is left."""
        with self.changed:
            are_all_there = min(self._jumps_made) == self._num_jumps
            before = max(self._positions) if are_all_there else self._target
            target = max(0.0, before + seconds)
            if target >= max(self._lengths) or min(self._until) == math.inf:
                return False
            self._target = target
            self._num_jumps += 1
            self.changed.notify_all()
            return True

    def must_jump(self, number: int) -> bool:
        """Tell whether a source has still to make the latest jump."""
        return self._jumps_made[number] != self._num_jumps

    def make_jump(self, number: int) -> float:
        """Give where a source goes on, s."""
        with self.changed:
            self._jumps_made[number] = self._num_jumps
            self._positions[number] = self._until[number] = self._target
            self.changed.notify_all()
            return self._target

    def begin_block(self, number: int, start: float, end: float, is_stopping: Callable[[], bool]) -> bool:
        """Wait for the turn of a block, whose times are s; False where the source must not deliver it."""

        def must_not() -> bool:
            return is_stopping() or self.must_jump(number)

        def is_turn() -> bool:
            # After a jump nobody delivers before all are there: sound from before it would come late.
            are_all_there = min(self._jumps_made) == self._num_jumps
            return are_all_there and self._until.index(min(self._until)) == number

        with self.changed:
            if must_not():
                return False
            self._until[number] = start
            self.changed.notify_all()
            self.changed.wait_for(lambda: must_not() or is_turn())
            if must_not():
                return False
            self._positions[number] = end
            return True

    def end_block(self, number: int, end: float) -> None:
        """Note that a block was delivered that ends at a stream time, s."""
        with self.changed:
            if not self.must_jump(number):
                self._until[number] = end
            self.changed.notify_all()

    def wait_at_end(self, number: int, is_stopping: Callable[[], bool]) -> None:
        """Wait until all sources are at their ends, or the user jumps."""
        with self.changed:
            if not self.must_jump(number):
                self._until[number] = math.inf
            self.changed.notify_all()
            self.changed.wait_for(
                lambda: is_stopping() or self.must_jump(number) or min(self._until) == math.inf
            )

    def leave(self, number: int) -> None:
        """Let nobody wait for a source that has ended for good."""
        with self.changed:
            self._until[number] = math.inf
            self._lengths[number] = 0.0
            self._jumps_made[number] = sys.maxsize
            self.changed.notify_all()

    def wake(self) -> None:
        """Let all that wait see whether they are stopped."""
        with self.changed:
            self.changed.notify_all()


class FileSource:
    """Delivers a recording in real time, or as fast as the queue takes it; loses nothing.

    Parameters
    ----------
    audio : AudioFile or KeptSound
        A file, or the sound of a recorded session with its gaps.
    fast : bool
        As fast as the queue takes it.
    block_seconds : float, optional
        Length of a block, s.
    turn : tuple of Playback and int, optional
        Of several sources, and which of them this one is.
    """

    def __init__(
        self,
        audio: AudioFile | KeptSound,
        *,
        fast: bool,
        block_seconds: float | None = None,
        turn: tuple[Playback, int] | None = None,
    ) -> None:
        self._audio = audio
        self._fast = fast
        self._playback, self._number = turn or (Playback(), 0)
        self._playback.join(self._number, audio.num_samples / audio.sample_rate)
        seconds = block_seconds or (FAST_BLOCK_SECONDS if fast else BLOCK_SECONDS)
        self._block_samples = max(1, to_samples(seconds, audio.sample_rate))
        self._thread = SourceThread("callmood-file", self._read)
        self._began = 0.0

    @property
    def info(self) -> SourceInfo:
        """What is known of the file; its notes grow while it is read."""
        audio = self._audio
        return SourceInfo(
            name=audio.name if isinstance(audio, KeptSound) else audio.path.name,
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
        lead_seconds = self._audio.lead_seconds if isinstance(self._audio, KeptSound) else 0.0
        self._began = time.monotonic() - lead_seconds
        self._thread.start(queue)

    def stop(self) -> None:
        """Read no more, and wait until the thread has ended; a second call does nothing."""
        self._thread.stop()
        self._playback.wake()
        self._thread.wait(STOP_SECONDS)

    def hold(self, *, held: bool) -> None:
        """Stop or resume delivery by all sources of the replay. See `Player`."""
        self._playback.hold(held=held)

    def jump(self, seconds: float) -> bool:
        """Let all sources of the replay go on at another place. See `Player`."""
        return self._playback.jump(seconds)

    def _read(self, queue: BlockReceiver) -> None:
        try:
            self._deliver(queue)
        finally:
            self._playback.leave(self._number)

    def _deliver(self, queue: BlockReceiver) -> None:
        playback, number, sample_rate = self._playback, self._number, self._audio.sample_rate
        is_stopping = self._thread.stopping.is_set
        target = end_sample = 0
        jumped = False
        while True:
            for first_sample, samples, is_break in self._samples_from(target):
                block_end = first_sample + len(samples)
                # Counted from the start, not from the block before, so that delays do not add up.
                if not jumped:
                    self._wait_for(block_end)
                if not playback.begin_block(
                    number, first_sample / sample_rate, block_end / sample_rate, is_stopping
                ):
                    break
                if jumped:
                    self._began = time.monotonic() - block_end / sample_rate
                # A break without missing samples has no other sign.
                overrun = is_break and not jumped and first_sample == end_sample
                block = AudioBlock(
                    read_only(samples), first_sample, time.monotonic(), overrun=overrun, jumped=jumped
                )
                if not queue.put_waiting(block):
                    return
                end_sample = block_end
                playback.end_block(number, block_end / sample_rate)
                jumped = False
            playback.wait_at_end(number, is_stopping)
            if is_stopping() or not playback.must_jump(number):
                return
            target = to_samples(playback.make_jump(number), sample_rate)
            jumped = True

    def _wait_for(self, end_sample: int) -> None:
        """Wait until a block is due and not held, or the user jumps, or the source is stopped."""
        playback = self._playback
        with playback.changed:
            while not self._is_interrupted():
                if playback.held:
                    ran_seconds = time.monotonic() - self._began
                    playback.changed.wait_for(lambda: self._is_interrupted() or not playback.held)
                    self._began = time.monotonic() - ran_seconds
                    continue
                left_seconds = self._began + end_sample / self._audio.sample_rate - time.monotonic()
                if self._fast or left_seconds <= 0:
                    break
                playback.changed.wait(left_seconds)

    def _is_interrupted(self) -> bool:
        return self._thread.stopping.is_set() or self._playback.must_jump(self._number)

    def _samples_from(self, target: int) -> Iterator[tuple[int, Samples, bool]]:
        """Give the blocks from a sample on, each with its place, and whether it begins anew."""
        if target >= self._audio.num_samples:
            return
        if isinstance(self._audio, KeptSound):
            yield from self._audio.blocks(self._block_samples, target)
            return
        end_sample = target
        for samples in self._audio.blocks(self._block_samples, target, self._is_interrupted):
            first_sample, end_sample = end_sample, end_sample + len(samples)
            yield first_sample, samples, False


COMPARED_SECONDS: Final = 60.0
_COMPARED_VALUES: Final = 2**18
"""Values at a time: with a thousand channels, a minute would be gigabytes."""


def are_channels_same(audio: "Recording") -> bool:
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
