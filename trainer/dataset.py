"""Labelled clips below a folder: a folder a label, a corpus with ``manifest.csv``, or a folder of corpora."""

import csv
import os
import re
import shlex
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Final, TextIO

from emotion.audio_decoding import comment_of
from emotion.audio_io import sound_files_below
from emotion.card import LABELS
from emotion.errors import AudioFileError, DatasetError, OutputError, UsageError, printable
from trainer.label_words import LabelWords

SYNTHETIC_CORPUS: Final = "synthetic tones"
"""The corpus of every such clip, whatever its folder is called."""

SYNTHETIC_MARK: Final = "callmood synthetic tone"
"""Begins the comment inside every generated file, so that a model fitted on it can say so."""

MIN_CLIPS_PER_LABEL: Final = 5
"""One to be tested on, and four to learn and choose from: fewer cannot be split."""

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
_MAX_SHOWN: Final = 200
_MAX_PATTERN: Final = 200
_MAX_MATCHED: Final = 1_000
_MAX_SPEAKER: Final = 100
_PATTERN_SECONDS: Final = 10.0
_COUNTED_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Clip:
    """A recording of one person in one emotion.

    Attributes
    ----------
    path : Path
        The sound.
    corpus : str
        Where it comes from; scores, licences and balance depend on it.
    speaker : str or None
        Who speaks, unique within the corpus; None where unknown.
    emotion : str
        One of the labels.
    language : str or None
        As the manifest has it, such as ``de``.
    sentence : str or None
        The manifest's text id.
    """

    path: Path
    corpus: str
    speaker: str | None
    emotion: str
    language: str | None = None
    sentence: str | None = None

    @property
    def speaker_key(self) -> str | None:
        """The speaker, unique among all corpora; None where unknown."""
        return None if self.speaker is None else f"{self.corpus}/{self.speaker}"

    @property
    def group(self) -> str:
        """What a split keeps together: the speaker, or the clip itself where the speaker is unknown."""
        return self.speaker_key or f"{self.corpus}//{self.path.as_posix()}"


@dataclass(frozen=True, slots=True)
class Dataset:
    """Labelled clips, and what was left out.

    Attributes
    ----------
    clips : tuple of Clip
        In the order of corpora, manifests and file names: the same on every machine.
    unlabelled : int
        Clips of corpora that carry none of the four labels on purpose.
    remarks : tuple of str
        One line for each thing that was left out by mistake.
    """

    clips: tuple[Clip, ...]
    unlabelled: int = 0
    remarks: tuple[str, ...] = ()

    @property
    def labels(self) -> tuple[str, ...]:
        """Those that occur, in the order of `emotion.card`."""
        present = {clip.emotion for clip in self.clips}
        return tuple(label for label in LABELS if label in present)


@dataclass(frozen=True, slots=True)
class Reading:
    """How names are understood.

    Attributes
    ----------
    words : LabelWords
        From the name of a folder, or the ``emotion4`` of a manifest, to a label.
    speakers : str or None
        Regular expression that finds the speaker in the path of a clip below the data folder: its first
        group, or all that it matches. None where the paths say nothing.
    """

    words: LabelWords = field(default_factory=LabelWords)
    speakers: str | None = None


def read_dataset(root: Path, reading: Reading | None = None) -> Dataset:
    """Read DATA as `callmood train` takes it."""
    reading = reading or Reading()
    if not root.is_dir():
        raise DatasetError(f"there is no folder {root}; make one with: callmood init {root}")
    parts = _parts(root, reading)
    clips = tuple(clip for part in parts for clip in part.clips)
    remarks = tuple(remark for part in parts for remark in part.remarks)
    check_enough(clips, root, remarks)
    if reading.speakers is not None:
        clips = _with_speakers(clips, root, reading.speakers)
    return Dataset(clips, sum(part.unlabelled for part in parts), remarks)


def check_enough(clips: Sequence[Clip], root: Path, remarks: Sequence[str] = ()) -> None:
    """Refuse what cannot be split into a part to learn from and a part to test on."""
    counts = Counter(clip.emotion for clip in clips)
    reason = f" ({remarks[0]})" if remarks else ""
    if not counts:
        raise DatasetError(
            f"{root} holds no labelled clips{reason}; put recordings into {root}/{{{','.join(LABELS)}}}, "
            f"make some with: callmood generate --out {root}, or name a folder of corpora ({MANIFEST})"
        )
    if len(counts) == 1:
        raise DatasetError(
            f"every clip below {root} is {next(iter(counts))}{reason}; at least two emotions are needed"
        )
    few = [f"{label} has {counts[label]}" for label in LABELS if 0 < counts[label] < MIN_CLIPS_PER_LABEL]
    if few:
        raise DatasetError(
            f"too few clips below {root}: {', '.join(few)}; each emotion needs at least {MIN_CLIPS_PER_LABEL}"
        )


