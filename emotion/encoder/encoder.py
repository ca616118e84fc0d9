"""From sound to what an encoder's early layers make of it; one network of each kind for all of a process."""

import threading
from typing import Final, cast

from emotion.arrays import FloatArray
from emotion.encoder.encoder_file import EncoderFile, encoder_folder, read_encoder
from emotion.encoder.session import open_session


class Encoder:
    """A network without memory: the same input gives the same bits, from whichever thread.

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

    def encode(self, sound: FloatArray) -> tuple[FloatArray, ...]:
        """Hear a stretch of sound as a whole.

        Parameters
        ----------
        sound : ndarray, float32
            What the network hears: samples, shape (n,), for the recogniser; a log mel spectrogram, shape
            (80, num_columns), for the turn encoder. Each frame hears all others: what is added behind
            changes what came before.

        Returns
        -------
        tuple of ndarray, each of shape (frames, width), float32
            One a tap, in the order of the card.
        """
        outputs = self._session.run(self._file.output_names, {self._file.input_name: sound[None]})
        return tuple(cast("FloatArray", output[0]) for output in outputs)


_opening: Final = threading.Lock()
_opened: Final[dict[str, Encoder]] = {}


def shared_encoder(name: str) -> Encoder:
    """Give an encoder of this process, opened when first asked for.

    Parameters
    ----------
    name : str
        ``encoder`` or ``turn-encoder``, as their folders below ``models/`` are called.

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
        if name not in _opened:
            _opened[name] = Encoder(read_encoder(encoder_folder(name)))
        return _opened[name]
