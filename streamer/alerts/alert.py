"""A rule that came true on a leg."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Alert:
    """What is said of an episode, once.

    Attributes
    ----------
    leg : str
        Name of the leg.
    rule : str
        The rule's text.
    label : str
        The emotion that it watches.
    onset_seconds : float
        Stream time at the start of the first window above the threshold, s.
    at_seconds : float
        Stream time at the end of the window that raised the alert, s.
    probability : float
        Smoothed, of that window, 0..1.
    delay_seconds : float
        From the onset to the alert, s of stream time; what the row's lag adds is in the row.
    window : int
        Number of the window that raised it, in its leg.
    onset_sample, end_sample : int
        Onset and alert in samples of the source.
    """

    leg: str
    rule: str
    label: str
    onset_seconds: float
    at_seconds: float
    probability: float
    delay_seconds: float
    window: int
    onset_sample: int
    end_sample: int

    @property
    def text(self) -> str:
        """The alert in a few words, as ``customer angry 0.82 for 5.0 s (angry>0.7 for 5s)``."""
        return f"{self.leg} {self.label} {self.probability:.2f} for {self.delay_seconds:.1f} s ({self.rule})"
