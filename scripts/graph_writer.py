"""Write an ONNX graph down node by node, from the 8-bit weights of another."""

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

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
