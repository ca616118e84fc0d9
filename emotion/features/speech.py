"""The feature set `speech`: what the early layers of two encoders of speech make of a window."""

import numpy as np

from emotion.arrays import FloatArray, Samples
from emotion.encoder.recogniser import FRAME_HOP, FRAME_LENGTH, SAMPLE_RATE
from emotion.encoder.turn_encoder import FRAME_HOP as TURN_FRAME_HOP
from emotion.encoder.turn_encoder import MAX_FRAMES
from emotion.errors import UsageError
from emotion.features.speech_pooling import FEATURE_NAMES
from emotion.features.speech_stream import SpeechStream
from emotion.features.speech_window import WindowEncoders
from emotion.features.windows_of_clip import window_vectors
from emotion.window_grid import WindowGrid

CLIP_WIN_SECONDS = 2.0
CLIP_STEP_SECONDS = 0.5


class SpeechSet:
    """Mean and deviation, over the frames that are sound, of some taps of two encoders.

    Every window is encoded by itself, as a whole, its level taken out before: frames lie on the window's own
    grid, and a vector depends on nothing outside (docs/decisions/0015-encoder.md and
    docs/decisions/0021-two-encoders.md). Nothing is loaded before a stream is opened or a clip heard.
    Frame length and hop are the recogniser's.
    """

    name = "speech"
    version = 2
    sample_rate = SAMPLE_RATE
    frame_length = FRAME_LENGTH
    frame_hop = FRAME_HOP
    feature_names = FEATURE_NAMES
    feature_units = ("1",) * len(FEATURE_NAMES)
    offline_only = False

    def open(self, grid: WindowGrid) -> SpeechStream:
        """Start a stream with no memory.

        Parameters
        ----------
        grid : WindowGrid
            At 16 kHz.

        Returns
        -------
        SpeechStream
            Holds win of samples.

        Raises
        ------
        UsageError
            If the grid is at another rate, or win shorter than a frame or longer than 8 s.
        ModelError
            If the file of an encoder is missing or changed.
        MissingExtraError
            If onnxruntime is not installed.
        """
        if grid.sample_rate != self.sample_rate:
            raise UsageError(
                f"the grid is laid at {grid.sample_rate} Hz and {self.name} hears at {self.sample_rate} Hz: "
                "resample, and lay the grid at the set's rate"
            )
        if grid.win < self.frame_length:
            raise UsageError(
                f"win is {grid.win / self.sample_rate:.4g} s, and a window of {self.name} must hold "
                f"a whole frame of {self.frame_length} samples: give at least 0.056 s"
            )
        if grid.win > MAX_FRAMES * TURN_FRAME_HOP:
            raise UsageError(
                f"win is {grid.win / self.sample_rate:.4g} s, and {self.name} hears at most 8 s as a whole: "
                "give a shorter win"
            )
        return SpeechStream(WindowEncoders(), grid)

    def clip_vector(self, samples: Samples) -> FloatArray:
        """Give one vector for a clip of any length.

        Parameters
        ----------
        samples : ndarray, shape (n,), n >= 1
            Mono float32 at 16 kHz. A clip shorter than one frame is continued with zeros.

        Returns
        -------
        ndarray, shape (num_features,), float32
            Mean of the vectors of its windows of 2 s, every 0.5 s, in which anything is heard; a clip shorter
            than that is one window. All 0 where nothing is heard.
        """
        grid = WindowGrid.from_seconds(CLIP_WIN_SECONDS, CLIP_STEP_SECONDS, self.sample_rate)
        if len(samples) < grid.win:
            missing = max(0, self.frame_length - len(samples))
            return WindowEncoders().vector(np.pad(samples, (0, missing)))
        vectors = window_vectors(self, grid, samples)
        # An active frame has values: the encoder's means are never all 0.
        heard: FloatArray = vectors[vectors.any(axis=1)]
        mean: FloatArray = np.mean(heard if len(heard) else vectors, axis=0)
        return mean
