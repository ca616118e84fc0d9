"""The encoder of wav2vec 2.0 as an ONNX file made in memory, with weights drawn at random.

A. Baevski et al., "wav2vec 2.0: A framework for self-supervised learning of speech representations", NeurIPS
2020. What it costs depends on its shape, not on what its weights have learned.
"""

from typing import Final

import numpy as np

from evaluation.bench.network_writer import NetworkWriter
from evaluation.bench.wav2vec2_shape import BASE, Wav2vec2Shape

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
