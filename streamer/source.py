"""Where sound comes from: a microphone and a file look the same from here on."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from streamer.intake import Intake


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """What is known of a source before it starts.

    Attributes
    ----------
    name : str
        As shown on the panel: a file name, the name of a device.
    sample_rate : int
        Hz, the source's own.
    channels : int
        How many it delivers.
    sample_format : {'PCM_16', 'FLOAT'}
        The smallest WAV subtype that keeps its samples exactly.
    seconds : float or None
        Its length where that is known, s.
    live : bool
        True where sound that is not fetched in time is lost.
    notes : tuple of str
        One line for each thing converted or missing.
    stalls : bool
        True where nothing is delivered while there is nothing to hear, as by what records a loudspeaker.
    """

    name: str
    sample_rate: int
    channels: int
    sample_format: Literal["PCM_16", "FLOAT"]
    seconds: float | None
    live: bool
    notes: tuple[str, ...] = ()
    stalls: bool = False


class Source(Protocol):
    """Delivers blocks into a queue from a thread of its own."""

    @property
    def info(self) -> SourceInfo:
        """What is known before the start."""
        ...

    @property
    def non_finite_samples(self) -> int:
        """NaN and infinite samples so far that the source itself took as 0."""
        ...

    def open(self) -> None:
        """Make sure that sound can be had, before anything is written; deliver nothing yet.

        Raises
        ------
        DeviceError
            If the device will not open.
        """
        ...

    def start(self, queue: "Intake") -> None:
        """Begin to deliver; return at once.

        At its end, or on an error, the source closes the queue (with the error).

        Parameters
        ----------
        queue : Intake
            Takes the blocks.

        Raises
        ------
        DeviceError
            If the device will not open.
        """
        ...

    def stop(self) -> None:
        """Deliver nothing more, close the queue, release the device; a second call does nothing."""
        ...
