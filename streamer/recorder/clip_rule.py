"""What becomes a clip: windows, all or some of them, or what led to an alert."""

from dataclasses import dataclass
from typing import Literal

from emotion.errors import UsageError
from emotion.labels import LABELS
from streamer.row import Row, is_spoken


@dataclass(frozen=True, slots=True)
class ClipRule:
    """What `--record` was given.

    Attributes
    ----------
    kind : {'all', 'speech', 'labels', 'alerts'}
        Every window; every window that is speech, sure or not; every window whose leading emotion is among
        `labels`; no window, but what led to each alert.
    labels : frozenset of str
        Empty unless the kind is 'labels'.
    """

    kind: Literal["all", "speech", "labels", "alerts"]
    labels: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, text: str) -> "ClipRule":
        """Read a rule.

        Parameters
        ----------
        text : str
            ``all``, ``speech``, ``alerts``, or labels with commas between them.

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
        if words == ["alerts"]:
            return cls("alerts")
        if strange := [word for word in words if word not in LABELS]:
            raise UsageError(
                f"--record has {strange[0]!r} in {text!r}; give all, speech, alerts, or one or more of "
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
            return is_spoken(row)
        return row.emotion in self.labels
