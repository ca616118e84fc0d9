"""Make models/voice-activity from the package of its network: python -m scripts.cut_voice_activity.

Fetches the wheel, refuses another than the one named here, takes the weights of the network for 16 kHz,
compares both on the same sound, and writes arrays, licence and card to ``--out``.
"""

import sys
from pathlib import Path
from typing import Final

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper

from emotion.arrays import FloatArray
from emotion.untrusted import write_arrays
from scripts.onnx_tools import Package, read_arguments, write_card
from streamer.analysis.vad import (
    CARD_NAME,
    CHUNK,
    CONTEXT,
    SAMPLE_RATE,
    SHAPES,
    VadChunks,
    VadNetwork,
)

PACKAGE: Final = Package(
    "PyPI",
    "silero-vad",
    "6.2.3",
    "sha256",
    "7b7f5436cfcb02fae583a05b512ea96467fd449fe54cb49a5e4f06c51a1e43b8",
)
GRAPH: Final = "silero_vad/data/silero_vad_16k_sequence.onnx"
LICENCE: Final = f"silero_vad-{PACKAGE.version}.dist-info/licenses/LICENSE"
LARGEST_DIFFERENCE: Final = 1e-5
"""Between the probabilities of both; 9e-7 was measured."""

_NAMES: Final = {
    **{f"conv{layer + 1}_weight": f"encoder.{layer}.weight" for layer in range(4)},
    **{f"conv{layer + 1}_bias": f"encoder.{layer}.bias" for layer in range(4)},
    "lstm_input_weight": "onnx::LSTM_209",
    "lstm_hidden_weight": "onnx::LSTM_210",
    "lstm_bias": "onnx::LSTM_211",
    "output_weight": "output.weight",
    "output_bias": "output.bias",
}


def main() -> int:
    """Fetch, take, compare, write."""
    arguments = read_arguments(__doc__, Path("models/voice-activity"))
    graph, licence = PACKAGE.files(arguments.package, GRAPH, LICENCE)
    arrays = weights(graph)
    difference = largest_difference(graph, arrays)
    if difference > LARGEST_DIFFERENCE:
        raise SystemExit(f"a probability differs from the original's by {difference:.1e}")
    out: Path = arguments.out
    out.mkdir(parents=True, exist_ok=True)
    path = out / "voice_activity.npz"
    write_arrays(path, arrays)
    write_card(
        out / CARD_NAME,
        path,
        "the weights of Silero VAD for 16 kHz; the arithmetic is streamer/analysis/vad.py",
        ("MIT", licence),
        PACKAGE.origin(GRAPH, graph),
        sample_rate=SAMPLE_RATE,
        recipe="make voice-activity",
    )
    print(f"{out}: probabilities within {difference:.1e} of the original's")
    return 0


def weights(graph: bytes) -> dict[str, FloatArray]:
    """Take the arrays of `SHAPES`; the two biases of the LSTM, which are only ever added, as one."""
    found = {
        each.name: numpy_helper.to_array(each) for each in onnx.load_from_string(graph).graph.initializer
    }
    arrays = {name: found[theirs] for name, theirs in _NAMES.items()}
    arrays["lstm_bias"] = np.sum(arrays["lstm_bias"].reshape(2, -1), axis=0)
    return {
        name: np.ascontiguousarray(arrays[name].reshape(shape), np.float32) for name, shape in SHAPES.items()
    }


def largest_difference(graph: bytes, arrays: dict[str, FloatArray]) -> float:
    """Give the largest difference of two probabilities, on a swelling noise and tones."""
    times = np.arange(CHUNK * 320) / SAMPLE_RATE
    sound = np.random.default_rng(0).standard_normal(len(times)) * 0.1 * np.sin(times * 9) ** 2
    sound += 0.2 * np.sign(np.sin(times * 900 + 9 * np.sin(times * 20))) * (np.sin(times * 12) > 0)
    sound = sound.astype(np.float32)
    chunks = np.lib.stride_tricks.sliding_window_view(np.pad(sound, (CONTEXT, 0)), CONTEXT + CHUNK)[::CHUNK]
    zeros = np.zeros((1, 1, 128), np.float32)
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    theirs = session.run(["speech_probs"], {"input": np.ascontiguousarray(chunks), "h": zeros, "c": zeros})[0]
    memory = np.zeros((2, 128), np.float32)
    ours = VadNetwork(arrays).probabilities(VadChunks(1).spectra(sound), memory)
    return float(np.abs(theirs.ravel() - ours).max())


if __name__ == "__main__":
    sys.exit(main())
