"""A device that is away just now."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Absence:
    """A device that went away, and is waited for; the gap after it tells when it is back.

    Attributes
    ----------
    number : int
        Of the source.
    source : str
        Its name.
    at_seconds : float
        Stream time of the last sound that was heard, s.
    reason : str
        What is known of why.
    """

    number: int
    source: str
    at_seconds: float
    reason: str
