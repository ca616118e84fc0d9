"""One labelled recording."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Clip:
    """A recording of one person in one emotion.

    Attributes
    ----------
    path : Path
        The sound.
    corpus : str
        Where it comes from; scores, licences and balance go by it.
    speaker : str or None
        Who speaks, unique within the corpus; None where nobody knows.
    emotion : str
        One of the labels.
    language : str or None
        As the manifest has it, such as ``de``.
    sentence : str or None
        The manifest's text id.
    """

    path: Path
    corpus: str
    speaker: str | None
    emotion: str
    language: str | None = None
    sentence: str | None = None

    @property
    def speaker_key(self) -> str | None:
        """The speaker, unique among all corpora; None where nobody knows."""
        return None if self.speaker is None else f"{self.corpus}/{self.speaker}"
