"""Models, encoders and the network that hears voices: are they what their cards say?"""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from callmood.doctor.finding import Finding, found_error
from emotion.errors import ModelError

if TYPE_CHECKING:
    from emotion.card import Card

ENCODERS: Final = ("encoder", "turn-encoder")


def look_at_models() -> Iterator[Finding]:
    """Read every model that is listed, and hold its files against the digests of its card.

    Yields
    ------
    Finding
        One a model, and one where the default is not among them.
    """
    from emotion.model_folders import DEFAULT_MODEL, as_path, model_folders, own_model_folders

    folders = model_folders()
    if DEFAULT_MODEL not in [folder.name for folder in folders]:
        advice = "install callmood again, or name another with --model"
        yield Finding("model", False, f"the default model, {DEFAULT_MODEL}, is not there", advice)
    for folder in folders:
        yield look_at_model(folder, folder.name)
    for folder in own_model_folders():
        yield look_at_model(folder, as_path(folder))


def look_at_model(folder: Path, name: str) -> Finding:
    """Read a model as listening would, and the digests of all files that its card names.

    Parameters
    ----------
    folder : Path
        Of the model.
    name : str
        What ``--model`` takes for it.

    Returns
    -------
    Finding
        Not ok where it would be refused.
    """
    from emotion.model import load_model, read_model_card

    try:
        card = read_model_card(folder)
        for file, promised in card.digests.items():
            _refuse_other_digest(folder, file, promised)
        load_model(folder)
    except ModelError as error:
        return found_error("model", error)
    return Finding("model", True, f"{name}: {_in_words(card)}, in {folder}")


def look_at_encoders() -> Iterator[Finding]:
    """Hold the encoders that came with callmood against their cards.

    Yields
    ------
    Finding
        One an encoder.
    """
    from emotion.encoder.encoder_file import encoder_folder

    for name in ENCODERS:
        yield look_at_encoder(encoder_folder(name))


def look_at_encoder(folder: Path) -> Finding:
    """Hold an encoder against its card.

    Parameters
    ----------
    folder : Path
        Holds ``encoder.json`` and the file it names.

    Returns
    -------
    Finding
        Not ok where it would be refused.
    """
    from emotion.encoder.encoder_file import read_encoder

    try:
        encoder = read_encoder(folder)
    except ModelError as error:
        return found_error("encoder", error)
    return Finding("encoder", True, f"{folder.name}: {len(encoder.graph) / 1e6:.1f} MB as its card says")


def look_at_voice_network() -> Iterator[Finding]:
    """Hold the network of the gate against its card.

    Yields
    ------
    Finding
        One.

    Raises
    ------
    ModelError
        If it would be refused.
    """
    from streamer.gate.voice_file import read_voice_arrays, voice_folder

    arrays = read_voice_arrays(voice_folder())
    yield Finding("voice-activity", True, f"{len(arrays)} arrays as its card says")


def _refuse_other_digest(folder: Path, name: str, promised: str) -> None:
    from emotion.card_file import WHAT_TO_DO

    # A card is anybody's: it shall have no other files read, and no device or pipe.
    path = folder / name
    if Path(name).name != name or not path.is_file():
        raise ModelError(f"{folder}: the card promises a file {name[:60]!r} that is not in it; {WHAT_TO_DO}")
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelError(f"{path} cannot be read ({error.strerror}); {WHAT_TO_DO}") from error
    if found != promised:
        raise ModelError(
            f"{path} was changed: it has SHA-256 {found[:12]}, its card promises {promised[:12]}; "
            f"{WHAT_TO_DO}"
        )


def _in_words(card: "Card") -> str:
    files = " and ".join(card.digests)
    return f"card and {files} as they were written by callmood {card.callmood_version}"
