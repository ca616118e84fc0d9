"""All rules on all legs of a session."""

from collections.abc import Sequence

from streamer.alerts.alert import Alert
from streamer.alerts.alert_rule import AlertRule
from streamer.alerts.watch import COOLDOWN_SECONDS, AlertWatch
from streamer.row import Row


class Alerting:
    """Hands rows to the watches of their legs, and knows which alerts hold.

    Parameters
    ----------
    rules : sequence of AlertRule
        What to watch for.
    legs : sequence of str
        Names of the legs that are analysed.
    step_seconds : float
        Stream time from one window to the next, s.
    cooldown_seconds : float, optional
        Least stream time from one alert of a rule to its next, s.

    Raises
    ------
    UsageError
        If a rule names a leg that is not among them.

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
            AlertWatch(rule, leg, step_seconds, cooldown_seconds)
            for rule in rules
            for leg in rule.watched_legs(legs)
        ]
        self._latest: dict[int, Alert] = {}

    def take(self, row: Row) -> list[Alert]:
        """Take the next row of a leg.

        Parameters
        ----------
        row : Row
            In the order of the stream.

        Returns
        -------
        list of Alert
            What it raised.
        """
        raised = []
        for number, watch in enumerate(self._watches):
            alert = watch.take(row)
            if alert is not None:
                self._latest[number] = alert
                raised.append(alert)
        self.num_alerts += len(raised)
        return raised

    def interrupt(self, leg: str) -> None:
        """End what went on in a leg: nobody knows what was said meanwhile.

        Parameters
        ----------
        leg : str
            In which sound is missing.
        """
        for watch in self._watches:
            if watch.leg == leg:
                watch.restart()

    @property
    def holding(self) -> tuple[str, ...]:
        """The alerts whose episodes go on, a line each."""
        return tuple(
            self._latest[number].text
            for number, watch in enumerate(self._watches)
            if watch.is_alerting and number in self._latest
        )
