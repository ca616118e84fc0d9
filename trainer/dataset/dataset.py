"""Find the labelled clips below a folder: a folder a label, a corpus, or a folder of corpora."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from emotion.errors import DatasetError
from emotion.labels import LABELS
from emotion.sound_files import sound_files_below
from trainer.dataset.clip import Clip
from trainer.dataset.manifest import MANIFEST, ClipList, read_manifest
from trainer.dataset.synthetic import SYNTHETIC_CORPUS, is_synthetic

MIN_CLIPS_PER_LABEL: Final = 5
"""One to be tested on, and four to learn and choose from: fewer cannot be split."""


@dataclass(frozen=True, slots=True)
class Dataset:
    """Everything there is to train and test on.

    Attributes
    ----------
    clips : tuple of Clip
        Ordered by corpus and place, the same on every machine.
    labels : tuple of str
        Those that occur, in the order of `emotion.labels`.
    unlabelled : int
        Clips of a corpus that carry none of the four labels.
    remarks : tuple of str
        One line for each thing left out.
    """

    clips: tuple[Clip, ...]
    labels: tuple[str, ...]
    unlabelled: int
    remarks: tuple[str, ...]


def read_dataset(root: Path) -> Dataset:
    """Read DATA as `callmood train` takes it.

    Parameters
    ----------
    root : Path
        A folder with a folder a label, a folder with a ``manifest.csv``, or a folder of such folders.

    Returns
    -------
    Dataset
        With at least two labels, and at least `MIN_CLIPS_PER_LABEL` clips of each.

    Raises
    ------
    DatasetError
        If there is no such folder, or too little in it.
    """
    if not root.is_dir():
        raise DatasetError(f"there is no folder {root}; make one with: callmood init {root}")
    lists = _clip_lists(root)
    clips = tuple(clip for part in lists for clip in part.clips)
    check_enough(clips, root)
    present = {clip.emotion for clip in clips}
    return Dataset(
        clips,
        tuple(label for label in LABELS if label in present),
        sum(part.unlabelled for part in lists),
        tuple(remark for part in lists for remark in part.remarks),
    )


def check_enough(clips: tuple[Clip, ...], root: Path) -> None:
    """Refuse what cannot be split into a part to learn from and a part to test on.

    Parameters
    ----------
    clips : tuple of Clip
        What is left to train and test on.
    root : Path
        Where it comes from, for the message.

    Raises
    ------
    DatasetError
        If there is no clip, one label only, or a label with fewer than `MIN_CLIPS_PER_LABEL` clips.
    """
    counts = Counter(clip.emotion for clip in clips)
    if not counts:
        raise DatasetError(
            f"{root} holds no labelled clips; put recordings into {root}/{{{','.join(LABELS)}}}, "
            f"make some with: callmood generate --out {root}, or name a folder of corpora ({MANIFEST})"
        )
    if len(counts) == 1:
        raise DatasetError(
            f"every clip below {root} is {next(iter(counts))}; at least two emotions are needed"
        )
    few = [f"{label} has {counts[label]}" for label in LABELS if 0 < counts[label] < MIN_CLIPS_PER_LABEL]
    if few:
        raise DatasetError(
            f"too few clips below {root}: {', '.join(few)}; each emotion needs at least {MIN_CLIPS_PER_LABEL}"
        )


def _clip_lists(root: Path) -> list[ClipList]:
    if (root / MANIFEST).is_file():
        return [read_manifest(root)]
    folders = sorted(
        folder for folder in root.iterdir() if folder.is_dir() and not folder.name.startswith(".")
    )
    corpora = [folder for folder in folders if (folder / MANIFEST).is_file()]
    if corpora:
        left_out = [folder for folder in folders if folder not in corpora]
        remarks = [f"{folder} has no {MANIFEST} and is left out" for folder in left_out]
        return [*(read_manifest(folder) for folder in corpora), ClipList((), remarks=tuple(remarks))]
    remarks = [
        f"{folder} is no label ({', '.join(LABELS)}) and is left out"
        for folder in folders
        if folder.name not in LABELS
    ]
    labelled = (clip for folder in folders if folder.name in LABELS for clip in _clips_of_label(folder, root))
    return [ClipList(tuple(labelled), remarks=tuple(remarks))]


def _clips_of_label(folder: Path, root: Path) -> list[Clip]:
    paths = sound_files_below(folder)
    own_name = root.resolve().name
    return [
        Clip(path, SYNTHETIC_CORPUS if is_synthetic(path) else own_name, None, folder.name) for path in paths
    ]
