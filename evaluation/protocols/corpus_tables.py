"""Tables of corpora and of other sounds, made once and kept."""

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from rich.console import Console

from evaluation.protocols.corpora import Corpus
from evaluation.protocols.non_speech import recorded_sounds, synthesised_sounds
from evaluation.streams.hear import StepFeatures
from evaluation.streams.plan import StreamKind, plan_streams
from evaluation.streams.step_tables import hearing_facts, keep_table, load_table, step_tables
from evaluation.streams.stream_table import table_of_sounds
from trainer.cache import cache_key
from trainer.step_table import StepTable
from trainer.training_log import TrainingLog, progress_bar

_WORTH_A_LINE_SECONDS: Final = 1.0
_SOUNDS_CONDITION: Final = "clean"


@dataclass(frozen=True, slots=True, eq=False)
class CorpusTables:
    """The streams of corpora, as a recipe looks at them; see `TableSource`.

    Attributes
    ----------
    features : StepFeatures
        What is computed for each window.
    jobs : int
        Processes that compute.
    console : Console
        Where bars are shown.
    log : TrainingLog
        Told of what took its time.
    sounds_folder : Path or None
        Recordings without speech, beside those that are synthesised.
    """

    features: StepFeatures
    jobs: int
    console: Console
    log: TrainingLog
    sounds_folder: Path | None = None
    _made: dict[tuple[object, ...], list[StepTable]] = field(default_factory=dict)

    def tables(
        self, corpus: Corpus, condition: str, kind: StreamKind, seeds: Sequence[int]
    ) -> list[StepTable]:
        """Give the windows of all streams of one kind; see `TableSource.tables`."""
        place = (corpus.name, condition, kind, *seeds)
        if place not in self._made:
            began = time.monotonic()
            title = f"{corpus.name}, {kind}, {condition}: follow its streams"
            total = sum(len(plan_streams(corpus.clips, kind, seed)) for seed in seeds)
            with progress_bar(self.console, title, total) as advance:
                self._made[place] = step_tables(
                    corpus.clips, kind, condition, self.features, seeds=seeds, jobs=self.jobs, advance=advance
                )
            self._say(title, began)
        return self._made[place]

    def non_speech(self) -> StepTable:
        """Give streams of sounds that are no speech; see `TableSource.non_speech`."""
        if ("sounds",) not in self._made:
            began = time.monotonic()
            title = "sounds without speech: follow them"
            with progress_bar(self.console, title):
                self._made["sounds",] = [self._sounds()]
            self._say(title, began)
        return self._made["sounds",][0]

    def _sounds(self) -> StepTable:
        sounds = synthesised_sounds()
        if self.sounds_folder is not None:
            sounds |= recorded_sounds(self.sounds_folder)
        content = [[name, hashlib.sha256(samples.tobytes()).hexdigest()] for name, samples in sounds.items()]
        key = cache_key(sounds=content, **hearing_facts(_SOUNDS_CONDITION, self.features))
        kept = load_table(key)
        if kept is None:
            kept = keep_table(key, table_of_sounds(sounds, self.features, _SOUNDS_CONDITION))
        return kept

    def _say(self, title: str, began: float) -> None:
        took = time.monotonic() - began
        if took > _WORTH_A_LINE_SECONDS:
            self.log.say(f"{title}: done in {took:.1f} s")
