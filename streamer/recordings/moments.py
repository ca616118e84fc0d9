"""Moments: one clip an episode, with some sound around it, in place of one for each window."""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Final, NamedTuple

from emotion.errors import OutputError
from emotion.window_grid import to_samples
from streamer.alerts import AlertRule, RuleWatch
from streamer.episodes import Episode, EpisodeFinder
from streamer.events import Absence, Alert, Event, Gap, LegEvent, Pause, Row, Skip, Sound
from streamer.recordings.clip_files import (
    SLACK_SECONDS,
    ClipExistsError,
    ClipName,
    ClipSink,
    LegRing,
    clip_path,
)
from streamer.recordings.clips import ClipRule
from streamer.recordings.moment_limits import MomentLimits
from streamer.recordings.session_folder import SessionFolder
from streamer.session_info import SessionInfo, Summary

MOMENTS_FOLDER: Final = "moments"
MOMENTS_FILE: Final = "moments.csv"

MOMENT_COLUMNS: Final = (
    "start",
    "end",
    "leg",
    "state",
    "emotion",
    "mean_probability",
    "peak_probability",
    "clip_start",
    "clip_end",
    "file",
)
"""Times are stream time, s: of the episode, and of the clip, which has the margins as well."""


_MOST_UNRAISED: Final = 1000
_MOST_HELD_SECONDS: Final = 600.0
"""Of sound before an alert, in which the episode that raises it began."""


class _Ended(NamedTuple):
    """An episode that has ended, or whose next part goes on where it ends."""

    episode: Episode
    goes_on: bool


class _RuleTracker:
    """Finds the episodes of one leg whose windows a rule wants."""

    def __init__(self, rule: ClipRule, longest_seconds: float) -> None:
        self._finder = EpisodeFinder(rule.kind_of, longest_seconds=longest_seconds)

    def take(self, event: LegEvent) -> list[_Ended]:
        # A row that touches an episode ends it only where it has become too long.
        return [
            _Ended(episode, isinstance(event, Row) and event.start_sample <= episode.end_sample)
            for episode in self._finder.take(event)
        ]

    def take_alert(self, alert: Alert) -> list[_Ended]:  # noqa: ARG002 - alerts make no difference
        return []

    def finish(self) -> list[_Ended]:
        return [_Ended(episode, goes_on=False) for episode in self._finder.finish()]


class _AlertTracker:
    """Finds the episodes of one leg that raise an alert of a label; each begins at the onset.

    Several rules of the label that hold at once make one episode. Its parts wait for the alert.
    """

    def __init__(self, label: str, watches: Sequence[RuleWatch], longest_seconds: float) -> None:
        self._label = label
        self._watches = watches
        self._finder = EpisodeFinder(lambda _: label, longest_seconds=longest_seconds)
        self._is_raised = False
        # Parts that ended before the alert.
        self._unraised: deque[_Ended] = deque(maxlen=_MOST_UNRAISED)

    def take(self, event: LegEvent) -> list[_Ended]:
        if isinstance(event, Skip):
            return self._take_parts(event, self._finder.take(event))
        if isinstance(event, Gap):
            return self.finish()
        for watch in self._watches:
            watch.take(event)
        if not any(watch.is_in_episode for watch in self._watches):
            return self._end()
        # The probability of the label that is watched, not of the leading one.
        watched = replace(event, emotion=None if event.smoothed is None else self._label)
        return self._take_parts(event, self._finder.take(watched))

    def _take_parts(self, event: Row | Skip, parts: Iterable[Episode]) -> list[_Ended]:
        ended = [_Ended(part, part.end_sample >= event.start_sample) for part in parts]
        if self._is_raised:
            return ended
        self._unraised.extend(ended)
        return []

    def take_alert(self, alert: Alert) -> list[_Ended]:
        """Give the parts that waited, and keep the episode that goes on."""
        if alert.label != self._label:
            return []
        self._is_raised = True
        waited = list(self._unraised)
        self._unraised.clear()
        return waited

    def finish(self) -> list[_Ended]:
        for watch in self._watches:
            watch.interrupt()
        return self._end()

    def _end(self) -> list[_Ended]:
        ended, is_raised = self._finder.finish(), self._is_raised
        self._is_raised = False
        self._unraised.clear()
        return [_Ended(episode, goes_on=False) for episode in ended if is_raised]


@dataclass(slots=True)
class _Moment:
    """An episode that has ended, and the samples of its clip, the last of which may be still to come."""

    episode: Episode
    start_sample: int
    end_sample: int
    is_due: bool = False


