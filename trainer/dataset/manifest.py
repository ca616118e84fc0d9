"""Read a corpus: a folder with sound and a ``manifest.csv`` that says what is in it."""

import csv
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final, TextIO

from emotion.errors import DatasetError
from emotion.labels import LABELS
from emotion.printable import printable
from trainer.dataset.clip import Clip

MANIFEST: Final = "manifest.csv"
"""Name of the file that makes a folder a corpus."""

REQUIRED_COLUMNS: Final = ("path", "speaker", "emotion4")
"""A manifest without one of these is refused; ``corpus``, ``language`` and ``sentence`` may be missing."""

MAX_BYTES: Final = 32_000_000
MAX_ROWS: Final = 250_000
"""No collection of emotional speech has many more clips."""

_MAX_COLUMNS: Final = 256
_MAX_LINE: Final = 100_000
_MAX_REMARKS: Final = 20
_COUNTED_BYTES: Final = 1 << 20


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
        If the manifest cannot be read, is too big, lacks a column, or names a path that leaves the folder, by
        its parts or by a link.
    """
    manifest = folder / MANIFEST
    inside = os.path.realpath(folder)
    clips: list[Clip] = []
    unlabelled = 0
    missing: list[str] = []
    unknown: Counter[str] = Counter()
    for number, row in _rows(manifest):
        label = row["emotion4"]
        where = f"{manifest}, line {number}"
        path = _inside(folder, row["path"], where)
        if not label:
            unlabelled += 1
        elif label not in LABELS:
            unknown[label] += 1
        elif not os.path.isfile(path):  # noqa: PTH113 - Path.is_file raises at a name that is too long
            missing.append(row["path"])
        else:
            _refuse_link_outside(path, inside, where)
            clips.append(
                Clip(
                    path,
                    printable(row.get("corpus") or Path(inside).name),
                    row["speaker"] or None,
                    label,
                    row.get("language") or None,
                    row.get("sentence") or None,
                )
            )
    remarks = [
        f"{manifest}: emotion4 {label[:40]!r} is none of {', '.join(LABELS)}: {count} clips left out"
        for label, count in sorted(unknown.items())[:_MAX_REMARKS]
    ]
    if len(unknown) > _MAX_REMARKS:
        remarks.append(f"{manifest}: {len(unknown) - _MAX_REMARKS} more labels are none of them and left out")
    if missing:
        first = printable(missing[0])
        remarks.append(f"{manifest}: {len(missing)} files are not there and left out, the first {first}")
    return ClipList(tuple(clips), unlabelled, tuple(remarks))


def _rows(manifest: Path) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        _refuse_huge(manifest)
        with manifest.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(_short_lines(file), restval="", strict=True)
            columns = reader.fieldnames or ()
            absent = [name for name in REQUIRED_COLUMNS if name not in columns]
            if absent or len(columns) > _MAX_COLUMNS:
                raise DatasetError(
                    f"{manifest} has no column {', '.join(absent)}; its first line must name at least "
                    + ", ".join(REQUIRED_COLUMNS)
                    if absent
                    else f"{manifest} has {len(columns)} columns; a manifest has no more than {_MAX_COLUMNS}"
                )
            for row in reader:
                texts = {name: text.strip() for name, text in row.items() if name and isinstance(text, str)}
                yield reader.line_num, texts
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(f"cannot read {manifest}: {error}; it must be a CSV file in UTF-8") from error


def _refuse_huge(manifest: Path) -> None:
    """Count rows before one is kept; who has more puts them into several corpora."""
    size = manifest.stat().st_size
    num_rows = 0
    if size <= MAX_BYTES:
        with manifest.open("rb") as file:
            while part := file.read(_COUNTED_BYTES):
                num_rows += max(part.count(b"\n"), part.count(b"\r"))
    if size > MAX_BYTES or num_rows > MAX_ROWS + 1:
        what = f"{size} bytes" if size > MAX_BYTES else f"{num_rows} lines"
        raise DatasetError(
            f"{manifest} has {what}, more than {MAX_BYTES} bytes or {MAX_ROWS} rows; make it several corpora"
        )


def _short_lines(file: TextIO) -> Iterator[str]:
    while line := file.readline(_MAX_LINE):
        if len(line) == _MAX_LINE:
            raise csv.Error(f"a line of {_MAX_LINE} characters or more")
        yield line


def _refuse_link_outside(path: Path, inside: str, where: str) -> None:
    if os.path.commonpath((inside, os.path.realpath(path))) != inside:
        raise DatasetError(
            f"{where}: {printable(path)} is a link that does not stay inside {inside}; "
            "put the file itself there"
        )


def _inside(folder: Path, path: str, where: str) -> Path:
    relative = PurePosixPath(path)
    if not path or "\0" in path or relative.is_absolute() or ".." in relative.parts:
        raise DatasetError(
            f"{where}: the path {path!r} does not stay inside {folder}; give it relative to the manifest"
        )
    return folder / relative
