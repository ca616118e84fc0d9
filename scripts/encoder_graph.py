"""The first three layers of Moonshine-tiny's encoder, written down anew from the weights of its ONNX file.

The file as it comes quantises activations to 8 bits at run time, on a scale that each window sets anew: a
change of the sound in its seventh digit moves the pooled values by a hundredth of their deviation. Here the
same 8-bit weights are turned into float32 when the file is loaded, and all arithmetic is float32. Only
operators of the ONNX standard are used. See docs/decisions/0015-encoder.md.
"""

from collections.abc import Sequence
from typing import Any, Final, TypeAlias

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

TAPS: Final = ("/layers.1/Add_output_0", "/layers.1/Add_1_output_0", "/layers.2/Add_1_output_0")
"""Behind the attention of the second layer, behind that layer, behind the third: the original's names."""

_NUM_LAYERS: Final = 3
_WIDTH: Final = 288
_NUM_HEADS: Final = 8
_HEAD_WIDTH: Final = _WIDTH // _NUM_HEADS
_NUM_TURNED: Final = 32
"""Of the 36 values of a head these are turned by position, in pairs."""
_PERIODS: Final = "/rotary_emb/Cast_1_output_0"
_EPSILON: Final = 1e-5
_OPSET: Final = 20

Array: TypeAlias = NDArray[Any]


def float_encoder(original: onnx.ModelProto) -> onnx.ModelProto:
    """Write the layers up to the last tap as a graph of their own.

    Parameters
    ----------
    original : onnx.ModelProto
        ``encoder_model.onnx`` of Moonshine-tiny, quantised.

    Returns
    -------
    onnx.ModelProto
        From ``input_values``, float32 (1, num_samples), to `TAPS`, each float32 (1, frames, 288).
    """
    return _Writer(original).write()


