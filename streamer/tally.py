"""What a session has counted so far."""

from collections import Counter
from dataclasses import dataclass, field

from streamer.row import Gap, Row, Said, Skip


@dataclass(slots=True)
class Tally:
    """Counts of the worker; only it writes them, and each is read as it stands.

    Attributes
    ----------
    states, emotions : Counter
        Rows by state, and by leading emotion.
    gaps, marks : int
        Jumps in the sample index; moments that the user marked.
    skipped : int
        Windows that there was no time to hear; they are no rows.
    processing_seconds : float
        Time spent on blocks, s.
    lag_seconds, max_lag_seconds : float
        Of the latest row, and of the latest ever.
    """

    states: Counter[str] = field(default_factory=Counter)
    emotions: Counter[str] = field(default_factory=Counter)
    gaps: int = 0
    marks: int = 0
    skipped: int = 0
    processing_seconds: float = 0.0
    lag_seconds: float = 0.0
    max_lag_seconds: float = 0.0

    @property
    def windows(self) -> int:
        """Rows so far."""
        return self.states.total()

    def count(self, event: Said) -> None:
        """Count what a leg said.

        Parameters
        ----------
        event : Row, Skip or Gap
            Each once.
        """
        if not isinstance(event, Row):
            self.gaps += isinstance(event, Gap)
            self.skipped += isinstance(event, Skip)
            return
        self.states[event.state] += 1
        if event.emotion is not None:
            self.emotions[event.emotion] += 1
        self.lag_seconds = event.lag_seconds
        self.max_lag_seconds = max(self.max_lag_seconds, event.lag_seconds)
