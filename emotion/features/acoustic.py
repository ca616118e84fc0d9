"""`acoustic`: energy, timbre, voice, rhythm and modulation of speech, independent of its level."""

import math
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from emotion.arrays import FloatArray
from emotion.features.base import LEVEL_DBFS, Descriptor, level_of_frames, numbered, with_functionals
from emotion.features.prosody import (
    PERTURBATION,
    PitchTracker,
    describe_perturbation,
    describe_runs,
    modulation_features,
    modulation_levels,
    peak_rate,
    run_features,
)
from emotion.features.spectral import BALANCE, EXPONENT, FAINTEST, Loudness, SpectralBalance, deltas, flux
from emotion.features.spectrum import (
    DECIBELS_PER_NEPER,
    PowerSpectrum,
    cepstral_basis,
    mel_band_edges,
    mel_filterbank,
)
from emotion.features.streaming import StreamedSet

SHARES: Final = (0.1, 0.25, 0.5, 0.75, 0.9)
ROBUST_FUNCTIONALS: Final[tuple[str, ...]] = ("mean", "std", "p10", "p50", "p90", "iqr")
"""Their order in a feature vector."""


def summarise_robustly(tracks: FloatArray) -> FloatArray:
    """Give mean, standard deviation (over n), percentiles 10, 50 and 90, and the range of the middle half.

    Percentiles lie on straight lines between sorted values: R. Hyndman and Y. Fan, "Sample quantiles in
    statistical packages", The American Statistician 50, 1996, definition 7.

    Parameters
    ----------
    tracks : ndarray, shape (num_descriptors, num_frames), float32
        num_frames >= 0.

    Returns
    -------
    ndarray, shape (num_descriptors, 6), float32
        In the order of `ROBUST_FUNCTIONALS`; zeros where there is no frame.
    """
    num_descriptors, num_frames = tracks.shape
    summary = np.empty((num_descriptors, len(ROBUST_FUNCTIONALS)), dtype=np.float32)
    if not num_frames:
        summary.fill(0)
        return summary
    places, mixing, averaging = _reading(num_frames)
    mean = tracks @ averaging
    squares = tracks - mean[:, np.newaxis]
    squares *= squares
    summary[:, 0] = mean
    np.sqrt(squares @ averaging, out=summary[:, 1])
    ordered = squares
    ordered[...] = tracks
    ordered.sort(axis=1)
    np.matmul(ordered.take(places, axis=1), mixing, out=summary[:, 2:])
    # Rounding may put one of two equal values under the other.
    np.maximum(summary[:, -1], 0, out=summary[:, -1])
    return summary


@lru_cache(maxsize=1024)
def _reading(num_frames: int) -> tuple[NDArray[np.intp], FloatArray, FloatArray]:
    """Tell which sorted values to take, how to mix them to percentiles and a range, and a mean's weights.

    Voiced frames come in any number: each that a window may have is remembered, in less than a megabyte.
    """
    exact = np.array(SHARES) * (num_frames - 1)
    below = exact.astype(np.intp)
    above = np.minimum(below + 1, num_frames - 1)
    part = exact - below
    mix = np.concatenate([np.diag(1 - part), np.diag(part)])
    to_values = np.zeros((len(SHARES), 4))
    to_values[[0, 2, 4], [0, 1, 2]] = 1
    to_values[[1, 3], 3] = -1, 1
    averaging = np.full(num_frames, 1 / num_frames, dtype=np.float32)
    return np.concatenate([below, above]), (mix @ to_values).astype(np.float32), averaging


