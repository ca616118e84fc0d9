"""The file of the voice-activity network: found, read, and held against its card."""

import hashlib
import io
from pathlib import Path
from typing import Final

from emotion.array_file import ArrayFileError, read_arrays
from emotion.arrays import FloatArray
from emotion.errors import ModelError
from emotion.json_values import TEXT, JsonValueError, parse_object, take

CARD_NAME: Final = "voice-activity.json"
"""Not ``card.json``, which marks the folder of a model of emotions."""
ARRAYS_NAME: Final = "voice_activity.npz"
WHAT_TO_DO: Final = "install callmood again"

SHAPES: Final = {
    "conv1_weight": (128, 129, 3),
    "conv1_bias": (128,),
    "conv2_weight": (64, 128, 3),
    "conv2_bias": (64,),
    "conv3_weight": (64, 64, 3),
    "conv3_bias": (64,),
    "conv4_weight": (128, 64, 3),
    "conv4_bias": (128,),
    "lstm_input_weight": (512, 128),
    "lstm_hidden_weight": (512, 128),
    "lstm_bias": (512,),
    "output_weight": (128,),
    "output_bias": (1,),
}
"""All float32. The rows of the LSTM are its gates in the order in, out, forget, cell, as ONNX has them."""


def voice_folder() -> Path:
    """Say where the network lies.

    Returns
    -------
    Path
        In the checkout, or inside the installed package; never in the working directory.
    """
    packages = Path(__file__).parents[2]
    inside = packages if (packages / "pyproject.toml").is_file() else packages / "callmood"
    return inside / "models" / "voice-activity"


def read_voice_arrays(folder: Path) -> dict[str, FloatArray]:
    """Read the arrays, and refuse any that were changed.

    Parameters
    ----------
    folder : Path
        Holds ``voice-activity.json`` and ``voice_activity.npz``.

    Returns
    -------
    dict of str to ndarray
        Those of `SHAPES`.

    Raises
    ------
    ModelError
        If a file is missing or damaged, or is not the one that the card names.
    """
    content, card_path = _content(folder / ARRAYS_NAME), folder / CARD_NAME
    try:
        wanted = take(parse_object(_content(card_path)), "sha256", TEXT)
    except JsonValueError as error:
        raise ModelError(f"{card_path}: {error}; {WHAT_TO_DO}") from error
    found = hashlib.sha256(content).hexdigest()
    if found != wanted:
        raise ModelError(
            f"{folder / ARRAYS_NAME} has SHA-256 {found}, and its card asks for {wanted}; {WHAT_TO_DO}"
        )
    try:
        arrays = read_arrays(io.BytesIO(content), frozenset(SHAPES))
    except ArrayFileError as error:
        raise ModelError(f"{folder / ARRAYS_NAME}: {error}; {WHAT_TO_DO}") from error
    for name, shape in SHAPES.items():
        if arrays[name].shape != shape:
            raise ModelError(
                f"{folder / ARRAYS_NAME}: {name} is of shape {arrays[name].shape}, "
                f"expected {shape}; {WHAT_TO_DO}"
            )
    return arrays


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path} cannot be read ({error.strerror}); {WHAT_TO_DO}") from error
