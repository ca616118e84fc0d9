"""What a clip is: the rule that selects it, its file name, and its line in index.csv."""

import csv
import io
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Final, Literal

from emotion.atomic_files import PRIVATE, Access
from emotion.card import LABELS
from emotion.errors import OutputError, UsageError
from streamer.alerts import Alert
from streamer.events import Row, is_spoken
from streamer.sinks.writer import LineFile


@dataclass(frozen=True, slots=True)
class Clip:
    """A stretch of one leg that is kept, and why.

    Attributes
    ----------
    leg : str
        Name of the leg.
    window : int
        Number of the window, or of the one that raised the alert, in its leg.
    start, end : float
        Stream time, s.
    state : str
        The window's state, or ``alert``.
    emotion : str or None
        The leading one, or the one that was watched.
    probability : float or None
        Its smoothed probability; None without an emotion.
    level_dbfs : float or None
        Of the window, dB below full scale; None for an alert.
    """

    leg: str
    window: int
    start: float
    end: float
    state: str
    emotion: str | None
    probability: float | None
    level_dbfs: float | None

    @property
    def kind(self) -> str:
        """A word for the file's name: the emotion or, without one, the state."""
        return self.emotion or self.state


def clip_of_row(row: Row) -> Clip:
    """Describe the clip of a window."""
    shown = row.emotion is not None and row.smoothed is not None
    probability = float(row.smoothed[row.emotion]) if shown and row.smoothed and row.emotion else None
    return Clip(row.leg, row.window, row.start, row.end, row.state, row.emotion, probability, row.level_dbfs)


def clip_of_alert(alert: Alert, start: float) -> Clip:
    """Describe the clip of an alert."""
    return Clip(
        alert.leg, alert.window, start, alert.at_seconds, "alert", alert.label, alert.probability, None
    )


@dataclass(frozen=True, slots=True)
class ClipRule:
    """What `--record` was given.

    Attributes
    ----------
    kind : {'all', 'speech', 'labels', 'alerts'}
        Every window; every window that is speech, sure or not; every window whose leading emotion is among
        `labels`; no window, but what led to each alert.
    labels : frozenset of str
        Empty unless the kind is 'labels'.
    """

    kind: Literal["all", "speech", "labels", "alerts"]
    labels: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, text: str) -> "ClipRule":
        """Read a rule."""
        words = [word.strip() for word in text.split(",")]
        if words == ["all"]:
            return cls("all")
        if words == ["speech"]:
            return cls("speech")
        if words == ["alerts"]:
            return cls("alerts")
        if strange := [word for word in words if word not in LABELS]:
            raise UsageError(
                f"--record has {strange[0]!r} in {text!r}; give all, speech, alerts, or one or more of "
                f"{','.join(LABELS)} with commas between them"
            )
        return cls("labels", frozenset(words))

    def wants(self, row: Row) -> bool:
        """Tell whether a window is to be kept."""
        if self.kind == "all":
            return True
        if self.kind == "speech":
            return is_spoken(row)
        return row.emotion in self.labels


CLIPS_FOLDER: Final = "clips"

_CLIP_NAME: Final = re.compile(r"[0-9-]{8}\.[0-9]{3}_[\w-]*_[0-9]{7,}_(?P<kind>[a-z]+)\.wav")


def clip_path(clip: Clip, begins: datetime) -> PurePosixPath:
    """Name a clip so that names sort by time and carry the emotion."""
    # Cut, not rounded: 59.9996 s must not become the next minute's 00.000.
    time = f"{begins:%H-%M-%S}.{begins.microsecond // 1000:03d}"
    name = f"{time}_{_safe_name(clip.leg)}_{clip.window:07d}_{clip.kind}.wav"
    return PurePosixPath(CLIPS_FOLDER, f"{begins:%Y-%m-%dT%H}", name)


def kind_of_clip(name: str) -> str | None:
    """Read the emotion, or the state, from the name of a clip."""
    match = _CLIP_NAME.fullmatch(name)
    return match["kind"] if match else None


def _safe_name(leg: str) -> str:
    """Leave letters, digits and hyphens; the index has the leg as it is."""
    return re.sub(r"[\W_]+", "-", leg)[:40]


INDEX_FILE: Final = "index.csv"
INDEX_NAMES: Final = re.compile(r"index(-[0-9]+)?\.csv")
"""With those that are begun where somebody has put another file in the place of the index."""

INDEX_COLUMNS: Final = (
    "start",
    "end",
    "state",
    "emotion",
    "probability",
    "level_dbfs",
    "leg",
    "window",
    "file",
)


class ClipIndex:
    """Grows by a whole line each time a clip is there."""

    def __init__(self, folder: Path, access: Access = PRIVATE) -> None:
        self._lines = LineFile(folder / INDEX_FILE, access=access)
        try:
            self._lines.write(_csv_line(INDEX_COLUMNS))
        except OutputError:
            self._lines.close()
            raise

    @property
    def note(self) -> str | None:
        """What others did to it, in one line; None where nobody did anything."""
        return self._lines.note

    def add(self, clip: Clip, file: str) -> None:
        """Write the line of a clip."""
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
