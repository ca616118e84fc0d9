"""One window of the set `speech`: its level taken out, heard by two encoders, summed up."""

import numpy as np

from emotion.arrays import FloatArray, Samples
from emotion.encoder import recogniser, turn_encoder
from emotion.encoder.encoder import shared_encoder
from emotion.features.log_mel import log_mel
from emotion.features.speech_level import LEVEL_RMS, heard_frames, level_window
from emotion.features.speech_pooling import FEATURE_NAMES, pool


class WindowEncoders:
    """The two networks that the set hears with, shared by all streams of the process.

    Raises
    ------
    ModelError
        If the file of one is missing or changed.
    MissingExtraError
        If onnxruntime is not installed.
    """

    def __init__(self) -> None:
        self._recogniser = shared_encoder(recogniser.FOLDER)
        self._turn_encoder = shared_encoder(turn_encoder.FOLDER)

    def vector(self, samples: Samples) -> FloatArray:
        """Give the feature vector of one window.

        Parameters
        ----------
        samples : ndarray, shape (n,), float32
            Mono at 16 kHz, finite; 895 samples to 8 s.

        Returns
        -------
        ndarray, shape (len(FEATURE_NAMES),), float32
            All 0 where nothing is heard.
        """
        window = level_window(samples)
        if not window.heard.any():
            return np.zeros(len(FEATURE_NAMES), dtype=np.float32)
        # The spectrogram is one of sound with an RMS of 1.
        spectrogram = log_mel(window.sound * np.float32(1.0 / LEVEL_RMS))
        count = turn_encoder.num_frames(len(samples))
        heard = heard_frames(window.sound, turn_encoder.FRAME_MIDDLE, turn_encoder.FRAME_HOP, count)
        recognised = pool(self._recogniser.encode(window.sound), window.heard)
        return np.concatenate([recognised, pool(self._turn_encoder.encode(spectrogram), heard)])
