"""How old and how large recordings may become."""

import re
from dataclasses import dataclass
from typing import Final, Self

from emotion.errors import UsageError
from streamer.recorder.wav_format import MAX_WAV_BYTES
from streamer.retention.size_text import bytes_of, size_text

_SECONDS: Final = {"h": 3600.0, "d": 86_400.0, "w": 604_800.0}
_AGE: Final = re.compile(r"(?P<number>[0-9]{1,9}(\.[0-9]{1,9})?) ?(?P<unit>[hdw])", re.ASCII | re.IGNORECASE)

_SHARE_OF_ONE_FILE: Final = 8
_LEAST_FILE_BYTES: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a folder of recordings is held to.

    Attributes
    ----------
    keep_seconds : float or None
        What was changed longer ago goes, s; None keeps it for ever.
    max_bytes : int or None
        What is beyond goes, the oldest first; None sets no bound.
    keep_text : str
        The age as it was typed; empty without one.
    """

    keep_seconds: float | None = None
    max_bytes: int | None = None
    keep_text: str = ""

    @classmethod
    def parse(cls, keep: str | None, max_size: str | None) -> Self | None:
        """Read `--keep` and `--max-size`.

        Parameters
        ----------
        keep : str or None
            A number with its unit: ``36h``, ``7d``, ``2w``. A bare number is refused: what is deleted must
            not hang on a guess.
        max_size : str or None
            As ``2GB``.

        Returns
        -------
        Bounds or None
            None where neither is given.

        Raises
        ------
        UsageError
            If one of them cannot be read, or is zero.
        """
        if keep is None and max_size is None:
            return None
        return cls(
            None if keep is None else _seconds_of(keep),
            None if max_size is None else bytes_of(max_size),
            "" if keep is None else keep.strip(),
        )

    @property
    def max_file_bytes(self) -> int:
        """Where a file of the whole sound ends, so that the one in hand is a small part of the bound."""
        if self.max_bytes is None:
            return MAX_WAV_BYTES
        return min(MAX_WAV_BYTES, max(_LEAST_FILE_BYTES, self.max_bytes // _SHARE_OF_ONE_FILE))

    def why(self, seconds: float, num_bytes: int) -> str | None:
        """Say why something is to go.

        Parameters
        ----------
        seconds : float
            Its age, s.
        num_bytes : int
            What all recordings hold.

        Returns
        -------
        str or None
            In a few words; None where it may stay.
        """
        if self.keep_seconds is not None and seconds > self.keep_seconds:
            return f"older than {self.keep_text}"
        if self.max_bytes is not None and num_bytes > self.max_bytes:
            return f"more than {size_text(self.max_bytes)}"
        return None


def _seconds_of(text: str) -> float:
    match = _AGE.fullmatch(text.strip())
    seconds = float(match["number"]) * _SECONDS[match["unit"].lower()] if match else 0.0
    if not seconds:
        raise UsageError(f"--keep is {text[:40]!r}; give an age with its unit, such as 36h, 7d or 2w")
    return seconds