def _parts(root: Path, reading: Reading) -> list[Dataset]:
    folders = _folders_in(root)
    corpora = [folder for folder in folders if (folder / MANIFEST).is_file()]
    is_corpus = (root / MANIFEST).is_file()
    if (is_corpus or corpora) and reading.speakers is not None:
        raise UsageError(f"--speakers is for folders without a manifest, and {root} has one; leave it out")
    if is_corpus:
        return [read_manifest(root, reading.words)]
    if corpora:
        left_out = [folder for folder in folders if folder not in corpora]
        remarks = [f"{folder} has no {MANIFEST} and is left out" for folder in left_out]
        return [
            *(read_manifest(folder, reading.words) for folder in corpora),
            Dataset((), remarks=tuple(remarks)),
        ]
    return [_read_folders(root, reading.words)]


def _folders_in(root: Path) -> list[Path]:
    try:
        return sorted(each for each in root.iterdir() if each.is_dir() and not each.name.startswith("."))
    except OSError as error:
        raise DatasetError(f"cannot read {root}: {error.strerror or error}; check its rights") from error


def _read_folders(root: Path, words: LabelWords) -> Dataset:
    """Read ``root/EMOTION`` and ``root/ANYTHING/EMOTION``."""
    labelled: list[tuple[Path, str]] = []
    left_out: list[Path] = []
    for folder in _folders_in(root):
        inside = [] if words.label_of(folder.name) else _folders_in(folder)
        # A folder of a speaker, say, where one of the folders in it is that of an emotion.
        folders = inside if any(words.label_of(each.name) for each in inside) else [folder]
        for each in folders:
            label = words.label_of(each.name)
            if label is None:
                left_out.append(each)
            else:
                labelled.append((each, label))
    name = printable(root.resolve().name)
    # By label first: the order of clips does not depend on the language of the folders.
    labelled.sort(key=lambda each: LABELS.index(each[1]))
    clips = (
        Clip(path, SYNTHETIC_CORPUS if is_synthetic(path) else name, None, label)
        for folder, label in labelled
        for path in sound_files_below(folder)
    )
    return Dataset(tuple(clips), remarks=_left_out(root, left_out))


def _left_out(root: Path, folders: Sequence[Path]) -> tuple[str, ...]:
    if not folders:
        return ()
    names = list(dict.fromkeys(printable(folder.relative_to(root).as_posix()) for folder in folders))
    more = f" and {len(names) - _MAX_REMARKS} more" if len(names) > _MAX_REMARKS else ""
    first = shlex.quote(printable(folders[0].name))
    return (
        f"left out, named after none of {', '.join(LABELS)}: {', '.join(names[:_MAX_REMARKS])}{more}; "
        f"to use one: --map {first}=neutral",
    )


def _with_speakers(clips: Sequence[Clip], root: Path, pattern: str) -> tuple[Clip, ...]:
    """Find the speaker in the path of each clip."""
    shown = f"--speakers {printable(pattern[:_MAX_SHOWN])!r}"
    try:
        find = re.compile(pattern if len(pattern) <= _MAX_PATTERN else "(").search
    except (re.error, RecursionError, OverflowError) as error:
        raise UsageError(
            f"{shown} is no regular expression of at most {_MAX_PATTERN} characters; "
            "give one such as '^[^/]+/([^/]+)/'"
        ) from error
    found: list[Clip] = []
    without: list[str] = []
    with _within(_PATTERN_SECONDS, f"{shown} takes more than {_PATTERN_SECONDS:g} s; repeat no repetition"):
        for clip in clips:
            path = clip.path.relative_to(root).as_posix()
            match = find(path) if len(path) <= _MAX_MATCHED else None
            speaker = match[1 if match.re.groups else 0] if match else None
            if speaker and len(speaker) <= _MAX_SPEAKER:
                found.append(replace(clip, speaker=printable(speaker)))
            else:
                without.append(path)
    if without:
        raise DatasetError(
            f"{shown} finds no speaker in {printable(without[0][:_MAX_SHOWN])} "
            f"({len(without)} of {len(clips)} clips); it must find one in each path below the data folder"
        )
    emotions: dict[str, set[str]] = {}
    for clip in found:
        emotions.setdefault(str(clip.speaker), set()).add(clip.emotion)
    if len(emotions) > 1 and all(len(each) == 1 for each in emotions.values()):
        names = ", ".join(sorted(emotions)[:4])
        raise DatasetError(
            f"{shown} finds {len(emotions)} speakers ({names}), each in one emotion only; "
            "it must find the speaker, not the emotion or the clip"
        )
    return tuple(found)


@contextmanager
def _within(seconds: float, complaint: str) -> Iterator[None]:
    """Interrupt what lasts longer, where the system can."""

    def interrupt(*_: object) -> None:
        raise UsageError(complaint)

    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        yield
        return
    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)


def is_synthetic(path: Path) -> bool:
    """Tell whether a file carries the mark."""
    try:
        return comment_of(path).startswith(SYNTHETIC_MARK)
    except AudioFileError:
        return False


