"""Voice activity detection: Silero VAD in numpy, applied to every second chunk of the sound.

Silero Team, "Silero VAD: pre-trained enterprise-grade Voice Activity Detector", 2024,
https://github.com/snakers4/silero-vad, release 6, MIT; see docs/decisions/0016-non-speech.md.
"""

import io
from collections import deque
from collections.abc import Mapping
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided

from emotion.arrays import FloatArray, Samples
from emotion.encoders import NetworkCard, network_folder, read_network
from emotion.errors import ModelError, UsageError
from emotion.untrusted import ArrayFileError, read_arrays
from emotion.window_grid import WindowGrid

FOLDER: Final = "voice-activity"
"""Below ``models/``."""
CARD_NAME: Final = "voice-activity.json"
"""Not ``card.json``, which marks the folder of a model of emotions."""
WHAT_TO_DO: Final = "install callmood again"

SHAPES: Final = {
    "conv1_weight": (128, 129, 3),
    "conv1_bias": (128,),
    "conv2_weight": (64, 128, 3),
    "conv2_bias": (64,),
    "conv3_weight": (64, 64, 3),
    "conv3_bias": (64,),
    "conv4_weight": (128, 64, 3),
    "conv4_bias": (128,),
    "lstm_input_weight": (512, 128),
    "lstm_hidden_weight": (512, 128),
    "lstm_bias": (512,),
    "output_weight": (128,),
    "output_bias": (1,),
}
"""All float32. The rows of the LSTM are its gates in the order in, out, forget, cell, as ONNX has them."""


def read_vad_arrays(folder: Path) -> dict[str, FloatArray]:
    """Read the arrays, and refuse any that were changed.

    Parameters
    ----------
    folder : Path
        Holds ``voice-activity.json`` and the file it names.

    Returns
    -------
    dict of str to ndarray
        Those of `SHAPES`.

    Raises
    ------
    ModelError
        If a file is missing or damaged, or is not the one that the card names.
    """
    card, content = read_network(folder, CARD_NAME, NetworkCard, WHAT_TO_DO)
    path = folder / card.file
    try:
        arrays = read_arrays(io.BytesIO(content), frozenset(SHAPES))
    except ArrayFileError as error:
        raise ModelError(f"{path}: {error}; {WHAT_TO_DO}") from error
    for name, shape in SHAPES.items():
        if arrays[name].shape != shape:
            raise ModelError(
                f"{path}: {name} is of shape {arrays[name].shape}, expected {shape}; {WHAT_TO_DO}"
            )
    return arrays


NUM_FRAMES: Final = 4
"""Spectra in a chunk."""
WIDTH: Final = 128
"""Values that the network keeps from chunk to chunk, twice."""


