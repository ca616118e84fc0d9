"""The folders of a dataset: one a label."""

from dataclasses import dataclass
from pathlib import Path

from emotion.errors import OutputError
from emotion.labels import LABELS


@dataclass(frozen=True, slots=True)
class EmotionFolders:
    """What `make_emotion_folders` did.

    Attributes
    ----------
    made, present : tuple of Path
        Folders that are new, and folders that were there already.
    """

    made: tuple[Path, ...]
    present: tuple[Path, ...]


def make_emotion_folders(root: Path) -> EmotionFolders:
    """Make ``root/{angry,happy,neutral,sad}`` where they are missing; touch nothing else.

    Parameters
    ----------
    root : Path
        The dataset's folder; made as well.

    Returns
    -------
    EmotionFolders
        In label order.

    Raises
    ------
    OutputError
        If a folder cannot be made, or a file stands in its place.
    """
    made: list[Path] = []
    present: list[Path] = []
    for label in LABELS:
        folder = root / label
        if folder.is_dir():
            present.append(folder)
            continue
        try:
            folder.mkdir(parents=True)
        except OSError as error:
            raise OutputError(
                f"cannot make the folder {folder}: {error.strerror or error}; "
                "name another place, or move what stands there"
            ) from error
        made.append(folder)
    return EmotionFolders(tuple(made), tuple(present))
