"""A network of the size of wav2vec2-base, written as an ONNX graph with random weights, and timed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, cast

import numpy as np
from numpy.typing import ArrayLike

from benchmarks.feature_costs import contender_name
from benchmarks.speech import BenchSound
from benchmarks.timing import Contender
from emotion.arrays import FloatArray, Samples
from emotion.encoders.network import open_session
from emotion.extras import require


@dataclass(frozen=True, slots=True)
class Wav2vec2Shape:
    """How wide and how deep; unless given, that of wav2vec2-base.

    Attributes
    ----------
    convolution_width : int
        Channels of the seven convolutions.
    width, num_heads, num_layers, inner_width : int
        Of the transformer; the inner width is that of its feed-forward halves.
    position_kernel, position_groups : int
        Of the convolution that tells frames their places.
    """

    convolution_width: int = 512
    width: int = 768
    num_heads: int = 12
    num_layers: int = 12
    inner_width: int = 3072
    position_kernel: int = 128
    position_groups: int = 16


BASE: Final = Wav2vec2Shape()
"""wav2vec2-base: 94 million weights."""


_OPSET: Final = 20
_IR_VERSION: Final = 9


class NetworkWriter:
    """Every method but the last adds to the network and gives the name of what it added.

    Raises
    ------
    MissingExtraError
        If onnx is not installed.
    """

    def __init__(self) -> None:
        self._onnx = require("onnx", "bench")
        self._random = np.random.default_rng(0)
        self._nodes: list[Any] = []
        self._kept: dict[str, Any] = {}

    def node(self, kind: str, inputs: Sequence[str], output: str, **attributes: object) -> str:
        """Add an operator of the ONNX standard.

        Parameters
        ----------
        kind : str
            Such as ``Conv``.
        inputs : sequence of str
            Names of what it takes.
        output : str
            Name of what it gives, and its own.
        **attributes
            As the standard names them.

        Returns
        -------
        str
            The output.
        """
        self._nodes.append(self._onnx.helper.make_node(kind, inputs, [output], output, **attributes))
        return output

    def keep(self, name: str, values: ArrayLike) -> str:
        """Add an array; one that is kept under this name already stays.

        Parameters
        ----------
        name : str
            Its own.
        values : array_like
            Weights as float32, or lists of integers for shapes, axes and limits.

        Returns
        -------
        str
            The name.
        """
        if name not in self._kept:
            self._kept[name] = self._onnx.numpy_helper.from_array(np.asarray(values), name)
        return name

    def drawn(self, name: str, shape: tuple[int, ...], num_summed: int) -> str:
        """Add weights, normally distributed.

        Parameters
        ----------
        name : str
            Theirs.
        shape : tuple of int
            Theirs.
        num_summed : int
            How many inputs each output sums.

        Returns
        -------
        str
            The name.
        """
        # Of this size values neither grow nor fade from layer to layer: denormal numbers would be slow.
        size = np.float32((2 / num_summed) ** 0.5)
        return self.keep(name, self._random.standard_normal(shape, dtype=np.float32) * size)

    def linear(self, rows: str, name: str, num_in: int, num_out: int) -> str:
        """Add a product with a matrix and a bias.

        Parameters
        ----------
        rows : str
            What it takes, (n, num_in).
        name : str
            Its own.
        num_in, num_out : int
            Widths.

        Returns
        -------
        str
            The name, (n, num_out).
        """
        weight = self.drawn(f"{name}.weight", (num_in, num_out), num_in)
        bias = self.keep(f"{name}.bias", np.zeros(num_out, np.float32))
        return self.node("Gemm", [rows, weight, bias], name)

    def norm(self, kind: str, values: str, name: str, width: int) -> str:
        """Add a norm with its gain and bias, as they are before any training; its epsilon is 1e-5.

        Parameters
        ----------
        kind : {'LayerNormalization', 'InstanceNormalization'}
            Over the last axis in each row, or over time in each channel.
        values : str
            What it takes, (n, width) or (1, width, n).
        name : str
            Its own.
        width : int
            Of gain and bias.

        Returns
        -------
        str
            The name, of the same shape.
        """
        gain = self.keep(f"{name}.gain", np.ones(width, np.float32))
        bias = self.keep(f"{name}.bias", np.zeros(width, np.float32))
        return self.node(kind, [values, gain, bias], name)

    def write(self, name: str, ends: Mapping[str, tuple[int | str, ...]]) -> bytes:
        """Write the file.

        Parameters
        ----------
        name : str
            Of the network.
        ends : mapping of str to tuple
            Its input, then its output, both float32, with their shapes; a word stands for any length.

        Returns
        -------
        bytes
            An ONNX file.
        """
        helper = self._onnx.helper
        number = self._onnx.TensorProto.FLOAT
        given, asked = (helper.make_tensor_value_info(end, number, shape) for end, shape in ends.items())
        graph = helper.make_graph(self._nodes, name, [given], [asked], list(self._kept.values()))
        opsets = [helper.make_opsetid("", _OPSET)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=_IR_VERSION)
        written: bytes = model.SerializeToString()
        return written


INPUT: Final = "sound"
OUTPUT: Final = "frames"

_CONVOLUTIONS: Final = ((10, 5), (3, 2), (3, 2), (3, 2), (3, 2), (2, 2), (2, 2))
"""Kernel and stride of each, in samples of what comes in."""


def wav2vec2_graph(shape: Wav2vec2Shape = BASE) -> bytes:
    """Write the network down, in as few nodes as it takes.

    Parameters
    ----------
    shape : Wav2vec2Shape
        Its size.

    Returns
    -------
    bytes
        An ONNX file, from `INPUT`, float32 (1, 1, num_samples), to `OUTPUT`, float32 (num_frames, width);
        378 MB for wav2vec2-base.

    Raises
    ------
    MissingExtraError
        If onnx is not installed.
    """
    writer = NetworkWriter()
    frames = _placed(writer, shape, _front_end(writer, shape))
    for layer in range(shape.num_layers):
        frames = _layer(writer, shape, frames, f"layers.{layer}")
    writer.node("Identity", [frames], OUTPUT)
    ends = {INPUT: (1, 1, "num_samples"), OUTPUT: ("num_frames", shape.width)}
    return writer.write("wav2vec2", ends)


def _front_end(writer: NetworkWriter, shape: Wav2vec2Shape) -> str:
    sound, num_channels, width = INPUT, 1, shape.convolution_width
    for place, (kernel, stride) in enumerate(_CONVOLUTIONS):
        name = f"conv{place}"
        weight = writer.drawn(f"{name}.weight", (width, num_channels, kernel), num_channels * kernel)
        sound = writer.node("Conv", [sound, weight], name, strides=[stride])
        if place == 0:
            # It is a group norm with a group for each channel.
            sound = writer.norm("InstanceNormalization", sound, f"{name}.norm", width)
        sound = writer.node("Gelu", [sound], f"{name}.gelu")
        num_channels = width
    frames = _norm(writer, _rows(writer, sound, "front"), "front.norm", width)
    return writer.linear(frames, "front.projection", width, shape.width)


def _placed(writer: NetworkWriter, shape: Wav2vec2Shape, frames: str) -> str:
    width, kernel, groups = shape.width, shape.position_kernel, shape.position_groups
    channels = writer.node("Transpose", [frames], "place.across", perm=[1, 0])
    channels = writer.node("Unsqueeze", [channels, writer.keep("axis.0", [0])], "place.channels")
    weight = writer.drawn("place.weight", (width, width // groups, kernel), width // groups * kernel)
    bias = writer.keep("place.bias", np.zeros(width, np.float32))
    near = writer.node("Conv", [channels, weight, bias], "place", pads=[kernel // 2] * 2, group=groups)
    # An even kernel, padded on both sides, gives a frame too many.
    limits = [writer.keep(name, [each]) for name, each in (("first", 0), ("last", -1), ("axis.2", 2))]
    near = writer.node("Gelu", [writer.node("Slice", [near, *limits], "place.cut")], "place.gelu")
    placed = writer.node("Add", [frames, _rows(writer, near, "place")], "place.sum")
    return _norm(writer, placed, "place.norm", width)


def _layer(writer: NetworkWriter, shape: Wav2vec2Shape, frames: str, name: str) -> str:
    heard = _attention(writer, shape, frames, f"{name}.attention")
    heard = writer.node("Add", [frames, heard], f"{name}.heard")
    heard = _norm(writer, heard, f"{name}.norm1", shape.width)
    wide = writer.linear(heard, f"{name}.wide", shape.width, shape.inner_width)
    wide = writer.node("Gelu", [wide], f"{name}.gelu")
    narrow = writer.linear(wide, f"{name}.narrow", shape.inner_width, shape.width)
    return _norm(writer, writer.node("Add", [heard, narrow], f"{name}.sum"), f"{name}.norm2", shape.width)


def _attention(writer: NetworkWriter, shape: Wav2vec2Shape, frames: str, name: str) -> str:
    width, heads = shape.width, shape.num_heads
    joined = writer.linear(frames, f"{name}.joined", width, 3 * width)
    by_head = writer.keep("shape.heads", [-1, 3, heads, width // heads])
    joined = writer.node("Reshape", [joined, by_head], f"{name}.heads")
    joined = writer.node("Transpose", [joined], f"{name}.parts", perm=[1, 2, 0, 3])
    queries, keys, values = (
        writer.node("Gather", [joined, writer.keep(f"place.{place}", place)], f"{name}.{part}", axis=0)
        for place, part in enumerate(("queries", "keys", "values"))
    )
    scale = writer.keep("attention.scale", np.array((width // heads) ** -0.5, np.float32))
    queries = writer.node("Mul", [queries, scale], f"{name}.scaled")
    keys = writer.node("Transpose", [keys], f"{name}.keys.turned", perm=[0, 2, 1])
    match = writer.node("MatMul", [queries, keys], f"{name}.match")
    match = writer.node("Softmax", [match], f"{name}.weights", axis=-1)
    heard = writer.node("MatMul", [match, values], f"{name}.heard")
    heard = writer.node("Transpose", [heard], f"{name}.heard.turned", perm=[1, 0, 2])
    heard = writer.node("Reshape", [heard, writer.keep("shape.rows", [-1, width])], f"{name}.rows")
    return writer.linear(heard, f"{name}.out", width, width)


def _rows(writer: NetworkWriter, channels: str, name: str) -> str:
    flat = writer.node("Squeeze", [channels, writer.keep("axis.0", [0])], f"{name}.flat")
    return writer.node("Transpose", [flat], f"{name}.rows", perm=[1, 0])


def _norm(writer: NetworkWriter, rows: str, name: str, width: int) -> str:
    return writer.norm("LayerNormalization", rows, name, width)


WAV2VEC2: Final = "wav2vec2-base"
WAV2VEC2_RATE: Final = 16_000
NUM_PARAMETERS: Final = 94_370_816
"""Those published, 94,371,712, less what only training uses: a masked frame's 768, 128 norms of weights."""

