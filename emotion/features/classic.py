"""`classic` and `classic-speech`: the article's descriptors, with four functionals each."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from emotion.arrays import FloatArray
from emotion.features.base import Descriptor, numbered, with_functionals
from emotion.features.functionals import LEVEL_DBFS, level_of_frames, summarise
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
        Highest frequency used, Hz; None for half the sample rate.
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
        """Number of spectrum bins used, from 0 Hz."""
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


SAMPLE_RATE: Final = 22050
FRAME_LENGTH: Final = 2048
FRAME_HOP: Final = 512
NUM_MELS: Final = 128
NUM_CEPSTRA: Final = 13
POWER_FLOOR: Final = 1e-10
CROSSING_THRESHOLD: Final = 1e-10

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


class ClassicRecipe:
    """MFCC, mel power, chroma, contrast, centroid, bandwidth, flatness, zero crossings; RMS as its mean.

    What librosa derives from the whole window, the 80 dB floor and the tuning, is left out:
    see ``docs/decisions/0001-classic-without-whole-window-quantities.md``.
    """

    descriptors = (*CEPSTRA, *numbered("mel", NUM_MELS, "power"), *SHAPES)
    features = (*with_functionals(descriptors), ENERGY)
    num_columns = len(descriptors) + 1

    def __init__(self) -> None:
        self._families = FrameFamilies(
            FrameScale(SAMPLE_RATE, FRAME_LENGTH, NUM_MELS, POWER_FLOOR, CROSSING_THRESHOLD)
        )
        self._cepstral_basis = cepstral_basis(NUM_MELS, NUM_CEPSTRA)

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
        mel, rest = self._families(frames)
        cepstra = decibels(mel, POWER_FLOOR) @ self._cepstral_basis
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


def classic() -> StreamedSet:
    """Make the set `classic`, version 1.

    Returns
    -------
    StreamedSet
        22 050 Hz, frames of 2048 samples every 512.
    """
    return StreamedSet(
        "classic",
        version=1,
        sample_rate=SAMPLE_RATE,
        frame_length=FRAME_LENGTH,
        frame_hop=FRAME_HOP,
        recipe=ClassicRecipe(),
    )


SPEECH_SAMPLE_RATE: Final = 16000
SPEECH_FRAME_LENGTH: Final = 512
SPEECH_FRAME_HOP: Final = 160
SPEECH_NUM_MELS: Final = 64
TINIEST_POWER: Final = 1e-20
"""A frame without power must have a logarithm; nothing that a sound card delivers lies so low."""

MEL_FLOOR_DB: Final = -40.0
"""Mel bands weaker than this count as this once the level is out, so that the room's noise does not count."""

FRAME_RANGE_DB: Final = 80.0
"""Bins count as no weaker than this under their frame's loudest: a phone line leaves half of them empty."""

HIGHEST_HZ: Final = 7000.0
"""Frequencies above are unused: a recording at 16 kHz and a microphone resampled to it differ there."""


class ClassicSpeechRecipe:
    """Keeps mel levels in dB of each frame, and takes the window's level out when the window is summed up.

    A frame's mean is taken out of it first, so that a microphone's DC does not count as level. The decisions
    are in ``docs/decisions/0002-classic-speech-levels.md``.
    """

    descriptors = (*CEPSTRA, *numbered("mel", SPEECH_NUM_MELS, "dB"), *SHAPES)
    features = (*with_functionals(descriptors), ENERGY)
    num_columns = SPEECH_NUM_MELS + len(SHAPES) + 1

    def __init__(self) -> None:
        self._families = FrameFamilies(
            FrameScale(
                SPEECH_SAMPLE_RATE,
                SPEECH_FRAME_LENGTH,
                SPEECH_NUM_MELS,
                TINIEST_POWER,
                0.0,
                FRAME_RANGE_DB,
                HIGHEST_HZ,
            )
        )
        self._cepstral_basis = cepstral_basis(SPEECH_NUM_MELS, NUM_CEPSTRA)

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
        mel, rest = self._families(frames - frames.mean(axis=1, keepdims=True))
        return np.concatenate([decibels(mel, TINIEST_POWER), rest], axis=1)

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
        mel, shapes, rms = rows[:, :SPEECH_NUM_MELS], rows[:, SPEECH_NUM_MELS:-1], rows[:, -1]
        gain_db = np.float32(LEVEL_DBFS - level_of_frames(rms))
        levelled = np.maximum(mel + gain_db, np.float32(MEL_FLOOR_DB))
        summary = summarise(np.concatenate([levelled @ self._cepstral_basis, levelled, shapes], axis=1))
        energy = rms.mean() * 10 ** (gain_db / 20)
        return np.append(summary.ravel(), energy).astype(np.float32)


def classic_speech() -> StreamedSet:
    """Make the set `classic-speech`, version 1.

    Returns
    -------
    StreamedSet
        16 kHz, frames of 512 samples every 160.
    """
    return StreamedSet(
        "classic-speech",
        version=1,
        sample_rate=SPEECH_SAMPLE_RATE,
        frame_length=SPEECH_FRAME_LENGTH,
        frame_hop=SPEECH_FRAME_HOP,
        recipe=ClassicSpeechRecipe(),
    )