SAMPLE_RATE: Final = 16000
FRAME_LENGTH: Final = 960
"""60 ms, of which the pitch looks at all."""
FRAME_HOP: Final = 160
SPECTRUM_LENGTH: Final = 512
"""The middle 32 ms, of which all else is made."""
NUM_MELS: Final = 26
HEARD_HZ: Final = (50.0, 7000.0)
"""Below lie DC and the rumble of a table; above, the filter of a microphone's resampler (see 0002)."""
TINIEST_POWER: Final = 1e-35
"""A frame without power must have a logarithm; critical bands of this count as none."""
RANGE_DB: Final = 85.0
"""Bins count as no weaker than this under their frame's power: a phone line leaves half of them empty."""
PITCH_REFERENCE_HZ: Final = 160.0
"""Between men and women; a window without a voice has the pitch of 0 semitones."""
STRONGEST: Final = 0.999
"""Harmonicity ends at 30 dB, beyond which float32 tells little."""

MEL: Final = numbered("mel", NUM_MELS, "dB")
COLUMNS: Final = (
    *MEL,
    Descriptor("loudness.total", "1"),
    *BALANCE,
    Descriptor("pitch.semitones", "semitone"),
    Descriptor("harmonicity.ratio", "dB"),
    Descriptor("level.frame", "dBFS"),
    Descriptor("level.rms", "full scale"),
)
"""A row of the ring."""
_UNITS: Final = np.array([[12 / math.log(2)], [DECIBELS_PER_NEPER], [DECIBELS_PER_NEPER]], dtype=np.float32)


FRAME_RATE: Final = SAMPLE_RATE / FRAME_HOP
NUM_CEPSTRA: Final = 13
MEL_FLOOR_DB: Final = -50.0
"""Mel bands weaker than this count as this once the level is out, so that the room's noise does not count."""
QUIETEST_FRAME_DB: Final = -40.0
"""Frames quieter than this, against their window, count as this."""
VOICED_RATIO_DB: Final = 0.0
"""A voiced frame has more of a period in it than of anything else: a correlation over a half."""
VOICED_LEVEL_DB: Final = -22.0
"""A voiced frame is no further than this under the window's level."""
PAUSE_LEVEL_DB: Final = -18.0
SHORTEST_PAUSE: Final = 8
SHORTEST_VOICED: Final = 3
SMOOTHING: Final = np.full(5, 0.2, dtype=np.float32)
"""50 ms, for counting the peaks of loudness."""

VOICED_CEPSTRA: Final = 5
_CEPSTRA_ORDER: Final = (*range(VOICED_CEPSTRA, NUM_CEPSTRA), *range(VOICED_CEPSTRA))
_MFCC: Final = numbered("mfcc", NUM_CEPSTRA, "dB")
_MFCC_DELTA: Final = numbered("mfcc_delta", NUM_CEPSTRA, "dB/frame")
_SHARED: Final = (*_MFCC[:VOICED_CEPSTRA], Descriptor("loudness.total", "1"), *BALANCE)
ALL_FRAMES: Final = (
    *(_MFCC_DELTA[place] for place in _CEPSTRA_ORDER),
    Descriptor("loudness.delta", "1/frame"),
    Descriptor("flux.mel", "dB"),
    Descriptor("level.frame", "dB"),
    *_MFCC[VOICED_CEPSTRA:],
    *_SHARED,
)
"""The first rows of a window's tracks; the last of these rows are also the first of `VOICED_FRAMES`."""
VOICED_FRAMES: Final = (
    *(Descriptor(f"voiced_{shared.name}", shared.unit) for shared in _SHARED),
    Descriptor("voiced_pitch.semitones", "semitone"),
    Descriptor("voiced_harmonicity.ratio", "dB"),
)
_NUM_TRACKS: Final = len(ALL_FRAMES) + 2
_DELTAS: Final = slice(0, NUM_CEPSTRA + 1)
_FLUX, _LEVEL = NUM_CEPSTRA + 1, NUM_CEPSTRA + 2
_CEPSTRA: Final = slice(_LEVEL + 1, _LEVEL + 1 + NUM_CEPSTRA)
_LOUDNESS: Final = _CEPSTRA.stop
_MOVING: Final = slice(_CEPSTRA.start, _LOUDNESS + 1)
_VOICED_ROWS: Final = slice(_NUM_TRACKS - len(VOICED_FRAMES), _NUM_TRACKS)
_MADE: Final = (
    *with_functionals(ALL_FRAMES, ROBUST_FUNCTIONALS),
    *with_functionals(VOICED_FRAMES, ROBUST_FUNCTIONALS),
    *modulation_features("modulation_loudness"),
    *modulation_features("modulation_rms"),
    *PERTURBATION,
    *run_features("pause"),
    *run_features("voiced"),
    Descriptor("loudness.peaks.rate", "1/s"),
)
_ORDER: Final = sorted(range(len(_MADE)), key=lambda place: _MADE[place].name)
FEATURES: Final = tuple(_MADE[place] for place in _ORDER)
"""Sorted by name, so that groups stand together."""


