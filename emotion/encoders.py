"""Pretrained encoders of speech: their frames and inputs; find, check, open and run a network."""

import hashlib
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol, TypeAlias, TypeVar

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from emotion.arrays import FloatArray, Samples
from emotion.errors import MissingExtraError, ModelError
from emotion.untrusted import JsonValueError, Text, Texts, Versioned, convert, parse_object

SAMPLE_RATE: Final = 16_000
"""Hz, of every encoder."""


@dataclass(frozen=True, slots=True)
class EncoderFrames:
    """The taps of an encoder, and which samples a frame is made of; the first starts at the first sample.

    In the layers behind, every frame attends to all that are encoded with it, and to the kept keys and values
    of frames before them.

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
    kept_width : int
        Keys and values a frame, of all layers; they are kept as float16.
    """

    folder: str
    tap_names: tuple[str, ...]
    tap_width: int
    frame_length: int
    frame_hop: int
    kept_width: int

    @property
    def num_values(self) -> int:
        """Values a frame, of all taps."""
        return len(self.tap_names) * self.tap_width

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


RECOGNISER: Final = EncoderFrames(
    "encoder",
    ("layer1_mid", "layer1", "layer2"),
    288,
    frame_length=895,
    frame_hop=384,
    kept_width=3 * 2 * 288,
)
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
    "turn-encoder",
    ("turn0_mid", "turn0", "turn1"),
    384,
    frame_length=400,
    frame_hop=2 * COLUMN_HOP,
    kept_width=2 * 2 * 384,
)
"""Of a detector of ends of turns.

Its input is a log mel spectrogram. Two convolutions, the second with a stride of two columns, stand before
its first layer, so frames are 320 samples (20 ms) apart; 2 s give 99.
"""

KeptArray: TypeAlias = NDArray[np.float16]
"""Keys and values, shape (frames, kept_width): of each layer its keys, then its values."""

Inputs: TypeAlias = dict[str, NDArray[np.generic]]
"""What a network is given, by the names of its graph."""

PLACE_LENGTH: Final = 127
PLACE_HOP: Final = 64
"""Samples of a place of the recogniser's first convolution, and between two."""
_PLACES_FOR_FIRST, _PLACES_FOR_NEXT = 13, 6
_NUM_CHANNELS: Final = 288


def num_places(num_samples: int) -> int:
    """Count the places of the recogniser's first convolution.

    Parameters
    ----------
    num_samples : int
        Of the sound, at 16 kHz.

    Returns
    -------
    int
        0 for less than 127 samples.
    """
    return max(0, (num_samples - PLACE_LENGTH) // PLACE_HOP + 1)


@dataclass(frozen=True, slots=True)
class NormSums:
    """Sums over outputs of the recogniser's first convolution, behind which a norm is taken.

    Attributes
    ----------
    num_places : int
        Each has 288 outputs.
    total, squares : float
        Of these outputs, and of their squares; each output lies in -1..1.
    """

    num_places: int = 0
    total: float = 0.0
    squares: float = 0.0


def recogniser_inputs(
    sound: Samples, num_before: int, before: Sequence[NormSums] = (), past: Sequence[KeptArray] = ()
) -> Inputs:
    """Prepare sound for the recogniser's encoder.

    Parameters
    ----------
    sound : ndarray, shape (n,), float32
        At the level of the encoder; begins with the first frame to encode, and holds at least one.
    num_before : int
        Places within so many samples are in `before` already.
    before : sequence of NormSums, optional
        Of the older sound of the window.
    past : sequence of ndarray, each of shape (frames, 1728), float16, optional
        Kept keys and values of the frames before, oldest first.

    Returns
    -------
    dict of str to ndarray
        For `Encoder.run`, which gives frames, keys and values of (n - 895) // 384 + 1 frames, and the sums
        and the sums of squares of each place.
    """
    places = np.lib.stride_tricks.sliding_window_view(sound, PLACE_LENGTH)[::PLACE_HOP]
    num_old = num_places(num_before)
    fresh = np.ones(len(places), dtype=np.float32)
    fresh[:num_old] = 0.0
    num_all = sum(each.num_places for each in before) + len(places) - num_old
    totals = [sum(each.total for each in before), sum(each.squares for each in before)]
    used = _PLACES_FOR_FIRST + _PLACES_FOR_NEXT * (RECOGNISER.num_frames(len(sound)) - 1)
    return {
        "columns": np.ascontiguousarray(places),
        "used": np.array([used], dtype=np.int64),
        "past": _joined(past, RECOGNISER),
        "fresh": fresh,
        "statistics": np.array([num_all * _NUM_CHANNELS, *totals], dtype=np.float32),
    }


def turn_encoder_inputs(
    log_mel: FloatArray, places: NDArray[np.int64], num_context: int, past: Sequence[KeptArray] = ()
) -> Inputs:
    """Prepare a spectrogram for the turn encoder.

    Parameters
    ----------
    log_mel : ndarray, shape (num_context + num_columns, 80), float32
        Columns of the sound.
    places : ndarray, shape ((num_columns + 1) // 2,), int64
        Of each frame to encode, 0 to 399. The network learned from 8 s that end, in place 399, where
        somebody pauses.
    num_context : {0, 1, 2}
        Columns before the first frame; those that are missing count as zeros.
    past : sequence of ndarray, each of shape (frames, 1536), float16, optional
        Kept keys and values of the frames before, oldest first.

    Returns
    -------
    dict of str to ndarray
        For `Encoder.run`, which gives frames, keys and values.
    """
    num_frames = len(places)
    padded = np.zeros((2 * num_frames + 3, log_mel.shape[1]), dtype=np.float32)
    first = 2 - num_context
    padded[first : first + len(log_mel)] = log_mel
    # What the first convolution gives for a place without a column counts as zero, too.
    real = np.zeros((2 * num_frames + 1, 1), dtype=np.float32)
    real[max(0, first - 1) : first - 1 + len(log_mel)] = 1.0
    return {"log_mel": padded, "real": real, "places": places, "past": _joined(past, TURN_ENCODER)}


def _joined(past: Sequence[KeptArray], encoder: EncoderFrames) -> KeptArray:
    return np.concatenate([np.zeros((0, encoder.kept_width), dtype=np.float16), *past])


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
    input_names : tuple of str
        The graph's inputs.
    output_names : tuple of str
        Its outputs: ``taps``, float32 (frames, num_values), ``kept``, float16 (frames, kept_width), and what
        else the encoder gives.
    """

    graph: bytes
    input_names: tuple[str, ...]
    output_names: tuple[str, ...]


class NetworkCard(Struct, frozen=True):
    """The fields that the card of every network has; others describe where it comes from."""

    file: Text
    sha256: Text


class _EncoderCard(NetworkCard, frozen=True):
    inputs: Texts
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
    return EncoderFile(graph, card.inputs, card.outputs)


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
    """A network without memory: the same input gives the same bits in any thread.

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

    def run(self, inputs: Inputs) -> list[NDArray[np.generic]]:
        """Encode frames.

        Parameters
        ----------
        inputs : dict of str to ndarray
            As `recogniser_inputs` or `turn_encoder_inputs` gives them. Each frame attends to all frames
            encoded with it, and to the past: sound added at the end changes earlier frames.

        Returns
        -------
        list of ndarray
            In the order of the card: ``taps``, shape (frames, num_values), float32, tap by tap; ``kept``,
            shape (frames, kept_width), float16; and what else the encoder gives.
        """
        return self._session.run(self._file.output_names, inputs)


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
