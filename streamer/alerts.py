"""Alert rules such as `angry>0.7 for 5s`: parse them, watch each leg's rows, raise one alert an episode."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from emotion.card import LABELS
from emotion.errors import UsageError
from streamer.events import Alert, Row

_LEG: Final = re.compile(r"[\w.-]+")
_VALUE: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?|\.[0-9]+) ?(%?)")
_SECONDS: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?|\.[0-9]+) ?s")
_MAX_CHARACTERS: Final = 200
"""Each alert repeats its rule: in the panel and the journal, to commands and servers."""
_EXAMPLES: Final = "write for example 'angry>0.7 for 5s' or 'customer:sad>=60% for 8s'"


@dataclass(frozen=True, slots=True)
class AlertRule:
    """What `--alert` was given.

    Attributes
    ----------
    text : str
        As it was written, with single spaces; for messages.
    leg : str or None
        The only leg that it watches; None for every leg.
    label : str
        One of `emotion.card.LABELS`.
    threshold : float
        Smoothed probability, between 0 and 1.
    or_equal : bool
        Whether the threshold itself counts: ``>=``.
    hold_seconds : float
        How much sound must be above it, s; 0 where the first window is enough.
    """

    text: str
    leg: str | None
    label: str
    threshold: float
    or_equal: bool = False
    hold_seconds: float = 0.0

    @classmethod
    def parse(cls, text: str) -> "AlertRule":
        """Parse a rule; UsageError where it is none."""
        text = " ".join(text.split())
        if len(text) > _MAX_CHARACTERS:
            raise _refusal(
                f"{text[:_MAX_CHARACTERS]}...",
                f"it has {len(text)} characters, and no rule needs more than {_MAX_CHARACTERS}",
            )
        head, sign, tail = text.partition(">")
        if not sign:
            raise _refusal(text, "it has no '>' between the emotion and the value")
        leg, colon, label = (part.strip() for part in head.rpartition(":"))
        if colon and not _LEG.fullmatch(leg):
            raise _refusal(text, f"{leg!r} cannot be the name of a leg")
        if label not in LABELS:
            raise _refusal(text, f"{label!r} is none of {', '.join(LABELS)}")
        value, has_hold, hold = tail.removeprefix("=").partition(" for ")
        value, hold = value.strip(), hold.strip() if has_hold else "0 s"
        matched = _VALUE.fullmatch(value)
        threshold = float(matched[1]) / (100 if matched[2] else 1) if matched else math.nan
        if not 0.0 < threshold < 1.0:
            raise _refusal(text, f"{value!r} is neither between 0 and 1 nor between 0% and 100%")
        held = _SECONDS.fullmatch(hold)
        hold_seconds = float(held[1]) if held else math.nan
        if not math.isfinite(hold_seconds):
            raise _refusal(text, f"{hold!r} after 'for' is no time in seconds")
        return cls(text, leg if colon else None, label, threshold, tail.startswith("="), hold_seconds)

    def is_over(self, probability: float) -> bool:
        """Tell whether a probability is above the threshold."""
        return probability > self.threshold or (self.or_equal and probability == self.threshold)

    def watched_legs(self, legs: Sequence[str]) -> tuple[str, ...]:
        """Give the legs that the rule is for; UsageError where there is none."""
        if self.leg is None:
            return tuple(legs)
        wanted = self.leg.casefold()
        if found := tuple(leg for leg in legs if leg.casefold() == wanted):
            return found
        raise UsageError(
            f"--alert {self.text!r} watches the leg {self.leg!r}, but those analysed are {', '.join(legs)}; "
            "name one of them, or none to watch all"
        )


def _refusal(text: str, wrong: str) -> UsageError:
    return UsageError(f"--alert {text!r}: {wrong}; {_EXAMPLES}")


HYSTERESIS: Final = 0.1
"""An episode ends this far under the threshold, or at half the threshold where that is nearer."""

PAUSE_SECONDS: Final = 3.0
"""A longer time without an emotion ends an episode."""

COOLDOWN_SECONDS: Final = 30.0

_SLACK_SECONDS: Final = 0.001
"""Windows begin and end at samples of the source: win and step are met to less than this."""


class Alerting:
    """Applies alert rules to the rows of all legs, in stream time.

    An *episode* of a rule on a leg begins with the first window above the threshold; the start of that window
    is its onset. The first window contributes win seconds of sound, each further one above the threshold a
    step; after skipped windows it contributes theirs as well, as far as it reaches back. When they add up to
    the seconds of the rule, the alert is raised: never before a win has passed, nor for sound that no window
    covers.

    The smoothed probability of a window, which the panel shows, decides what it does:

    =========================================  ==========================================================
    above the threshold                        begins an episode, or makes it longer
    under it by HYSTERESIS at most             nothing
    lower                                      ends the episode
    no emotion shown, for up to PAUSE_SECONDS  nothing: people pause; longer ends the episode
    windows skipped, as the machine is slow    nothing
    a gap, or a pause by the user              ends the episode: the speech meanwhile is unknown
    =========================================  ==========================================================

    No emotion is shown without speech, and where the model is unsure. Counting unsure windows by their
    probability, or only the low ones among them, raised more false alerts in all on streams of corpora, and
    the latter fewer true ones as well.

    An episode raises one alert. Between two alerts of a rule on a leg, an episode must have ended and the
    cool-down passed; an episode that begins before that and lasts until after it raises its alert then, with
    the delay. Neither gaps nor pauses shorten the cool-down.

    Attributes
    ----------
    num_alerts : int
        Raised so far.
    """

    def __init__(
        self,
        rules: Sequence[AlertRule],
        legs: Sequence[str],
        step_seconds: float,
        cooldown_seconds: float = COOLDOWN_SECONDS,
    ) -> None:
        self.num_alerts = 0
        self._watches = [
            RuleWatch(rule, leg, step_seconds, cooldown_seconds)
            for rule in rules
            for leg in rule.watched_legs(legs)
        ]

    def take(self, row: Row) -> list[Alert]:
        """Process the next row of a leg; give the alerts that it raises."""
        raised = [
            alert
            for watch in self._watches
            if watch.leg == row.leg and (alert := watch.take(row)) is not None
        ]
        self.num_alerts += len(raised)
        return raised

    def interrupt(self, leg: str) -> None:
        """End the episodes of a leg where sound is missing; the cool-down goes on."""
        for watch in self._watches:
            if watch.leg == leg:
                watch.interrupt()

    @property
    def holding(self) -> tuple[str, ...]:
        """The alerts whose episodes go on, a line each."""
        return tuple(watch.alert.text for watch in self._watches if watch.alert is not None)


class RuleWatch:
    """The state of one rule on one leg; `alert` is that of the current episode."""

    def __init__(
        self, rule: AlertRule, leg: str, step_seconds: float, cooldown_seconds: float = COOLDOWN_SECONDS
    ) -> None:
        self.leg = leg
        self.alert: Alert | None = None
        self._rule = rule
        self._step_seconds = step_seconds
        self._cooldown_seconds = cooldown_seconds
        self._ends_below = rule.threshold - min(HYSTERESIS, rule.threshold / 2)
        self._cooled_at = -math.inf
        self._num_without_emotion = 0
        self._last_window: int | None = None
        self._onset: Row | None = None
        self._held_seconds = 0.0

    @property
    def is_in_episode(self) -> bool:
        """True from the first window above the threshold to the end of its episode."""
        return self._onset is not None

    def take(self, row: Row) -> Alert | None:
        """Process the next row of the leg; give the alert that it raises."""
        num_steps = 1 if self._last_window is None else row.window - self._last_window
        self._last_window = row.window
        if row.emotion is None or row.smoothed is None:
            self._num_without_emotion += 1
            if self._num_without_emotion * self._step_seconds > PAUSE_SECONDS + _SLACK_SECONDS:
                self._end_episode()
            return None
        self._num_without_emotion = 0
        probability = float(row.smoothed[self._rule.label])
        if probability < self._ends_below:
            self._end_episode()
        elif self._rule.is_over(probability):
            return self._take_over(row, probability, num_steps)
        return None

    def interrupt(self) -> None:
        """End the episode where sound is missing."""
        self._end_episode()
        self._num_without_emotion = 0

    def _end_episode(self) -> None:
        self._onset = self.alert = None

    def _take_over(self, row: Row, probability: float, num_steps: int) -> Alert | None:
        """Process a window above the threshold, so many steps after the row before it."""
        if self._onset is None:
            self._onset = row
            self._held_seconds = row.end - row.start
        else:
            self._held_seconds += min(num_steps * self._step_seconds, row.end - row.start)
        is_held = self._held_seconds + _SLACK_SECONDS >= self._rule.hold_seconds
        if self.alert is not None or not is_held or row.end + _SLACK_SECONDS < self._cooled_at:
            return None
        self._cooled_at = row.end + self._cooldown_seconds
        self.alert = Alert(
            leg=self.leg,
            rule=self._rule.text,
            label=self._rule.label,
            onset_seconds=self._onset.start,
            at_seconds=row.end,
            probability=probability,
            delay_seconds=row.end - self._onset.start,
            window=row.window,
            onset_sample=self._onset.start_sample,
            end_sample=row.end_sample,
        )
        return self.alert
