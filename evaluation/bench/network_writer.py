"""Writes a network down, node by node, as an ONNX file with weights drawn at random."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike

from emotion.extras import require

_OPSET: Final = 20
_IR_VERSION: Final = 9


class NetworkWriter:
    """Every method but the last adds to the network and gives the name of what it added.

    Raises
    ------
    MissingExtraError
        If onnx is not installed.
    """

    def __init__(self) -> None:
        self._onnx = require("onnx", "bench")
        self._random = np.random.default_rng(0)
        self._nodes: list[Any] = []
        self._kept: dict[str, Any] = {}

    def node(self, kind: str, inputs: Sequence[str], output: str, **attributes: object) -> str:
        """Add an operator of the ONNX standard.

        Parameters
        ----------
        kind : str
            Such as ``Conv``.
        inputs : sequence of str
            Names of what it takes.
        output : str
            Name of what it gives, and its own.
        **attributes
            As the standard names them.

        Returns
        -------
        str
            The output.
        """
        self._nodes.append(self._onnx.helper.make_node(kind, inputs, [output], output, **attributes))
        return output

    def keep(self, name: str, values: ArrayLike) -> str:
        """Add an array; one that is kept under this name already stays.

        Parameters
        ----------
        name : str
            Its own.
        values : array_like
            Weights as float32, or lists of integers for shapes, axes and limits.

        Returns
        -------
        str
            The name.
        """
        if name not in self._kept:
            self._kept[name] = self._onnx.numpy_helper.from_array(np.asarray(values), name)
        return name

    def drawn(self, name: str, shape: tuple[int, ...], num_summed: int) -> str:
        """Add weights, normally distributed.

        Parameters
        ----------
        name : str
            Theirs.
        shape : tuple of int
            Theirs.
        num_summed : int
            How many inputs each output sums.

        Returns
        -------
        str
            The name.
        """
        # Of this size values neither grow nor fade from layer to layer: denormal numbers would be slow.
        size = np.float32((2 / num_summed) ** 0.5)
        return self.keep(name, self._random.standard_normal(shape, dtype=np.float32) * size)

    def linear(self, rows: str, name: str, num_in: int, num_out: int) -> str:
        """Add a product with a matrix and a bias.

        Parameters
        ----------
        rows : str
            What it takes, (n, num_in).
        name : str
            Its own.
        num_in, num_out : int
            Widths.

        Returns
        -------
        str
            The name, (n, num_out).
        """
        weight = self.drawn(f"{name}.weight", (num_in, num_out), num_in)
        bias = self.keep(f"{name}.bias", np.zeros(num_out, np.float32))
        return self.node("Gemm", [rows, weight, bias], name)

    def norm(self, kind: str, values: str, name: str, width: int) -> str:
        """Add a norm with its gain and bias, as they are before any training; its epsilon is 1e-5.

        Parameters
        ----------
        kind : {'LayerNormalization', 'InstanceNormalization'}
            Over the last axis in each row, or over time in each channel.
        values : str
            What it takes, (n, width) or (1, width, n).
        name : str
            Its own.
        width : int
            Of gain and bias.

        Returns
        -------
        str
            The name, of the same shape.
        """
        gain = self.keep(f"{name}.gain", np.ones(width, np.float32))
        bias = self.keep(f"{name}.bias", np.zeros(width, np.float32))
        return self.node(kind, [values, gain, bias], name)

    def write(self, name: str, ends: Mapping[str, tuple[int | str, ...]]) -> bytes:
        """Write the file.

        Parameters
        ----------
        name : str
            Of the network.
        ends : mapping of str to tuple
            Its input, then its output, both float32, with their shapes; a word stands for any length.

        Returns
        -------
        bytes
            An ONNX file.
        """
        helper = self._onnx.helper
        number = self._onnx.TensorProto.FLOAT
        given, asked = (helper.make_tensor_value_info(end, number, shape) for end, shape in ends.items())
        graph = helper.make_graph(self._nodes, name, [given], [asked], list(self._kept.values()))
        opsets = [helper.make_opsetid("", _OPSET)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=_IR_VERSION)
        written: bytes = model.SerializeToString()
        return written
