"""Where rows and sound end: a journal, clips, a file with everything."""

from typing import ClassVar

from streamer.absence import Absence
from streamer.alerts.alert import Alert
from streamer.block import AudioBlock
from streamer.row import Gap, Row, Said, Skip
from streamer.session_facts import SessionFacts, Summary


class Sink:
    """Does nothing with everything; a sink overrides what it cares for.

    `open` and `close` come from the main thread while no worker runs, all other calls from the worker, in the
    order of the stream; a sink that is given up is closed by the worker. `open` may raise OutputError: the
    session does not start. When any other call raises OutputError the sink is left out, the failure is shown,
    and the monitoring goes on. A sink that `may_recover` is then asked from time to time whether it can;
    another is closed.

    Attributes
    ----------
    unit : str
        What `lacks` counts, in the singular.
    """

    unit: ClassVar[str] = "window"

    def open(self, facts: SessionFacts) -> None:
        """Make ready to write.

        Parameters
        ----------
        facts : SessionFacts
            What the session will be.
        """

    def take_block(self, block: AudioBlock, source: int = 0) -> None:
        """Take sound as a source delivered it, before the rows that it completes.

        Parameters
        ----------
        block : AudioBlock
            Never one that came during a pause; with the channels that ``SessionFacts.kept_channels`` names.
        source : int
            Number of the source.
        """

    def take_row(self, row: Row) -> None:
        """Take the row of a window.

        Parameters
        ----------
        row : Row
            All its sound has been handed over by `take_block`.
        """

    def take_skip(self, skip: Skip) -> None:
        """Learn that a window was skipped, in the place of its row.

        Parameters
        ----------
        skip : Skip
            All its sound has been handed over by `take_block`.
        """

    def take_gap(self, gap: Gap) -> None:
        """Learn that sound is missing, before the first block after it.

        Parameters
        ----------
        gap : Gap
            Where, how long, and why.
        """

    def take_absence(self, absence: Absence) -> None:
        """Learn that a device has gone; sound that comes later is after a gap.

        Parameters
        ----------
        absence : Absence
            Of any source.
        """

    def take_alert(self, alert: Alert) -> None:
        """Learn that a rule came true, after the row that made it so.

        Parameters
        ----------
        alert : Alert
            Of any leg.
        """

    def take_mark(self, at_seconds: float, clock: float) -> None:
        """Note a moment that the user marked.

        Parameters
        ----------
        at_seconds : float
            Stream time, s.
        clock : float
            Seconds since the epoch.
        """

    def take_pause(self, at_seconds: float, clock: float, *, paused: bool) -> None:
        """Learn that a pause begins or ends.

        Parameters
        ----------
        at_seconds : float
            Stream time, s.
        clock : float
            Seconds since the epoch.
        paused : bool
            True where it begins.
        """

    def take_failure(self, message: str) -> None:
        """Learn that another sink was given up, so that whoever reads along hears of it at once.

        Parameters
        ----------
        message : str
            One line, as the summary will repeat it.
        """

    def take_complaint(self, message: str) -> None:
        """Learn at once of what another sink has among its `complaints`.

        Parameters
        ----------
        message : str
            One line, as the summary will repeat it unless there are many.
        """

    @property
    def may_recover(self) -> bool:
        """True where what was refused may be taken later: a disk with room again, a reader that reads on."""
        return False

    def recover(self) -> bool:
        """After a failure, make ready to go on with what comes next, and tell whether that is worth trying.

        Returns
        -------
        bool
            False where it would fail again.
        """
        return False

    def remember(self, block: AudioBlock, source: int = 0) -> None:
        """Take sound in place of `take_block` while the sink rests after a failure; nothing may be written.

        Parameters
        ----------
        block : AudioBlock
            As for `take_block`.
        source : int
            Number of the source.
        """

    def lacks(self, event: Said | Alert | Absence | None) -> bool:
        """Tell whether one `unit` more is missing where the sink did not take an event.

        Parameters
        ----------
        event : Row, Skip, Gap, Alert, Absence or None
            None stands for a mark, a pause, or the summary. Failures of sinks are not counted.

        Returns
        -------
        bool
            True for each window, unless a sink knows better.
        """
        return isinstance(event, Row)

    @property
    def num_written(self) -> int:
        """Grows with everything written; a sink that `may_recover` has gone on once it does."""
        return 0

    @property
    def files(self) -> tuple[str, ...]:
        """What has been written so far; folders end with a slash."""
        return ()

    @property
    def complaints(self) -> tuple[str, ...]:
        """What went wrong so far without ending the sink, one line each; never more than a few."""
        return ()

    @property
    def is_saving(self) -> bool:
        """True while sound that comes may be kept on disk; that none comes in a pause is known elsewhere."""
        return False

    def close(self, summary: Summary | None) -> None:
        """Finish what is open; a second call does nothing.

        Parameters
        ----------
        summary : Summary or None
            The last word; None when the sink is given up after an error.
        """
