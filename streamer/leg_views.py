"""What the screen may know of the legs: their latest rows, their levels, their last minute."""

from collections.abc import Sequence

from streamer.leg import Leg
from streamer.level_leg import LevelLeg
from streamer.row import Row, Skip
from streamer.snapshot import LegView
from streamer.talk import Talk
from streamer.trend import Trend


class LegViews:
    """Keeps of each leg what its view needs.

    Parameters
    ----------
    legs : sequence of Leg or LevelLeg
        In the order in which they are shown.
    labels : sequence of str
        In the model's order.
    talk : Talk
        Told every row before its views are asked for.
    """

    def __init__(self, legs: Sequence[Leg | LevelLeg], labels: Sequence[str], talk: Talk) -> None:
        self._legs = tuple(legs)
        self._rows: dict[str, Row] = {}
        self._trends = {leg.name: Trend(labels) for leg in legs}
        self._talk = talk
        self._latest_seconds = 0.0

    def take(self, row: Row) -> None:
        """Remember a row.

        Parameters
        ----------
        row : Row
            The next one of its leg.
        """
        self._rows[row.leg] = row
        self._latest_seconds = max(self._latest_seconds, row.end)
        self._trends[row.leg].take(row)
        self._talk.take(row)

    def take_skip(self, skip: Skip) -> None:
        """Learn that a window was skipped: the latest row stands, and who talks is counted.

        Parameters
        ----------
        skip : Skip
            The next one of its leg.
        """
        self._latest_seconds = max(self._latest_seconds, skip.end)
        self._talk.take(skip)

    @property
    def overlap_seconds(self) -> float:
        """How long more than one leg has talked at once, s."""
        return self._talk.overlap_seconds

    @property
    def views(self) -> tuple[LegView, ...]:
        """One a leg, in their order."""
        return tuple(
            LegView(
                name=leg.name,
                row=self._rows.get(leg.name),
                level_dbfs=leg.level_dbfs,
                floor_dbfs=leg.floor_dbfs,
                trend=self._trends[leg.name].points,
                analysed=isinstance(leg, Leg),
                talks=self._talk.talks_now(leg.name, self._latest_seconds),
                talk_share=self._talk.share(leg.name),
                spoke_last=self._talk.last == leg.name,
            )
            for leg in self._legs
        )
