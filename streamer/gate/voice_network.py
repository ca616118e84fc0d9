"""A network that tells how likely a short chunk of sound is a voice: Silero VAD, in numpy.

Silero Team, "Silero VAD: pre-trained enterprise-grade Voice Activity Detector", 2024,
https://github.com/snakers4/silero-vad, release 6, MIT; see docs/decisions/0016-non-speech.md.
"""

from collections.abc import Mapping
from functools import cache
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import as_strided

from emotion.arrays import FloatArray
from streamer.gate.voice_file import read_voice_arrays, voice_folder

NUM_FRAMES: Final = 4
"""Spectra in a chunk."""
NUM_BINS: Final = 129
WIDTH: Final = 128
"""Values that the network remembers from chunk to chunk, twice."""


class VoiceNetwork:
    """Four convolutions over the spectra of a chunk, and an LSTM over chunks; has no memory of its own.

    Parameters
    ----------
    arrays : mapping of str to ndarray
        As `read_voice_arrays` gives them.
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
        """Hear chunks that follow each other.

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
        said = self._remember(hidden @ self._input + self._bias, memory)
        np.maximum(said, 0.0, out=said)
        doubts: FloatArray = -(said @ self._output + self._output_bias)
        return np.reciprocal(np.exp(doubts) + np.float32(1.0))

    def _remember(self, driven: FloatArray, memory: FloatArray) -> FloatArray:
        said, cell = memory
        outputs = np.empty((len(driven), WIDTH), dtype=np.float32)
        for chunk in range(len(driven)):
            row, output = driven[chunk], outputs[chunk]
            row += said @ self._hidden
            np.tanh(row, out=row)
            gates, new = row[: 3 * WIDTH], row[3 * WIDTH :]
            gates += 1.0
            gates *= 0.5
            cell *= gates[WIDTH : 2 * WIDTH]
            new *= gates[:WIDTH]
            cell += new
            np.tanh(cell, out=output)
            output *= gates[2 * WIDTH :]
            said = output
        memory[0] = said
        return outputs


@cache
def shared_network() -> VoiceNetwork:
    """Give the network that all streams of a process share.

    Returns
    -------
    VoiceNetwork
        Read the first time.

    Raises
    ------
    ModelError
        If its file is missing or changed.
    """
    return VoiceNetwork(read_voice_arrays(voice_folder()))


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
