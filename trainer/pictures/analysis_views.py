"""What the analysis picture shows of a sound: level by band, cepstra and pitch classes over time."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from emotion.arrays import FloatArray, Samples
from emotion.features.chroma import chroma_filterbank, normalise_by_loudest
from emotion.features.mel import cepstral_basis, decibels, mel_filterbank
from emotion.features.spectrum import SpectralPass

NUM_BANDS: Final = 128
NUM_CEPSTRA: Final = 13
MAX_COLUMNS: Final = 2_000
"""More than a picture has dots across: a longer sound is shown with frames left out evenly."""

FRAME_SECONDS: Final = 0.064
"""A compromise for the eye: harmonics of a voice stand apart, and so do its syllables."""

RANGE_DB: Final = 80.0
"""Bands this far below the loudest are shown as dark as any."""

_POWER_FLOOR: Final = 1e-10
_FRAMES_AT_ONCE: Final = 256


@dataclass(frozen=True, slots=True, eq=False)
class AnalysisViews:
    """Matrices with a column a frame.

    Attributes
    ----------
    mel_db : ndarray, shape (128, num_frames), float32
        dB below the loudest band of the sound, -80..0.
    mfcc : ndarray, shape (13, num_frames), float32
        As `emotion.features` defines them, dB.
    chroma : ndarray, shape (12, num_frames), float32
        C first, each frame's loudest is 1.
    start, end : float
        The stretch that the columns cover, each about the middle of its frame, s.
    """

    mel_db: FloatArray
    mfcc: FloatArray
    chroma: FloatArray
    start: float
    end: float


def analyse(samples: Samples, sample_rate: int) -> AnalysisViews:
    """Compute the views by the very descriptors that models hear, on frames of a picture's own.

    Parameters
    ----------
    samples : ndarray, shape (n,), float32
        Mono; continued with zeros up to one frame.
    sample_rate : int
        Hz.

    Returns
    -------
    AnalysisViews
        Over the frames that lie wholly inside the sound. They overlap by 15/16, or by less where that gave
        more than `MAX_COLUMNS`.
    """
    frame_length = 2 ** round(np.log2(FRAME_SECONDS * sample_rate))
    sound = np.concatenate([samples, np.zeros(max(0, frame_length - len(samples)), dtype=np.float32)])
    hop = max(frame_length // 16, (len(sound) - frame_length) // MAX_COLUMNS + 1)
    frames = np.lib.stride_tricks.sliding_window_view(sound, frame_length)[::hop]
    spectral_pass = SpectralPass(frame_length)
    mel_bank = mel_filterbank(sample_rate, frame_length, NUM_BANDS)
    chroma_bank = chroma_filterbank(sample_rate, frame_length)
    mel, chroma = [], []
    for first in range(0, len(frames), _FRAMES_AT_ONCE):
        power = spectral_pass(frames[first : first + _FRAMES_AT_ONCE]).power
        mel.append(power @ mel_bank)
        chroma.append(normalise_by_loudest(power @ chroma_bank))
    mel_db = decibels(np.concatenate(mel), _POWER_FLOOR)
    below_loudest = np.maximum(mel_db - mel_db.max(), np.float32(-RANGE_DB))
    mfcc = mel_db @ cepstral_basis(NUM_BANDS, NUM_CEPSTRA)
    start = (frame_length - hop) / 2 / sample_rate
    return AnalysisViews(
        below_loudest.T, mfcc.T, np.concatenate(chroma).T, start, start + len(frames) * hop / sample_rate
    )
