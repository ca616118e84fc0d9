"""Pretrained encoders of speech: their frames; find, check, open and run a network."""

import hashlib
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol, TypeVar, cast

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from emotion.arrays import FloatArray
from emotion.errors import MissingExtraError, ModelError
from emotion.untrusted import JsonValueError, Text, Texts, Versioned, convert, parse_object

SAMPLE_RATE: Final = 16_000
"""Hz, of every encoder."""


@dataclass(frozen=True, slots=True)
class EncoderFrames:
    """The taps of an encoder, and which samples a frame is made of; the first starts at the first sample.

    In the layers behind, every frame attends to every other.

    Attributes
    ----------
    folder : str
        Below ``models/``.
    tap_names : tuple of str
        Layers count from 0; ``mid`` is behind the layer's attention, before its second half.
    tap_width : int
        Values a frame, of each tap.
    frame_length : int
        Samples that the first frame needs.
    frame_hop : int
        Samples between frame starts.
    """

    folder: str
    tap_names: tuple[str, ...]
    tap_width: int
    frame_length: int
    frame_hop: int

    @property
    def frame_middle(self) -> int:
        """Where the middle `frame_hop` samples of a frame begin; those of the next frame follow them."""
        return (self.frame_length - self.frame_hop + 1) // 2

    def num_frames(self, num_samples: int) -> int:
        """Count the frames that the encoder gives.

        Parameters
        ----------
        num_samples : int
            Of the sound, at 16 kHz.

        Returns
        -------
        int
            0 for less than `frame_length` samples.
        """
        return max(0, (num_samples - self.frame_length) // self.frame_hop + 1)


RECOGNISER: Final = EncoderFrames("encoder", ("layer1_mid", "layer1", "layer2"), 288, 895, 384)
"""Of a recogniser of speech.

Three convolutions without padding stand before its first layer: 127 samples every 64, 7 of those every 3, 3
of those every 2. Frames are therefore 64 * 3 * 2 = 384 samples apart (24 ms), and each sees 895 samples
(56 ms): 3 values of the second layer, so 2 * 3 + 7 = 13 of the first, so 12 * 64 + 127 samples. 2 s give 82.
"""

COLUMN_HOP: Final = 160
"""Samples between the starts of columns of the turn encoder's spectrogram; a column has 400 (25 ms)."""
MAX_FRAMES: Final = 400
"""What the turn encoder has places for: 8 s."""
TURN_ENCODER: Final = EncoderFrames(
    "turn-encoder", ("turn0_mid", "turn0", "turn1"), 384, frame_length=400, frame_hop=2 * COLUMN_HOP
)
"""Of a detector of ends of turns.

Its input is a log mel spectrogram. Two convolutions, the second with a stride of two columns, stand before
its first layer, so frames are 320 samples (20 ms) apart; 2 s give 99.
"""

_ERRORS_ONLY: Final = 3


class Session(Protocol):
    """The part of ``onnxruntime.InferenceSession`` that is used; several threads may run it at once."""

    def run(
        self, output_names: Sequence[str] | None, inputs: dict[str, NDArray[np.generic]]
    ) -> list[NDArray[np.generic]]:
        """Run the network.

        Parameters
        ----------
        output_names : sequence of str or None
            What to give; None for all.
        inputs : dict of str to ndarray
            By the names of the graph.

        Returns
        -------
        list of ndarray
            In the order asked for.
        """


def open_session(graph: bytes) -> Session:
    """Open a network that runs only in the calling thread.

    Parameters
    ----------
    graph : bytes
        An ONNX file.

    Returns
    -------
    Session
        Weights of 8 bits are float32 from here on.

    Raises
    ------
    MissingExtraError
        If onnxruntime is not installed, or does not load on this machine.
    """
    try:
        import onnxruntime  # noqa: PLC0415 - it costs 20 MB and 0.1 s, and most commands do not need it
    except ImportError as error:
        raise MissingExtraError(
            f"this needs onnxruntime, which cannot be loaded ({error}); type: pip install onnxruntime, "
            "or listen with --model speech-light"
        ) from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # Otherwise each run would convert weights to float32 again, or activations to 8 bits.
    options.add_session_config_entry("session.disable_quant_qdq", "1")
    options.log_severity_level = _ERRORS_ONLY
    session: Session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    return session


CARD_NAME: Final = "encoder.json"
"""Not ``card.json``, which marks the folder of a model of emotions."""
CARD_FORMAT: Final = 1
WHAT_TO_DO: Final = "install callmood again, or listen with --model speech-light, which needs no encoder"


@dataclass(frozen=True, slots=True)
class EncoderFile:
    """An encoder whose digest agrees with its card.

    Attributes
    ----------
    graph : bytes
        An ONNX file.
    input_name : str
        The graph's input, float32: of shape (1, num_samples), or (1, bands, columns).
    output_names : tuple of str
        Its outputs, each float32 (1, frames, width).
    """

    graph: bytes
    input_name: str
    output_names: tuple[str, ...]


class NetworkCard(Struct, frozen=True):
    """The fields that the card of every network has; others describe where it comes from."""

    file: Text
    sha256: Text


class _EncoderCard(NetworkCard, frozen=True):
    input: Text
    outputs: Texts


Card = TypeVar("Card", bound=NetworkCard)


def network_folder(name: str) -> Path:
    """Give the folder of a network that came with callmood.

    Parameters
    ----------
    name : str
        ``encoder``, ``turn-encoder`` or ``voice-activity``.

    Returns
    -------
    Path
        In the checkout, or inside the installed package; never in the working directory.
    """
    packages = Path(__file__).parents[1]
    inside = packages if (packages / "pyproject.toml").is_file() else packages / "callmood"
    return inside / "models" / name


def read_encoder(folder: Path) -> EncoderFile:
    """Read an encoder, and refuse one that was changed.

    Parameters
    ----------
    folder : Path
        Holds ``encoder.json`` and the file it names.

    Returns
    -------
    EncoderFile
        With the digest that its card asks for.

    Raises
    ------
    ModelError
        If a file is missing, the card is damaged or of a newer format, or the digests differ.
    """
    card, graph = read_network(folder, CARD_NAME, _EncoderCard, WHAT_TO_DO)
    return EncoderFile(graph, card.input, card.outputs)


def read_network(folder: Path, card_name: str, kind: type[Card], advice: str) -> tuple[Card, bytes]:
    """Read a network that came with callmood, and refuse one that was changed.

    Parameters
    ----------
    folder : Path
        Holds the card and the file it names.
    card_name : str
        Such as ``encoder.json``.
    kind : type of NetworkCard
        The fields to read.
    advice : str
        What to do about a folder that is not whole.

    Returns
    -------
    card : NetworkCard
        Of that kind.
    content : bytes
        Of the file, with the digest that the card asks for.

    Raises
    ------
    ModelError
        If a file is missing, the card is damaged or of a newer format, or the digests differ.
    """
    card_path = folder / card_name
    try:
        values = parse_object(_read(card_path, advice))
        version = convert(values, Versioned).format
        if version > CARD_FORMAT:
            raise ModelError(
                f"{card_path} is of format {version}, this callmood reads up to {CARD_FORMAT}; "
                "update callmood"
            )
        card = convert(values, kind)
    except JsonValueError as error:
        raise ModelError(f"{card_path}: {error}; {advice}") from error
    path = folder / Path(card.file).name
    content = _read(path, advice)
    found = hashlib.sha256(content).hexdigest()
    if found != card.sha256:
        raise ModelError(f"{path} has SHA-256 {found}, and its card asks for {card.sha256}; {advice}")
    return card, content


def _read(path: Path, advice: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path} cannot be read ({error.strerror}); {advice}") from error


class Encoder:
    """A stateless network: the same input gives the same bits in any thread.

    Parameters
    ----------
    file : EncoderFile
        Checked against its card.

    Raises
    ------
    MissingExtraError
        If onnxruntime is not installed.
    """

    def __init__(self, file: EncoderFile) -> None:
        self._file = file
        self._session = open_session(file.graph)

    def encode(self, sound: FloatArray) -> tuple[FloatArray, ...]:
        """Encode a sound as a whole.

        Parameters
        ----------
        sound : ndarray, float32
            Samples, shape (n,), for the recogniser; a log mel spectrogram, shape (80, num_columns), for the
            turn encoder. Each frame attends to all others: sound added at the end changes earlier frames.

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
            _opened[name] = Encoder(read_encoder(network_folder(name)))
        return _opened[name]
