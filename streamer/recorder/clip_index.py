"""index.csv: a line for each clip."""

import csv
import io
from pathlib import Path
from typing import Final

from emotion.errors import OutputError
from streamer.lines.line_file import LineFile
from streamer.recorder.clip import Clip

INDEX_FILE: Final = "index.csv"
COLUMNS: Final = ("start", "end", "state", "emotion", "probability", "level_dbfs", "leg", "window", "file")


class ClipIndex:
    """Grows by a whole line each time a clip is there.

    Parameters
    ----------
    folder : Path
        The session's; index.csv must not have anything in it.

    Raises
    ------
    OutputError
        If index.csv cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self._lines = LineFile(folder / INDEX_FILE)
        try:
            self._lines.write(_csv_line(COLUMNS))
        except OutputError:
            self._lines.close()
            raise

    @property
    def is_there(self) -> bool:
        """False once somebody has removed it."""
        return self._lines.is_there

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
