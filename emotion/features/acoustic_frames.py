"""What `acoustic` keeps of each frame, from one spectral pass and the pitch."""

import math
from typing import Final

import numpy as np

from emotion.arrays import FloatArray
from emotion.features.descriptors import Descriptor, numbered
from emotion.features.loudness import FAINTEST, Loudness
from emotion.features.mel import DECIBELS_PER_NEPER, mel_band_edges, mel_filterbank
from emotion.features.pitch import PitchTracker
from emotion.features.power_spectrum import PowerSpectrum
from emotion.features.spectral_balance import BALANCE, SpectralBalance

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


class AcousticFrames:
    """Describes frames, each by itself; a microphone's DC is not heard."""

    def __init__(self) -> None:
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

    def __call__(self, frames: FloatArray) -> FloatArray:
        """Describe frames.

        Parameters
        ----------
        frames : ndarray, shape (num_frames, 960), float32
            Sound at 16 kHz, each frame 160 samples after the one before it.

        Returns
        -------
        ndarray, shape (num_frames, len(COLUMNS)), float32
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
