"""The corpora that are streamed: any folder of folders with manifests."""

import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from emotion.errors import DatasetError, UsageError
from emotion.labels import LABELS
from trainer.dataset.clip import Clip
from trainer.dataset.manifest import MANIFEST, REQUIRED_COLUMNS, read_manifest
from trainer.training_options import CORPORA_VARIABLE

DEFAULT_FOLDER: Final = Path("../shared/corpora")
"""Where corpora lie unless somebody says otherwise: beside the checkout, never in it."""


@dataclass(frozen=True, slots=True)
class Corpora:
    """What there is to stream.

    Attributes
    ----------
    clips : mapping of str to tuple of Clip
        By the corpus' name, in alphabetical order: the clips that carry one of the four labels.
    unlabelled : int
        Clips that carry another emotion, and are left out.
    remarks : tuple of str
        One line for each thing left out by mistake.
    """

    clips: Mapping[str, tuple[Clip, ...]]
    unlabelled: int
    remarks: tuple[str, ...]

    @property
    def all_clips(self) -> tuple[Clip, ...]:
        """The clips of all corpora."""
        return tuple(clip for own in self.clips.values() for clip in own)


def corpora_folder() -> Path:
    """Say where corpora are looked for unless a command names a folder.

    Returns
    -------
    Path
        What ``CALLMOOD_CORPORA`` names, else `DEFAULT_FOLDER`.
    """
    return Path(os.environ.get(CORPORA_VARIABLE) or DEFAULT_FOLDER)


def read_corpora(root: Path | None = None, only: Sequence[str] = ()) -> Corpora:
    """Read the manifests below a folder, or of the folder itself.

    Parameters
    ----------
    root : Path, optional
        Holds a folder with a ``manifest.csv`` for each corpus, or is such a folder; by default
        `corpora_folder`.
    only : sequence of str
        Names of corpora, or of their folders; all by default.

    Returns
    -------
    Corpora
        At least one, each with at least one clip.

    Raises
    ------
    DatasetError
        If there is no folder, no manifest in it, a manifest that cannot be used, or not one labelled clip.
    UsageError
        If a name in `only` is none of the corpora there.
    """
    root = corpora_folder() if root is None else root
    if not root.is_dir():
        raise DatasetError(
            f"there is no folder {root}; name that of your corpora, by --corpora or in {CORPORA_VARIABLE}"
        )
    lists = {folder: read_manifest(folder) for folder in _folders(root)}
    clips: dict[str, list[Clip]] = defaultdict(list)
    known: set[str] = set()
    unlabelled, remarks = 0, list[str]()
    for folder, listed in lists.items():
        own_name = folder.resolve().name
        names = {clip.corpus for clip in listed.clips} | {own_name}
        known |= names
        if only and not names & set(only):
            continue
        unlabelled += listed.unlabelled
        remarks += listed.remarks
        if not listed.clips:
            remarks.append(f"{folder / MANIFEST} names no clip of the four emotions and is left out")
        for clip in listed.clips:
            if not only or clip.corpus in only or own_name in only:
                clips[clip.corpus].append(clip)
    if unknown := [name for name in only if name not in known]:
        raise UsageError(
            f"no corpus below {root} is called {unknown[0]!r}; there are {', '.join(sorted(known))}"
        )
    if not clips:
        raise DatasetError(
            f"no manifest below {root} names a clip that is there and carries one of {', '.join(LABELS)} in "
            "its column emotion4; " + (remarks[0] if remarks else "fill that column in")
        )
    return Corpora({name: tuple(clips[name]) for name in sorted(clips)}, unlabelled, tuple(remarks))


def _folders(root: Path) -> list[Path]:
    if (root / MANIFEST).is_file():
        return [root]
    folders = [folder for folder in sorted(root.iterdir()) if (folder / MANIFEST).is_file()]
    if not folders:
        raise DatasetError(
            f"no folder below {root} holds a {MANIFEST}; each corpus needs one, with at least the columns "
            f"{', '.join(REQUIRED_COLUMNS)}"
        )
    return folders
