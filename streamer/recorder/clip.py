"""What a clip is of: a window, or what led to an alert."""

from dataclasses import dataclass

from streamer.alerts.alert import Alert
from streamer.row import Row


@dataclass(frozen=True, slots=True)
class Clip:
    """A stretch of one leg that is kept, and why.

    Attributes
    ----------
    leg : str
        Name of the leg.
    window : int
        Number of the window, or of the one that raised the alert, in its leg.
    start, end : float
        Stream time, s.
    state : str
        The window's state, or ``alert``.
    emotion : str or None
        The leading one, or the one that was watched.
    probability : float or None
        Its smoothed probability; None without an emotion.
    level_dbfs : float or None
        Of the window, dB below full scale; None for an alert.
    """

    leg: str
    window: int
    start: float
    end: float
    state: str
    emotion: str | None
    probability: float | None
    level_dbfs: float | None

    @property
    def kind(self) -> str:
        """A word for the file's name: the emotion or, without one, the state."""
        return self.emotion or self.state


def clip_of_row(row: Row) -> Clip:
    """Describe the clip of a window.

    Parameters
    ----------
    row : Row
        Of the window.

    Returns
    -------
    Clip
        All of the window.
    """
    shown = row.emotion is not None and row.smoothed is not None
    probability = float(row.smoothed[row.emotion]) if shown and row.smoothed and row.emotion else None
    return Clip(row.leg, row.window, row.start, row.end, row.state, row.emotion, probability, row.level_dbfs)


def clip_of_alert(alert: Alert, start: float) -> Clip:
    """Describe the clip of an alert.

    Parameters
    ----------
    alert : Alert
        Whose window ends the clip.
    start : float
        Where the clip begins, in stream time, s.

    Returns
    -------
    Clip
        From there to the alert.
    """
    return Clip(
        alert.leg, alert.window, start, alert.at_seconds, "alert", alert.label, alert.probability, None
    )