class AcousticSet(StreamedSet):
    """Mel levels, spectral balance, loudness and pitch of each frame; statistics of many kinds of a window.

    DC is ignored, and the level taken out. See ``docs/decisions/0014-acoustic.md``.
    """

    name = "acoustic"
    version = 1
    sample_rate = SAMPLE_RATE
    frame_length = FRAME_LENGTH
    frame_hop = FRAME_HOP
    features = FEATURES
    num_columns = len(COLUMNS)

    def __init__(self) -> None:
        super().__init__()
        start = (FRAME_LENGTH - SPECTRUM_LENGTH) // 2
        self._middle = slice(start, start + SPECTRUM_LENGTH)
        bins_hz = np.fft.rfftfreq(SPECTRUM_LENGTH, 1 / SAMPLE_RATE)
        self._spectrum = PowerSpectrum(SPECTRUM_LENGTH, *np.searchsorted(bins_hz, HEARD_HZ).tolist())
        self._balance = SpectralBalance(self._spectrum, bins_hz, mel_band_edges(NUM_MELS, HEARD_HZ[1]))
        self._loudness = Loudness(SPECTRUM_LENGTH, NUM_MELS, HEARD_HZ[1])
        # Parseval, over the energy of the Hann curve: the taper keeps part periods at a frame's ends from
        # passing for shimmer.
        mean_square = np.full((1, len(bins_hz)), 16 / (3 * SPECTRUM_LENGTH**2))
        mel = mel_filterbank(SAMPLE_RATE, SPECTRUM_LENGTH, NUM_MELS, HEARD_HZ[1])
        gather = np.concatenate([mel.T, self._balance.band_weights, mean_square])
        self._gather = gather[:, self._spectrum.bins].astype(np.float32)
        self._weakest = np.full(len(self._spectrum.bins), 10 ** (-RANGE_DB / 10), dtype=np.float32)
        self._pitch = PitchTracker(SAMPLE_RATE, FRAME_LENGTH, FRAME_HOP)
        self._order = np.array(_ORDER)
        self._cepstra = cepstral_basis(NUM_MELS, NUM_CEPSTRA).T[list(_CEPSTRA_ORDER)]

    def describe(self, frames: FloatArray) -> FloatArray:
        """Describe frames, each by itself.

        Parameters
        ----------
        frames : ndarray, shape (num_frames, 960), float32
            Sound at 16 kHz, each frame 160 samples after the one before it.

        Returns
        -------
        ndarray, shape (num_frames, num_columns), float32
            In the order of `COLUMNS`.
        """
        power = self._spectrum(frames[:, self._middle])
        weakest = self._weakest @ power
        weakest += np.float32(TINIEST_POWER)
        np.maximum(power, weakest, out=power)
        # A row a quantity, turned around at the end: whole rows are quicker to write than columns.
        gathered = self._gather @ power
        mel, mean_square = gathered[:NUM_MELS], gathered[-1]
        logarithms = np.log(np.maximum(mel, np.float32(FAINTEST)))
        columns = np.empty((len(COLUMNS), len(frames)), dtype=np.float32)
        np.multiply(logarithms, np.float32(DECIBELS_PER_NEPER), out=columns[:NUM_MELS])
        columns[NUM_MELS] = self._loudness(logarithms)
        columns[NUM_MELS + 1 : -4] = self._balance(power, mel, logarithms, gathered[NUM_MELS:-1])
        pitch, ratio, level, rms = columns[-4:]
        pitch_hz, strength = self._pitch(frames, mean_square)
        np.multiply(pitch_hz, np.float32(1 / PITCH_REFERENCE_HZ), out=pitch)
        np.maximum(strength, np.float32(1 - STRONGEST), out=strength)
        np.minimum(strength, np.float32(STRONGEST), out=strength)
        np.divide(strength, 1 - strength, out=ratio)
        np.maximum(mean_square, np.float32(FAINTEST), out=level)
        np.log(columns[-4:-1], out=columns[-4:-1])
        columns[-4:-1] *= _UNITS
        np.sqrt(mean_square, out=rms)
        return columns.T

    def vector(self, rows: FloatArray) -> FloatArray:
        """Sum up a window as if it had been scaled to `LEVEL_DBFS`.

        Parameters
        ----------
        rows : ndarray, shape (n, num_columns), float32
            Of the window's frames, oldest first; n >= 1.

        Returns
        -------
        ndarray, shape (len(features),), float32
            In the order of `features`.
        """
        gain_db = LEVEL_DBFS - level_of_frames(rows[:, -1])
        tracks = self._tracks(rows, gain_db)
        loudness, level_db, semitones = tracks[_LOUDNESS], tracks[_LEVEL], tracks[-2]
        voiced = (tracks[-1] > VOICED_RATIO_DB) & (level_db > VOICED_LEVEL_DB)
        of_voice = tracks[_VOICED_ROWS].take(voiced.nonzero()[0], axis=1)
        envelopes = np.empty((2, len(rows)), dtype=np.float32)
        envelopes[0], envelopes[1] = loudness, rows[:, -1]
        of_runs = [
            *describe_perturbation(semitones, level_db, voiced, FRAME_RATE),
            *describe_runs(level_db < PAUSE_LEVEL_DB, FRAME_RATE, SHORTEST_PAUSE),
            *describe_runs(voiced, FRAME_RATE, SHORTEST_VOICED),
            peak_rate(np.correlate(loudness, SMOOTHING, mode="same"), FRAME_RATE),
        ]
        made: list[FloatArray] = [
            summarise_robustly(tracks[:-2]).ravel(),
            summarise_robustly(of_voice).ravel(),
            modulation_levels(envelopes, FRAME_RATE).ravel(),
            np.array(of_runs, dtype=np.float32),
        ]
        vector: FloatArray = np.concatenate(made).take(self._order)
        return vector

    def _tracks(self, rows: FloatArray, gain_db: float) -> FloatArray:
        """Give each descriptor's way through the window: `ALL_FRAMES`, semitones, harmonicity."""
        tracks = np.empty((_NUM_TRACKS, len(rows)), dtype=np.float32)
        mel = rows[:, :NUM_MELS] + np.float32(gain_db)
        np.maximum(mel, np.float32(MEL_FLOOR_DB), out=mel)
        np.matmul(self._cepstra, mel.T, out=tracks[_CEPSTRA])
        tracks[_LOUDNESS:] = rows[:, NUM_MELS:-2].T
        tracks[_LOUDNESS] *= np.float32(10 ** (gain_db * EXPONENT / 10))
        tracks[_DELTAS] = deltas(tracks[_MOVING])
        tracks[_FLUX] = flux(mel)
        level = np.add(rows[:, -2], np.float32(gain_db - LEVEL_DBFS), out=tracks[_LEVEL])
        np.maximum(level, np.float32(QUIETEST_FRAME_DB), out=level)
        return tracks
