"""What a leg hears in one window, before any model has judged it."""

from dataclasses import dataclass

from emotion.arrays import FloatArray
from streamer.row import State


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """One window: where it lies, what the gate says of it, and its feature vector.

    Attributes
    ----------
    start, end : float
        Stream time, s.
    start_sample, end_sample : int
        The same in samples of the source.
    state : {'speech', 'silence', 'noise', 'clipped'}
        What the gate says.
    level_dbfs : float
        RMS of the window without its DC, dB below full scale; never under -120.
    vector : ndarray, shape (num_features,), float32, or None
        None where the gate heard no speech, unless vectors were asked for of all windows; and where it was
        skipped.
    arrived : float
        ``time.monotonic()`` at the arrival of the window's last sample, s.
    skipped : bool
        Speech that there was no time to hear.
    """

    start: float
    end: float
    start_sample: int
    end_sample: int
    state: State
    level_dbfs: float
    vector: FloatArray | None
    arrived: float
    skipped: bool = False