class _LegMoments:
    """The sound of one leg, its episodes, and those that wait for the sound of their clips, in order."""

    def __init__(
        self, audio: LegRing, trackers: Sequence[_RuleTracker | _AlertTracker], margin_seconds: float
    ) -> None:
        self.audio = audio
        self.waiting: deque[_Moment] = deque()
        self._trackers = trackers
        self._margin = to_samples(margin_seconds, audio.sample_rate)
        # Where the clip of the part before ended, by the kind of the episode that goes on.
        self._continues: dict[str, int] = {}

    def take(self, event: LegEvent) -> None:
        """Take a row, a skip or a gap."""
        self._add(ended for tracker in self._trackers for ended in tracker.take(event))
        if isinstance(event, Gap):
            self._end_waiting()

    def take_alert(self, alert: Alert) -> None:
        """Take an alert, after the row that raised it."""
        waited = [ended for tracker in self._trackers for ended in tracker.take_alert(alert)]
        first = self.audio.ring.first_sample
        # An alert may be delayed by more than what is remembered.
        self._add(each for each in waited if first is not None and each.episode.start_sample >= first)

    def finish(self) -> None:
        """End all episodes: no more sound comes, or not at once."""
        self._add(ended for tracker in self._trackers for ended in tracker.finish())
        self._end_waiting()

    def forget(self) -> int:
        """Give up the clips whose sound is no longer remembered; give their number."""
        num_waiting, first = len(self.waiting), self.audio.ring.first_sample
        while first is not None and self.waiting and self.waiting[0].start_sample < first:
            self.waiting.popleft()
        return num_waiting - len(self.waiting)

    def next_due(self) -> _Moment | None:
        """Give the next clip whose sound has come."""
        for first in self.waiting:
            return first if first.is_due or self.audio.ring.end_sample >= first.end_sample else None
        return None

    def _add(self, all_ended: Iterable[_Ended]) -> None:
        ring = self.audio.ring
        for episode, goes_on in all_ended:
            start = self._continues.pop(episode.kind, None)
            if start is None:
                wanted = max(0, episode.start_sample - self._margin)
                start = min(episode.start_sample, ring.unbroken_start(wanted, episode.end_sample))
            if goes_on:
                self._continues[episode.kind] = episode.end_sample
            end = episode.end_sample + (0 if goes_on else self._margin)
            self.waiting.append(_Moment(episode, start, end))

    def _end_waiting(self) -> None:
        """Let clips end where the sound does."""
        for moment in self.waiting:
            if not moment.is_due:
                ring = self.audio.ring
                moment.end_sample = ring.unbroken_end(moment.episode.end_sample, moment.end_sample)
                moment.is_due = True


