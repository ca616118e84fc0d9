"""How `acoustic` sums up a window: its level taken out, then statistics of all frames and of voiced ones."""

from typing import Final

import numpy as np

from emotion.arrays import FloatArray
from emotion.features.acoustic_frames import FRAME_HOP, NUM_MELS, SAMPLE_RATE
from emotion.features.deltas import deltas, flux
from emotion.features.descriptors import Descriptor, numbered
from emotion.features.loudness import EXPONENT
from emotion.features.mel import DECIBELS_PER_NEPER, cepstral_basis
from emotion.features.modulation import MODULATION, modulation_levels
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
VOICED_STRENGTH: Final = 0.5
VOICED_LEVEL_DB: Final = -22.0
"""A voiced frame is no further than this under the window's level."""
PAUSE_LEVEL_DB: Final = -18.0
SHORTEST_PAUSE: Final = 8
SHORTEST_VOICED: Final = 3
PITCH_REFERENCE_HZ: Final = 160.0
"""Between men and women; a window without a voice has the pitch of 0 semitones."""
STRONGEST: Final = 0.999
"""Harmonicity ends at 30 dB, beyond which float32 tells little."""

ALL_FRAMES: Final = (
    *numbered("mfcc", NUM_CEPSTRA, "dB"),
    Descriptor("loudness.total", "1"),
    *numbered("mfcc_delta", NUM_CEPSTRA, "dB/frame"),
    Descriptor("loudness.delta", "1/frame"),
    *BALANCE,
    Descriptor("flux.mel", "dB"),
    Descriptor("level.frame", "dB"),
)
VOICED_FRAMES: Final = (
    Descriptor("voiced_pitch.semitones", "semitone"),
    Descriptor("voiced_harmonicity.ratio", "dB"),
    Descriptor("voiced_loudness.total", "1"),
    *(Descriptor(f"voiced_{balance.name}", balance.unit) for balance in BALANCE),
    *numbered("voiced_mfcc", 5, "dB"),
)
_MADE: Final = (
    *with_robust_functionals(ALL_FRAMES),
    *with_robust_functionals(VOICED_FRAMES),
    *PERTURBATION,
    *(Descriptor(f"{band.name}.level", band.unit) for band in MODULATION),
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
        self._cepstra = np.ascontiguousarray(cepstral_basis(NUM_MELS, NUM_CEPSTRA).T)

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
        # A copy in any case: a single row would otherwise be the ring itself.
        tracks = rows.T.copy(order="C")
        mel, balance = tracks[:NUM_MELS], tracks[NUM_MELS:-4]
        loudness, pitch_hz, strength, rms = tracks[-4:]
        gain_db = LEVEL_DBFS - level_of_frames(rms)
        mel += np.float32(gain_db)
        np.maximum(mel, np.float32(MEL_FLOOR_DB), out=mel)
        cepstra = self._cepstra @ mel
        loudness *= np.float32(10 ** (gain_db * EXPONENT / 10))
        level_db = _relative_level(rms, gain_db)
        voiced = (strength > VOICED_STRENGTH) & (level_db > VOICED_LEVEL_DB)
        moving = np.concatenate([cepstra, loudness[np.newaxis]])
        everywhere = np.concatenate(
            [moving, deltas(moving), balance, flux(mel)[np.newaxis], level_db[np.newaxis]]
        )
        semitones = np.float32(12) * np.log2(pitch_hz * np.float32(1 / PITCH_REFERENCE_HZ))
        held = np.clip(strength, np.float32(1 - STRONGEST), np.float32(STRONGEST))
        harmonicity = np.float32(DECIBELS_PER_NEPER) * np.log(held / (1 - held))
        with_voice = np.concatenate([np.stack([semitones, harmonicity, loudness]), balance, cepstra[:5]])
        smooth = np.convolve(loudness, np.full(5, 0.2, dtype=np.float32), mode="same")
        vector: FloatArray = np.concatenate(
            [
                summarise_robustly(everywhere).ravel(),
                summarise_robustly(with_voice.take(np.flatnonzero(voiced), axis=1)).ravel(),
                describe_perturbation(semitones, level_db, voiced, FRAME_RATE),
                modulation_levels(loudness[np.newaxis], FRAME_RATE).ravel(),
                describe_stretches(level_db < PAUSE_LEVEL_DB, FRAME_RATE, SHORTEST_PAUSE),
                describe_stretches(voiced, FRAME_RATE, SHORTEST_VOICED),
                [peak_rate(smooth, FRAME_RATE)],
            ]
        )[self._order].astype(np.float32)
        return vector


def _relative_level(rms: FloatArray, gain_db: float) -> FloatArray:
    """Give each frame's level over its window's, dB."""
    tiniest = np.float32(1e-20)
    level = np.log(np.maximum(rms, tiniest))
    level *= np.float32(2 * DECIBELS_PER_NEPER)
    level += np.float32(gain_db - LEVEL_DBFS)
    return np.maximum(level, np.float32(QUIETEST_FRAME_DB), out=level)
