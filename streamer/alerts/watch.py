"""From the rows of a leg to alerts: one an episode, however the probability wavers."""

import math
from typing import Final

from streamer.alerts.alert import Alert
from streamer.alerts.alert_rule import AlertRule
from streamer.row import Row

HYSTERESIS: Final = 0.1
"""An episode ends this far under the threshold, or at half the threshold where that is nearer."""

PAUSE_SECONDS: Final = 3.0
"""A longer stretch without an emotion ends an episode."""

COOLDOWN_SECONDS: Final = 30.0

_SLACK_SECONDS: Final = 0.001
"""Windows are laid on samples of the source: win and step are met to less than this."""


class AlertWatch:
    """Follows one rule on one leg, in stream time; its memory is a few numbers.

    An *episode* begins with the first window above the threshold; the start of that window is its onset. The
    first window brings win seconds of sound, each further one above the threshold a step; after windows that
    were skipped it brings theirs too, as far as it reaches back. When they make up the seconds that the rule
    asks for, the alert is raised: never before a win has passed, nor for sound that no window has heard.

    What a window does is decided by its smoothed probability, which is what the panel shows:

    =========================================  ==========================================================
    above the threshold                        begins an episode, or makes it longer
    under it by HYSTERESIS at most             nothing
    lower                                      ends the episode
    no emotion shown, for up to PAUSE_SECONDS  nothing: people pause; longer ends the episode
    windows skipped, as the machine is slow    nothing
    a gap, or a pause by the user              ends the episode: nobody knows what was said meanwhile
    =========================================  ==========================================================

    No emotion is shown without speech, and where the model is unsure. To take unsure windows by their
    probability, or only the low ones among them, raised more false alerts in all on streams of corpora, and
    the latter fewer true ones as well.

    An episode raises one alert. Between two alerts an episode must have ended and the cool-down passed; an
    episode that begins before that and is still there after it raises its alert then, late, and says how
    late. Neither gaps nor pauses shorten the cool-down.

    Parameters
    ----------
    rule : AlertRule
        What to watch for.
    leg : str
        Name of the leg; rows of others are passed over.
    step_seconds : float
        Stream time from one window to the next, s.
    cooldown_seconds : float, optional
        Least stream time from one alert to the next, s.

    Attributes
    ----------
    leg : str
        As given.
    """

    def __init__(
        self, rule: AlertRule, leg: str, step_seconds: float, cooldown_seconds: float = COOLDOWN_SECONDS
    ) -> None:
        self._rule = rule
        self.leg = leg
        self._step_seconds = step_seconds
        self._cooldown_seconds = cooldown_seconds
        self._ends_below = rule.threshold - min(HYSTERESIS, rule.threshold / 2)
        self._cooled_at = -math.inf
        self._num_without_emotion = 0
        self._last_window: int | None = None
        self._is_on = False
        self._has_alerted = False
        self._onset_seconds = 0.0
        self._onset_sample = 0
        self._held_seconds = 0.0

    def take(self, row: Row) -> Alert | None:
        """Take the next row.

        Parameters
        ----------
        row : Row
            In the order of the stream.

        Returns
        -------
        Alert or None
            What it raised.
        """
        if row.leg != self.leg:
            return None
        num_steps = 1 if self._last_window is None else row.window - self._last_window
        self._last_window = row.window
        if row.emotion is None or row.smoothed is None:
            self._num_without_emotion += 1
            if self._num_without_emotion * self._step_seconds > PAUSE_SECONDS + _SLACK_SECONDS:
                self._is_on = False
            return None
        self._num_without_emotion = 0
        probability = float(row.smoothed[self._rule.label])
        if probability < self._ends_below:
            self._is_on = False
        elif self._rule.is_over(probability):
            return self._take_over(row, probability, num_steps)
        return None

    @property
    def is_alerting(self) -> bool:
        """True while the episode that raised the latest alert goes on."""
        return self._is_on and self._has_alerted

    def restart(self) -> None:
        """End the episode where sound is missing; the cool-down goes on."""
        self._is_on = False
        self._num_without_emotion = 0

    def _take_over(self, row: Row, probability: float, num_steps: int) -> Alert | None:
        """Take a window above the threshold, so many steps after the row before it."""
        if self._is_on:
            self._held_seconds += min(num_steps * self._step_seconds, row.end - row.start)
        else:
            self._is_on, self._has_alerted = True, False
            self._onset_seconds, self._onset_sample = row.start, row.start_sample
            self._held_seconds = row.end - row.start
        is_held = self._held_seconds + _SLACK_SECONDS >= self._rule.hold_seconds
        if self._has_alerted or not is_held or row.end + _SLACK_SECONDS < self._cooled_at:
            return None
        self._has_alerted = True
        self._cooled_at = row.end + self._cooldown_seconds
        return Alert(
            leg=self.leg,
            rule=self._rule.text,
            label=self._rule.label,
            onset_seconds=self._onset_seconds,
            at_seconds=row.end,
            probability=probability,
            delay_seconds=row.end - self._onset_seconds,
            window=row.window,
            onset_sample=self._onset_sample,
            end_sample=row.end_sample,
        )
