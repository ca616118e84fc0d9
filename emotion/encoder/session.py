"""The one place that knows onnxruntime, and loads it when a network is opened."""

from collections.abc import Sequence
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from emotion.errors import MissingExtraError

_ERRORS_ONLY: Final = 3


class Session(Protocol):
    """What is used of an ``onnxruntime.InferenceSession``; several threads may run it at once."""

    def run(
        self, output_names: Sequence[str] | None, inputs: dict[str, NDArray[np.generic]]
    ) -> list[NDArray[np.generic]]:
        """Run the network.

        Parameters
        ----------
        output_names : sequence of str or None
            What to give; None for all.
        inputs : dict of str to ndarray
            By the names of the graph.

        Returns
        -------
        list of ndarray
            In the order asked for.
        """
        ...


def open_session(graph: bytes) -> Session:
    """Open a network that runs in the thread that asks, and in no other.

    Parameters
    ----------
    graph : bytes
        An ONNX file.

    Returns
    -------
    Session
        Weights of 8 bits are float32 from here on.

    Raises
    ------
    MissingExtraError
        If onnxruntime is not installed, or does not load on this machine.
    """
    try:
        import onnxruntime  # noqa: PLC0415 - it costs 20 MB and a tenth of a second, and most commands do without
    except ImportError as error:
        raise MissingExtraError(
            f"this needs onnxruntime, which cannot be loaded ({error}); type: pip install onnxruntime, "
            "or listen with --model speech-light"
        ) from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # Else weights would be turned into float32 again at each run, or activations into 8 bits.
    options.add_session_config_entry("session.disable_quant_qdq", "1")
    options.log_severity_level = _ERRORS_ONLY
    session: Session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    return session
