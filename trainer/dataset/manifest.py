"""Read a corpus: a folder with sound and a ``manifest.csv`` that says what is in it."""

import csv
from collections import Counter
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from emotion.errors import DatasetError
from emotion.labels import LABELS
from trainer.dataset.clip import Clip

MANIFEST: Final = "manifest.csv"
"""Name of the file that makes a folder a corpus."""

REQUIRED_COLUMNS: Final = ("path", "speaker", "emotion4")
"""A manifest without one of these is refused; ``corpus``, ``language`` and ``sentence`` may be missing."""


@dataclass(frozen=True, slots=True)
class ClipList:
    """The clips of one place, and what was left out of them.

    Attributes
    ----------
    clips : tuple of Clip
        In the order of the manifest, or of the file names.
    unlabelled : int
        Clips that carry none of the four labels on purpose.
    remarks : tuple of str
        One line for each thing that was left out by mistake.
    """

    clips: tuple[Clip, ...]
    unlabelled: int = 0
    remarks: tuple[str, ...] = ()


def read_manifest(folder: Path) -> ClipList:
    """Read ``folder/manifest.csv``.

    Parameters
    ----------
    folder : Path
        The corpus.

    Returns
    -------
    ClipList
        Rows with an empty ``emotion4`` are counted as unlabelled; rows with an unknown label, and rows whose
        file is missing, are left out with a remark.

    Raises
    ------
    DatasetError
        If the manifest cannot be read, lacks a column, or names a path outside the folder.
    """
    manifest = folder / MANIFEST
    clips: list[Clip] = []
    unlabelled = 0
    missing: list[str] = []
    unknown: Counter[str] = Counter()
    for number, row in _rows(manifest):
        label = row["emotion4"]
        path = _inside(folder, row["path"], f"{manifest}, line {number}")
        if not label:
            unlabelled += 1
        elif label not in LABELS:
            unknown[label] += 1
        elif not path.is_file():
            missing.append(row["path"])
        else:
            clips.append(
                Clip(
                    path,
                    row.get("corpus") or folder.resolve().name,
                    row["speaker"] or None,
                    label,
                    row.get("language") or None,
                    row.get("sentence") or None,
                )
            )
    remarks = [
        f"{manifest}: emotion4 {label!r} is none of {', '.join(LABELS)}: {count} clips left out"
        for label, count in sorted(unknown.items())
    ]
    if missing:
        remarks.append(f"{manifest}: {len(missing)} files are not there and left out, the first {missing[0]}")
    return ClipList(tuple(clips), unlabelled, tuple(remarks))


def _rows(manifest: Path) -> list[tuple[int, dict[str, str]]]:
    try:
        with manifest.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, restval="", strict=True)
            absent = [name for name in REQUIRED_COLUMNS if name not in (reader.fieldnames or ())]
            if absent:
                raise DatasetError(
                    f"{manifest} has no column {', '.join(absent)}; its first line must name at least "
                    + ", ".join(REQUIRED_COLUMNS)
                )
            return [
                (
                    reader.line_num,
                    {name: text.strip() for name, text in row.items() if name and isinstance(text, str)},
                )
                for row in reader
            ]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(f"cannot read {manifest}: {error}; it must be a CSV file in UTF-8") from error


def _inside(folder: Path, path: str, where: str) -> Path:
    relative = PurePosixPath(path)
    if not path or "\0" in path or relative.is_absolute() or ".." in relative.parts:
        raise DatasetError(
            f"{where}: the path {path!r} does not stay inside {folder}; give it relative to the manifest"
        )
    return folder / relative
