"""Where in the latest window a voice was heard: each chunk looked at once, while it comes."""

from collections import deque
from typing import Final

import numpy as np

from emotion.arrays import FloatArray, Samples
from emotion.errors import UsageError
from emotion.window_grid import WindowGrid
from streamer.gate.voice_chunks import CHUNK, SAMPLE_RATE, VoiceChunks
from streamer.gate.voice_network import VoiceNetwork

PACE: Final = 2
"""Every how many-th chunk is listened to. Half cost what all do, and tell no less."""

NUM_LIKELIEST: Final = 2
ENOUGH: Final = 0.5
"""A window holds a voice where the mean of its two likeliest chunks reaches this: about an eighth of a
second, so that a window that ends just after an onset is speech."""

ACTIVE: Final = 10.0**-1.5
"""Chunks are compared down to 15 dB under the loudest."""
SAME: Final = 0.985
"""Mean likeness of the spectra of active chunks, over which they are one tone again and again."""
FEWEST_COMPARED: Final = 3


class VoiceStream:
    """What is remembered of the chunks of the latest window.

    Parameters
    ----------
    network : VoiceNetwork
        Shared by all streams.
    grid : WindowGrid
        At 16 kHz.

    Raises
    ------
    UsageError
        If the grid is at another rate.
    """

    def __init__(self, network: VoiceNetwork, grid: WindowGrid) -> None:
        if grid.sample_rate != SAMPLE_RATE:
            raise UsageError(
                f"the gate listens for voices at {SAMPLE_RATE} Hz, and this model hears at "
                f"{grid.sample_rate} Hz: its card must ask for the gate `level`"
            )
        self._network = network
        self._chunks = VoiceChunks(PACE)
        self._memory = np.zeros((2, 128), dtype=np.float32)
        self._hop = PACE * CHUNK
        self._win = grid.win
        self._num_samples = 0
        self._next_chunk = 0
        self._heard: deque[tuple[int, float, float, FloatArray]] = deque()

    def push(self, piece: Samples) -> None:
        """Take the next piece of the grid.

        Parameters
        ----------
        piece : ndarray, shape (grid.first_piece,) the first time, then (grid.step,), float32
            Mono.
        """
        self._num_samples += len(piece)
        spectra = self._chunks.spectra(piece)
        if len(spectra):
            self._hear(spectra)
        start = self._num_samples - self._win
        while self._heard and self._heard[0][0] < start:
            self._heard.popleft()

    @property
    def is_voice(self) -> bool:
        """True where the latest window holds a voice, and not one tone again and again."""
        likeliest = sorted(chunk[1] for chunk in self._heard)[-NUM_LIKELIEST:]
        return sum(likeliest) >= ENOUGH * NUM_LIKELIEST and not self._is_one_tone()

    def _hear(self, spectra: FloatArray) -> None:
        means = np.mean(spectra, axis=1)
        np.sqrt(means, out=means)
        powers = np.einsum("ijk,ijk->i", spectra, spectra).tolist()
        probabilities = self._network.probabilities(spectra, self._memory).tolist()
        for probability, power, shape in zip(probabilities, powers, means, strict=True):
            self._heard.append((self._next_chunk, probability, power, shape))
            self._next_chunk += self._hop

    def _is_one_tone(self) -> bool:
        least = ACTIVE * max(chunk[2] for chunk in self._heard)
        shapes = np.array([chunk[3] for chunk in self._heard if chunk[2] > least])
        if len(shapes) < FEWEST_COMPARED:
            return False
        shapes /= np.sqrt(np.einsum("ij,ij->i", shapes, shapes))[:, None]
        total = np.sum(shapes, axis=0)
        likeness = (float(total @ total) - len(shapes)) / (len(shapes) * (len(shapes) - 1))
        return likeness > SAME
