"""How `acoustic` sums up a window: its level taken out, then statistics of all frames and of voiced ones."""

from typing import Final

import numpy as np

from emotion.arrays import FloatArray
from emotion.features.acoustic_frames import FRAME_HOP, NUM_MELS, SAMPLE_RATE
from emotion.features.deltas import deltas, flux
from emotion.features.descriptors import Descriptor, numbered
from emotion.features.loudness import EXPONENT
from emotion.features.mel import cepstral_basis
from emotion.features.modulation import modulation_features, modulation_levels
from emotion.features.percentiles import summarise_robustly, with_robust_functionals
from emotion.features.perturbation import PERTURBATION, describe_perturbation
from emotion.features.rhythm import describe_stretches, peak_rate, stretch_features
from emotion.features.spectral_balance import BALANCE
from emotion.features.window_level import LEVEL_DBFS, level_of_frames

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
    *with_robust_functionals(ALL_FRAMES),
    *with_robust_functionals(VOICED_FRAMES),
    *modulation_features("modulation_loudness"),
    *modulation_features("modulation_rms"),
    *PERTURBATION,
    *stretch_features("pause"),
    *stretch_features("voiced"),
    Descriptor("loudness.peaks.rate", "1/s"),
)
_ORDER: Final = sorted(range(len(_MADE)), key=lambda place: _MADE[place].name)
FEATURES: Final = tuple(_MADE[place] for place in _ORDER)
"""Sorted by name, so that groups stand together."""


class AcousticWindow:
    """Turns the rows of a window into its vector."""

    def __init__(self) -> None:
        self._order = np.array(_ORDER)
        self._cepstra = cepstral_basis(NUM_MELS, NUM_CEPSTRA).T[list(_CEPSTRA_ORDER)]

    def __call__(self, rows: FloatArray) -> FloatArray:
        """Sum up a window as if it had been scaled to `LEVEL_DBFS`.

        Parameters
        ----------
        rows : ndarray, shape (n, len(COLUMNS)), float32
            Of the window's frames, oldest first; n >= 1.

        Returns
        -------
        ndarray, shape (len(FEATURES),), float32
            In the order of `FEATURES`.
        """
        gain_db = LEVEL_DBFS - level_of_frames(rows[:, -1])
        tracks = self._tracks(rows, gain_db)
        loudness, level_db, semitones = tracks[_LOUDNESS], tracks[_LEVEL], tracks[-2]
        voiced = (tracks[-1] > VOICED_RATIO_DB) & (level_db > VOICED_LEVEL_DB)
        of_voice = tracks[_VOICED_ROWS].take(voiced.nonzero()[0], axis=1)
        envelopes = np.empty((2, len(rows)), dtype=np.float32)
        envelopes[0], envelopes[1] = loudness, rows[:, -1]
        of_stretches = [
            *describe_perturbation(semitones, level_db, voiced, FRAME_RATE),
            *describe_stretches(level_db < PAUSE_LEVEL_DB, FRAME_RATE, SHORTEST_PAUSE),
            *describe_stretches(voiced, FRAME_RATE, SHORTEST_VOICED),
            peak_rate(np.correlate(loudness, SMOOTHING, mode="same"), FRAME_RATE),
        ]
        made: list[FloatArray] = [
            summarise_robustly(tracks[:-2]).ravel(),
            summarise_robustly(of_voice).ravel(),
            modulation_levels(envelopes, FRAME_RATE).ravel(),
            np.array(of_stretches, dtype=np.float32),
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
