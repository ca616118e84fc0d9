"""The totals of each leg while a session runs: windows, seconds, the strongest episodes of each emotion."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from streamer.episodes import Episode, EpisodeLanes
from streamer.events import STATES, LegEvent, Row
from streamer.session_info import LegSummary, StrongMoment

MOST_MOMENTS: Final = 3
"""Of each emotion of a leg."""


class LegTotals:
    """Takes the events of one leg; memory does not grow with the session.

    Parameters
    ----------
    labels : sequence of str
        Of the model, in its order.
    step_seconds : float
        What each window counts for, s.
    """

    def __init__(self, labels: Sequence[str], step_seconds: float) -> None:
        self._step_seconds = step_seconds
        self._states: Counter[str] = Counter()
        self._emotions: Counter[str] = Counter()
        self._episodes = EpisodeLanes()
        self._strongest: dict[str, list[StrongMoment]] = {label: [] for label in labels}

    def take(self, event: LegEvent) -> None:
        """Take what comes next of the leg."""
        if isinstance(event, Row):
            self._states[event.state] += 1
            if event.emotion is not None:
                self._emotions[event.emotion] += 1
        for episode in self._episodes.take(event):
            self._rank(episode)

    def summary(self, talk_seconds: float) -> LegSummary:
        """End the episodes and give the totals, once nothing more comes."""
        for episode in self._episodes.finish():
            self._rank(episode)
        step_seconds = self._step_seconds
        return LegSummary(
            windows=self._states.total(),
            state_seconds={state: self._states[state] * step_seconds for state in STATES},
            emotion_seconds={label: self._emotions[label] * step_seconds for label in self._strongest},
            talk_seconds=talk_seconds,
            moments=tuple(moment for found in self._strongest.values() for moment in found),
        )

    def _rank(self, episode: Episode) -> None:
        emotion, mean, peak = episode.emotion, episode.mean_probability, episode.peak_probability
        if emotion is None or mean is None or peak is None:
            return
        found = self._strongest[emotion]
        found.append(StrongMoment(emotion, episode.start, episode.end, mean, peak))
        # The earlier one first where two are equal.
        found.sort(key=lambda moment: (-moment.peak_probability, moment.start - moment.end))
        del found[MOST_MOMENTS:]