Encode: TypeAlias = Callable[[Samples], FloatArray]
"""From sound, mono float32 at 16 kHz, to frames, float32 (num_frames, width), 20 ms apart."""


def wav2vec2_encoder(shape: Wav2vec2Shape = BASE) -> Encode:
    """Make the network and open it, which takes a few seconds and, for a moment, 2 GB.

    Parameters
    ----------
    shape : Wav2vec2Shape
        Smaller ones are for tests.

    Returns
    -------
    callable
        Hears a window as a whole.

    Raises
    ------
    MissingExtraError
        If onnx or onnxruntime is not installed.
    """
    session = open_session(wav2vec2_graph(shape))

    def encode(sound: Samples) -> FloatArray:
        (frames,) = session.run([OUTPUT], {INPUT: sound[None, None]})
        return cast("FloatArray", frames)

    return encode


def wav2vec2_windows(win_seconds: float, sound: BenchSound, encode: Encode) -> Contender:
    """Hear the window of each step anew.

    Parameters
    ----------
    win_seconds : float
        The window, s.
    sound : BenchSound
        Heard at 16 kHz.
    encode : callable
        As `wav2vec2_encoder` gives it.

    Returns
    -------
    Contender
        Named ``wav2vec2-base <win>``.
    """

    def step(number: int) -> bool:
        encode(sound.latest(number, win_seconds, WAV2VEC2_RATE))
        return True

    return Contender(contender_name(WAV2VEC2, win_seconds), step)
