"""From sound to the columns of a mel spectrogram."""

from typing import Final

import numpy as np

from emotion.arrays import FloatArray, Samples
from emotion.features.mel import mel_band_edges, mel_filterbank
from emotion.features.spectrum import hann_taper, power_of_frames
from emotion.window_grid import to_samples

NUM_BANDS: Final = 48
FRAME_SECONDS: Final = 0.064
COLUMN_SECONDS: Final = 0.04


class MelColumns:
    """Computes columns of mel power; a picture for the eye, no part of what the model hears.

    Parameters
    ----------
    sample_rate : int
        Hz.
    """

    def __init__(self, sample_rate: int) -> None:
        self.hop = max(1, to_samples(COLUMN_SECONDS, sample_rate))
        self.frame_length = max(self.hop, to_samples(FRAME_SECONDS, sample_rate))
        self.column_seconds = self.hop / sample_rate
        edges = mel_band_edges(NUM_BANDS, sample_rate / 2)
        self.band_hz = tuple(edges[1:-1].tolist())
        self._taper = hann_taper(self.frame_length)
        # Triangles of height 1, scaled so that a sine of full scale in the middle of a band gives 0 dB.
        heights = (edges[2:] - edges[:-2]) / 2 / (self._taper.sum() / 2) ** 2
        self._bands = mel_filterbank(sample_rate, self.frame_length, NUM_BANDS) * heights.astype(np.float32)

    def num_columns(self, num_samples: int) -> int:
        """Count the columns whose frames lie wholly inside so many samples.

        Parameters
        ----------
        num_samples : int
            From the start of the first frame.

        Returns
        -------
        int
            0 where not one frame fits.
        """
        return max(0, (num_samples - self.frame_length) // self.hop + 1)

    def power(self, samples: Samples) -> FloatArray:
        """Compute the columns of a stretch.

        Parameters
        ----------
        samples : ndarray, shape (n,), float32, n >= frame_length
            Mono; the first frame begins with the first sample.

        Returns
        -------
        ndarray, shape (num_columns(n), NUM_BANDS), float32
            Mel power re full scale, lowest band first.
        """
        columns: FloatArray = power_of_frames(samples, self._taper, self.hop) @ self._bands
        return columns
