"""What a session was: the timeline, the strongest moments, changes, reactions and doubts of each leg.

Reports and pages draw this; `analyse` is the only place that computes it.
"""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise, permutations
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from callmood.reports.style import NEUTRAL
from emotion.errors import CallmoodError, JournalError, printable
from streamer.doubt import NOISY, SHORT_SECONDS, TOO_SHORT, VOICE_NEW, doubt_reasons
from streamer.episodes import Episode, recorded_lane
from streamer.events import STATES, Alert, Row
from streamer.leg_plan import MAX_LEGS, LegPlan
from streamer.recordings.journal_reader import Journal
from streamer.session_info import Summary
from streamer.sinks.base import counted
from streamer.sinks.text import duration_text

_Kind = TypeVar("_Kind")

if TYPE_CHECKING:
    from emotion.card import Card

_Floats: TypeAlias = NDArray[np.float64]
_Indices: TypeAlias = NDArray[np.intp]

MOST_MOMENTS: Final = 5
"""Of each emotion of a leg."""
MOST_CHANGES: Final = 10
MOST_UNSURE: Final = 20

BRIDGED_SECONDS: Final = 3.0
"""Between two episodes of an emotion: people pause, and the model hesitates."""
CHANGE_WITHIN_SECONDS: Final = 5.0
"""Between two emotions of which the second replaces the first."""
CHANGE_HELD_SECONDS: Final = 2.0
"""What shorter emotions replace is no change."""
REACTION_SECONDS: Final = 10.0
"""How long before and after an episode the other leg is looked at."""
LED_UP_SECONDS: Final = 10.0
"""How long before its onset the story of an alert begins."""

_BACKGROUND_SECONDS: Final = 30.0
_MOST_LABELS: Final = 32

CLOSE: Final = "close call"
"""Why a window was unsure where none of the reasons of `streamer.doubt` is known."""

OFTEN_WRONG: Final = (
    "It estimates how a voice sounds, not what a person feels, and it is often wrong: listen before you "
    "conclude."
)
_NO_CARD: Final = (
    "The card of this model is not installed here: how well it does on other voices, rooms and languages is "
    "not known to this report."
)


@dataclass(frozen=True, slots=True)
class Moment:
    """One of the strongest episodes of an emotion; `probabilities` is its mean over windows, smoothed."""

    episode: Episode
    probabilities: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Change:
    """An emotion that another replaced: where, s of stream time, and how long each lasted, s."""

    at: float
    before: str
    after: str
    before_seconds: float
    after_seconds: float


@dataclass(frozen=True, slots=True)
class UnsureSpan:
    """Windows that touch, of which the model could not decide; `reasons` as far as the journal shows them."""

    start: float
    end: float
    first: str
    second: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AlertStory:
    """An alert and what led to it.

    Attributes
    ----------
    alert : Alert
        As it was raised.
    episodes : tuple of Episode
        What the leg showed from `LED_UP_SECONDS` before the onset until the alert.
    before : float or None
        Mean smoothed probability of the label in that time before the onset, 0..1; None without speech.
    probabilities : mapping of str to float
        Mean smoothed probabilities from the onset to the alert; empty where no window of it is there.
    """

    alert: Alert
    episodes: tuple[Episode, ...]
    before: float | None
    probabilities: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Reaction:
    """What the other leg mostly showed around the episodes of an emotion: counts, no causes.

    Attributes
    ----------
    leg, emotion : str
        Whose episodes of what; those less than `BRIDGED_SECONDS` apart count as one.
    other_leg : str
        Who is looked at.
    num_episodes : int
        How many there are.
    before, after : mapping of str to int
        In how many of them the other leg mostly showed an emotion (or else `unsure` or `silence`) in the
        `REACTION_SECONDS` before the start and after the end; nothing is counted where it has no windows.
    moved : mapping of (str, str) to int
        How many episodes have each pair of what was mostly shown before and after, the most frequent first;
        both of a pair may be the same. An episode without windows on one side has no pair.
    """

    leg: str
    emotion: str
    other_leg: str
    num_episodes: int
    before: Mapping[str, int]
    after: Mapping[str, int]
    moved: Mapping[tuple[str, str], int]

    @property
    def num_unchanged(self) -> int:
        """Episodes after which the other leg showed what it had shown before."""
        return sum(count for (before, after), count in self.moved.items() if before == after)

    @property
    def num_unknown(self) -> int:
        """Episodes around which the other leg has no windows on one side."""
        return self.num_episodes - sum(self.moved.values())


