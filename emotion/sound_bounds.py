"""Which sound is taken, from a file or from a pipe."""

from typing import Final

MIN_SAMPLE_RATE: Final = 4_000
MAX_SAMPLE_RATE: Final = 384_000
MAX_CHANNELS: Final = 32
"""A header may speak of a thousand, and a second of them is a gigabyte."""
