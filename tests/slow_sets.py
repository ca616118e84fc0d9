"""A feature set that takes its time, and a source that waits for nobody."""

import threading
import time
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from emotion.arrays import FloatArray, Samples, read_only
from emotion.features.base import FeatureSet, FeatureStream
from emotion.model import EmotionModel
from emotion.window_grid import WindowGrid
from streamer.events import AudioBlock
from streamer.sources.base import BlockReceiver, SourceInfo, SourceThread

BLOCK_SECONDS: Final = 0.05


def slowed(model: EmotionModel, cost_seconds: float) -> EmotionModel:
    """Give the same model on a machine on which each vector takes so long."""
    return EmotionModel(model.folder, model.card, _SlowSet(model.feature_set, cost_seconds), model.decision)


class _SlowSet:
    """The set itself in all but its streams."""

    def __init__(self, features: FeatureSet, cost_seconds: float) -> None:
        self._features = features
        self._cost_seconds = cost_seconds

    def __getattr__(self, name: str) -> Any:
        return getattr(self._features, name)

    def open(self, grid: WindowGrid) -> FeatureStream:
        return _SlowStream(self._features.open(grid), self._cost_seconds)


@dataclass(slots=True)
class _SlowStream:
    stream: FeatureStream
    cost_seconds: float

    def push(self, piece: Samples) -> None:
        self.stream.push(piece)

    def vector(self) -> FloatArray:
        # It is no wait for anything, but work of a length that is known.
        threading.Event().wait(self.cost_seconds)
        return self.stream.vector()


class LiveSound:
    """Delivers sound at the speed at which it is spoken, into a queue that must drop what it cannot hold."""

    def __init__(self, samples: Samples, sample_rate: int) -> None:
        self._samples = samples
        self._block_samples = round(BLOCK_SECONDS * sample_rate)
        self._thread = SourceThread("callmood-test-live", self._read)
        self.info = SourceInfo("a test", sample_rate, 1, "FLOAT", None, live=True)
        self.non_finite_samples = 0

    def open(self) -> None:
        pass

    def start(self, queue: BlockReceiver) -> None:
        self._thread.start(queue)

    def stop(self) -> None:
        self._thread.stop()
        self._thread.wait(5.0)

    def _read(self, queue: BlockReceiver) -> None:
        began = time.monotonic()
        for begin in range(0, len(self._samples), self._block_samples):
            samples = self._samples[begin : begin + self._block_samples, np.newaxis]
            due = began + (begin + len(samples)) / self.info.sample_rate
            if self._thread.stopping.wait(max(0.0, due - time.monotonic())):
                return
            queue.put(AudioBlock(read_only(samples.copy()), begin, time.monotonic()))
