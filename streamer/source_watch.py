"""Whether the sources of a session deliver, and what is to be said where one does not."""

from collections.abc import Iterator, Sequence
from typing import Final

from streamer.absence import Absence
from streamer.block_queue import BlockQueue
from streamer.source_legs import SourceLegs

SILENT_SECONDS: Final = 3.0
"""So long nothing comes before this is said, or ends a duration: a block may be late."""

UNASKED_SECONDS: Final = 5.0
"""The same where it may be no fault: so long it takes until a sound server that hangs has been found out."""


class SourceWatch:
    """Looks at the queues from time to time, and says each thing once.

    Parameters
    ----------
    sources : sequence of SourceLegs
        By number of the source.
    """

    def __init__(self, sources: Sequence[SourceLegs]) -> None:
        self._sources = tuple(sources)
        self._silent: set[int] = set()
        self._absent: set[int] = set()

    @property
    def absent(self) -> tuple[int, ...]:
        """Numbers of the sources whose device is away just now."""
        return tuple(self._absent)

    @staticmethod
    def is_owing(source: SourceLegs, queue: BlockQueue, until: float) -> bool:
        """Tell whether a live source has delivered nothing for long, at the end.

        Parameters
        ----------
        source : SourceLegs
            Any.
        queue : BlockQueue
            Its own.
        until : float
            ``time.monotonic()`` at the end, s.

        Returns
        -------
        bool
            True where there is more missing than a block that is late.
        """
        if not source.is_live or source.arrived is None or queue.oldest_arrival is not None:
            return False
        return until - source.arrived > SILENT_SECONDS

    def look(self, now: float, queues: Sequence[BlockQueue]) -> Iterator[str | Absence]:
        """Look at all sources.

        Parameters
        ----------
        now : float
            ``time.monotonic()``, s.
        queues : sequence of BlockQueue
            By number of the source.

        Yields
        ------
        str or Absence
            A line where a source has delivered nothing for a while; a device that has gone.
        """
        for source, queue in zip(self._sources, queues, strict=True):
            absence = queue.absence
            # What waits in the queue has come, however slow we are.
            is_empty = queue.oldest_arrival is None
            if absence is None:
                self._absent.discard(source.number)
            elif is_empty and source.number not in self._absent:
                self._absent.add(source.number)
                yield Absence(source.number, source.name, source.stream_seconds, absence)
            if source.arrived is None:
                source.arrived = now
            quiet_seconds = now - source.arrived if is_empty else 0.0
            # Of a device that is known to be away nothing is late.
            patience = UNASKED_SECONDS if source.may_wait else SILENT_SECONDS
            source.note_quiet(quiet_seconds if absence is not None or quiet_seconds > patience else 0.0)
            excused = source.may_wait or source.number in self._absent
            is_silent = quiet_seconds > SILENT_SECONDS and not excused
            if is_silent and source.number not in self._silent:
                yield f"nothing has come from {source.name} for {SILENT_SECONDS:g} s"
            (self._silent.add if is_silent else self._silent.discard)(source.number)
