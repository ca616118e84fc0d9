"""wav2vec2-base as an ONNX graph with random weights."""

from typing import Final

import numpy as np

from benchmarks.wav2vec2 import BASE, INPUT, OUTPUT, Wav2vec2Shape
from scripts.onnx_tools import GraphWriter

_CONVOLUTIONS: Final = ((10, 5), (3, 2), (3, 2), (3, 2), (3, 2), (2, 2), (2, 2))
"""Kernel and stride of each, in samples of what comes in."""


class _Writer(GraphWriter):
    """Draws its weights."""

    def __init__(self) -> None:
        super().__init__()
        self._random = np.random.default_rng(0)

    def drawn(self, name: str, shape: tuple[int, ...], num_summed: int) -> str:
        """Add normally distributed weights, for outputs that each sum so many inputs."""
        # Of this size values neither grow nor fade from layer to layer: denormal numbers would be slow.
        size = np.float32((2 / num_summed) ** 0.5)
        return self.floats(name, self._random.standard_normal(shape, dtype=np.float32) * size)

    def linear(self, rows: str, name: str, num_in: int, num_out: int) -> str:
        """Add a product with a matrix and a bias: (n, num_in) to (n, num_out)."""
        weight = self.drawn(f"{name}.weight", (num_in, num_out), num_in)
        return self.node("Gemm", [rows, weight, self.floats(f"{name}.bias", np.zeros(num_out))], name)

    def norm(self, kind: str, values: str, name: str, width: int) -> str:
        """Add a norm with gain 1 and bias 0, as before training."""
        gain = self.floats(f"{name}.gain", np.ones(width))
        return self.node(kind, [values, gain, self.floats(f"{name}.bias", np.zeros(width))], name)

    def layer_norm(self, rows: str, name: str, width: int) -> str:
        """Add a norm over the last axis."""
        return self.norm("LayerNormalization", rows, name, width)


def wav2vec2_graph(shape: Wav2vec2Shape = BASE) -> bytes:
    """Write the network, in as few nodes as it takes: an ONNX file, 378 MB for wav2vec2-base.

    From `INPUT`, float32 (1, 1, num_samples), to `OUTPUT`, float32 (num_frames, width).
    """
    writer = _Writer()
    frames = _placed(writer, shape, _front_end(writer, shape))
    for layer in range(shape.num_layers):
        frames = _layer(writer, shape, frames, f"layers.{layer}")
    writer.node("Identity", [frames], OUTPUT)
    graph = writer.model("wav2vec2", {INPUT: [1, 1, "num_samples"]}, {OUTPUT: ["num_frames", shape.width]})
    written: bytes = graph.SerializeToString()
    return written


def _front_end(writer: _Writer, shape: Wav2vec2Shape) -> str:
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
    frames = writer.layer_norm(_rows(writer, sound, "front"), "front.norm", width)
    return writer.linear(frames, "front.projection", width, shape.width)


def _placed(writer: _Writer, shape: Wav2vec2Shape, frames: str) -> str:
    width, kernel, groups = shape.width, shape.position_kernel, shape.position_groups
    channels = writer.node("Transpose", [frames], "place.across", perm=[1, 0])
    channels = writer.node("Unsqueeze", [channels, writer.integers("axis.0", [0])], "place.channels")
    weight = writer.drawn("place.weight", (width, width // groups, kernel), width // groups * kernel)
    bias = writer.floats("place.bias", np.zeros(width))
    near = writer.node("Conv", [channels, weight, bias], "place", pads=[kernel // 2] * 2, group=groups)
    # An even kernel, padded on both sides, gives a frame too many.
    limits = [writer.integers(name, [each]) for name, each in (("first", 0), ("last", -1), ("axis.2", 2))]
    near = writer.node("Gelu", [writer.node("Slice", [near, *limits], "place.cut")], "place.gelu")
    placed = writer.node("Add", [frames, _rows(writer, near, "place")], "place.sum")
    return writer.layer_norm(placed, "place.norm", width)


def _layer(writer: _Writer, shape: Wav2vec2Shape, frames: str, name: str) -> str:
    heard = _attention(writer, shape, frames, f"{name}.attention")
    heard = writer.node("Add", [frames, heard], f"{name}.heard")
    heard = writer.layer_norm(heard, f"{name}.norm1", shape.width)
    wide = writer.linear(heard, f"{name}.wide", shape.width, shape.inner_width)
    wide = writer.node("Gelu", [wide], f"{name}.gelu")
    narrow = writer.linear(wide, f"{name}.narrow", shape.inner_width, shape.width)
    return writer.layer_norm(writer.node("Add", [heard, narrow], f"{name}.sum"), f"{name}.norm2", shape.width)


def _attention(writer: _Writer, shape: Wav2vec2Shape, frames: str, name: str) -> str:
    width, heads = shape.width, shape.num_heads
    joined = writer.linear(frames, f"{name}.joined", width, 3 * width)
    by_head = writer.integers("shape.heads", [-1, 3, heads, width // heads])
    joined = writer.node("Reshape", [joined, by_head], f"{name}.heads")
    joined = writer.node("Transpose", [joined], f"{name}.parts", perm=[1, 2, 0, 3])
    queries, keys, values = (
        writer.node("Gather", [joined, writer.integers(f"place.{place}", place)], f"{name}.{part}", axis=0)
        for place, part in enumerate(("queries", "keys", "values"))
    )
    keys = writer.node("Transpose", [keys], f"{name}.keys.turned", perm=[0, 2, 1])
    heard = writer.attention([queries, keys, values], name, width // heads, [-1, width])
    return writer.linear(heard, f"{name}.out", width, width)


def _rows(writer: _Writer, channels: str, name: str) -> str:
    flat = writer.node("Squeeze", [channels, writer.integers("axis.0", [0])], f"{name}.flat")
    return writer.node("Transpose", [flat], f"{name}.rows", perm=[1, 0])
