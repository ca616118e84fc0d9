"""Where tables come from."""

from collections.abc import Sequence
from typing import Protocol

from evaluation.protocols.corpora import Corpus
from evaluation.streams.plan import StreamKind
from trainer.step_table import StepTable


class TableSource(Protocol):
    """Makes the streams of a corpus, and keeps what it computed."""

    def tables(
        self, corpus: Corpus, condition: str, kind: StreamKind, seeds: Sequence[int]
    ) -> list[StepTable]:
        """Give the windows of all streams of one kind.

        Parameters
        ----------
        corpus : Corpus
            All of its speakers.
        condition : str
            The line.
        kind : {'balanced', 'mostly-neutral', 'single'}
            Of streams.
        seeds : sequence of int
            Of orders, pauses and noise.

        Returns
        -------
        list of StepTable
            One for each seed; none where the corpus has no such stream.
        """
        ...

    def non_speech(self) -> StepTable | None:
        """Give streams of sounds that are no speech, or None where none are made."""
        ...
