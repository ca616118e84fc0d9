"""From sound to what the encoder's early layers make of it; one network for all streams of a process."""

import threading
from typing import Final, cast

from emotion.arrays import FloatArray, Samples
from emotion.encoder.encoder_file import EncoderFile, encoder_folder, read_encoder
from emotion.encoder.session import open_session

TAP_NAMES: Final = ("layer1_mid", "layer1", "layer2")
"""Layers count from 0; ``mid`` is behind the layer's attention, before its second half."""
TAP_WIDTH: Final = 288
"""Values a frame, of each tap."""


class Encoder:
    """A network without memory: the same sound gives the same bits, from whichever thread.

    Parameters
    ----------
    file : EncoderFile
        As its card says.

    Raises
    ------
    MissingExtraError
        If onnxruntime is not installed.
    """

    def __init__(self, file: EncoderFile) -> None:
        self._file = file
        self._session = open_session(file.graph)

    def encode(self, sound: Samples) -> tuple[FloatArray, ...]:
        """Hear a stretch of sound as a whole.

        Parameters
        ----------
        sound : ndarray, shape (n,), float32
            Mono at 16 kHz, n >= 895. Each frame hears all others, and the whole is normed together: what
            is added behind changes what came before.

        Returns
        -------
        tuple of ndarray, each of shape (num_frames(n), 288), float32
            One a tap, in the order of `TAP_NAMES`.
        """
        outputs = self._session.run(self._file.output_names, {self._file.input_name: sound[None]})
        return tuple(cast("FloatArray", output[0]) for output in outputs)


_opening: Final = threading.Lock()
_opened: Final[list[Encoder]] = []


def shared_encoder() -> Encoder:
    """Give the encoder of this process, opened when first asked for.

    Returns
    -------
    Encoder
        The same one each time.

    Raises
    ------
    ModelError
        If its file is missing or changed.
    MissingExtraError
        If onnxruntime is not installed.
    """
    with _opening:
        if not _opened:
            _opened.append(Encoder(read_encoder(encoder_folder())))
        return _opened[0]
