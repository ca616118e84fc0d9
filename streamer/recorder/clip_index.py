"""index.csv: a line for each clip."""

import csv
import io
import re
from pathlib import Path
from typing import Final

from emotion.access import PRIVATE, Access
from emotion.errors import OutputError
from streamer.lines.line_file import LineFile
from streamer.recorder.clip import Clip

INDEX_FILE: Final = "index.csv"
INDEX_NAMES: Final = re.compile(r"index(-[0-9]+)?\.csv")
"""With those that are begun where somebody has put another file in the place of the index."""

COLUMNS: Final = ("start", "end", "state", "emotion", "probability", "level_dbfs", "leg", "window", "file")


class ClipIndex:
    """Grows by a whole line each time a clip is there.

    Parameters
    ----------
    folder : Path
        The session's; index.csv must not have anything in it.
    access : Access, optional
        Who may read it; by default the user alone.

    Raises
    ------
    OutputError
        If index.csv cannot be written.
    """

    def __init__(self, folder: Path, access: Access = PRIVATE) -> None:
        self._lines = LineFile(folder / INDEX_FILE, access=access)
        try:
            self._lines.write(_csv_line(COLUMNS))
        except OutputError:
            self._lines.close()
            raise

    @property
    def note(self) -> str | None:
        """What others did to it, in one line; None where nobody did anything."""
        return self._lines.note

    def add(self, clip: Clip, file: str) -> None:
        """Write the line of a clip.

        Parameters
        ----------
        clip : Clip
            What it is of.
        file : str
            Path of the clip from the session's folder.

        Raises
        ------
        OutputError
            If the line cannot be written; those before are whole.
        """
        self._lines.write(
            _csv_line(
                (
                    float(clip.start),
                    float(clip.end),
                    clip.state,
                    clip.emotion or "",
                    "" if clip.probability is None else clip.probability,
                    "" if clip.level_dbfs is None else f"{clip.level_dbfs:.1f}",
                    clip.leg,
                    clip.window,
                    file,
                )
            )
        )

    def close(self) -> None:
        """Let go of the file; a second call does nothing."""
        self._lines.close()


def _csv_line(values: tuple[object, ...]) -> str:
    """Write values with commas between them, quoted where they must be, without a line end."""
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(values)
    return text.getvalue()