class _Writer:
    def __init__(self, original: onnx.ModelProto) -> None:
        graph = original.graph
        self._given = {each.name: each for each in graph.initializer}
        self._nodes_given = {node.name: node for node in graph.node}
        self._nodes: list[onnx.NodeProto] = []
        self._kept: dict[str, onnx.TensorProto] = {}

    def write(self) -> onnx.ModelProto:
        frames = self._front_end()
        self._turns(frames)
        for layer in range(_NUM_LAYERS):
            frames = self._layer(layer, frames)
        graph = helper.make_graph(
            self._nodes,
            "first three layers of the encoder of Moonshine-tiny",
            [helper.make_tensor_value_info("input_values", onnx.TensorProto.FLOAT, [1, "num_samples"])],
            [helper.make_tensor_value_info(t, onnx.TensorProto.FLOAT, [1, "frames", _WIDTH]) for t in TAPS],
            list(self._kept.values()),
        )
        written = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=9)
        written.producer_name = "callmood"
        onnx.checker.check_model(written, full_check=True)
        return written

    def _front_end(self) -> str:
        sound = self._node("Unsqueeze", ["input_values", self._integers("axis.1", [1])], "sound")
        swing = self._node("Tanh", [self._convolution(1, sound, stride=64, length=127)], "conv1.tanh")
        flat = self._node("Reshape", [swing, self._integers("shape.one_group", [0, 1, -1])], "norm.flat")
        one, zero = self._floats("norm.one", np.ones(1)), self._floats("norm.zero", np.zeros(1))
        even = self._node("InstanceNormalization", [flat, one, zero], "norm.even", epsilon=_EPSILON)
        even = self._node("Reshape", [even, self._integers("shape.channels", [0, _WIDTH, -1])], "norm.back")
        even = self._node(
            "Mul", [even, self._floats("norm.weight", self._array("onnx::Mul_1488"))], "norm.scaled"
        )
        even = self._node("Add", [even, self._floats("norm.bias", self._array("onnx::Add_1489"))], "norm")
        for number, stride, length in ((2, 3, 7), (3, 2, 3)):
            name = f"conv{number}"
            even = self._node("Gelu", [self._convolution(number, even, stride, length)], f"{name}.gelu")
        return self._node("Transpose", [even], "frames", perm=[0, 2, 1])

    def _turns(self, frames: str) -> None:
        """Cosine and signed sine of each frame's angles, (frames, 1, 36): for all heads and layers."""
        count = self._node("Squeeze", [self._node("Shape", [frames], "count.1", start=1, end=2)], "count")
        limits = [self._integers("range.first", 0), count, self._integers("range.step", 1)]
        place = self._node(
            "Cast", [self._node("Range", limits, "place.whole")], "place", to=onnx.TensorProto.FLOAT
        )
        place = self._node("Unsqueeze", [place, self._integers("axes.1_2", [1, 2])], "place.1")
        periods = self._array(_PERIODS).ravel()
        still = np.zeros(_HEAD_WIDTH - _NUM_TURNED)
        speeds = self._floats("turn.speeds", np.concatenate([periods, periods, still])[None, None])
        signs = np.concatenate([-np.ones_like(periods), np.ones_like(periods), still])[None, None]
        angle = self._node("Mul", [place, speeds], "turn.angle")
        self._node("Cos", [angle], "turn.cos")
        sine = self._node("Sin", [angle], "turn.sine")
        self._node("Mul", [sine, self._floats("turn.signs", signs)], "turn.sin")

    def _layer(self, layer: int, frames: str) -> str:
        name, theirs = f"layers.{layer}", f"/layers.{layer}"
        even = self._norm(frames, f"{name}.input_layernorm")
        heard = self._attention(even, f"{name}.attention", f"{theirs}/self_attn")
        middle = self._node("Add", [frames, heard], f"{theirs}/Add_output_0")
        wide = self._norm(middle, f"{name}.post_attention_layernorm")
        for part in ("fc1", "fc2"):
            bias = self._floats(f"{name}.{part}.bias", self._array(f"{name}.mlp.{part}.bias"))
            product = self._product(wide, f"{name}.{part}", [f"{theirs}/mlp/{part}"])
            wide = self._node("Add", [product, bias], f"{name}.{part}.biased")
            if part == "fc1":
                wide = self._node("Gelu", [wide], f"{name}.gelu")
        return self._node("Add", [middle, wide], f"{theirs}/Add_1_output_0")

    def _attention(self, even: str, name: str, theirs: str) -> str:
        projections = [f"{theirs}/{each}_proj" for each in "qkv"]
        joined = self._product(even, f"{name}.qkv", projections, num_in_halves=2)
        heads = self._integers("shape.heads", [-1, 3 * _NUM_HEADS, _HEAD_WIDTH])
        joined = self._node("Reshape", [joined, heads], f"{name}.heads")
        both, values = self._split(joined, f"{name}.parts", 1, [2 * _NUM_HEADS, _NUM_HEADS])
        half = _NUM_TURNED // 2
        first, second, rest = self._split(both, f"{name}.halves", 2, [half, half, _HEAD_WIDTH - 2 * half])
        swapped = self._node("Concat", [second, first, rest], f"{name}.swapped", axis=2)
        along = self._node("Mul", [both, "turn.cos"], f"{name}.along")
        across = self._node("Mul", [swapped, "turn.sin"], f"{name}.across")
        turned = self._node("Add", [along, across], f"{name}.turned")
        queries, keys = self._split(turned, f"{name}.turned.parts", 1, [_NUM_HEADS, _NUM_HEADS])
        queries = self._node("Transpose", [queries], f"{name}.queries", perm=[1, 0, 2])
        keys = self._node("Transpose", [keys], f"{name}.keys", perm=[1, 2, 0])
        values = self._node("Transpose", [values], f"{name}.values", perm=[1, 0, 2])
        match = self._node("MatMul", [queries, keys], f"{name}.match")
        scale = self._floats("attention.scale", np.array(_HEAD_WIDTH**-0.5))
        weights = self._node(
            "Softmax", [self._node("Mul", [match, scale], f"{name}.scaled")], f"{name}.weights", axis=-1
        )
        heard = self._node("MatMul", [weights, values], f"{name}.heard")
        heard = self._node("Transpose", [heard], f"{name}.heard.turned", perm=[1, 0, 2])
        heard = self._node(
            "Reshape", [heard, self._integers("shape.frames", [1, -1, _WIDTH])], f"{name}.heard.frames"
        )
        return self._product(heard, f"{name}.dense", [f"{theirs}/dense"])

    def _norm(self, frames: str, name: str) -> str:
        weight = self._floats(f"{name}.weight", self._array(f"{name}.weight"))
        return self._node("LayerNormalization", [frames, weight], name, axis=-1, epsilon=_EPSILON)

    def _convolution(self, number: int, sound: str, stride: int, length: int) -> str:
        theirs, name = f"conv{number}.weight", f"conv{number}"
        scale = self._array(f"{theirs}_scale").reshape(())
        # Theirs is q·scale + offset with an offset of whole steps.
        zero = np.rint(-self._array(f"{theirs}_zero_point").reshape(()) / scale).astype(np.int8)
        inputs = [sound, self._weight(theirs, self._array(f"{theirs}_quantized"), scale, zero)]
        if f"{name}.bias" in self._given:
            inputs.append(self._floats(f"{name}.bias", self._array(f"{name}.bias")))
        return self._node("Conv", inputs, name, strides=[stride], kernel_shape=[length])

    def _product(self, frames: str, name: str, theirs: Sequence[str], num_in_halves: int = 0) -> str:
        """Multiply by one or more of their matrices side by side, each with its own scale."""
        columns, scales, zeros = [], [], []
        for place, each in enumerate(theirs):
            stem = self._nodes_given[f"{each}/MatMul_quant"].input[1].removesuffix("_quantized")
            matrix = self._array(f"{stem}_quantized")
            columns.append(matrix[:, _IN_HALVES] if place < num_in_halves else matrix)
            scales.append(np.full(matrix.shape[1], self._array(f"{stem}_scale")))
            zeros.append(np.full(matrix.shape[1], self._array(f"{stem}_zero_point")))
        joined = [np.concatenate(parts, axis=-1) for parts in (columns, scales, zeros)]
        return self._node("MatMul", [frames, self._weight(f"{name}.weight", *joined)], name)

    def _weight(self, name: str, steps: Array, scale: Array, zero: Array) -> str:
        inputs = [
            self._keep(f"{name}.{part}", each)
            for part, each in zip(("steps", "scale", "zero"), (steps, scale, zero), strict=True)
        ]
        return self._node("DequantizeLinear", inputs, name, axis=1)

    def _split(self, whole: str, name: str, axis: int, lengths: Sequence[int]) -> list[str]:
        parts = [f"{name}.{number}" for number in range(len(lengths))]
        wanted = self._integers(f"lengths.{'_'.join(map(str, lengths))}", list(lengths))
        self._nodes.append(helper.make_node("Split", [whole, wanted], parts, name, axis=axis))
        return parts

    def _node(self, kind: str, inputs: Sequence[str], output: str, **attributes: object) -> str:
        self._nodes.append(helper.make_node(kind, inputs, [output], output, **attributes))
        return output

    def _array(self, name: str) -> Array:
        array: Array = numpy_helper.to_array(self._given[name])
        return array

    def _floats(self, name: str, values: Array) -> str:
        return self._keep(name, values.astype(np.float32))

    def _integers(self, name: str, values: int | list[int]) -> str:
        return self._keep(name, np.array(values, dtype=np.int64))

    def _keep(self, name: str, array: Array) -> str:
        self._kept.setdefault(name, numpy_helper.from_array(np.array(array, order="C"), name))
        return name


_PAIRS: Final = np.arange(_NUM_TURNED).reshape(-1, 2).T.ravel()
_HEAD: Final = np.concatenate([_PAIRS, np.arange(_NUM_TURNED, _HEAD_WIDTH)])
_IN_HALVES: Final = (np.arange(_NUM_HEADS)[:, None] * _HEAD_WIDTH + _HEAD).ravel()
"""Columns of queries and keys, first partners before second: a match of the two is a sum in any order."""
