"""`classic` and `classic-speech`: the article's descriptors, with four functionals each."""

from typing import ClassVar, Final

import numpy as np

from emotion.arrays import FloatArray
from emotion.features.base import (
    LEVEL_DBFS,
    Descriptor,
    level_of_frames,
    numbered,
    summarise,
    with_functionals,
)
from emotion.features.spectral import (
    NUM_CLASSES,
    NUM_OCTAVES,
    SpectralContrast,
    SpectralShape,
    chroma_filterbank,
    frame_rms,
    normalise_by_loudest,
    zero_crossing_rate,
)
from emotion.features.spectrum import BandedProduct, SpectralPass, cepstral_basis, decibels, mel_filterbank
from emotion.features.streaming import StreamedSet

MEL_BLOCKS = 6
"""Fewer multiply too many zeros, more cost a call each: 41, 29, 28, 24, 26 us for 2, 3, 4, 6, 8."""
NUM_CEPSTRA: Final = 13

CEPSTRA: Final = numbered("mfcc", NUM_CEPSTRA, "dB")
SHAPES: Final[tuple[Descriptor, ...]] = (
    *numbered("chroma", NUM_CLASSES, "1"),
    *numbered("contrast", NUM_OCTAVES + 1, "dB"),
    Descriptor("spectrum.centroid", "Hz"),
    Descriptor("spectrum.bandwidth", "Hz"),
    Descriptor("spectrum.flatness", "1"),
    Descriptor("waveform.zero_crossing_rate", "1/sample"),
)
"""What `FrameFamilies` gives beside the mel bands and the RMS, in its order."""

ENERGY: Final = Descriptor("waveform.rms.mean", "full scale")


class FrameFamilies(StreamedSet):
    """What both sets make of a frame.

    Attributes
    ----------
    descriptors : tuple of Descriptor
        What the functionals are taken of.
    num_mels : int
        Mel bands.
    power_floor : float
        Power below this counts as this, in the flatness.
    crossing_threshold : float
        Samples no further from zero than this count as zero, in the zero crossings.
    range_db : float or None
        Bins further than this under the loudest of their frame count as this far; None lets every bin be.
    highest_hz : float
        Highest frequency used, Hz.
    """

    descriptors: ClassVar[tuple[Descriptor, ...]]
    num_mels: ClassVar[int]
    power_floor: ClassVar[float]
    crossing_threshold: ClassVar[float]
    range_db: ClassVar[float | None]
    highest_hz: ClassVar[float]

    def __init__(self) -> None:
        super().__init__()
        sample_rate, frame_length = self.sample_rate, self.frame_length
        num_bins = int(self.highest_hz * frame_length / sample_rate) + 1
        mel = mel_filterbank(sample_rate, frame_length, self.num_mels, self.highest_hz)[:num_bins]
        self._gather_mel = BandedProduct(mel, MEL_BLOCKS)
        self._chroma_filterbank = chroma_filterbank(sample_rate, frame_length)[:num_bins]
        self._spectral_pass = SpectralPass(frame_length, self.range_db, num_bins)
        self._shape = SpectralShape(sample_rate, frame_length, self.power_floor, num_bins)
        self._contrast = SpectralContrast(sample_rate, frame_length, num_bins)
        self._cepstral_basis = cepstral_basis(self.num_mels, NUM_CEPSTRA)

    def mel_and_shapes(self, frames: FloatArray) -> tuple[FloatArray, FloatArray]:
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
        magnitude = self._spectral_pass(frames)
        power: FloatArray = magnitude * magnitude
        rest: FloatArray = np.column_stack(
            [
                normalise_by_loudest(power @ self._chroma_filterbank),
                self._contrast(magnitude),
                *self._shape.centroid_and_bandwidth(magnitude),
                self._shape.flatness(power),
                zero_crossing_rate(frames, self.crossing_threshold),
                frame_rms(frames),
            ]
        )
        return self._gather_mel(power), rest