class VadNetwork:
    """Four convolutions over the spectra of a chunk, and an LSTM over chunks; has no memory of its own.

    Parameters
    ----------
    arrays : mapping of str to ndarray
        As `read_vad_arrays` gives them.
    """

    def __init__(self, arrays: Mapping[str, FloatArray]) -> None:
        def matrix(weight: FloatArray) -> FloatArray:
            """From (outputs, inputs, taps) to what a row of taps with all their inputs is multiplied by."""
            return np.ascontiguousarray(weight.transpose(2, 1, 0).reshape(-1, len(weight)))

        self._first, self._first_bias = matrix(arrays["conv1_weight"]), arrays["conv1_bias"]
        self._second, self._second_bias = matrix(arrays["conv2_weight"]), arrays["conv2_bias"]
        # Beyond the ends lie zeros: two frames leave the first tap empty, one frame all but the middle.
        self._third, self._third_bias = matrix(arrays["conv3_weight"][:, :, 1:]), arrays["conv3_bias"]
        self._fourth, self._fourth_bias = matrix(arrays["conv4_weight"][:, :, 1:2]), arrays["conv4_bias"]
        # In, forget, out, cell; the first three halved, since sigmoid(x) = (1 + tanh(x / 2)) / 2.
        order = np.r_[0:WIDTH, 2 * WIDTH : 3 * WIDTH, WIDTH : 2 * WIDTH, 3 * WIDTH : 4 * WIDTH]
        halves = np.repeat(np.array([0.5, 0.5, 0.5, 1.0], dtype=np.float32), WIDTH)
        self._input = np.ascontiguousarray((arrays["lstm_input_weight"][order] * halves[:, None]).T)
        self._hidden = np.ascontiguousarray((arrays["lstm_hidden_weight"][order] * halves[:, None]).T)
        self._bias = arrays["lstm_bias"][order] * halves
        self._output, self._output_bias = arrays["output_weight"], arrays["output_bias"]

    def probabilities(self, magnitudes: FloatArray, memory: FloatArray) -> FloatArray:
        """Classify chunks that follow each other.

        Parameters
        ----------
        magnitudes : ndarray, shape (n, 4, 129), float32
            Spectra of each chunk: frames of 256 samples every 128, under a Hann taper.
        memory : ndarray, shape (2, 128), float32
            Of this stream; zeros at its beginning. Changed in place.

        Returns
        -------
        ndarray, shape (n,), float32
            In 0..1.
        """
        num_chunks = len(magnitudes)
        rows = _three_taps(magnitudes, step=1) @ self._first
        hidden = _rectified(rows, self._first_bias).reshape(num_chunks, NUM_FRAMES, -1)
        hidden = _rectified(_three_taps(hidden, step=2) @ self._second, self._second_bias)
        hidden = _rectified(hidden.reshape(num_chunks, -1) @ self._third, self._third_bias)
        hidden = _rectified(hidden @ self._fourth, self._fourth_bias)
        outputs = self._remember(hidden @ self._input + self._bias, memory)
        np.maximum(outputs, 0.0, out=outputs)
        negated: FloatArray = -(outputs @ self._output + self._output_bias)
        return np.reciprocal(np.exp(negated) + np.float32(1.0))

    def _remember(self, driven: FloatArray, memory: FloatArray) -> FloatArray:
        latest, cell = memory
        outputs = np.empty((len(driven), WIDTH), dtype=np.float32)
        for chunk in range(len(driven)):
            row, output = driven[chunk], outputs[chunk]
            row += latest @ self._hidden
            np.tanh(row, out=row)
            gates, new = row[: 3 * WIDTH], row[3 * WIDTH :]
            gates += 1.0
            gates *= 0.5
            cell *= gates[WIDTH : 2 * WIDTH]
            new *= gates[:WIDTH]
            cell += new
            np.tanh(cell, out=output)
            output *= gates[2 * WIDTH :]
            latest = output
        memory[0] = latest
        return outputs


@cache
def shared_vad_network() -> VadNetwork:
    """Give the network that all streams of a process share.

    Returns
    -------
    VadNetwork
        Read the first time.

    Raises
    ------
    ModelError
        If its file is missing or changed.
    """
    return VadNetwork(read_vad_arrays(network_folder(FOLDER)))


def _rectified(rows: FloatArray, bias: FloatArray) -> FloatArray:
    rows += bias
    np.maximum(rows, 0.0, out=rows)
    return rows


