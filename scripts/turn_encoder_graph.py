"""The first layers of Smart Turn's encoder, written down anew from the weights of its ONNX file.

Smart Turn hears whether somebody who stopped speaking has finished; its encoder is Whisper-tiny's, fitted
further to that task, for which the melody of speech counts. The file as it comes rounds activations to 8
bits; here the same 8-bit weights are turned into float32 when the file is loaded, and all arithmetic is
float32. Only operators of the ONNX standard are used. See docs/decisions/0021-two-encoders.md.
"""

from typing import Final

import numpy as np
import onnx
from onnx import helper

from scripts.graph_writer import Array, GraphWriter, Quantised

_NUM_BANDS: Final = 80
_WIDTH: Final = 384
_NUM_HEADS: Final = 6
_HEAD_WIDTH: Final = _WIDTH // _NUM_HEADS
_EPSILON: Final = 1e-5
_LAYERS: Final = (
    {"q": "val_17", "k": "val_25", "v": "val_32", "out": "val_75", "fc1": "val_79", "fc2": "val_88"},
    {"q": "val_92", "k": "val_100", "v": "val_107", "out": "val_148", "fc1": "val_152", "fc2": "val_161"},
)
"""What the original calls the matrices of each layer."""

TAPS: Final = ("layers.0.middle", "layers.0", "layers.1")
"""Behind the attention of the first layer, behind that layer, behind the second."""


def float_turn_encoder(original: onnx.ModelProto) -> onnx.ModelProto:
    """Write the layers up to the last tap as a graph of their own.

    Parameters
    ----------
    original : onnx.ModelProto
        ``smart-turn-v3.2-cpu.onnx``.

    Returns
    -------
    onnx.ModelProto
        From ``log_mel``, float32 (1, 80, num_columns), to `TAPS`, each float32 (1, frames, 384).
    """
    return _Writer(original).write()


class _Writer(GraphWriter):
    def write(self) -> onnx.ModelProto:
        frames = self._front_end()
        for layer in range(len(_LAYERS)):
            frames = self._layer(layer, frames)
        return self.model(
            "first two layers of the encoder of Smart Turn",
            [helper.make_tensor_value_info("log_mel", onnx.TensorProto.FLOAT, [1, _NUM_BANDS, "columns"])],
            [helper.make_tensor_value_info(t, onnx.TensorProto.FLOAT, [1, "frames", _WIDTH]) for t in TAPS],
        )

    def _front_end(self) -> str:
        heard = "log_mel"
        for number, stride in ((1, 1), (2, 2)):
            name, theirs = f"conv{number}", f"inner.encoder.conv{number}"
            weights = self.weight(f"{name}.weight", self._quantised([f"{theirs}.weight"]), axis=0)
            inputs = [heard, weights, self._bias(theirs)]
            swing = self.node("Conv", inputs, name, strides=[stride], kernel_shape=[3], pads=[1, 1])
            heard = self.node("Gelu", [swing], f"{name}.gelu")
        frames = self.node("Transpose", [heard], "frames", perm=[0, 2, 1])
        # It learned from 8 s that end where somebody pauses: a window lies at their end.
        places = self.given("inner.encoder.embed_positions.weight")
        count = self.node("Shape", [frames], "count", start=1, end=2)
        first, end = self.node("Neg", [count], "places.first"), self.integers("places.end", [len(places)])
        kept = self.node(
            "Slice",
            [self.floats("places", places), first, end, self.integers("places.axis", [0])],
            "places.kept",
        )
        return self.node("Add", [frames, kept], "placed")

    def _layer(self, layer: int, frames: str) -> str:
        name, theirs, matrices = f"layers.{layer}", f"inner.encoder.layers.{layer}", _LAYERS[layer]
        even = self._norm(frames, f"{theirs}.self_attn_layer_norm", f"{name}.attention.norm")
        joined = self._product(even, f"{name}.qkv", [matrices[each] for each in "qkv"])
        queries, values = (self._bias_of(f"{theirs}.self_attn.{each}_proj") for each in "qv")
        bias = np.concatenate([queries, np.zeros(_WIDTH), values])
        joined = self.node("Add", [joined, self.floats(f"{name}.qkv.bias", bias)], f"{name}.qkv.biased")
        shape = self.integers("shape.heads", [-1, 3 * _NUM_HEADS, _HEAD_WIDTH])
        joined = self.node("Reshape", [joined, shape], f"{name}.heads")
        joined = self.node("Transpose", [joined], f"{name}.heads.turned", perm=[1, 0, 2])
        parts = self.split(joined, f"{name}.parts", 0, [_NUM_HEADS] * 3)
        parts[1] = self.node("Transpose", [parts[1]], f"{name}.keys", perm=[0, 2, 1])
        heard = self.attention(parts, f"{name}.attention", _HEAD_WIDTH, _WIDTH)
        heard = self._linear(heard, f"{name}.out", matrices["out"], f"{theirs}.self_attn.out_proj")
        middle = self.node("Add", [frames, heard], f"{name}.middle")
        wide = self._norm(middle, f"{theirs}.final_layer_norm", f"{name}.norm")
        wide = self._linear(wide, f"{name}.fc1", matrices["fc1"], f"{theirs}.fc1")
        wide = self.node("Gelu", [wide], f"{name}.gelu")
        wide = self._linear(wide, f"{name}.fc2", matrices["fc2"], f"{theirs}.fc2")
        return self.node("Add", [middle, wide], name)

    def _norm(self, frames: str, theirs: str, name: str) -> str:
        both = [self.floats(f"{name}.{part}", self.given(f"{theirs}.{part}")) for part in ("weight", "bias")]
        return self.node("LayerNormalization", [frames, *both], name, axis=-1, epsilon=_EPSILON)

    def _linear(self, frames: str, name: str, matrix: str, theirs: str) -> str:
        product = self._product(frames, name, [matrix])
        return self.node("Add", [product, self._bias(theirs)], f"{name}.biased")

    def _product(self, frames: str, name: str, matrices: list[str]) -> str:
        """Multiply by one or more of their matrices side by side."""
        return self.node("MatMul", [frames, self.weight(f"{name}.weight", self._quantised(matrices))], name)

    def _quantised(self, names: list[str]) -> Quantised:
        return Quantised(
            *(
                np.concatenate([self.given(f"{each}_{part}") for each in names], axis=-1)
                for part in ("quantized", "scale", "zero_point")
            )
        )

    def _bias(self, theirs: str) -> str:
        return self.floats(f"{theirs.removeprefix('inner.encoder.')}.bias", self._bias_of(theirs))

    def _bias_of(self, theirs: str) -> Array:
        name = f"{theirs}.bias"
        if name in self._given:
            return self.given(name)
        steps: Array = self.given(f"{name}_quantized") * self.given(f"{name}_quantized_scale")
        return steps
