"""The streams of some speakers of a table, copied only when they are really wanted."""

from dataclasses import dataclass

import numpy as np

from trainer.cache import cache_key
from trainer.step_table import StepTable


@dataclass(frozen=True, slots=True, eq=False)
class TablePart:
    """Which speakers of which table.

    Attributes
    ----------
    whole : StepTable
        Of all speakers.
    speakers : tuple of str, or None
        Those that are wanted, as ``corpus/speaker``; None for all streams.
    """

    whole: StepTable
    speakers: tuple[str, ...] | None = None

    @property
    def key(self) -> str:
        """What decides about the values: parts of one key are equal."""
        return cache_key(whole=self.whole.key, speakers=self.speakers)

    @property
    def num_windows(self) -> int:
        """Windows that it has."""
        streams = self.whole.streams
        if self.speakers is None:
            return len(self.whole)
        return int(streams.num_windows[np.isin(streams.speaker_key, self.speakers)].sum())

    def table(self) -> StepTable:
        """Take the streams.

        Returns
        -------
        StepTable
            The whole one itself where all its speakers are wanted.
        """
        return self.whole if self.speakers is None else self.whole.of_speakers(self.speakers)
