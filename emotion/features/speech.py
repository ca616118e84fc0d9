"""`speech`: what the early layers of two encoders of speech make of a window.

Mean and deviation, over the frames that hold sound, of each value of both encoders are the vector.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from emotion.arrays import FloatArray, Samples
from emotion.encoders import (
    MAX_FRAMES,
    RECOGNISER,
    SAMPLE_RATE,
    TURN_ENCODER,
    EncoderFrames,
    shared_encoder,
)
from emotion.errors import UsageError
from emotion.features.base import check_grid, window_vectors
from emotion.features.window_encoder import Frames, WindowEncoder
from emotion.window_grid import WindowGrid

FEATURE_NAMES: Final = tuple(
    f"{tap}.{value:03d}.{functional}"
    for encoder in (RECOGNISER, TURN_ENCODER)
    for tap in encoder.tap_names
    for functional in ("mean", "std")
    for value in range(encoder.tap_width)
)
"""Tap by tap, those of the recogniser first: all its means, then all its deviations."""


class Moments(NamedTuple):
    """Sums over the audible frames of one encoder in one chunk.

    Attributes
    ----------
    num_frames : int
        Audible ones.
    mean, squares : ndarray, shape (encoder.num_values,), float32
        Of each value: its mean, and the sum of its squared differences from that mean; 0 for no frame.
    """

    num_frames: int
    mean: FloatArray
    squares: FloatArray


def moments(frames: Frames) -> Moments:
    """Sum the audible frames up.

    Parameters
    ----------
    frames : Frames
        Of one chunk; they may hold none.

    Returns
    -------
    Moments
        Differences from the chunk's own mean: a value far from 0 loses no digits of its deviation.
    """
    values = frames.values if frames.audible.all() else frames.values[frames.audible]
    count, width = values.shape
    if not count:
        return Moments(0, *np.zeros((2, width), dtype=np.float32))
    mean = np.full(count, 1 / count, dtype=np.float32) @ values
    differences = values - mean
    differences *= differences
    return Moments(count, mean, np.ones(count, dtype=np.float32) @ differences)


def pool(chunks: Sequence[Moments], encoder: EncoderFrames) -> FloatArray:
    """Summarise the audible frames of a window.

    Parameters
    ----------
    chunks : sequence of Moments
        Of all its chunks, of one encoder; at least one has an audible frame.
    encoder : EncoderFrames
        The encoder.

    Returns
    -------
    ndarray, shape (2 * encoder.num_values,), float32
        In the order of `FEATURE_NAMES`.
    """
    counts = np.array([each.num_frames for each in chunks], dtype=np.float32)
    counts /= counts.sum()
    means = np.stack([each.mean for each in chunks])
    mean = counts @ means
    means -= mean
    means *= means
    variance = counts @ means
    variance += np.sum([each.squares for each in chunks], axis=0) / sum(each.num_frames for each in chunks)
    both = np.stack([mean, np.sqrt(variance)])
    taps = both.reshape(2, len(encoder.tap_names), encoder.tap_width).swapaxes(0, 1)
    values: FloatArray = taps.ravel().astype(np.float32, copy=False)
    return values


class SpeechStream:
    """The memory of one leg.

    Parameters
    ----------
    grid : WindowGrid
        At 16 kHz.
    """

    def __init__(self, grid: WindowGrid) -> None:
        self._encoder = WindowEncoder(grid, moments)

    def push(self, piece: Samples) -> None:
        """Take the next piece; nothing is encoded before a vector is asked for.

        Parameters
        ----------
        piece : ndarray, shape (grid.first_piece,) the first time, then (grid.step,)
            Mono float32 at 16 kHz.

        Raises
        ------
        ValueError
            If the piece has another length.
        """
        self._encoder.push(piece)

    def vector(self) -> FloatArray:
        """Give the feature vector of the last win samples pushed.

        Returns
        -------
        ndarray, shape (num_features,), float32
            All 0 where nothing is audible. It depends on the window, on which of the windows before were
            asked for, and through these on their sound: see `WindowEncoder`.

        Raises
        ------
        ValueError
            If less than win was pushed.
        """
        chunks = self._encoder.window()
        both = list(zip(*chunks, strict=True))
        if not both or not all(any(each.num_frames for each in of_encoder) for of_encoder in both):
            return np.zeros(len(FEATURE_NAMES), dtype=np.float32)
        return np.concatenate([pool(both[0], RECOGNISER), pool(both[1], TURN_ENCODER)])


CLIP_WIN_SECONDS = 2.0
CLIP_STEP_SECONDS = 0.5


class SpeechSet:
    """Mean and deviation, over the frames that are sound, of some taps of two encoders.

    A window's newest two chunks of one step are encoded, its level taken out before, beside what is kept of
    the older ones: a vector depends on the windows asked for before it (docs/decisions/0015-encoder.md,
    0021-two-encoders.md and 0039-kept-state.md; `WindowEncoder` has the rules). Nothing is loaded before a
    stream is opened or a clip described. Frame length and hop are the recogniser's.
    """

    name = "speech"
    version = 3
    sample_rate = SAMPLE_RATE
    frame_length = RECOGNISER.frame_length
    frame_hop = RECOGNISER.frame_hop
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
            Holds win of samples, and keys, values and sums of its older chunks: 0.33 MB beside the 0.13 MB
            of sound for 2 s every 0.5 s.

        Raises
        ------
        UsageError
            If the grid is at another rate, or win shorter than a frame or longer than 8 s.
        ModelError
            If the file of an encoder is missing or changed.
        MissingExtraError
            If onnxruntime is not installed.
        """
        # A frame fits in wherever the window begins on the grid of frames.
        check_grid(self, grid, self.frame_length + self.frame_hop - 1)
        if grid.win > MAX_FRAMES * TURN_ENCODER.frame_hop:
            raise UsageError(
                f"win is {grid.win / self.sample_rate:.4g} s, and {self.name} hears at most 8 s as a whole: "
                "give a shorter win"
            )
        # What is missing is missed now, not in the middle of a call.
        for encoder in (RECOGNISER, TURN_ENCODER):
            shared_encoder(encoder.folder)
        return SpeechStream(grid)

    def clip_vector(self, samples: Samples) -> FloatArray:
        """Give one vector for a clip of any length.

        Parameters
        ----------
        samples : ndarray, shape (n,), n >= 1
            Mono float32 at 16 kHz. A clip shorter than one frame is continued with zeros.

        Returns
        -------
        ndarray, shape (num_features,), float32
            Mean of the vectors of its windows of 2 s, every 0.5 s, that hold anything audible; a clip shorter
            than that is one window. All 0 where nothing is audible.
        """
        grid = WindowGrid.from_seconds(CLIP_WIN_SECONDS, CLIP_STEP_SECONDS, self.sample_rate)
        if len(samples) < grid.win:
            missing = max(0, self.frame_length - len(samples))
            return _one_window(np.pad(samples, (0, missing)))
        vectors = window_vectors(self, grid, samples)
        # An active frame has values: the encoder's means are never all 0.
        audible: FloatArray = vectors[vectors.any(axis=1)]
        mean: FloatArray = np.mean(audible if len(audible) else vectors, axis=0)
        return mean


def _one_window(samples: Samples) -> FloatArray:
    stream = SpeechStream(WindowGrid(len(samples), len(samples), SAMPLE_RATE))
    stream.push(samples)
    return stream.vector()
