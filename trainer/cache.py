"""Computed values on disk, found again by the facts that decided about them; safe to delete at any time."""

import hashlib
import io
import json
import os
import tokenize
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, BinaryIO, Final, TypeAlias

import numpy as np
from numpy.lib.format import open_memmap, read_array, write_array
from numpy.typing import ArrayLike, NDArray

from emotion.atomic_files import PRIVATE, beside
from emotion.encoders import CARD_NAME as ENCODER_CARD
from emotion.encoders import RECOGNISER, TURN_ENCODER, NetworkCard, network_folder
from emotion.errors import OutputError
from emotion.features.catalogue import feature_set
from emotion.untrusted import JsonValueError, convert, parse_object

VARIABLE: Final = "CALLMOOD_CACHE"
"""Environment variable that names the folder; by default ``.callmood-cache`` in the working directory."""

Fact: TypeAlias = str | int | float | Sequence["Fact"] | Mapping[str, "Fact"] | None
"""What a key may be made of: plain values that JSON knows."""

_DAMAGED: Final = (
    OSError,
    ValueError,
    EOFError,
    RuntimeError,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
)
"""What numpy and zipfile raise on files that are missing, cut or spoiled."""


@dataclass(frozen=True, slots=True)
class Cache:
    """Entries of one kind: named arrays under a key.

    Entries are private to the user, appear whole or not at all, and hold no pickles.

    Attributes
    ----------
    folder : Path
        Made when first needed.
    """

    folder: Path

    @classmethod
    def of_kind(cls, kind: str) -> "Cache":
        """Open the entries of one kind, in the folder that `VARIABLE` names.

        Parameters
        ----------
        kind : str
            Name of a folder, such as ``features``.

        Returns
        -------
        Cache
            Nothing is made on disk yet.
        """
        return cls(Path(os.environ.get(VARIABLE) or ".callmood-cache") / kind)

    def load(self, key: str, mapped: str | None = None) -> dict[str, NDArray[Any]] | None:
        """Look up an entry.

        Parameters
        ----------
        key : str
            As `cache_key` gives it.
        mapped : str, optional
            The array that was stored as mapped; it is mapped from its file, read-only.

        Returns
        -------
        dict of str to ndarray, or None
            None where nothing is stored, or what is stored is damaged.
        """
        try:
            arrays = _load_all(self._path(key, "npz"))
            if mapped is not None:
                arrays[mapped] = open_memmap(self._path(key, "npy"), mode="r")
        except _DAMAGED:
            return None
        return arrays

    def store(self, key: str, arrays: Mapping[str, ArrayLike], mapped: str | None = None) -> None:
        """Keep an entry; one with the same key is replaced.

        Parameters
        ----------
        key : str
            As `cache_key` gives it.
        arrays : mapping of str to array_like
            Numbers and texts.
        mapped : str, optional
            The array that is to be mapped when it is loaded; it lies in a file of its own.

        Raises
        ------
        OutputError
            If the folder cannot be written.
        """
        rest = {name: np.asarray(values) for name, values in arrays.items() if name != mapped}
        try:
            PRIVATE.make_folder(self._path(key, "npz").parent)
            if mapped is not None:
                large = np.asarray(arrays[mapped])
                _write(self._path(key, "npy"), lambda file: write_array(file, large, allow_pickle=False))
            # Last: without it an entry does not count.
            _write(self._path(key, "npz"), lambda file: _save_all(file, rest))
        except OSError as error:
            raise OutputError(
                f"cannot keep computed values in {self.folder}: {error.strerror or error}; "
                f"name another folder in {VARIABLE}"
            ) from error

    def _path(self, key: str, suffix: str) -> Path:
        return self.folder / key[:2] / f"{key}.{suffix}"


def cache_key(**facts: Fact) -> str:
    """Digest declared facts: equal facts give equal keys, in whatever order they are named.

    Parameters
    ----------
    **facts
        Versions, parameters and digests of content; never code, nor where a file lies.

    Returns
    -------
    str
        SHA-256 of their canonical JSON, hexadecimal.
    """
    text = json.dumps(facts, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def feature_set_facts(name: str) -> dict[str, Fact]:
    """Give what decides about the vectors of a feature set, besides the sound and the grid.

    Parameters
    ----------
    name : str
        The feature set.

    Returns
    -------
    dict
        Its name and version, and the digests of the encoders.
    """
    encoders = [network_folder(each.folder) / ENCODER_CARD for each in (RECOGNISER, TURN_ENCODER)]
    return {
        "name": name,
        "version": feature_set(name).version,
        "encoders": [network_digest(card) for card in encoders],
    }


def network_digest(card: Path) -> str | None:
    """Give the SHA-256 that a network's card promises; a network that differs from it is refused.

    Parameters
    ----------
    card : Path
        Such as ``encoder.json``.

    Returns
    -------
    str or None
        None where there is no card to be read.
    """
    try:
        return convert(parse_object(card.read_bytes()), NetworkCard).sha256
    except (OSError, JsonValueError):
        return None


def library_versions(*names: str) -> dict[str, Fact]:
    """Look up what is installed.

    Parameters
    ----------
    *names : str
        Distributions, such as ``scikit-learn``.

    Returns
    -------
    dict of str to (str or None)
        The version of each; None for one that is not installed.
    """
    return {name: _version(name) for name in names}


def file_digest(path: Path) -> str:
    """Digest a file; one that has not changed since the last time is not read again.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    str
        SHA-256, hexadecimal.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    facts = path.stat()
    return _digest_of_file(path, facts.st_mtime_ns, facts.st_size)


@cache
def _version(library: str) -> str | None:
    try:
        return version(library)
    except PackageNotFoundError:
        return None


@cache
def _digest_of_file(path: Path, _changed: int, _size: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _save_all(file: BinaryIO, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write an npz; `np.savez` would pickle objects."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, values in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                write_array(member, values, allow_pickle=False)


def _load_all(path: Path) -> dict[str, NDArray[Any]]:
    """Read what `_save_all` wrote; whole members, since a checksum is looked at behind the last byte."""
    with zipfile.ZipFile(path) as archive:
        members = {name.removesuffix(".npy"): archive.read(name) for name in archive.namelist()}
    return {name: read_array(io.BytesIO(raw), allow_pickle=False) for name, raw in members.items()}


def _write(path: Path, save: Callable[[BinaryIO], None]) -> None:
    """Write beside, then rename; large arrays go to the file without a copy in memory."""
    temporary = beside(path)
    try:
        # What an earlier process of this number has left may have other rights.
        temporary.unlink(missing_ok=True)
        descriptor = PRIVATE.open_file(temporary, os.O_WRONLY | os.O_EXCL | os.O_CLOEXEC)
        with os.fdopen(descriptor, "wb") as file:
            save(file)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
