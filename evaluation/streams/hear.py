"""What a live leg hears in a stream: the one door to the real way of the sound."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from emotion.arrays import FloatArray, Samples, read_only
from emotion.features.catalogue import feature_set
from emotion.window_grid import WindowGrid
from streamer.block import AudioBlock
from streamer.heard import Heard
from streamer.hearing import Hearing

BLOCK_SECONDS: Final = 1.0
"""Sound handed over at once; whatever it is, the windows are the same."""


@dataclass(frozen=True, slots=True)
class StepFeatures:
    """What is heard with.

    Attributes
    ----------
    set_name : str
        A feature set that can be streamed.
    win_seconds, step_seconds : float
        The grid, s.
    gate : str or None
        As `streamer.gate.kinds.gate_kind` takes it; None for the gate that is usual for the set.
    """

    set_name: str
    win_seconds: float = 2.0
    step_seconds: float = 0.5
    gate: str | None = None

    @property
    def grid(self) -> WindowGrid:
        """The same in samples at the set's own rate."""
        rate = feature_set(self.set_name).sample_rate
        return WindowGrid.from_seconds(self.win_seconds, self.step_seconds, rate)


@dataclass(frozen=True, slots=True, eq=False)
class HeardStream:
    """The windows of one stream.

    Attributes
    ----------
    vectors : ndarray, shape (n, num_features), float32
        Of all windows.
    state : ndarray, shape (n,), str
        The gate's word for each.
    level_dbfs : ndarray, shape (n,), float64
        dB below full scale.
    start_sample, end_sample : ndarray, shape (n,), int64
        Where each lies, in samples of the stream.
    """

    vectors: FloatArray
    state: NDArray[np.str_]
    level_dbfs: NDArray[np.float64]
    start_sample: NDArray[np.int64]
    end_sample: NDArray[np.int64]


def hear_stream(samples: Samples, sample_rate: int, features: StepFeatures) -> HeardStream:
    """Hear a stream as `streamer.leg.Leg` does, and keep the vector of every window.

    Parameters
    ----------
    samples : ndarray, shape (n,), float32
        Mono, full scale ±1.
    sample_rate : int
        Hz; it is resampled on the way where the set hears at another rate.
    features : StepFeatures
        What is heard with.

    Returns
    -------
    HeardStream
        No window where the stream is shorter than win.

    Raises
    ------
    UsageError
        If the set or the grid make no sense.
    """
    chosen = feature_set(features.set_name)
    hearing = Hearing("stream", chosen, features.grid, sample_rate, gate=features.gate, vectors="all")
    length = max(1, round(BLOCK_SECONDS * sample_rate))
    heard: list[Heard] = []
    for first in range(0, len(samples), length):
        block = read_only(samples[first : first + length, None].copy())
        heard += [each for each in hearing.push(AudioBlock(block, first, 0.0)) if isinstance(each, Heard)]
    heard += [each for each in hearing.finish() if isinstance(each, Heard)]
    vectors = np.empty((len(heard), len(chosen.feature_names)), dtype=np.float32)
    for window, each in enumerate(heard):
        vectors[window] = each.vector
    return HeardStream(
        vectors,
        np.array([each.state for each in heard], dtype="<U8"),
        np.array([each.level_dbfs for each in heard], dtype=np.float64),
        np.array([each.start_sample for each in heard], dtype=np.int64),
        np.array([each.end_sample for each in heard], dtype=np.int64),
    )