@dataclass(frozen=True, slots=True, eq=False)
class LegAnalysis:
    """What one leg showed, n windows of it, in order of time.

    Attributes
    ----------
    plan : LegPlan
        Its name, source and channel; a leg that was not analysed has no windows.
    is_staff : bool
        Whether it is an employee's.
    starts, ends : ndarray, shape (n,), float64
        Of each window, s of stream time.
    states : ndarray, shape (n,), uint8
        Index into `streamer.events.STATES`.
    emotions : ndarray, shape (n,), int8
        Index into the labels; -1 where none was shown.
    smoothed : ndarray, shape (n, labels), float32
        Probabilities as the panel shows them, 0..1; NaN where there are none.
    levels : ndarray, shape (n,), float32
        dB below full scale.
    state_seconds, emotion_seconds : mapping of str to float
        How long each was shown, s: a step for each window.
    talk_seconds : float
        How long somebody talked, s.
    talk_share : float
        Its part of what all analysed legs talked, 0..1; 0 where nobody did.
    talk_is_estimated : bool
        True where the journal has no total: counted by windows, each of which reaches beyond its speech.
    episodes : tuple of Episode
        What was shown, one after the other; no two overlap.
    moments : tuple of Moment
        The strongest of each emotion, at most `MOST_MOMENTS`; emotions as the labels, the strongest first.
    changes : tuple of Change
        The clearest, at most `MOST_CHANGES`, in order of time.
    unsure : tuple of UnsureSpan
        The longest, at most `MOST_UNSURE`, in order of time.
    unsure_seconds : mapping of str to float
        How long it was unsure for each reason, s; a span may have several.
    alerts : tuple of AlertStory
        In order of time.
    """

    plan: LegPlan
    is_staff: bool
    starts: _Floats
    ends: _Floats
    states: NDArray[np.uint8]
    emotions: NDArray[np.int8]
    smoothed: NDArray[np.float32]
    levels: NDArray[np.float32]
    state_seconds: Mapping[str, float]
    emotion_seconds: Mapping[str, float]
    talk_seconds: float
    talk_share: float
    talk_is_estimated: bool
    episodes: tuple[Episode, ...]
    moments: tuple[Moment, ...]
    changes: tuple[Change, ...]
    unsure: tuple[UnsureSpan, ...]
    unsure_seconds: Mapping[str, float]
    alerts: tuple[AlertStory, ...]

    @property
    def dominant_emotion(self) -> str | None:
        """The emotion that was shown longest; None where none was."""
        longest = max(self.emotion_seconds, key=self.emotion_seconds.__getitem__, default=None)
        return longest if longest is not None and self.emotion_seconds[longest] else None


@dataclass(frozen=True, slots=True, eq=False)
class SessionAnalysis:
    """All that reports tell of a session.

    Attributes
    ----------
    journal : Journal
        With its header, gaps, alerts, marks and pauses.
    name : str
        The session's id.
    seconds : float
        Its length as far as it is known, s.
    legs : tuple of LegAnalysis
        In the order of the header.
    overlap_seconds : float
        How long several legs talked at once, s.
    reactions : tuple of Reaction
        Of analysed legs on each other, by leg, other leg and label; neutral episodes are left out.
    missing : tuple of str
        What is not whole, and why, a line each.
    limits : tuple of str
        Of the model: the general one first, then those of its card.
    """

    journal: Journal
    name: str
    seconds: float
    legs: tuple[LegAnalysis, ...]
    overlap_seconds: float
    reactions: tuple[Reaction, ...]
    missing: tuple[str, ...]
    limits: tuple[str, ...]

    @property
    def num_analysed(self) -> int:
        """How many legs were analysed."""
        return sum(leg.plan.analysed for leg in self.legs)

    @property
    def labels(self) -> tuple[str, ...]:
        """The model's labels."""
        return self.journal.header.labels