def _three_taps(frames: FloatArray, step: int) -> FloatArray:
    """Lay each frame with its neighbours into one row, zeros beyond both ends."""
    num_chunks, num_frames, width = frames.shape
    padded = np.zeros((num_chunks, num_frames + 2, width), dtype=np.float32)
    padded[:, 1:-1] = frames
    across, along, each = padded.strides
    shape = (num_chunks, num_frames // step, 3 * width)
    return as_strided(padded, shape, (across, step * along, each)).reshape(-1, 3 * width)


SAMPLE_RATE: Final = 16_000
"""Hz."""
CHUNK: Final = 512
"""Samples: 32 ms."""
CONTEXT: Final = 64
"""Samples before a chunk that belong to its first frame."""

_FRAME: Final = 256
_HOP: Final = 128
_TAPER: Final = np.hanning(_FRAME + 1)[:-1].astype(np.float32)


class VadChunks:
    """Cuts a segment into chunks and takes every n-th; what lies between is skipped.

    Parameters
    ----------
    interval : int
        1 takes all.
    """

    def __init__(self, interval: int) -> None:
        self._hop = interval * CHUNK
        self._waiting = np.zeros(CONTEXT, dtype=np.float32)
        self._num_to_skip = 0

    def spectra(self, piece: Samples) -> FloatArray:
        """Take the next sound.

        Parameters
        ----------
        piece : ndarray, shape (n,), float32
            Mono at 16 kHz.

        Returns
        -------
        ndarray, shape (num_chunks, 4, 129), float32
            Magnitudes of the frames of each chunk that is complete. The last frame reaches past the chunk;
            there the sound is mirrored, as the network learned it.
        """
        joined = np.concatenate((self._waiting, piece))
        sound = joined[self._num_to_skip :]
        reach = CONTEXT + CHUNK
        num_chunks = max(0, (len(sound) - reach) // self._hop + 1)
        consumed = num_chunks * self._hop
        self._num_to_skip = max(0, self._num_to_skip - len(joined)) + max(0, consumed - len(sound))
        self._waiting = sound[consumed:].copy()
        padded = np.empty((num_chunks, reach + CONTEXT), dtype=np.float32)
        size = sound.itemsize
        padded[:, :reach] = as_strided(sound, (num_chunks, reach), (self._hop * size, size))
        padded[:, reach:] = padded[:, reach - 2 : reach - 2 - CONTEXT : -1]
        shape = (num_chunks, (reach + CONTEXT - _FRAME) // _HOP + 1, _FRAME)
        frames = as_strided(padded, shape, (padded.strides[0], _HOP * size, size))
        magnitudes: FloatArray = np.abs(np.fft.rfft(frames * _TAPER))
        return magnitudes


CHUNK_INTERVAL: Final = 2
"""Every how many-th chunk is classified. Half of them cost half as much, and decide no worse."""

NUM_LIKELIEST: Final = 2
ENOUGH: Final = 0.5
"""A window holds a voice where the mean of its two likeliest chunks reaches this: about an eighth of a
second, so that a window that ends just after an onset is speech."""

ACTIVE: Final = 10.0**-1.5
"""Chunks are compared down to 15 dB under the loudest."""
SAME: Final = 0.985
"""Mean likeness of the spectra of active chunks, over which they are one tone again and again."""
FEWEST_COMPARED: Final = 3

AUDIBLE: Final = 10.0**-2.5
"""Widths are taken of the chunks down to 25 dB under the loudest."""
PARTIAL: Final = 10.0**-2.0
"""Bins within 40 dB of a chunk's largest magnitude are its width, of 129."""
WIDE: Final = 33
"""Speech has wide chunks: consonants, onsets. A tone that moves, such as a siren, has none."""
WIDTH_RANK: Final = 0.9
FEWEST_WIDTHS: Final = 8
NO_PAUSE: Final = 0.75
"""Share of a window's chunks that are audible in a tone; fewer, with pauses, are not judged by width."""

FALLEN: Final = 10.0**-1.5
"""A chunk has fallen where it is 15 dB or more under the loudest of the chunks before it."""
NUM_BEFORE: Final = 12
"""How many chunks a fall is measured against: 0.77 s."""
LONGEST_TAIL: Final = 5
"""For how many chunks, 0.32 s, the network may go on hearing a voice that ended."""


class _Chunk(NamedTuple):
    start: int
    probability: float
    power: float
    has_fallen: bool
    width: int
    shape: FloatArray


class VadStream:
    """Keeps what is known of the chunks of the latest window.

    Parameters
    ----------
    network : VadNetwork
        Shared by all streams.
    grid : WindowGrid
        At 16 kHz.

    Raises
    ------
    UsageError
        If the grid is at another rate.
    """

    def __init__(self, network: VadNetwork, grid: WindowGrid) -> None:
        if grid.sample_rate != SAMPLE_RATE:
            raise UsageError(
                f"the gate listens for voices at {SAMPLE_RATE} Hz, and this model hears at "
                f"{grid.sample_rate} Hz: its card must ask for the gate `level`"
            )
        self._network = network
        self._cutter = VadChunks(CHUNK_INTERVAL)
        self._memory = np.zeros((2, 128), dtype=np.float32)
        self._win = grid.win
        self._num_samples = 0
        self._next_chunk = 0
        self._chunks: deque[_Chunk] = deque()
        self._powers_before: deque[float] = deque(maxlen=NUM_BEFORE)
        self._voice_before = False

    def push(self, piece: Samples) -> None:
        """Take the next piece of the grid.

        Parameters
        ----------
        piece : ndarray, shape (grid.first_piece,) the first time, then (grid.step,), float32
            Mono.
        """
        self._num_samples += len(piece)
        spectra = self._cutter.spectra(piece)
        if len(spectra):
            self._classify(spectra)
        start = self._num_samples - self._win
        while self._chunks and self._chunks[0].start < start:
            self._voice_before = self._chunks.popleft().probability >= ENOUGH

    @property
    def is_voice(self) -> bool:
        """True where the latest window holds a voice of its own, and neither one tone nor a moving one."""
        likeliest = sorted(self._own_probabilities())[-NUM_LIKELIEST:]
        if sum(likeliest) < ENOUGH * NUM_LIKELIEST:
            return False
        loudest = max(chunk.power for chunk in self._chunks)
        return not self._is_moving_tone(AUDIBLE * loudest) and not self._is_one_tone(ACTIVE * loudest)

    def _own_probabilities(self) -> list[float]:
        """Leave out chunks at the window's start that only follow a voice from before it.

        The network remembers: it gives high probabilities after a voice has ended.
        """
        probabilities = [chunk.probability for chunk in self._chunks]
        if self._voice_before:
            for number, chunk in enumerate(islice(self._chunks, LONGEST_TAIL)):
                if chunk.has_fallen:
                    probabilities[number] = 0.0
                if chunk.probability < ENOUGH:
                    break
        return probabilities

    def _classify(self, spectra: FloatArray) -> None:
        means = np.mean(spectra, axis=1)
        widths = np.count_nonzero(means > PARTIAL * np.max(means, axis=1, keepdims=True), axis=1).tolist()
        np.sqrt(means, out=means)
        powers = np.einsum("ijk,ijk->i", spectra, spectra).tolist()
        probabilities = self._network.probabilities(spectra, self._memory).tolist()
        for probability, power, width, shape in zip(probabilities, powers, widths, means, strict=True):
            has_fallen = power <= FALLEN * max(self._powers_before, default=0.0)
            self._powers_before.append(power)
            self._chunks.append(_Chunk(self._next_chunk, probability, power, has_fallen, width, shape))
            self._next_chunk += CHUNK_INTERVAL * CHUNK

    def _is_one_tone(self, least: float) -> bool:
        shapes = np.array([chunk.shape for chunk in self._chunks if chunk.power > least])
        if len(shapes) < FEWEST_COMPARED:
            return False
        shapes /= np.sqrt(np.einsum("ij,ij->i", shapes, shapes))[:, None]
        total = np.sum(shapes, axis=0)
        likeness = (float(total @ total) - len(shapes)) / (len(shapes) * (len(shapes) - 1))
        return likeness > SAME

    def _is_moving_tone(self, least: float) -> bool:
        widths = sorted(chunk.width for chunk in self._chunks if chunk.power > least)
        if len(widths) < max(FEWEST_WIDTHS, NO_PAUSE * len(self._chunks)):
            return False
        return widths[int((len(widths) - 1) * WIDTH_RANK)] < WIDE
