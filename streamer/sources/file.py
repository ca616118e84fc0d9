"""A recording in place of the microphone, in real time or as fast as the queue takes it."""

import math
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


class Turns:
    """Lets the sources of one session deliver in the order of the stream, the lower number first.

    Legs are compared with each other: rows are the same each time only if blocks come in the same order.
    """

    def __init__(self, num_sources: int) -> None:
        self._changed = threading.Condition()
        # Before this stream time no more comes of each source, s.
        self._until = [0.0] * num_sources

    def wait(self, number: int, seconds: float, is_over: Callable[[], bool]) -> None:
        """Wait until it is the turn of a block of a source, which begins at a stream time; or it is over."""
        self.deliver_until(number, seconds)
        with self._changed:
            self._changed.wait_for(lambda: is_over() or self._until.index(min(self._until)) == number)

    def deliver_until(self, number: int, seconds: float) -> None:
        """Note that a source has delivered all up to a stream time; infinity where no more comes."""
        with self._changed:
            self._until[number] = seconds
            self._changed.notify_all()

    def wake(self) -> None:
        """Let all that wait see whether it is over."""
        with self._changed:
            self._changed.notify_all()


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
    turn : tuple of Turns and int, optional
        Of several sources, and which of them this one is.
    """

    def __init__(
        self,
        audio: AudioFile | KeptSound,
        *,
        fast: bool,
        block_seconds: float | None = None,
        turn: tuple[Turns, int] | None = None,
    ) -> None:
        self._audio = audio
        self._fast = fast
        self._turns, self._number = turn or (Turns(1), 0)
        seconds = block_seconds or (FAST_BLOCK_SECONDS if fast else BLOCK_SECONDS)
        self._block_samples = max(1, to_samples(seconds, audio.sample_rate))
        self._thread = SourceThread("callmood-file", self._read)
        self._control = threading.Condition()
        self._held = False
        self._target: int | None = None
        self._next_sample = 0
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
        with self._control:
            self._control.notify_all()
        self._turns.wake()
        self._thread.wait(STOP_SECONDS)

    def hold(self, *, held: bool) -> None:
        """Stop to deliver, or go on; from any thread."""
        with self._control:
            self._held = held
            self._control.notify_all()

    def jump(self, seconds: float) -> bool:
        """Go on at another place; False where less sound is left. See `Player`."""
        with self._control:
            before = self._next_sample if self._target is None else self._target
            target = max(0, before + to_samples(seconds, self._audio.sample_rate))
            if target >= self._audio.num_samples:
                return False
            self._target = target
            self._control.notify_all()
        self._turns.wake()
        return True

    def _read(self, queue: BlockReceiver) -> None:
        try:
            self._deliver(queue)
        finally:
            self._turns.deliver_until(self._number, math.inf)

    def _deliver(self, queue: BlockReceiver) -> None:
        sample_rate = self._audio.sample_rate
        target = end_sample = 0
        jumped = False
        while True:
            for first_sample, samples, is_break in self._samples_from(target):
                # Counted from the start, not from the block before, so that delays do not add up.
                if not jumped and not self._wait_for(first_sample + len(samples)):
                    return
                self._turns.wait(self._number, first_sample / sample_rate, self._is_interrupted)
                with self._control:
                    if self._target is not None:
                        break
                    self._next_sample = first_sample + len(samples)
                if jumped:
                    self._began = time.monotonic() - self._next_sample / sample_rate
                # A break without missing samples has no other sign.
                overrun = is_break and not jumped and first_sample == end_sample
                block = AudioBlock(
                    read_only(samples), first_sample, time.monotonic(), overrun=overrun, jumped=jumped
                )
                if not queue.put_waiting(block):
                    return
                end_sample = block.end_sample
                self._turns.deliver_until(self._number, end_sample / sample_rate)
                jumped = False
            with self._control:
                if self._target is None:
                    return
                target, self._target = self._target, None
            jumped = True

    def _wait_for(self, end_sample: int) -> bool:
        """Wait until a block is due and not held, or the user jumps; False where the source is stopped."""
        stopping = self._thread.stopping
        with self._control:
            if self._held:
                ran_seconds = time.monotonic() - self._began
                self._control.wait_for(
                    lambda: stopping.is_set() or not self._held or self._target is not None
                )
                self._began = time.monotonic() - ran_seconds
            while not (self._fast or stopping.is_set() or self._target is not None):
                left_seconds = self._began + end_sample / self._audio.sample_rate - time.monotonic()
                if left_seconds <= 0:
                    break
                self._control.wait(left_seconds)
                if self._held:
                    return self._wait_for(end_sample)
            return not stopping.is_set()

    def _is_interrupted(self) -> bool:
        return self._thread.stopping.is_set() or self._target is not None

    def _samples_from(self, target: int) -> Iterator[tuple[int, Samples, bool]]:
        """Give the blocks from a sample on, each with its place, and whether it begins anew."""
        if isinstance(self._audio, KeptSound):
            yield from self._audio.blocks(self._block_samples, target)
            return
        end_sample = target
        for samples in self._audio.blocks(self._block_samples, target):
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
