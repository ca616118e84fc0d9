"""What opinions say of voices that they were not fitted on, inside the training side."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from emotion.labels import LABELS
from emotion.softmax import Values
from trainer.recipes.opinions import fit_opinions
from trainer.recipes.training_windows import TrainingWindows

NEUTRAL: Final = LABELS.index("neutral")
NUM_SPEAKER_FOLDS: Final = 3
MOST_CLIPS: Final = 40
"""Of a varied stream."""
MOST_SINGLE: Final = 12
NUM_NEUTRAL: Final = 16
NUM_OTHER: Final = 4
"""Clips of streams in a single emotion, and of mostly neutral ones: as they are scored."""


@dataclass(frozen=True, slots=True, eq=False)
class UnheardVoice:
    """The clips of one speaker under one condition.

    Attributes
    ----------
    raw, own : list of ndarray, each of shape (num_windows, num_labels), float64
        Margins of the windows of each clip in order, the raw ones with their bias, the own ones without.
    own_bias : ndarray, shape (num_labels,), float64
        Beside the own margins.
    targets : ndarray, shape (num_clips,), int64
        Label of each clip.
    corpus : str
        Where the speaker is from.
    complete : bool
        Whether every emotion has its share there: a voice of another has not been in all moods.
    """

    raw: list[Values]
    own: list[Values]
    own_bias: Values
    targets: NDArray[np.int64]
    corpus: str
    complete: bool

    def order(self, kind: str, rng: np.random.Generator) -> Iterator[NDArray[np.int64]]:
        """Put clips in the order of streams.

        Parameters
        ----------
        kind : {'balanced', 'mostly-neutral', 'single'}
            As `evaluation.streams.plan` has them.
        rng : Generator
            Draws.

        Yields
        ------
        ndarray, shape (num_clips,), int64
            Numbers of clips, one array a stream.
        """
        of_label = [np.flatnonzero(self.targets == label) for label in range(len(LABELS))]
        if kind == "balanced":
            yield rng.permutation(len(self.targets))[:MOST_CLIPS]
            return
        for label, clips in enumerate(of_label):
            if not len(clips):
                continue
            if kind == "single":
                yield rng.permutation(clips)[:MOST_SINGLE]
            elif label != NEUTRAL and len(of_label[NEUTRAL]):
                drawn = [_drawn(of_label[NEUTRAL], NUM_NEUTRAL, rng), _drawn(clips, NUM_OTHER, rng)]
                yield rng.permutation(np.concatenate(drawn))


def unheard_voices(
    fitted_on: TrainingWindows,
    heard: TrainingWindows,
    ridge: float,
    advance: Callable[[], None] = lambda: None,
) -> list[UnheardVoice]:
    """Leave complete corpora out one by one, and listen to them.

    Where only one is complete, its speakers are left out by thirds: no other could stand for it. Speakers of
    a corpus that was fitted on are no strangers, though, and by them alone the model would be far too sure:
    incomplete corpora are then left out in their turn as well.

    Parameters
    ----------
    fitted_on : TrainingWindows
        The training side, thinned.
    heard : TrainingWindows
        The same, whole.
    ridge : float
        As `trainer.recipes.opinions.fit_opinions` takes it.
    advance : callable
        Told of each fold.

    Returns
    -------
    list of UnheardVoice
        Empty where nobody can be left out.
    """
    complete = fitted_on.complete_corpora
    left_whole, folds = complete, []
    if len(complete) < 2:
        left_whole = tuple(np.setdiff1d(fitted_on.corpus, complete).tolist()) if complete else ()
        folds = _folds_of_speakers(fitted_on, heard, complete)
    folds += [(fitted_on.corpus == name, heard.corpus == name) for name in left_whole]
    voices: list[UnheardVoice] = []
    for left_out, listened_to in folds:
        rest = fitted_on.take(~left_out)
        if len(rest) and len(np.unique(rest.targets)) == len(LABELS):
            opinions = fit_opinions(rest, ridge)
            part = heard.take(listened_to)
            scaled = opinions.scaled(part.vectors)
            raw = (scaled @ opinions.raw_weights + opinions.raw_bias).astype(np.float64)
            own = (scaled @ opinions.own_weights).astype(np.float64)
            voices += _voices(part, raw, own, opinions.own_bias.astype(np.float64), complete)
        advance()
    return voices


def _folds_of_speakers(
    fitted_on: TrainingWindows, heard: TrainingWindows, complete: tuple[str, ...]
) -> list[tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
    inside = np.isin(fitted_on.corpus, complete)
    speakers = np.random.default_rng(0).permutation(np.unique(fitted_on.speaker[inside]))
    parts = [speakers[first::NUM_SPEAKER_FOLDS] for first in range(NUM_SPEAKER_FOLDS)]
    return [(np.isin(fitted_on.speaker, part), np.isin(heard.speaker, part)) for part in parts if len(part)]


def _voices(
    part: TrainingWindows, raw: Values, own: Values, own_bias: Values, complete: tuple[str, ...]
) -> list[UnheardVoice]:
    voices = []
    keys = part.voice
    for key in np.unique(keys):
        rows = np.flatnonzero(keys == key)
        clips, first = np.unique(part.clip[rows], return_index=True)
        corpus = str(part.corpus[rows[0]])
        of_clip = [rows[part.clip[rows] == clip] for clip in clips]
        voices.append(
            UnheardVoice(
                [raw[each] for each in of_clip],
                [own[each] for each in of_clip],
                own_bias,
                part.targets[rows[first]],
                corpus,
                corpus in complete,
            )
        )
    return voices


def _drawn(clips: NDArray[np.int64], count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    rounds = -(-count // len(clips))
    return np.concatenate([rng.permutation(clips) for _ in range(rounds)])[:count]
