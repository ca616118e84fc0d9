"""Whether the sources of a session deliver, and what is to be said where one does not."""

from collections.abc import Iterator, Sequence
from typing import Final

from streamer.absence import Absence
from streamer.block_queue import BlockQueue
from streamer.source_legs import SourceLegs

SILENT_SECONDS: Final = 3.0


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
            source.note_quiet(quiet_seconds - SILENT_SECONDS)
            excused = source.may_wait or source.number in self._absent
            is_silent = quiet_seconds > SILENT_SECONDS and not excused
            if is_silent and source.number not in self._silent:
                yield f"nothing has come from {source.name} for {SILENT_SECONDS:g} s"
            (self._silent.add if is_silent else self._silent.discard)(source.number)
