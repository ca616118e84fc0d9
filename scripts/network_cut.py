"""What the scripts share that cut a network out of a package: its card, and how far the cut is off."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

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
