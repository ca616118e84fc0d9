"""Clips of windows and alerts: which are kept, and the sink that writes them."""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import ClassVar, Final, Literal

from emotion.card import LABELS
from emotion.errors import OutputError, UsageError
from emotion.window_grid import to_samples
from streamer.episodes import EpisodeFinder
from streamer.events import Alert, Event, Gap, Row, Skip, Sound, is_spoken
from streamer.recordings.clip_files import (
    CLIPS_FOLDER,
    SLACK_SECONDS,
    ClipName,
    ClipSink,
    LegRing,
    clip_path,
)
from streamer.recordings.moment_limits import LONGEST_MOMENT_SECONDS, MARGIN_SECONDS
from streamer.recordings.session_folder import SessionFolder
from streamer.session_info import SessionClock, SessionInfo, Summary


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

    def path(self, clock: SessionClock, form: str | None = None) -> PurePosixPath:
        """Name the file, in the session's folder; `form` is the leg's in names of files."""
        name = ClipName(self.leg if form is None else form, self.window, self.kind)
        return clip_path(CLIPS_FOLDER, clock, self.start, name)

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


_KINDS: Final[tuple[Literal["all", "speech", "alerts"], ...]] = ("all", "speech", "alerts")


@dataclass(frozen=True, slots=True)
class ClipRule:
    """What `--record` or `--moments` was given.

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
    def parse(cls, text: str, option: str = "--record") -> "ClipRule":
        """Parse what an option was given."""
        words = [word.strip() for word in text.split(",")]
        for kind in _KINDS:
            if words == [kind]:
                return cls(kind)
        if unknown := [word for word in words if word not in LABELS]:
            raise UsageError(
                f"{option} has {unknown[0]!r} in {text!r}; give all, speech, alerts, or one or more of "
                f"{','.join(LABELS)} with commas between them"
            )
        return cls("labels", frozenset(words))

    @property
    def text(self) -> str:
        """As an option takes it."""
        return ",".join(sorted(self.labels)) or self.kind

    def kind_of(self, row: Row) -> str | None:
        """Give what a wanted window shares with others, a label or the kind of the rule; None for others."""
        if self.kind == "labels":
            return row.emotion if row.emotion in self.labels else None
        return self.kind if self.kind == "all" or (self.kind == "speech" and is_spoken(row)) else None

    def wants(self, row: Row) -> bool:
        """Tell whether a window is to be kept."""
        return self.kind_of(row) is not None


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


BEFORE_ALERT_SECONDS: Final = 10.0
"""How long before its onset the clip of an alert begins, s."""

MAX_ALERT_SECONDS: Final = 60.0
"""No clip of an alert is longer, so that memory has a bound."""


class _Overlaps:
    """Counts clips of windows that overlap, and the moments that they make."""

    def __init__(self, rule: ClipRule) -> None:
        self.num_clips = 0
        self.num_moments = 0
        self._finder = EpisodeFinder(
            rule.kind_of, longest_seconds=LONGEST_MOMENT_SECONDS - 2 * MARGIN_SECONDS
        )
        self._last: dict[str, tuple[int, bool]] = {}

    def take(self, event: Row | Skip | Gap) -> None:
        self.num_moments += len(self._finder.take(event))

    def take_clip(self, row: Row) -> None:
        """Count a clip, and the one before it where that was not counted."""
        end, is_counted = self._last.get(row.leg, (0, True))
        overlaps = row.start_sample < end
        self.num_clips += overlaps * (1 + (not is_counted))
        self._last[row.leg] = (row.end_sample, overlaps)

    def finish(self) -> None:
        self.num_moments += len(self._finder.finish())


class ClipRecorder(ClipSink):
    """Writes the sound of single windows and alerts of a leg, at the rate of the source.

    Parameters
    ----------
    folder : SessionFolder
        Of the session.
    rule : ClipRule
        Which windows, or alerts.
    hints_at_moments : bool
        Say at the end how few moments clips that overlap would have been.
    """

    unit: ClassVar[str] = "clip"

    def __init__(self, folder: SessionFolder, rule: ClipRule, *, hints_at_moments: bool = False) -> None:
        super().__init__(folder, INDEX_FILE, INDEX_COLUMNS)
        self._num_lost = 0
        self._rule = rule
        self._overlaps = _Overlaps(rule) if hints_at_moments else None
        self._legs: dict[str, LegRing] = {}
        self._last_alert: tuple[str, int, str] | None = None

    def open(self, info: SessionInfo) -> None:
        """Create the session's folder."""
        self._open_folder(info)
        remembered = MAX_ALERT_SECONDS if self._rule.kind == "alerts" else info.win_seconds
        self._legs = {
            leg.name: LegRing(info, leg, remembered + SLACK_SECONDS) for leg in info.legs if leg.analysed
        }

    def handle(self, event: Event) -> None:
        """Remember sound; write the clip of a window or an alert that the rule wants."""
        if isinstance(event, Sound):
            self.remember(event)
        if isinstance(event, Row | Skip | Gap) and self._overlaps is not None:
            self._overlaps.take(event)
        if isinstance(event, Row) and self._rule.wants(event):
            self._record_row(event)
        elif isinstance(event, Alert) and self._rule.kind == "alerts":
            self._record_alert(event)

    def remember(self, sound: Sound) -> None:
        """Keep the sound of the first windows after a failure, too."""
        for audio in self._legs.values():
            if audio.source == sound.source:
                audio.push(sound.block)

    def _record_row(self, row: Row) -> None:
        audio = self._legs.get(row.leg)
        if audio is None:
            return
        content = audio.wav(row.start_sample, row.end_sample)
        if content is None:
            self._num_lost += 1
            return
        self._write(Clip.of_row(row), audio, content)
        if self._overlaps is not None:
            self._overlaps.take_clip(row)

    def _record_alert(self, alert: Alert) -> None:
        """Write the sound from ten seconds before the onset of an alert on.

        It begins later after a gap, a pause or the start of the session, and is at most a minute long.
        """
        audio = self._legs.get(alert.leg)
        if audio is None:
            return
        rate = audio.sample_rate
        wanted = alert.onset_sample - to_samples(BEFORE_ALERT_SECONDS, rate)
        longest = alert.end_sample - to_samples(MAX_ALERT_SECONDS, rate)
        begins = audio.ring.unbroken_start(max(0, wanted, longest), alert.end_sample)
        content = audio.wav(begins, alert.end_sample)
        clip = Clip.of_alert(alert, alert.at_seconds - (alert.end_sample - begins) / rate)
        # Two rules may come true in the same window: it is the same sound.
        key = (clip.leg, clip.window, clip.kind)
        if content is not None and key != self._last_alert:
            self._last_alert = key
            self._write(clip, audio, content)

    def _write(self, clip: Clip, audio: LegRing, content: bytes) -> None:
        file = clip.path(self._clock, audio.form)
        self._write_clip(file, content, clip.index_values(str(file)))

    def lacks(self, event: Event | Summary) -> bool:
        """True for a window or an alert that would have become a clip."""
        if isinstance(event, Alert):
            return self._rule.kind == "alerts"
        return isinstance(event, Row) and self._rule.wants(event)

    @property
    def hints(self) -> tuple[str, ...]:
        """How few moments the clips that overlap would have been."""
        found = self._overlaps
        if found is None or self._is_open or not found.num_clips:
            return ()
        moments = f"--moments {self._rule.text} would have saved {found.num_moments}"
        return (f"{found.num_clips} clips overlap; {moments}",)

    def close(self, summary: Summary | None) -> None:
        """Close the index and leave the summary in the session's folder; a second call does nothing."""
        if not self._is_open:
            return
        self._legs = {}
        if self._overlaps is not None:
            self._overlaps.finish()
        self._close_folder(summary)
        if self._num_lost:
            raise OutputError(
                f"clips missing in {self._folder.path}: {self._num_lost}; their sound was gone before their "
                "rows came: please report it, and meanwhile keep the whole sound with --record-session"
            )
