"""Which windows become clips: all, those with speech, or those that lean to a label."""

from dataclasses import dataclass
from typing import Literal

from emotion.errors import UsageError
from emotion.labels import LABELS
from streamer.row import Row


@dataclass(frozen=True, slots=True)
class ClipRule:
    """What `--record` was given.

    Attributes
    ----------
    kind : {'all', 'speech', 'labels'}
        Every window; every window that is speech, sure or not; every window whose leading emotion is among
        `labels`.
    labels : frozenset of str
        Empty unless the kind is 'labels'.
    """

    kind: Literal["all", "speech", "labels"]
    labels: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, text: str) -> "ClipRule":
        """Read a rule.

        Parameters
        ----------
        text : str
            ``all``, ``speech``, or labels with commas between them.

        Returns
        -------
        ClipRule
            What it means.

        Raises
        ------
        UsageError
            If a word is no label; the message names the choices.
        """
        words = [word.strip() for word in text.split(",")]
        if words == ["all"]:
            return cls("all")
        if words == ["speech"]:
            return cls("speech")
        if strange := [word for word in words if word not in LABELS]:
            raise UsageError(
                f"--record has {strange[0]!r} in {text!r}; give all, speech, or one or more of "
                f"{','.join(LABELS)} with commas between them"
            )
        return cls("labels", frozenset(words))

    def wants(self, row: Row) -> bool:
        """Tell whether a window is to be kept.

        Parameters
        ----------
        row : Row
            Of the window.

        Returns
        -------
        bool
            True if its clip is to be written.
        """
        if self.kind == "all":
            return True
        if self.kind == "speech":
            return row.state in {"speech", "unsure"}
        return row.emotion in self.labels