class ClassicSet(FrameFamilies):
    """MFCC, mel power, chroma, contrast, centroid, bandwidth, flatness, zero crossings; RMS as its mean.

    What librosa derives from the whole window, the 80 dB floor and the tuning, is left out:
    see ``docs/decisions/0001-classic-without-whole-window-quantities.md``.
    """

    name = "classic"
    version = 1
    sample_rate = 22050
    frame_length = 2048
    frame_hop = 512
    num_mels = 128
    power_floor = 1e-10
    crossing_threshold = 1e-10
    range_db = None
    highest_hz = 11025.0
    descriptors = (*CEPSTRA, *numbered("mel", num_mels, "power"), *SHAPES)
    features = (*with_functionals(descriptors), ENERGY)
    num_columns = len(descriptors) + 1

    def describe(self, frames: FloatArray) -> FloatArray:
        """Describe frames, each by itself.

        Parameters
        ----------
        frames : ndarray, shape (num_frames, 2048), float32
            Sound at 22 050 Hz.

        Returns
        -------
        ndarray, shape (num_frames, 165), float32
            In the order of `descriptors`, and RMS last.
        """
        mel, rest = self.mel_and_shapes(frames)
        cepstra = decibels(mel, self.power_floor) @ self._cepstral_basis
        return np.concatenate([cepstra, mel, rest], axis=1)

    def vector(self, rows: FloatArray) -> FloatArray:
        """Sum up a window.

        Parameters
        ----------
        rows : ndarray, shape (n, 165), float32
            Of the window's frames.

        Returns
        -------
        ndarray, shape (657,), float32
            Four functionals of each descriptor, and the mean RMS.
        """
        return summarise(rows).ravel()[: len(self.features)]


MEL_FLOOR_DB: Final = -40.0
"""Mel bands weaker than this count as this once the level is out, so that the room's noise does not count."""


class ClassicSpeechSet(FrameFamilies):
    """Keeps mel levels in dB of each frame, and takes the window's level out when the window is summed up.

    A frame's mean is taken out of it first, so that a microphone's DC does not count as level. The decisions
    are in ``docs/decisions/0002-classic-speech-levels.md``.
    """

    name = "classic-speech"
    version = 1
    sample_rate = 16000
    frame_length = 512
    frame_hop = 160
    num_mels = 64
    # A frame without power must have a logarithm; nothing that a sound card delivers lies so low.
    power_floor = 1e-20
    crossing_threshold = 0.0
    # A phone line leaves half of the bins empty.
    range_db = 80.0
    # Above, a recording at 16 kHz and a microphone resampled to it differ.
    highest_hz = 7000.0
    descriptors = (*CEPSTRA, *numbered("mel", num_mels, "dB"), *SHAPES)
    features = (*with_functionals(descriptors), ENERGY)
    num_columns = num_mels + len(SHAPES) + 1

    def describe(self, frames: FloatArray) -> FloatArray:
        """Describe frames, each by itself.

        Parameters
        ----------
        frames : ndarray, shape (num_frames, 512), float32
            Sound at 16 kHz.

        Returns
        -------
        ndarray, shape (num_frames, 89), float32
            Mel levels in dB, the shapes, and RMS last.
        """
        mel, rest = self.mel_and_shapes(frames - frames.mean(axis=1, keepdims=True))
        return np.concatenate([decibels(mel, self.power_floor), rest], axis=1)

    def vector(self, rows: FloatArray) -> FloatArray:
        """Sum up a window as if it had been scaled to `LEVEL_DBFS`.

        Parameters
        ----------
        rows : ndarray, shape (n, 89), float32
            Of the window's frames.

        Returns
        -------
        ndarray, shape (401,), float32
            Four functionals of each descriptor, and the mean RMS.
        """
        mel, shapes, rms = rows[:, : self.num_mels], rows[:, self.num_mels : -1], rows[:, -1]
        gain_db = np.float32(LEVEL_DBFS - level_of_frames(rms))
        levelled = np.maximum(mel + gain_db, np.float32(MEL_FLOOR_DB))
        summary = summarise(np.concatenate([levelled @ self._cepstral_basis, levelled, shapes], axis=1))
        energy = rms.mean() * 10 ** (gain_db / 20)
        return np.append(summary.ravel(), energy).astype(np.float32)
