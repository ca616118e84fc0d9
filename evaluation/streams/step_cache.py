"""Tables of windows once computed are kept on disk, under all that decided about them."""

import hashlib
import json
import zipfile
from collections.abc import Sequence
from dataclasses import fields
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

import numpy as np

from emotion.access import PRIVATE
from emotion.encoder import recogniser, turn_encoder
from emotion.encoder.encoder_file import CARD_NAME as ENCODER_CARD
from emotion.encoder.encoder_file import encoder_folder
from emotion.errors import AudioFileError, OutputError
from emotion.features.catalogue import feature_set
from emotion.whole_file import beside
from evaluation.streams.hear import StepFeatures
from evaluation.streams.plan import StreamPlan
from evaluation.streams.source_digest import modules_behind, source_digest
from streamer.gate.kinds import gate_kind
from streamer.gate.voice_file import CARD_NAME as VOICE_CARD
from streamer.gate.voice_file import voice_folder
from trainer.conditions.catalogue import KNOWN, check_condition
from trainer.placements import ClipPlaces, StreamRecords
from trainer.step_table import StepTable
from trainer.windows.cache import VARIABLE

FORMAT: Final = 1
"""Raised whenever what is kept of a table changes."""

NOT_SHAPING_VALUES: Final = frozenset(
    {
        "emotion.errors",
        "emotion.extras",
        "emotion.features.catalogue",
        "emotion.file_notes",
        "emotion.json_values",
        "evaluation.streams.plan",
        "streamer.arrivals",
        "streamer.leg_pace",
        "streamer.pace",
        "streamer.pace_slot",
        "streamer.row",
        "trainer.conditions.catalogue",
        "trainer.placements",
        "trainer.step_table",
    }
)
"""What may change without a new computation: messages, lists of names, the table itself (see `FORMAT`), how
clips are chosen, since the chosen ones are part of the key, and the pace, which only a live session has."""

_LIBRARIES: Final = ("numpy", "onnxruntime", "scipy", "soundfile", "soxr")
_COLUMNS: Final = ("state", "level_dbfs", "clip", "share", "stream", "window")


def table_key(plans: Sequence[StreamPlan], condition: str, features: StepFeatures, root: Path) -> str:
    """Digest all that decides about a table.

    Parameters
    ----------
    plans : sequence of StreamPlan
        Its streams.
    condition : str
        Heard through.
    features : StepFeatures
        Heard with.
    root : Path
        Folder that all clips lie below; where it lies itself does not count.

    Returns
    -------
    str
        SHA-256, hexadecimal, of the files' content, their labels and order, the code of everything from the
        file to the vector and the gate, their networks, and the versions of the libraries at work.

    Raises
    ------
    AudioFileError
        If a clip cannot be read.
    """
    digest = hashlib.sha256()
    chosen = feature_set(features.set_name)
    gate = gate_kind(features.set_name, features.gate)
    grid = features.win_seconds, features.step_seconds
    what = [FORMAT, condition, chosen.name, chosen.version, *grid, gate]
    digest.update(json.dumps([*what, _code_digest(features.set_name, condition)]).encode())
    for plan in plans:
        names = [plan.corpus, plan.speaker, plan.kind, plan.emotion, plan.seed]
        clips = [
            (each.path.relative_to(root).as_posix(), each.emotion, _content_digest(each.path))
            for each in plan.clips
        ]
        digest.update(json.dumps([names, clips]).encode())
    return digest.hexdigest()


def load_table(folder: Path) -> StepTable | None:
    """Look up a table.

    Parameters
    ----------
    folder : Path
        Its own.

    Returns
    -------
    StepTable or None
        Its vectors are mapped from the file, read-only; None where nothing is kept, or what is kept is
        damaged.
    """
    try:
        with (folder / "table.npz").open("rb") as file, np.load(file, allow_pickle=False) as kept:
            held: dict[str, Any] = {name: kept[name] for name in kept.files}
        vectors = np.load(folder / "vectors.npy", mmap_mode="r", allow_pickle=False)
        if len(vectors) != len(held["window"]):
            return None
        return StepTable(
            vectors=vectors,
            clips=ClipPlaces(**{each.name: held[f"clips.{each.name}"] for each in fields(ClipPlaces)}),
            streams=StreamRecords(
                **{each.name: held[f"streams.{each.name}"] for each in fields(StreamRecords)}
            ),
            win_seconds=float(held["win_seconds"]),
            step_seconds=float(held["step_seconds"]),
            key=str(held["key"]),
            **{name: held[name] for name in _COLUMNS},
        )
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


def store_table(folder: Path, table: StepTable) -> None:
    """Keep a table; it appears whole or not at all.

    Parameters
    ----------
    folder : Path
        Its own; made as well.
    table : StepTable
        What was computed.

    Raises
    ------
    OutputError
        If the folder cannot be written.
    """
    columns: dict[str, Any] = {name: getattr(table, name) for name in _COLUMNS}
    for prefix, part in (("clips", table.clips), ("streams", table.streams)):
        columns |= {f"{prefix}.{each.name}": getattr(part, each.name) for each in fields(part)}
    columns |= {"win_seconds": table.win_seconds, "step_seconds": table.step_seconds, "key": table.key}
    try:
        PRIVATE.make_folder(folder)
        # The table last: without it the vectors are not looked at.
        for name in ("vectors.npy", "table.npz"):
            temporary = beside(folder / name)
            try:
                with temporary.open("wb") as file:
                    if name == "vectors.npy":
                        np.save(file, table.vectors)
                    else:
                        np.savez(file, **columns)
                temporary.replace(folder / name)
            finally:
                temporary.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(
            f"cannot keep windows in {folder}: {error.strerror or error}; name another folder in {VARIABLE}"
        ) from error


def modules_that_shape(set_name: str, condition: str) -> tuple[str, ...]:
    """Name the modules of this project that decide about a table's values.

    Parameters
    ----------
    set_name : str
        The feature set.
    condition : str
        The condition.

    Returns
    -------
    tuple of str
        In alphabetical order.
    """
    own = {KNOWN[part].__module__ for part in check_condition(condition)}
    module = f"emotion.features.{set_name.replace('-', '_')}"
    begin = ["evaluation.streams.stream_table", module, *own]
    return modules_behind(begin, NOT_SHAPING_VALUES)


@cache
def _code_digest(set_name: str, condition: str) -> str:
    digest = hashlib.sha256(
        source_digest(modules_that_shape(set_name, condition), NOT_SHAPING_VALUES).encode()
    )
    for library in _LIBRARIES:
        digest.update(f"{library} {_version_of(library)}\n".encode())
    # Their cards hold the digests of the networks, which are refused if they differ.
    encoders = [encoder_folder(each.FOLDER) / ENCODER_CARD for each in (recogniser, turn_encoder)]
    for card in (*encoders, voice_folder() / VOICE_CARD):
        digest.update(card.read_bytes() if card.is_file() else b"none")
    return digest.hexdigest()


def _version_of(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return "none"


def _content_digest(path: Path) -> str:
    try:
        facts = path.stat()
        return _digest_of_file(path, facts.st_mtime_ns, facts.st_size)
    except OSError as error:
        raise AudioFileError(f"{path} cannot be read: {error.strerror or error}") from error


@cache
def _digest_of_file(path: Path, _changed: int, _size: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