def analyse(
    journal: Journal, *, missing: Sequence[str] = (), is_running: bool | None = None
) -> SessionAnalysis:
    """Analyse a session after its end, or as far as it has come.

    Parameters
    ----------
    journal : Journal
        As `read_journal` gives it.
    missing : sequence of str
        What the caller knows to be missing beside the journal, a line each.
    is_running : bool or None
        Whether the session is being recorded now; None where the caller does not know.

    Returns
    -------
    SessionAnalysis
        Of everything that the journal holds whole.

    Raises
    ------
    JournalError
        If it has more legs or labels than any session has.
    """
    header = journal.header
    for what, names, most in (("legs", header.legs, MAX_LEGS), ("labels", header.labels, _MOST_LABELS)):
        if len(names) > most:
            raise JournalError(
                f"{printable(journal.path)} has {len(names)} {what}, and {most} are the most; name another"
            )
    windows = {plan.name: _Windows(journal, plan) for plan in header.legs}
    known = {} if journal.summary is None else _talk_of_summary(journal.summary)
    talked = {name: known.get(name, each.talk_seconds) for name, each in windows.items()}
    total = sum(talked.values())
    legs = tuple(
        windows[plan.name].analysis(
            plan,
            talk_seconds=talked[plan.name],
            talk_share=talked[plan.name] / total if total else 0.0,
            talk_is_estimated=plan.name not in known,
            alerts=[alert for alert in journal.alerts if alert.leg == plan.name],
        )
        for plan in header.legs
    )
    summary = journal.summary
    overlap_seconds = _overlap_seconds(windows.values()) if summary is None else summary.overlap_seconds
    seconds = journal.seconds
    return SessionAnalysis(
        journal=journal,
        name=header.session,
        seconds=seconds,
        legs=legs,
        overlap_seconds=overlap_seconds,
        reactions=_reactions(legs, header.labels),
        missing=(*missing, *_missing_in(journal, seconds, is_running=is_running)),
        limits=_limits(journal),
    )


