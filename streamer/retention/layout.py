"""Which names in a session's folder are ours."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from streamer.recorder.clip_index import INDEX_NAMES
from streamer.recorder.clip_names import CLIPS_FOLDER, kind_of_clip
from streamer.recorder.session_folder import SESSION_FILE
from streamer.recorder.sound_names import first_sample_of, is_sound_folder

SESSION_ID: Final = re.compile(r"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{4}", re.ASCII)
"""What a session's folder is called, as long as nobody has given it another name."""

_HOUR: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}", re.ASCII)
_PART: Final = re.compile(r"\.(?P<name>.+)\.[0-9]+\.part", re.ASCII)


@dataclass(frozen=True)
class Layout:
    """What of ours can lie in a folder.

    Attributes
    ----------
    owns : callable
        Tells whether a file of this name is ours.
    folders : tuple of (callable, Layout)
        Which names folders of ours have, and what lies in them.
    """

    owns: Callable[[str], bool]
    folders: "tuple[tuple[Callable[[str], bool], Layout], ...]" = field(default=())

    def owns_file(self, name: str) -> bool:
        """Tell whether a file is ours, be it the hidden one that a process was killed over.

        Parameters
        ----------
        name : str
            Without its folder.

        Returns
        -------
        bool
            False where it is someone else's.
        """
        match = _PART.fullmatch(name)
        return self.owns(match["name"] if match else name)

    def folder(self, name: str) -> "Layout | None":
        """Give what lies in a folder of ours.

        Parameters
        ----------
        name : str
            Of the folder.

        Returns
        -------
        Layout or None
            None where it is someone else's.
        """
        return next((inner for owns, inner in self.folders if owns(name)), None)


HOUR: Final = Layout(lambda name: kind_of_clip(name) is not None)
"""An hour of clips: the only folder whose files do not change once they are there."""

_CLIPS: Final = Layout(lambda _: False, ((lambda name: _HOUR.fullmatch(name) is not None, HOUR),))
_SOUNDS: Final = Layout(lambda name: first_sample_of(name) is not None)
SESSION: Final = Layout(
    lambda name: name == SESSION_FILE or INDEX_NAMES.fullmatch(name) is not None,
    ((is_sound_folder, _SOUNDS), (lambda name: name == CLIPS_FOLDER, _CLIPS)),
)
"""The folder of a session."""
