"""A block: what a source delivers at once."""

from dataclasses import dataclass

from emotion.arrays import Samples


@dataclass(frozen=True, slots=True, eq=False)
class AudioBlock:
    """Samples with their place in the stream.

    Attributes
    ----------
    samples : ndarray, shape (n, channels), float32, read-only
        Full scale ±1, at the source's own rate.
    first_sample : int
        Index of the first sample, counted from the start of the stream. A jump against the end of the block
        before is a gap.
    arrived : float
        ``time.monotonic()`` when the block arrived, s.
    overrun : bool
        The card lost input just before this block; the jump in `first_sample` is then an estimate.
    stalled : bool
        The source had none to give for a while just before this block: nobody lost any, and the jump is an
        estimate.
    away : bool
        The device was gone until just before this block, and is back; the jump is an estimate.
    """

    samples: Samples
    first_sample: int
    arrived: float
    overrun: bool = False
    stalled: bool = False
    away: bool = False

    @property
    def end_sample(self) -> int:
        """One past the index of the last sample."""
        return self.first_sample + len(self.samples)