class _Windows:
    """The windows of one leg as arrays, and what is computed of them."""

    def __init__(self, journal: Journal, plan: LegPlan) -> None:
        self.labels = journal.header.labels
        self.name = plan.name
        self.win_seconds = journal.header.win_seconds
        self.step_seconds = journal.header.step_seconds
        self.learns_voice = any(row.voice_known for row in journal.rows if row.leg == plan.name)
        rows = _in_order(row for row in journal.rows if row.leg == plan.name)
        self.rows = rows
        self.skips = [skip for skip in journal.skips if skip.leg == plan.name]
        self.gaps = sorted((gap for gap in journal.gaps if gap.leg == plan.name), key=lambda gap: gap.start)
        index_of_state = {state: number for number, state in enumerate(STATES)}
        index_of_label: dict[str | None, int] = {label: number for number, label in enumerate(self.labels)}
        nothing = [np.nan] * len(self.labels)
        self.starts = np.array([row.start for row in rows], dtype=np.float64)
        self.ends = np.array([row.end for row in rows], dtype=np.float64)
        self.states = np.array([index_of_state[row.state] for row in rows], dtype=np.uint8)
        self.emotions = np.array([index_of_label.get(row.emotion, -1) for row in rows], dtype=np.int8)
        self.smoothed = np.array(
            [nothing if row.smoothed is None else list(row.smoothed.values()) for row in rows],
            dtype=np.float32,
        ).reshape(len(rows), len(self.labels))
        self.levels = np.array([row.level_dbfs for row in rows], dtype=np.float32)
        self.voice_known = np.array([row.voice_known for row in rows], dtype=np.float32)
        self.is_spoken = (self.states == index_of_state["speech"]) | (self.states == index_of_state["unsure"])

    @property
    def talk_seconds(self) -> float:
        """How long somebody talked, by the windows alone, s."""
        return (int(self.is_spoken.sum()) + len(self.skips)) * self.step_seconds

    def analysis(
        self,
        plan: LegPlan,
        *,
        talk_seconds: float,
        talk_share: float,
        talk_is_estimated: bool,
        alerts: list[Alert],
    ) -> LegAnalysis:
        """Compute the rest."""
        lane = recorded_lane(self.rows, self.gaps)
        last_rows = np.cumsum([episode.num_windows for episode in lane], dtype=np.intp)
        moments = self._moments(lane, last_rows)
        unsure = self._unsure(lane, last_rows)
        longest = sorted((span for _, span in unsure), key=lambda span: span.start - span.end)[:MOST_UNSURE]
        states = np.bincount(self.states, minlength=len(STATES)) * self.step_seconds
        emotions = np.bincount(self.emotions + 1, minlength=len(self.labels) + 1)[1:] * self.step_seconds
        return LegAnalysis(
            plan=plan,
            is_staff=plan.staff,
            starts=self.starts,
            ends=self.ends,
            states=self.states,
            emotions=self.emotions,
            smoothed=self.smoothed,
            levels=self.levels,
            state_seconds=dict(zip(STATES, states.tolist(), strict=True)),
            emotion_seconds=dict(zip(self.labels, emotions.tolist(), strict=True)),
            talk_seconds=talk_seconds,
            talk_share=talk_share,
            talk_is_estimated=talk_is_estimated,
            episodes=tuple(lane),
            moments=tuple(moments),
            changes=_changes(lane, self.labels),
            unsure=tuple(sorted(longest, key=lambda span: span.start)),
            unsure_seconds={
                reason: num_windows * self.step_seconds
                for reason in (VOICE_NEW, TOO_SHORT, NOISY, CLOSE)
                if (num_windows := sum(number for number, span in unsure if reason in span.reasons))
            },
            alerts=tuple(
                self._story(alert, lane) for alert in sorted(alerts, key=lambda alert: alert.at_seconds)
            ),
        )

    def mean_smoothed(self, rows: slice | NDArray[np.bool_]) -> dict[str, float]:
        """Give the mean of the smoothed probabilities of rows; empty where none has any."""
        shares = self.smoothed[rows]
        shares = shares[~np.isnan(shares).any(axis=1)]
        if not len(shares) or not self.labels:
            return {}
        return dict(zip(self.labels, shares.mean(axis=0, dtype=np.float64).tolist(), strict=True))

    def _moments(self, lane: Sequence[Episode], last_rows: _Indices) -> list[Moment]:
        found = []
        for label in self.labels:
            numbers = [number for number, episode in enumerate(lane) if episode.kind == label]
            numbers.sort(key=lambda number: strength(lane[number]), reverse=True)
            found += [
                Moment(lane[number], self.mean_smoothed(self._rows_of(number, lane, last_rows)))
                for number in numbers[:MOST_MOMENTS]
            ]
        return found

    def _rows_of(self, number: int, lane: Sequence[Episode], last_rows: _Indices) -> slice:
        """Give the rows of an episode: in a lane, each row is in one."""
        last = int(last_rows[number])
        return slice(last - lane[number].num_windows, last)

    def _unsure(self, lane: Sequence[Episode], last_rows: _Indices) -> list[tuple[int, UnsureSpan]]:
        """Give each span with the number of its windows."""
        found = []
        for number, episode in enumerate(lane):
            if episode.kind != "unsure":
                continue
            rows = self._rows_of(number, lane, last_rows)
            means = self.mean_smoothed(rows)
            first, second = [*sorted(means, key=means.__getitem__, reverse=True), "", ""][:2]
            span = UnsureSpan(episode.start, episode.end, first, second, self._reasons(rows))
            found.append((episode.num_windows, span))
        return found

    def _reasons(self, rows: slice) -> tuple[str, ...]:
        background = self._background_dbfs(rows)
        reasons = doubt_reasons(
            voice_known=float(self.voice_known[rows].mean()) if self.learns_voice else None,
            spoken_seconds=self._spoken_seconds((rows.start + rows.stop - 1) // 2),
            above_background_db=None
            if background is None
            else float(np.median(self.levels[rows])) - background,
        )
        return reasons or (CLOSE,)

    def _background_dbfs(self, rows: slice) -> float | None:
        """Give the level of the windows without speech nearby; None where there is none."""
        begin = int(np.searchsorted(self.starts, self.starts[rows.start] - _BACKGROUND_SECONDS))
        end = int(np.searchsorted(self.starts, self.starts[rows.stop - 1] + _BACKGROUND_SECONDS))
        levels = self.levels[begin:end][~self.is_spoken[begin:end]]
        return float(np.median(levels)) if len(levels) else None

    def _spoken_seconds(self, number: int) -> float:
        """Give for how long speech has gone on at a row, its own step included, as far as it matters."""
        first = number
        while first and self._goes_on(first - 1) and (number - first) * self.step_seconds < SHORT_SECONDS:
            first -= 1
        return (number - first + 1) * self.step_seconds

    def _goes_on(self, number: int) -> bool:
        """Tell whether speech goes on from a row to the next."""
        both = self.is_spoken[number] and self.is_spoken[number + 1]
        return bool(both and self.starts[number + 1] <= self.ends[number])

    def _story(self, alert: Alert, lane: Sequence[Episode]) -> AlertStory:
        onset, at = alert.onset_seconds, alert.at_seconds
        before = (self.ends <= onset + self.win_seconds / 2) & (self.starts >= onset - LED_UP_SECONDS)
        during = (self.starts >= onset - self.step_seconds / 2) & (self.ends <= at + self.step_seconds / 2)
        first = bisect_right(lane, onset - LED_UP_SECONDS, key=lambda episode: episode.end)
        return AlertStory(
            alert=alert,
            episodes=tuple(lane[first : bisect_left(lane, at, key=lambda episode: episode.start)]),
            before=self.mean_smoothed(before).get(alert.label),
            probabilities=self.mean_smoothed(during),
        )


def _in_order(rows: Iterable[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: row.start_sample)


def strength(episode: Episode) -> tuple[float, float]:
    """Give by what episodes of an emotion are ordered: the peak, then the length."""
    return episode.peak_probability or 0.0, episode.end - episode.start


def _talk_of_summary(summary: Summary) -> dict[str, float]:
    """Give how long each leg talked, as far as the summary knows; that leaves out what others were heard."""
    of_legs = {leg: each.talk_seconds for leg, each in summary.legs.items()}
    return of_legs | dict(summary.talk_seconds)


def _overlap_seconds(windows: Iterable[_Windows]) -> float:
    """Count the steps in which several legs talk: that of a window is its last."""
    spoken = [(each, each.ends[each.is_spoken]) for each in windows]
    steps = [
        np.unique(np.floor(ends / each.step_seconds + 0.5)) if each.step_seconds else ends[:0]
        for each, ends in spoken
    ]
    both = [np.intersect1d(one, other, assume_unique=True) for one, other in combinations(steps, 2)]
    step_seconds = spoken[0][0].step_seconds if spoken else 0.0
    return len(np.unique(np.concatenate(both))) * step_seconds if both else 0.0


@dataclass(frozen=True, slots=True)
class _Stay:
    """An emotion with short pauses bridged."""

    emotion: str
    start: float
    end: float
    probability: float


def _stays(lane: Sequence[Episode], labels: Sequence[str]) -> list[_Stay]:
    stays: list[_Stay] = []
    for episode in lane:
        if episode.kind not in labels:
            continue
        probability = episode.mean_probability or 0.0
        last = stays[-1] if stays else None
        if last and last.emotion == episode.kind and episode.start - last.end <= BRIDGED_SECONDS:
            probability = max(probability, last.probability)
            stays[-1] = _Stay(episode.kind, last.start, episode.end, probability)
        else:
            stays.append(_Stay(episode.kind, episode.start, episode.end, probability))
    return stays


def _changes(lane: Sequence[Episode], labels: Sequence[str]) -> tuple[Change, ...]:
    found: list[tuple[float, Change]] = []
    for before, after in pairwise(_stays(lane, labels)):
        lengths = (before.end - before.start, after.end - after.start)
        is_near = after.start - before.end <= CHANGE_WITHIN_SECONDS
        if before.emotion == after.emotion or not is_near or min(lengths) < CHANGE_HELD_SECONDS:
            continue
        clearness = min(*lengths, REACTION_SECONDS) * min(before.probability, after.probability)
        found.append((clearness, Change(after.start, before.emotion, after.emotion, *lengths)))
    clearest = sorted(found, key=lambda each: each[0], reverse=True)[:MOST_CHANGES]
    return tuple(sorted((change for _, change in clearest), key=lambda change: change.at))


def _reactions(legs: Sequence[LegAnalysis], labels: Sequence[str]) -> tuple[Reaction, ...]:
    reactions = []
    for leg, other in permutations([leg for leg in legs if len(leg.starts)], 2):
        stays = _stays(leg.episodes, labels)
        shown = _Shown(other, labels)
        for label in labels:
            of_label = [stay for stay in stays if stay.emotion == label]
            if label == NEUTRAL or not of_label:
                continue
            starts = np.array([stay.start for stay in of_label])
            ends = np.array([stay.end for stay in of_label])
            before = shown.mostly(starts - REACTION_SECONDS, starts)
            after = shown.mostly(ends, ends + REACTION_SECONDS)
            both = [
                (was, became)
                for was, became in zip(before, after, strict=True)
                if was is not None and became is not None
            ]
            reactions.append(
                Reaction(
                    leg=leg.plan.name,
                    emotion=label,
                    other_leg=other.plan.name,
                    num_episodes=len(of_label),
                    before=_tally(before),
                    after=_tally(after),
                    moved=_tally(both),
                )
            )
    return tuple(reactions)


def _tally(shown: Iterable[_Kind | None]) -> dict[_Kind, int]:
    """Count what is there, the most frequent first."""
    return dict(Counter(each for each in shown if each is not None).most_common())


class _Shown:
    """What a leg mostly showed in a time: its most frequent emotion, else unsure, else silence."""

    def __init__(self, leg: LegAnalysis, labels: Sequence[str]) -> None:
        self._labels = labels
        self._centres = (leg.starts + leg.ends) / 2
        kinds = np.zeros((len(self._centres) + 1, len(labels) + 2), dtype=np.int64)
        numbers = np.arange(len(self._centres))
        is_unsure = leg.states == STATES.index("unsure")
        column = np.where(leg.emotions >= 0, leg.emotions, np.where(is_unsure, len(labels), len(labels) + 1))
        kinds[numbers + 1, column] = 1
        self._sums = kinds.cumsum(axis=0)

    def mostly(self, starts: _Floats, ends: _Floats) -> list[str | None]:
        """Give what was mostly shown in each of several times; None where there are no windows."""
        begin, end = (np.searchsorted(self._centres, times) for times in (starts, ends))
        shown: list[str | None] = []
        num_labels = len(self._labels)
        for windows in (self._sums[end] - self._sums[begin]).tolist():
            if any(windows[:num_labels]):
                shown.append(self._labels[windows.index(max(windows[:num_labels]))])
            elif any(windows):
                shown.append("unsure" if windows[num_labels] else "silence")
            else:
                shown.append(None)
        return shown


_MOST_LISTED: Final = 10
"""Absences, and failures, that are named."""
_WHY_NO_SUMMARY: Final[Mapping[bool | None, str]] = {
    True: "the session is being recorded",
    False: "the session did not end in order",
    None: "the session is being recorded, or did not end in order",
}


def _missing_in(journal: Journal, seconds: float, *, is_running: bool | None) -> list[str]:
    missing = []
    if journal.summary is None:
        why = _WHY_NO_SUMMARY[is_running]
        missing.append(f"{why}: its journal has no summary; these are the first {duration_text(seconds)}")
    if journal.num_broken:
        missing.append(f"{counted(journal.num_broken, 'line')} of the journal cut or damaged, left out")
    for plan in journal.header.legs:
        gaps = [gap for gap in journal.gaps if gap.leg == plan.name]
        if gaps:
            lost = sum(gap.end - gap.start for gap in gaps)
            causes = ", ".join(dict.fromkeys(gap.cause for gap in gaps))
            missing.append(f"{plan.name}: {counted(len(gaps), 'gap')}, {lost:.1f} s of sound ({causes})")
        if skips := sum(skip.leg == plan.name for skip in journal.skips):
            missing.append(f"{plan.name}: {counted(skips, 'window')} of speech skipped, the machine was slow")
    missing += [
        f"at {duration_text(absence.at_seconds)} the device {absence.source} went away: {absence.reason}"
        for absence in journal.absences[:_MOST_LISTED]
    ]
    failures = [failure.message for failure in journal.failures]
    failures += [] if journal.summary is None else journal.summary.failures
    missing += list(dict.fromkeys(failures))[:_MOST_LISTED]
    return missing


def _limits(journal: Journal) -> tuple[str, ...]:
    card = _card_of(journal)
    of_model = (_NO_CARD,) if card is None else tuple(card.fails_on)
    return (OFTEN_WRONG, *_on_lines(journal), *of_model)


def _on_lines(journal: Journal) -> list[str]:
    """Say which legs were corrected for their line, and which lines did not fit at the end."""
    fits = {event.leg: event for event in journal.line_fits}
    words = []
    for leg, line in journal.header.lines.items():
        name = f"{leg}: line {line.name} ({line.codec}), {counted(line.voices, 'earlier voice')}"
        last = fits.get(leg)
        if last is not None and not last.fits:
            words.append(f"{name}; from {duration_text(last.at_seconds)} on it did not fit and was not used")
        elif line.voices:
            words.append(f"{name}, whose mean every estimate was corrected for")
    return words


def _card_of(journal: Journal) -> "Card | None":
    """Find the card of the model where it is installed and still has the same labels and features."""
    from emotion.model import find_model_folder, is_bare_name, read_model_card

    header = journal.header
    try:
        if not is_bare_name(header.model):
            return None
        card = read_model_card(find_model_folder(header.model))
    except (CallmoodError, OSError, ValueError):
        return None
    features = f"{card.feature_set}/{card.feature_set_version}"
    return card if (card.labels, features) == (header.labels, header.feature_set) else None
