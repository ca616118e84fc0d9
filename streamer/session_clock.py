"""What the clock on the wall says at a moment of the stream."""

from dataclasses import dataclass
from datetime import datetime

from emotion.wall_clock import later, local, utc


@dataclass(frozen=True, slots=True)
class SessionClock:
    """Wall-clock time with the offset from UTC that held when the session began.

    One offset for the whole session: names made from it keep sorting by time in the hour that the end of
    summer time repeats, and a clock that is set back changes nothing.

    Attributes
    ----------
    started : datetime
        When the session began, with its offset.
    """

    started: datetime

    @classmethod
    def from_epoch(cls, started: float) -> "SessionClock":
        """Start the clock.

        Parameters
        ----------
        started : float
            Seconds since the epoch.

        Returns
        -------
        SessionClock
            In the local time zone, as `emotion.wall_clock` gives it.
        """
        return cls(local(started))

    def at(self, stream_seconds: float) -> datetime:
        """Give the time at a moment of the stream.

        Parameters
        ----------
        stream_seconds : float
            Stream time, s.

        Returns
        -------
        datetime
            The start and so many seconds of sound.
        """
        return later(self.started, stream_seconds)

    def read(self, epoch_seconds: float) -> datetime:
        """Give a reading of the wall clock with the session's offset.

        Parameters
        ----------
        epoch_seconds : float
            Seconds since the epoch.

        Returns
        -------
        datetime
            The same moment.
        """
        return utc(epoch_seconds).astimezone(self.started.tzinfo)

    def iso(self, epoch_seconds: float) -> str:
        """Write a reading of the wall clock as ISO 8601.

        Parameters
        ----------
        epoch_seconds : float
            Seconds since the epoch.

        Returns
        -------
        str
            To the millisecond, with the session's offset.
        """
        return self.read(epoch_seconds).isoformat(timespec="milliseconds")
