"""The emotions callmood tells apart."""

from typing import Final

LABELS: Final[tuple[str, ...]] = ("angry", "happy", "neutral", "sad")
"""Every label there is, in the order in which models, rows and pictures show them."""
