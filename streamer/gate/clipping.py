"""How much of a window lies at full scale: sound that was too loud for the card, the line or the file."""

from typing import TYPE_CHECKING, Final

import numpy as np

from emotion.arrays import Samples

if TYPE_CHECKING:
    from numpy.typing import NDArray

SCALE: Final = 0.97
"""At or over this a sample is at full scale: the loudest code of µ-law is 0.980, that of A-law 0.984 (ITU-T
G.711), and resampling lets flat tops ripple by a few hundredths."""


class ClippingMeter:
    """Remembers which samples of the source were at full scale, as far back as a window may ask."""

    def __init__(self) -> None:
        self._places: list[NDArray[np.int64]] = []

    def push(self, samples: Samples, first_sample: int) -> None:
        """Look at the next sound.

        Parameters
        ----------
        samples : ndarray, shape (n, channels), float32
            As the source gave them, before they are mixed or resampled; finite.
        first_sample : int
            Index of the first, in the numbers of the stream.
        """
        # Nearly all sound is never so loud, and knows that after two looks.
        if not len(samples) or (samples.max() < SCALE and samples.min() > -SCALE):
            return
        self._places.append(np.flatnonzero(np.any(np.abs(samples) >= SCALE, axis=1)) + first_sample)

    def share(self, start_sample: int, end_sample: int) -> float:
        """Tell how much of a window is at full scale, and forget what lies before it.

        Parameters
        ----------
        start_sample, end_sample : int
            The window, in samples of the source; start never smaller than the time before.

        Returns
        -------
        float
            In 0..1.
        """
        self._places = [each for each in self._places if each[-1] >= start_sample]
        inside = sum(
            int(np.subtract(*np.searchsorted(each, (end_sample, start_sample)))) for each in self._places
        )
        return inside / max(1, end_sample - start_sample)
