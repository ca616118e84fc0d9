"""What a clip is: the rule that selects it, its file name, and its line in index.csv."""

import csv
import io
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import Final, Literal

from emotion.card import LABELS
from emotion.errors import UsageError
from streamer.events import Alert, Row, is_spoken


@dataclass(frozen=True, slots=True)
class Clip:
    """A span of one leg that is kept, and why.

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

    @classmethod
    def of_row(cls, row: Row) -> "Clip":
        """Describe the clip of a window."""
        probability = None
        if row.emotion is not None and row.smoothed is not None:
            probability = float(row.smoothed[row.emotion])
        return cls(
            row.leg, row.window, row.start, row.end, row.state, row.emotion, probability, row.level_dbfs
        )

    @classmethod
    def of_alert(cls, alert: Alert, start: float) -> "Clip":
        """Describe the clip of an alert, which begins at a stream time of `start` seconds."""
        return cls(
            alert.leg, alert.window, start, alert.at_seconds, "alert", alert.label, alert.probability, None
        )

    @property
    def kind(self) -> str:
        """A word for the file's name: the emotion or, without one, the state."""
        return self.emotion or self.state

    def path(self, begins: datetime) -> PurePosixPath:
        """Name the file, in the session's folder, so that names sort by time and carry the emotion."""
        # Truncated, not rounded: 59.9996 s must not become the next minute's 00.000.
        time = f"{begins:%H-%M-%S}.{begins.microsecond // 1000:03d}"
        # The index has the name of the leg as it is.
        leg = re.sub(r"[\W_]+", "-", self.leg)[:40]
        name = f"{time}_{leg}_{self.window:07d}_{self.kind}.wav"
        return PurePosixPath(CLIPS_FOLDER, f"{begins:%Y-%m-%dT%H}", name)

    def index_values(self, file: str) -> tuple[object, ...]:
        """Give the values of INDEX_COLUMNS."""
        return (
            float(self.start),
            float(self.end),
            self.state,
            self.emotion or "",
            "" if self.probability is None else self.probability,
            "" if self.level_dbfs is None else f"{self.level_dbfs:.1f}",
            self.leg,
            self.window,
            file,
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
        """Parse `--record`."""
        words = [word.strip() for word in text.split(",")]
        if words == ["all"]:
            return cls("all")
        if words == ["speech"]:
            return cls("speech")
        if words == ["alerts"]:
            return cls("alerts")
        if unknown := [word for word in words if word not in LABELS]:
            raise UsageError(
                f"--record has {unknown[0]!r} in {text!r}; give all, speech, alerts, or one or more of "
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


def kind_of_clip(name: str) -> str | None:
    """Read the emotion, or the state, from the name of a clip."""
    match = _CLIP_NAME.fullmatch(name)
    return match["kind"] if match else None


INDEX_FILE: Final = "index.csv"
INDEX_NAMES: Final = re.compile(r"index(-[0-9]+)?\.csv")
"""With the numbered ones that are created beside a foreign file of the name."""

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


def index_line(values: tuple[object, ...]) -> str:
    """Write values with commas between them, quoted where they must be, without a line end."""
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(values)
    return text.getvalue()
