"""What a soak hears, and with what."""

import shlex
from dataclasses import dataclass
from pathlib import Path

from scripts.endurance.sound import RATE_HZ


@dataclass(frozen=True, slots=True)
class SoakPlan:
    """One run.

    Attributes
    ----------
    num_samples : int
        Of the sound, at 16 kHz.
    model : str
        Name of a model.
    max_size : str
        Given to `--max-size`.
    every_seconds : float
        From one reading to the next, s of the clock.
    warm_seconds : float
        Stream time after which nothing may grow any more, s.
    seed : int
        Draws the sound.
    """

    num_samples: int
    model: str
    max_size: str
    every_seconds: float
    warm_seconds: float
    seed: int = 0

    @property
    def seconds(self) -> float:
        """Length of the sound, s."""
        return self.num_samples / RATE_HZ

    def options(self, folder: Path) -> list[str]:
        """Give the words after `callmood`.

        Parameters
        ----------
        folder : Path
            Where journal and recordings go.

        Returns
        -------
        list of str
            All that a week of listening would have: panel, alerts, clips, whole sound, bounds, journal.
        """
        return [
            *("listen", "-", "--rate", str(RATE_HZ), "--model", self.model, "--spectrogram"),
            *("--alert", "angry>0.7 for 5s", "--record", "speech", "--record-session"),
            *("--keep", "7d", "--max-size", self.max_size, "--out", str(folder / "recordings")),
            *("--journal", str(folder / "journal.jsonl")),
        ]

    def options_shown(self) -> list[str]:
        """Give the same, as one would type them.

        Returns
        -------
        list of str
            Quoted where a shell wants it.
        """
        return [shlex.quote(word) for word in self.options(Path())]
