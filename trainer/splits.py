"""Which clips are kept for the test: by speaker where speakers are known."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from emotion.errors import DatasetError
from trainer.dataset import Clip

TEST_SHARE: Final = 0.2
"""Share of the speakers of each corpus, or of the clips where speakers are unknown, that is tested on."""

NUM_DRAWS: Final = 500
"""Sets of test speakers tried in each corpus; the one whose labels come nearest to `TEST_SHARE` is taken."""


@dataclass(frozen=True, slots=True)
class Split:
    """Two sides that share no speaker and no clip.

    Attributes
    ----------
    is_test : ndarray, shape (num_clips,), bool
        True for the clips that nothing is fitted on.
    rule : str
        How the sides were made, in words, for the card.
    by_speaker : bool
        True where speakers were set apart, of some corpus at least.
    """

    is_test: NDArray[np.bool_]
    rule: str
    by_speaker: bool


def split_clips(clips: Sequence[Clip], seed: int) -> Split:
    """Keep a fifth for the test: of each corpus' speakers, or of its clips where speakers are unknown.

    Clips are taken label by label, speakers so that the labels come near a fifth as well. A corpus with one
    known speaker is learned from only.
    """
    by_corpus: dict[str, list[Clip]] = defaultdict(list)
    for clip in clips:
        by_corpus[clip.corpus].append(clip)
    test_groups: set[str] = set()
    speakers = Counter[str]()
    for number, (_, own) in enumerate(sorted(by_corpus.items())):
        generator = np.random.default_rng([seed, number])
        known = [clip for clip in own if clip.speaker is not None]
        unknown = [clip for clip in own if clip.speaker is None]
        chosen = _test_speakers(known, generator)
        speakers.update(test=len(chosen), all=len({clip.group for clip in known}))
        test_groups |= chosen | _test_clips(unknown, generator)
    is_test = np.array([clip.group in test_groups for clip in clips])
    _check_sides(clips, is_test)
    return Split(is_test, _rule(clips, is_test, speakers), by_speaker=speakers["all"] > 0)


def _test_speakers(clips: Sequence[Clip], generator: np.random.Generator) -> set[str]:
    speakers = sorted({clip.group for clip in clips})
    if len(speakers) < 2:
        return set()
    labels = sorted({clip.emotion for clip in clips})
    counts = np.zeros((len(speakers), len(labels)))
    for clip in clips:
        counts[speakers.index(clip.group), labels.index(clip.emotion)] += 1
    num_test = max(1, round(TEST_SHARE * len(speakers)))
    draws = [generator.permutation(len(speakers))[:num_test] for _ in range(NUM_DRAWS)]
    shares = np.stack([counts[draw].sum(axis=0) for draw in draws]) / counts.sum(axis=0)
    # Missing a label on one side is worse than any number of clips too many.
    one_sided = (shares == 0) | (shares == 1)
    best = draws[int((one_sided + (shares - TEST_SHARE) ** 2).sum(axis=1).argmin())]
    return {speakers[i] for i in best}


def _test_clips(clips: Sequence[Clip], generator: np.random.Generator) -> set[str]:
    chosen: set[str] = set()
    for label in sorted({clip.emotion for clip in clips}):
        names = [clip.group for clip in clips if clip.emotion == label]
        num_test = max(1, round(TEST_SHARE * len(names))) if len(names) > 1 else 0
        chosen.update(names[i] for i in generator.permutation(len(names))[:num_test])
    return chosen


def _check_sides(clips: Sequence[Clip], is_test: NDArray[np.bool_]) -> None:
    labels = {clip.emotion for clip in clips}
    for side, wanted in (("learn from", False), ("test on", True)):
        absent = labels - {clip.emotion for clip, test in zip(clips, is_test, strict=True) if test == wanted}
        if absent:
            raise DatasetError(
                f"no clip of {', '.join(sorted(absent))} is left to {side}: a speaker stays on one side, and "
                "each emotion needs several; add speakers, or leave the speaker column empty to split by clip"
            )


def _rule(clips: Sequence[Clip], is_test: NDArray[np.bool_], speakers: Counter[str]) -> str:
    unknown = np.array([clip.speaker is None for clip in clips])
    parts = []
    if speakers["all"]:
        parts.append(f"by speaker: {speakers['test']} of {speakers['all']} speakers are kept for the test")
    if unknown.any():
        num_test, num_all = int((unknown & is_test).sum()), int(unknown.sum())
        parts.append(f"by clip, speakers unknown: {num_test} of {num_all} clips are kept for the test")
    return "; ".join(parts)
