"""An encoder's file and its card: found, read, and held against each other."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from emotion.errors import ModelError
from emotion.json_values import TEXT, TEXTS, JsonValueError, parse_object, take, whole

CARD_NAME: Final = "encoder.json"
"""Not ``card.json``, which marks the folder of a model of emotions."""
CARD_FORMAT: Final = 1
WHAT_TO_DO: Final = "install callmood again, or listen with --model speech-light, which needs no encoder"


@dataclass(frozen=True, slots=True)
class EncoderFile:
    """An encoder that is what its card says.

    Attributes
    ----------
    graph : bytes
        An ONNX file.
    input_name : str
        The graph's input, float32: of shape (1, num_samples), or (1, bands, columns).
    output_names : tuple of str
        Its outputs, each float32 (1, frames, width).
    sha256 : str
        Of the graph, in hexadecimal.
    """

    graph: bytes
    input_name: str
    output_names: tuple[str, ...]
    sha256: str


def encoder_folder(name: str) -> Path:
    """Say where an encoder lies.

    Parameters
    ----------
    name : str
        ``encoder`` or ``turn-encoder``.

    Returns
    -------
    Path
        In the checkout, or inside the installed package; never in the working directory.
    """
    packages = Path(__file__).parents[2]
    inside = packages if (packages / "pyproject.toml").is_file() else packages / "callmood"
    return inside / "models" / name


def read_encoder(folder: Path) -> EncoderFile:
    """Read an encoder, and refuse one that was changed.

    Parameters
    ----------
    folder : Path
        Holds ``encoder.json`` and the file it names.

    Returns
    -------
    EncoderFile
        With the digest that its card asks for.

    Raises
    ------
    ModelError
        If a file is missing, the card is damaged or of a newer format, or the digests differ.
    """
    card_path = folder / CARD_NAME
    try:
        card = parse_object(_content(card_path))
        version = take(card, "format", whole(1))
        if version > CARD_FORMAT:
            raise ModelError(
                f"{card_path} is of format {version}, this callmood reads up to {CARD_FORMAT}; "
                "update callmood"
            )
        path = folder / Path(take(card, "file", TEXT)).name
        wanted = take(card, "sha256", TEXT)
        names = take(card, "input", TEXT), take(card, "outputs", TEXTS)
    except JsonValueError as error:
        raise ModelError(f"{card_path}: {error}; {WHAT_TO_DO}") from error
    graph = _content(path)
    found = hashlib.sha256(graph).hexdigest()
    if found != wanted:
        raise ModelError(f"{path} has SHA-256 {found}, and its card asks for {wanted}; {WHAT_TO_DO}")
    return EncoderFile(graph, *names, found)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path} cannot be read ({error.strerror}); {WHAT_TO_DO}") from error
