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

from emotion.encoders import (
    CARD_NAME,
    COLUMN_HOP,
    MAX_FRAMES,
    SAMPLE_RATE,
    TURN_ENCODER,
    open_session,
    turn_encoder_inputs,
)
from emotion.features.window_encoder import log_mel
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
        past = self.past(len(_LAYERS), _WIDTH)
        kept: list[str] = []
        for layer in range(len(_LAYERS)):
            frames = self._layer(layer, frames, past[layer], kept)
        self.node("Concat", TAPS, "taps", axis=1)
        self.kept(kept)
        wide = TURN_ENCODER.kept_width
        return self.model(
            "first two layers of the encoder of Smart Turn, with keys and values kept",
            {
                "log_mel": ["columns", _NUM_BANDS],
                "real": ["outputs", 1],
                "places": ["frames"],
                "past": ["past", wide],
            },
            {"taps": ["frames", len(TAPS) * _WIDTH], "kept": ["frames", wide]},
            {"places": TensorProto.INT64, "past": TensorProto.FLOAT16, "kept": TensorProto.FLOAT16},
        )

    def _front_end(self) -> str:
        """Two convolutions, each as a product; the columns come with those that stand for padding."""
        heard = "log_mel"
        for number, width, stride in ((1, _NUM_BANDS, 1), (2, _WIDTH, 2)):
            name, theirs = f"conv{number}", f"inner.encoder.conv{number}"
            joined = self.joined_places(heard, f"{name}.joined", width, 3, stride)
            # Theirs is (channels, channels before, places), with a scale a channel.
            steps, scales, zeros = self._quantised([f"{theirs}.weight"])
            matrix = Quantised(steps.transpose(2, 1, 0).reshape(-1, len(steps)), scales, zeros)
            product = self.node("MatMul", [joined, self.weight(f"{name}.weight", matrix)], name)
            heard = self.node(
                "Gelu", [self.node("Add", [product, self._bias(theirs)], f"{name}.biased")], f"{name}.gelu"
            )
            if number == 1:
                heard = self.node("Mul", [heard, "real"], "conv1.real")
        table = self.floats("places.table", self.given("inner.encoder.embed_positions.weight"))
        placed = self.node("Gather", [table, "places"], "places.frames", axis=0)
        return self.node("Add", [heard, placed], "placed")

    def _layer(self, layer: int, frames: str, past: tuple[str, str], kept: list[str]) -> str:
        name, theirs, matrices = f"layers.{layer}", f"inner.encoder.layers.{layer}", _LAYERS[layer]
        even = self._norm(frames, f"{theirs}.self_attn_layer_norm", f"{name}.attention.norm")
        # Queries are scaled here, so that what they match need not be.
        factors = np.ones(3 * _WIDTH, dtype=np.float32)
        factors[:_WIDTH] = _HEAD_WIDTH**-0.5
        joined = self._product(even, f"{name}.qkv", [matrices[each] for each in "qkv"], factors)
        of_queries, of_values = (self._bias_of(f"{theirs}.self_attn.{each}_proj") for each in "qv")
        bias = np.concatenate([of_queries, np.zeros(_WIDTH), of_values]) * factors
        joined = self.node("Add", [joined, self.floats(f"{name}.qkv.bias", bias)], f"{name}.qkv.biased")
        queries, *new = self.split(joined, f"{name}.parts", 1, [_WIDTH] * 3)
        kept += new
        keys, values = (
            self.node("Concat", pair, f"{name}.{each}.all", axis=0)
            for each, pair in zip(("keys", "values"), zip(past, new, strict=True), strict=True)
        )
        parts = [
            self._heads(flat, f"{name}.{each}", perm)
            for flat, each, perm in (
                (queries, "queries", [1, 0, 2]),
                (keys, "keys", [1, 2, 0]),
                (values, "values", [1, 0, 2]),
            )
        ]
        heard = self.attention(parts, f"{name}.attention", None, [-1, _WIDTH])
        heard = self._linear(heard, f"{name}.out", matrices["out"], f"{theirs}.self_attn.out_proj")
        middle = self.node("Add", [frames, heard], f"{name}.middle")
        wide = self._norm(middle, f"{theirs}.final_layer_norm", f"{name}.norm")
        wide = self._linear(wide, f"{name}.fc1", matrices["fc1"], f"{theirs}.fc1")
        wide = self.node("Gelu", [wide], f"{name}.gelu")
        wide = self._linear(wide, f"{name}.fc2", matrices["fc2"], f"{theirs}.fc2")
        return self.node("Add", [middle, wide], name)

    def _heads(self, flat: str, name: str, perm: list[int]) -> str:
        shape = self.integers("shape.heads", [-1, _NUM_HEADS, _HEAD_WIDTH])
        return self.node(
            "Transpose", [self.node("Reshape", [flat, shape], f"{name}.heads")], f"{name}.turned", perm=perm
        )

    def _norm(self, frames: str, theirs: str, name: str) -> str:
        both = [self.floats(f"{name}.{part}", self.given(f"{theirs}.{part}")) for part in ("weight", "bias")]
        return self.node("LayerNormalization", [frames, *both], name, axis=-1, epsilon=_EPSILON)

    def _linear(self, frames: str, name: str, matrix: str, theirs: str) -> str:
        product = self._product(frames, name, [matrix])
        return self.node("Add", [product, self._bias(theirs)], f"{name}.biased")

    def _product(self, frames: str, name: str, matrices: list[str], factors: Array | None = None) -> str:
        """Multiply by one or more of their matrices side by side, each column by a factor."""
        joined = self._quantised(matrices)
        if factors is not None:
            joined = joined._replace(scale=joined.scale * factors)
        return self.node("MatMul", [frames, self.weight(f"{name}.weight", joined)], name)

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
    graph = _Writer(original).write()
    written = checked(graph)
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
        inputs=[each.name for each in graph.graph.input],
        outputs=[each.name for each in graph.graph.output],
        taps=list(TAPS),
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
    """Compare both on the same noise of 8 s, all that the original takes, with nothing kept."""
    num_samples = MAX_FRAMES * TURN_ENCODER.frame_hop + COLUMN_HOP + SAMPLE_RATE
    sound = np.random.default_rng(0).standard_normal(num_samples).astype(np.float32)
    heard = log_mel(sound)[: 2 * MAX_FRAMES]
    theirs = open_session(passing.SerializeToString()).run(
        THEIR_TAPS, {"input_features": np.ascontiguousarray(heard.T)[None]}
    )
    ours = open_session(written).run(["taps"], turn_encoder_inputs(heard, np.arange(MAX_FRAMES), 0))
    return largest_difference([each[0] for each in theirs], np.split(ours[0], len(TAPS), axis=1))


if __name__ == "__main__":
    sys.exit(main())
