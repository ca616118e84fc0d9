"""The families of descriptors that `classic` and `classic-speech` share, from one spectral pass."""

from dataclasses import dataclass

import numpy as np

from emotion.arrays import FloatArray
from emotion.features.banded_product import BandedProduct
from emotion.features.chroma import chroma_filterbank, normalise_by_loudest
from emotion.features.contrast import SpectralContrast
from emotion.features.mel import mel_filterbank
from emotion.features.spectral_shape import SpectralShape
from emotion.features.spectrum import SpectralPass
from emotion.features.waveform import frame_rms, zero_crossing_rate

MEL_BLOCKS = 6
"""Fewer multiply too many zeros, more cost a call each: 41, 29, 28, 24, 26 us for 2, 3, 4, 6, 8."""


@dataclass(frozen=True, slots=True)
class FrameScale:
    """In which units frames are taken, and where descriptors cease to look.

    Attributes
    ----------
    sample_rate : int
        Hz.
    frame_length : int
        Samples in a frame.
    num_mels : int
        Mel bands.
    power_floor : float
        Power below this counts as this, in the flatness.
    crossing_threshold : float
        Samples no further from zero than this count as zero, in the zero crossings.
    range_db : float or None
        Bins further than this under the loudest of their frame count as this far; None lets every bin be.
    highest_hz : float or None
        Nothing above this is looked at, Hz; None for half the sample rate.
    """

    sample_rate: int
    frame_length: int
    num_mels: int
    power_floor: float
    crossing_threshold: float
    range_db: float | None = None
    highest_hz: float | None = None

    @property
    def num_bins(self) -> int:
        """How many bins of a spectrum are looked at, from 0 Hz on."""
        if self.highest_hz is None:
            return self.frame_length // 2 + 1
        return int(self.highest_hz * self.frame_length / self.sample_rate) + 1


class FrameFamilies:
    """Describes frames, each by itself.

    Parameters
    ----------
    scale : FrameScale
        Rate, lengths and floors.
    """

    def __init__(self, scale: FrameScale) -> None:
        self._scale = scale
        sample_rate, frame_length, num_bins = scale.sample_rate, scale.frame_length, scale.num_bins
        mel = mel_filterbank(sample_rate, frame_length, scale.num_mels, scale.highest_hz)[:num_bins]
        self._gather_mel = BandedProduct(mel, MEL_BLOCKS)
        self._chroma_filterbank = chroma_filterbank(sample_rate, frame_length)[:num_bins]
        self._spectral_pass = SpectralPass(frame_length, scale.range_db, scale.num_bins)
        self._shape = SpectralShape(sample_rate, frame_length, scale.power_floor, num_bins)
        self._contrast = SpectralContrast(sample_rate, frame_length, num_bins)

    def __call__(self, frames: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Describe frames.

        Parameters
        ----------
        frames : ndarray, shape (num_frames, frame_length), float32
            Sound.

        Returns
        -------
        mel : ndarray, shape (num_frames, num_mels), float32
            Power in each mel band.
        rest : ndarray, shape (num_frames, 12 + 7 + 3 + 2), float32
            Chroma, contrast, centroid, bandwidth, flatness, zero-crossing rate, RMS.
        """
        spectrum = self._spectral_pass(frames)
        rest: FloatArray = np.column_stack(
            [
                normalise_by_loudest(spectrum.power @ self._chroma_filterbank),
                self._contrast(spectrum.magnitude),
                *self._shape.centroid_and_bandwidth(spectrum),
                self._shape.flatness(spectrum),
                zero_crossing_rate(frames, self._scale.crossing_threshold),
                frame_rms(frames),
            ]
        )
        return self._gather_mel(spectrum.power), rest
