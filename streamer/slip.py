"""Whether a live source keeps time: its samples held against the monotonic clock."""

from typing import Final

from streamer.block import AudioBlock

WORTH_SAYING_SECONDS: Final = 0.5


class Slip:
    """Stream time less monotonic time since the first block.

    Sound cards run a little fast or slow, and sound servers lose samples without a word; this shows both.

    Parameters
    ----------
    sample_rate : int
        That of the source, Hz.
    """

    def __init__(self, sample_rate: int) -> None:
        self._sample_rate = sample_rate
        self._first: tuple[int, float] | None = None
        self._said_seconds = 0.0
        self.seconds = 0.0

    def take(self, block: AudioBlock) -> str | None:
        """Hold a block against the clock.

        Parameters
        ----------
        block : AudioBlock
            The next one.

        Returns
        -------
        str or None
            A line where the slip has grown by another half second.
        """
        if self._first is None:
            self._first = (block.end_sample, block.arrived)
        end_sample, arrived = self._first
        self.seconds = (block.end_sample - end_sample) / self._sample_rate - (block.arrived - arrived)
        if abs(self.seconds - self._said_seconds) < WORTH_SAYING_SECONDS:
            return None
        self._said_seconds = self.seconds
        way = "ahead of" if self.seconds > 0 else "behind"
        return f"the source is {abs(self.seconds):.1f} s {way} the clock"