class MomentRecorder(ClipSink):
    """Writes one clip an episode of a leg, at the rate of the source.

    An episode consists of windows that the rule wants and that touch; with a rule of labels each label has
    its own. A gap, a pause and the end of the session end it. A clip has the margin of sound on both sides,
    or less at the start, and at a gap; an episode that is too long goes on in the next clip, without a sample
    twice. With ``alerts``, the episodes are those that raised one, from their onset on.

    Parameters
    ----------
    folder : SessionFolder
        Of the session.
    rule : ClipRule
        Which episodes.
    limits : MomentLimits
        Of each clip. The sound of the longest one, and of a window, is held in memory for each leg.
    """

    unit: ClassVar[str] = "moment"

    def __init__(self, folder: SessionFolder, rule: ClipRule, limits: MomentLimits | None = None) -> None:
        super().__init__(folder, MOMENTS_FILE, MOMENT_COLUMNS)
        self._rule = rule
        self._limits = limits or MomentLimits()
        self._legs: dict[str, _LegMoments] = {}
        self._num_lost = 0
        # Those that were given up while nothing could be written, until they are reported.
        self._num_missing = 0
        self._taken: Event | None = None

    def open(self, info: SessionInfo) -> None:
        """Create the session's folder."""
        self._limits.check(info.win_seconds)
        remembered = self._limits.longest_seconds + info.win_seconds + info.step_seconds + SLACK_SECONDS
        if self._rule.kind == "alerts":
            # A rule holds as long before it raises an alert.
            held = max((AlertRule.parse(rule).hold_seconds for rule in info.alerts or ()), default=0.0)
            remembered += min(held, _MOST_HELD_SECONDS)
        rates = [info.sources[leg.source].sample_rate for leg in info.legs if leg.analysed]
        self._limits.check_memory(remembered, rates)
        self._open_folder(info)
        self._legs = {
            leg.name: _LegMoments(
                LegRing(info, leg, remembered), self._trackers(info, leg.name), self._limits.margin_seconds
            )
            for leg in info.legs
            if leg.analysed
        }

    def _trackers(self, info: SessionInfo, leg: str) -> Sequence[_RuleTracker | _AlertTracker]:
        longest = self._limits.longest_seconds - 2.0 * self._limits.margin_seconds
        if self._rule.kind != "alerts":
            return [_RuleTracker(self._rule, longest)]
        watches: dict[str, list[RuleWatch]] = {}
        for rule in map(AlertRule.parse, info.alerts or ()):
            if rule.leg is None or rule.leg.casefold() == leg.casefold():
                watch = RuleWatch(rule, leg, info.step_seconds)
                watches.setdefault(rule.label, []).append(watch)
        return [_AlertTracker(label, each, longest) for label, each in watches.items()]

    def handle(self, event: Event) -> None:
        """Remember sound, follow the episodes, and write the clips whose sound has come."""
        if self._is_open:
            self._taken = event
            self._take(event)
            self._num_lost += self._forget()
            for leg in self._legs.values():
                self._write_due(leg)

    def remember(self, sound: Sound) -> None:
        """Remember sound while nothing can be written; what is written later has it."""
        if sound is not self._taken:
            self._take(sound)
        self._num_missing += self._forget()

    def _take(self, event: Event) -> None:
        match event:
            case Sound():
                for leg in self._legs.values():
                    if leg.audio.source == event.source:
                        leg.audio.push(event.block)
            case Row() | Skip() | Gap():
                if event.leg in self._legs:
                    self._legs[event.leg].take(event)
            case Alert():
                if event.leg in self._legs:
                    self._legs[event.leg].take_alert(event)
            case Pause(paused=True):
                for leg in self._legs.values():
                    leg.finish()
            case Absence():
                for leg in self._legs.values():
                    if leg.audio.source == event.number:
                        leg.finish()

    def _forget(self) -> int:
        return sum(leg.forget() for leg in self._legs.values())

    def _write_due(self, leg: _LegMoments) -> None:
        """Write what is due; a clip that cannot be written stays the next one unless its name is taken."""
        while (moment := leg.next_due()) is not None:
            content = leg.audio.wav(moment.start_sample, moment.end_sample)
            if content is None:
                self._num_lost += 1
            else:
                try:
                    self._write(moment, leg.audio, content)
                except ClipExistsError:
                    self._num_missing += 1
                    leg.waiting.popleft()
                    raise
            leg.waiting.popleft()

    def _write_rest(self, leg: _LegMoments) -> OutputError | None:
        """Write the last clips, and give what went wrong."""
        failure: OutputError | None = None
        while leg.waiting:
            try:
                self._write_due(leg)
            except ClipExistsError as error:
                failure = error
            except OutputError as error:
                return error
        return failure

    def _write(self, moment: _Moment, audio: LegRing, content: bytes) -> None:
        episode, sample_rate = moment.episode, audio.sample_rate
        start, end = moment.start_sample / sample_rate, moment.end_sample / sample_rate
        name = ClipName(audio.form, episode.window, episode.emotion or episode.state)
        file = clip_path(MOMENTS_FOLDER, self._clock, start, name)
        state = "alert" if self._rule.kind == "alerts" else episode.state
        probabilities = (episode.mean_probability, episode.peak_probability)
        values = (
            *(float(episode.start), float(episode.end)),
            *(episode.leg, state, episode.emotion or ""),
            *("" if each is None else float(each) for each in probabilities),
            *(start, end, file),
        )
        self._write_clip(file, content, values)

    def lacks(self, event: Event | Summary) -> int:
        """Follow the episodes while nothing can be written, and count those whose sound is gone."""
        if isinstance(event, Summary):
            self._finish()
            self._num_missing += self._give_up()
        elif event is not self._taken:
            self._take(event)
        missing, self._num_missing = self._num_missing, 0
        return missing

    def _give_up(self) -> int:
        """Wait for no more clips; give their number."""
        num_waiting = 0
        for leg in self._legs.values():
            num_waiting += len(leg.waiting)
            leg.waiting.clear()
        return num_waiting

    def _finish(self) -> None:
        for leg in self._legs.values():
            leg.finish()

    def close(self, summary: Summary | None) -> None:
        """Write the last clips, and leave the summary in the session's folder; a second call does nothing."""
        if not self._is_open:
            return
        failure: OutputError | None = None
        if summary is not None:
            self._finish()
            for leg in self._legs.values():
                failure = self._write_rest(leg) or failure
        self._num_missing += self._give_up()
        self._legs = {}
        self._close_folder(summary)
        if failure is not None:
            raise failure
        if self._num_lost:
            raise OutputError(
                f"moments missing in {self._folder.path}: {self._num_lost}; their sound was gone before they "
                "ended: please report it, and meanwhile keep the whole sound with --record-session"
            )
