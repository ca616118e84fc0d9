"""What every source has: a description, an interface, a receiver of its blocks, a thread that reads."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from streamer.events import AudioBlock


class BlockReceiver(Protocol):
    """Takes the blocks of one source; a queue, or what stands before one."""

    def put(self, block: AudioBlock) -> None:
        """Take a block at once.

        Parameters
        ----------
        block : AudioBlock
            The next one.
        """
        ...

    def put_waiting(self, block: AudioBlock) -> bool:
        """Take a block as soon as there is room.

        Parameters
        ----------
        block : AudioBlock
            The next one.

        Returns
        -------
        bool
            False where none is taken any more.
        """
        ...

    def note_absence(self, reason: str | None) -> None:
        """Learn that the device is away and is waited for, or is back.

        Parameters
        ----------
        reason : str or None
            Why it went; None once it is back.
        """
        ...

    def close(self, error: BaseException | None = None) -> None:
        """Learn that nothing more comes; a second call changes nothing.

        Parameters
        ----------
        error : BaseException, optional
            Why, where that is not the natural end.
        """
        ...


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """What is known of a source before it starts.

    Attributes
    ----------
    name : str
        As shown on the panel: a file name, the name of a device.
    sample_rate : int
        Hz, the source's own.
    channels : int
        How many it delivers.
    sample_format : {'PCM_16', 'FLOAT'}
        The smallest WAV subtype that keeps its samples exactly.
    seconds : float or None
        Its length where that is known, s.
    live : bool
        True where sound that is not fetched in time is lost.
    notes : tuple of str
        One line for each thing converted or missing.
    stalls : bool
        True where nothing is delivered while there is nothing to hear, as by what records a loudspeaker.
    """

    name: str
    sample_rate: int
    channels: int
    sample_format: Literal["PCM_16", "FLOAT"]
    seconds: float | None
    live: bool
    notes: tuple[str, ...] = ()
    stalls: bool = False


class Source(Protocol):
    """Delivers blocks into a queue from a thread of its own."""

    @property
    def info(self) -> SourceInfo:
        """What is known before the start."""
        ...

    @property
    def non_finite_samples(self) -> int:
        """NaN and infinite samples so far that the source itself took as 0."""
        ...

    def open(self) -> None:
        """Make sure that sound can be had, before anything is written; deliver nothing yet.

        Raises
        ------
        DeviceError
            If the device will not open.
        """
        ...

    def start(self, queue: "BlockReceiver") -> None:
        """Begin to deliver; return at once.

        At its end, or on an error, the source closes the queue (with the error).

        Parameters
        ----------
        queue : Intake
            Takes the blocks.

        Raises
        ------
        DeviceError
            If the device will not open.
        """
        ...

    def stop(self) -> None:
        """Deliver nothing more, close the queue, release the device; a second call does nothing."""
        ...


class SourceThread:
    """Reads until there is no more, then closes the queue: with the error, where there was one.

    Parameters
    ----------
    name : str
        Of the thread.
    read : callable
        Puts blocks into the queue; may raise anything.
    daemon : bool
        True where a read may hang for good: no exit waits for it.

    Attributes
    ----------
    stopping : threading.Event
        Set from `stop` on: `read` is to return.
    """

    def __init__(self, name: str, read: Callable[[BlockReceiver], None], *, daemon: bool = False) -> None:
        self.stopping = threading.Event()
        self._name = name
        self._read = read
        self._daemon = daemon
        # Waited for in place of the thread: a join that Ctrl-C interrupts takes a running thread for ended.
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self._queue: BlockReceiver | None = None

    def start(self, queue: BlockReceiver) -> None:
        """Begin to read.

        Parameters
        ----------
        queue : Intake
            Handed to `read`, and closed after it.
        """
        self._queue = queue
        self._thread = threading.Thread(target=self._run, args=(queue,), name=self._name, daemon=self._daemon)
        self._thread.start()

    def stop(self) -> None:
        """Ask for the end, and close the queue; a second call does nothing."""
        self.stopping.set()
        if self._queue is not None:
            self._queue.close()

    def wait(self, seconds: float) -> bool:
        """Wait until it has ended.

        Parameters
        ----------
        seconds : float
            The longest wait, s.

        Returns
        -------
        bool
            False where it still reads after that, or was never started.
        """
        if self._thread is None or not self._ended.wait(seconds):
            return False
        self._thread.join()
        return True

    def _run(self, queue: BlockReceiver) -> None:
        try:
            self._read(queue)
        except Exception as error:  # noqa: BLE001 - the session raises it once everything is in order
            queue.close(error)
        else:
            queue.close()
        finally:
            self._ended.set()
