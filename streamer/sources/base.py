"""Devices, the interface of a source, the receiver of its blocks, and the thread that reads."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

from streamer.events import AudioBlock


@dataclass(frozen=True, slots=True)
class Device:
    """An input.

    `number` is PortAudio's and changes when a device is plugged in; None for a source of the sound server.
    `host_api` is the system's interface to it: ALSA, Core Audio, WASAPI, the sound server, ... `sample_rate`
    is its own, Hz. `title` is what mixers show, if that is not its name.
    """

    number: int | None
    name: str
    host_api: str
    channels: int
    sample_rate: int
    is_default: bool
    title: str = ""

    @property
    def words(self) -> str:
        """Where a part of a name is searched."""
        return f"{self.name}, {self.title}, {self.host_api}"


class BlockReceiver(Protocol):
    """Takes the blocks of one source: a queue, or a relay before one."""

    def put(self, block: AudioBlock) -> None:
        """Take a block without waiting.

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
            False once the receiver is closed.
        """
        ...

    def note_absence(self, reason: str | None) -> None:
        """Note that the device is away and will be reopened, or is back.

        Parameters
        ----------
        reason : str or None
            Why it is away; None once it is back.
        """
        ...

    def close(self, error: BaseException | None = None) -> None:
        """Take no more blocks; a second call changes nothing.

        Parameters
        ----------
        error : BaseException, optional
            Why the source ended, unless it reached its natural end.
        """
        ...


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """What is known of a source before it starts.

    Attributes
    ----------
    name : str
        As shown on the panel: the name of a file or a device.
    sample_rate : int
        Hz, the source's own.
    channels : int
        How many it delivers.
    sample_format : {'PCM_16', 'FLOAT'}
        The smallest WAV subtype that keeps its samples exactly.
    seconds : float or None
        Its length if known, s.
    live : bool
        True if sound that is not fetched in time is lost.
    notes : tuple of str
        One line for each conversion or omission.
    stalls : bool
        True if nothing is delivered during silence, as by the monitor of a loudspeaker.
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
    """Delivers blocks into a receiver from a thread of its own."""

    @property
    def info(self) -> SourceInfo:
        """What is known before the start; notes may be added while it runs."""
        ...

    @property
    def non_finite_samples(self) -> int:
        """NaN and infinite samples so far that the source itself replaced by 0."""
        ...

    def open(self) -> None:
        """Check that the source is there, before any output is written; deliver nothing yet.

        Raises
        ------
        DeviceError
            If the device will not open.
        """
        ...

    def start(self, queue: BlockReceiver) -> None:
        """Begin to deliver; return at once.

        At its end, or on an error, the source closes the receiver (with the error).

        Parameters
        ----------
        queue : BlockReceiver
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


@runtime_checkable
class Player(Protocol):
    """A source of a replay. What one of several is told holds for all of the replay."""

    def hold(self, *, held: bool) -> None:
        """Stop or resume delivery; from any thread.

        Parameters
        ----------
        held : bool
            True to stop.
        """
        ...

    def jump(self, seconds: float) -> bool:
        """Go on at another place; from any thread.

        The next block of each source is marked as `jumped`. A held source delivers one block after a jump,
        then waits again. A source that has no sound at that place waits at its end.

        Parameters
        ----------
        seconds : float
            How far from what was delivered last, s; below 0 back, at most to the beginning.

        Returns
        -------
        bool
            False where less is left of the longest source: nothing changes then.
        """
        ...


class SourceThread:
    """Runs `read` in a thread, then closes the receiver, with the error if it raised one.

    Parameters
    ----------
    name : str
        Of the thread.
    read : callable
        Puts blocks into the receiver; may raise anything.
    daemon : bool
        True if a read may hang for good: no exit waits for it.

    Attributes
    ----------
    stopping : threading.Event
        Set by `stop`: `read` must return soon.
    """

    def __init__(self, name: str, read: Callable[[BlockReceiver], None], *, daemon: bool = False) -> None:
        self.stopping = threading.Event()
        self._name = name
        self._read = read
        self._daemon = daemon
        # `wait` uses this, not `join`: after a join that Ctrl-C interrupts, a running thread counts as ended.
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self._queue: BlockReceiver | None = None

    def start(self, queue: BlockReceiver) -> None:
        """Begin to read.

        Parameters
        ----------
        queue : BlockReceiver
            Passed to `read`, and closed after it.
        """
        self._queue = queue
        self._thread = threading.Thread(target=self._run, args=(queue,), name=self._name, daemon=self._daemon)
        self._thread.start()

    def stop(self) -> None:
        """Ask `read` to return, and close the receiver; a second call does nothing."""
        self.stopping.set()
        if self._queue is not None:
            self._queue.close()

    def wait(self, seconds: float) -> bool:
        """Wait until the thread has ended.

        Parameters
        ----------
        seconds : float
            The longest wait, s.

        Returns
        -------
        bool
            False if it still runs after that, or was never started.
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