def read_manifest(folder: Path, words: LabelWords | None = None) -> Dataset:
    """Read ``folder/manifest.csv``."""
    manifest = folder / MANIFEST
    words = words or LabelWords()
    inside, base = _Inside(folder), os.path.join(folder, "")  # noqa: PTH118 - as in `_is_file`
    name = printable(Path(inside.real).name)
    clips: list[Clip] = []
    unlabelled = num_missing = 0
    first_missing = ""
    unknown: Counter[str] = Counter()
    for number, row in _rows(manifest):
        # In plain strings: for 250 000 rows, paths as objects take longer than all else together.
        path, written = row("path"), row("emotion4")
        label = written if written in LABELS else words.label_of(written)
        if _leaves(path):
            raise DatasetError(
                f"{manifest}, line {number}: the path {path[:_MAX_SHOWN]!r} does not stay inside {folder}; "
                "give it relative to the manifest"
            )
        if not written:
            unlabelled += 1
        elif label is None:
            unknown[written] += 1
        elif not _is_file(base + path):
            num_missing += 1
            first_missing = first_missing or path
        elif not inside.holds(base + path):
            raise DatasetError(
                f"{manifest}, line {number}: {printable(path[:_MAX_SHOWN])} is a link that does not stay "
                f"inside {inside.real}; put the file itself there"
            )
        else:
            clips.append(
                Clip(
                    folder / PurePosixPath(path),
                    printable(row("corpus")) or name,
                    row("speaker") or None,
                    label,
                    row("language") or None,
                    row("sentence") or None,
                )
            )
    remarks = [
        f"{manifest}: emotion4 {label[:40]!r} is none of {', '.join(LABELS)}: {count} clips left out"
        for label, count in sorted(unknown.items())[:_MAX_REMARKS]
    ]
    if len(unknown) > _MAX_REMARKS:
        remarks.append(f"{manifest}: {len(unknown) - _MAX_REMARKS} more labels are none of them and left out")
    if num_missing:
        first = printable(first_missing[:_MAX_SHOWN])
        remarks.append(f"{manifest}: {num_missing} files are not there and left out, the first {first}")
    return Dataset(tuple(clips), unlabelled, tuple(remarks))


def _rows(manifest: Path) -> Iterator[tuple[int, Callable[[str], str]]]:
    """Give each row's line, and what looks up its cells by column: empty where there is none."""
    try:
        _refuse_huge(manifest)
        with manifest.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(_short_lines(file), strict=True)
            columns = _columns(manifest, next(reader, []))
            cells: list[str] = []

            def cell(column: str) -> str:
                place = columns.get(column, len(cells))
                return cells[place].strip() if place < len(cells) else ""

            for cells in reader:
                if cells:
                    yield reader.line_num, cell
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(f"cannot read {manifest}: {error}; it must be a CSV file in UTF-8") from error


def _columns(manifest: Path, names: list[str]) -> dict[str, int]:
    absent = [name for name in REQUIRED_COLUMNS if name not in names]
    if absent:
        raise DatasetError(
            f"{manifest} has no column {', '.join(absent)}; its first line must name at least "
            + ", ".join(REQUIRED_COLUMNS)
        )
    if len(names) > _MAX_COLUMNS:
        raise DatasetError(f"{manifest} has {len(names)} columns; a manifest has no more than {_MAX_COLUMNS}")
    return {name: place for place, name in enumerate(names)}


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


class _Inside:
    """Whether links lead out of a corpus; remembers its folders, as most clips share one with thousands."""

    def __init__(self, folder: Path) -> None:
        self.real = os.path.realpath(folder)
        self._folders: dict[str, bool] = {}

    def holds(self, path: str) -> bool:
        if os.path.islink(path):  # noqa: PTH114 - as in `_is_file`
            return self._is_below(path)
        folder = path.rpartition("/")[0]
        if folder not in self._folders:
            self._folders[folder] = self._is_below(folder)
        return self._folders[folder]

    def _is_below(self, path: str) -> bool:
        return os.path.commonpath((self.real, os.path.realpath(path))) == self.real


def _leaves(path: str) -> bool:
    return not path or path[0] == "/" or "\0" in path or (".." in path and ".." in PurePosixPath(path).parts)


def _is_file(path: str) -> bool:
    """Most rows of a hostile manifest name nothing; to ask `os.access` costs no exception."""
    return os.access(path, os.F_OK) and os.path.isfile(path)  # noqa: PTH113 - Path.is_file raises at long names


@dataclass(frozen=True, slots=True)
class EmotionFolders:
    """What `make_emotion_folders` made, and what was there already."""

    made: tuple[Path, ...]
    present: tuple[Path, ...]


def make_emotion_folders(root: Path) -> EmotionFolders:
    """Make ``root/{angry,happy,neutral,sad}`` where they are missing; touch nothing else."""
    folders = [root / label for label in LABELS]
    present = tuple(folder for folder in folders if folder.is_dir())
    made = tuple(folder for folder in folders if folder not in present)
    for folder in made:
        try:
            folder.mkdir(parents=True)
        except OSError as error:
            raise OutputError(
                f"cannot make the folder {folder}: {error.strerror or error}; "
                "name another place, or move what stands there"
            ) from error
    return EmotionFolders(made, present)
