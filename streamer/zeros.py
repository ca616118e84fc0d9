"""Whether a live source delivers nothing but zeros: muted, or refused to this program by the system."""

from typing import Final

from streamer.block import AudioBlock

ZERO_SECONDS: Final = 5.0
"""Every real microphone has noise: so long there are no zeros alone unless somebody wants it."""


class Zeros:
    """Looks at the samples of one source.

    Parameters
    ----------
    name : str
        Of the source.

    Attributes
    ----------
    seconds : float
        How long there was nothing else, in all the stretches that were long enough to be told of, s.
    """

    def __init__(self, name: str) -> None:
        self.seconds = 0.0
        self._name = name
        self._since: float | None = None
        self._told = False
        self._before = 0.0

    def take(self, block: AudioBlock) -> None:
        """Look at the next block.

        Parameters
        ----------
        block : AudioBlock
            Of all channels.
        """
        if block.samples.any() or block.away:
            self._since = None
            self._told = False
            return
        if self._since is None:
            self._since, self._before = block.arrived, self.seconds
        lasts_seconds = block.arrived - self._since
        if lasts_seconds >= ZERO_SECONDS:
            self._told = True
            self.seconds = self._before + lasts_seconds

    @property
    def now(self) -> bool:
        """True where nothing else has come for so long."""
        return self._told

    @property
    def line(self) -> str | None:
        """What is to be said as long as it lasts; None where all is well."""
        if not self._told:
            return None
        return f"only zeros come: unmute {self._name}, or let this program hear it"

    @property
    def complaint(self) -> str | None:
        """What is to be said at the end; None where all was well."""
        if not self.seconds:
            return None
        return f"{self._name} delivered nothing but zeros for {self.seconds:.0f} s: it was muted, or refused"
