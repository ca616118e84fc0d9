"""Shared by the scripts that cut networks: fetch a wheel, write a graph and a card, compare outputs."""

import hashlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

LICENCE_NAME = "LICENSE"


def write_card(
    path: Path, file: Path, what: str, licence: str, origin: Mapping[str, str], **rest: object
) -> None:
    """Write the card of a file that lies already where it will stay.

    Parameters
    ----------
    path : Path
        Of the card.
    file : Path
        In the same folder, as its licence is.
    what : str
        One sentence.
    licence : str
        As SPDX names it.
    origin : mapping of str to str
        As `origin` gives it.
    **rest
        What else is to be known, in its order.
    """
    card = {
        "format": 1,
        "what": what,
        "file": file.name,
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        "licence": licence,
        "licence_file": LICENCE_NAME,
        "origin": origin,
        **rest,
    }
    path.write_text(json.dumps(card, indent=2) + "\n")


def origin(package: str, version: str, digest: tuple[str, str], file: str, content: bytes) -> dict[str, str]:
    """Say which file of which package a network was in.

    Parameters
    ----------
    package, version : str
        With the registry in brackets behind the name.
    digest : tuple of str
        Name of the algorithm, and the package's digest by it, in hexadecimal.
    file : str
        Inside the package.
    content : bytes
        Of that file.

    Returns
    -------
    dict of str to str
        For the card.
    """
    return {
        "package": package,
        "version": version,
        digest[0]: digest[1],
        "file": file,
        "file_sha256": hashlib.sha256(content).hexdigest(),
    }


def largest_difference(theirs: Sequence[NDArray[np.generic]], ours: Sequence[NDArray[np.generic]]) -> float:
    """Hold what a cut gives against what the original gives.

    Parameters
    ----------
    theirs, ours : sequence of ndarray
        One a tap.

    Returns
    -------
    float
        RMS of the difference over the deviation, of the tap where it is largest.
    """
    pairs = [
        (np.asarray(a, np.float64), np.asarray(b, np.float64)) for a, b in zip(theirs, ours, strict=True)
    ]
    return max(float(np.sqrt(np.mean((a - b) ** 2)) / a.std()) for a, b in pairs)


def wheel(package: str, version: str, sha256: str, at_hand: Path | None = None) -> bytes:
    """Give the one wheel of a package that a script was written for.

    Parameters
    ----------
    package, version : str
        As pip takes them.
    sha256 : str
        Of the wheel, in hexadecimal.
    at_hand : Path, optional
        The file, where it need not be fetched.

    Returns
    -------
    bytes
        The wheel.

    Raises
    ------
    SystemExit
        With both digests where they differ.
    """
    packed = at_hand.read_bytes() if at_hand else _fetched(package, version)
    found = hashlib.sha256(packed).hexdigest()
    if found != sha256:
        raise SystemExit(f"the wheel has SHA-256 {found}, {package} {version} has {sha256}")
    return packed


def _fetched(package: str, version: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        wanted = ["--no-deps", "--quiet", "--dest", folder, f"{package}=={version}"]
        subprocess.run([sys.executable, "-m", "pip", "download", *wanted], check=True)  # noqa: S603
        (found,) = Path(folder).glob("*.whl")
        return found.read_bytes()


Array: TypeAlias = NDArray[Any]

_OPSET = 20


class Quantised(NamedTuple):
    """Weights of 8 bits: ``(steps - zero) * scale``, scale and zero one for all or one a place of an axis."""

    steps: Array
    scale: Array
    zero: Array


class GraphWriter:
    """Nodes and constants so far; the same in the same order gives the same file.

    Parameters
    ----------
    original : onnx.ModelProto
        Whose weights are taken over.
    """

    def __init__(self, original: onnx.ModelProto) -> None:
        self._given = {each.name: each for each in original.graph.initializer}
        self._nodes: list[onnx.NodeProto] = []
        self._kept: dict[str, onnx.TensorProto] = {}

    def model(
        self, what: str, inputs: Sequence[onnx.ValueInfoProto], outputs: Sequence[onnx.ValueInfoProto]
    ) -> onnx.ModelProto:
        """Close the graph.

        Parameters
        ----------
        what : str
            One line about it.
        inputs, outputs : sequence of onnx.ValueInfoProto
            By the names of its nodes.

        Returns
        -------
        onnx.ModelProto
            Checked.
        """
        graph = helper.make_graph(self._nodes, what, inputs, outputs, list(self._kept.values()))
        written = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=9)
        written.producer_name = "callmood"
        onnx.checker.check_model(written, full_check=True)
        return written

    def given(self, name: str) -> Array:
        """Take an array of the original's."""
        array: Array = numpy_helper.to_array(self._given[name])
        return array

    def node(self, kind: str, inputs: Sequence[str], output: str, **attributes: Any) -> str:
        """Add a node with one output; gives its name."""
        self._nodes.append(helper.make_node(kind, inputs, [output], output, **attributes))
        return output

    def split(self, whole: str, name: str, axis: int, lengths: Sequence[int]) -> list[str]:
        """Cut along an axis; gives the names of the parts."""
        parts = [f"{name}.{number}" for number in range(len(lengths))]
        wanted = self.integers(f"lengths.{'_'.join(map(str, lengths))}", list(lengths))
        self._nodes.append(helper.make_node("Split", [whole, wanted], parts, name, axis=axis))
        return parts

    def attention(self, parts: Sequence[str], name: str, head_width: int, width: int) -> str:
        """Let every frame hear all others.

        Parameters
        ----------
        parts : sequence of str
            Queries (heads, frames, head width), keys (heads, head width, frames), values as queries.
        name : str
            Of the nodes.
        head_width, width : int
            Values of a head, and of all.

        Returns
        -------
        str
            Shape (1, frames, width).
        """
        queries, keys, values = parts
        match = self.node("MatMul", [queries, keys], f"{name}.match")
        scale = self.floats("attention.scale", np.array(head_width**-0.5))
        scaled = self.node("Mul", [match, scale], f"{name}.scaled")
        weights = self.node("Softmax", [scaled], f"{name}.weights", axis=-1)
        heard = self.node("MatMul", [weights, values], f"{name}.heard")
        heard = self.node("Transpose", [heard], f"{name}.heard.turned", perm=[1, 0, 2])
        frames = self.integers("shape.frames", [1, -1, width])
        return self.node("Reshape", [heard, frames], f"{name}.heard.frames")

    def weight(self, name: str, given: Quantised, axis: int = 1) -> str:
        """Keep weights of 8 bits, which are turned into float32 when the file is loaded."""
        inputs = [
            self._keep(f"{name}.{part}", each) for part, each in zip(Quantised._fields, given, strict=True)
        ]
        return self.node("DequantizeLinear", inputs, name, axis=axis)

    def floats(self, name: str, values: Array) -> str:
        """Keep float32 values."""
        return self._keep(name, values.astype(np.float32))

    def integers(self, name: str, values: int | list[int]) -> str:
        """Keep whole numbers."""
        return self._keep(name, np.array(values, dtype=np.int64))

    def _keep(self, name: str, array: Array) -> str:
        self._kept.setdefault(name, numpy_helper.from_array(np.array(array, order="C"), name))
        return name
