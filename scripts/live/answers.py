"""What a journal says about the clips that were played, and about the stretches in which nobody spoke."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from scripts.live.scene import Stretch
from tests.command import Row

NO_CLIP: Final = ("noise only", "quiet only", "noise and quiet")


@dataclass(frozen=True, slots=True)
class ClipAnswer:
    """What was shown while a clip was heard.

    Attributes
    ----------
    clip : Stretch
        In stream time.
    answer : str
        The emotion shown in most of its windows; where none showed an emotion, the state of most of them.
    num_said : int
        Windows that said so.
    num_windows : int
        Windows of which more than half lies in the clip.
    """

    clip: Stretch
    answer: str
    num_said: int
    num_windows: int

    @property
    def right(self) -> bool:
        """Whether it is the label of the clip."""
        return self.answer == self.clip.emotion


def overlap_seconds(row: Row, stretch: Stretch) -> float:
    """Tell how much of a window lies in a stretch, s."""
    return max(0.0, min(float(row["end"]), stretch.end) - max(float(row["start"]), stretch.start))


def answer_of(clip: Stretch, rows: Sequence[Row]) -> ClipAnswer:
    """Count what was shown in the windows of a clip.

    Parameters
    ----------
    clip : Stretch
        In stream time.
    rows : sequence of dict
        Of the journal.

    Returns
    -------
    ClipAnswer
        A clip in which no window lies for more than half is answered by the one that overlaps it most. Of two
        emotions shown equally often the one whose smoothed probabilities sum to more is the answer.
    """
    inside = [row for row in rows if 2 * overlap_seconds(row, clip) > row["end"] - row["start"]]
    inside = inside or [max(rows, key=lambda row: overlap_seconds(row, clip))]
    shown = Counter(row["emotion"] for row in inside if row["emotion"] is not None)
    if shown:
        sums = {label: sum(row["smoothed"][label] for row in inside if row["smoothed"]) for label in shown}
        answer = max(shown, key=lambda label: (shown[label], sums[label]))
        return ClipAnswer(clip, answer, shown[answer], len(inside))
    ((state, count),) = Counter(row["state"] for row in inside).most_common(1)
    return ClipAnswer(clip, state, count, len(inside))


def accuracy_words(answers: Sequence[ClipAnswer]) -> str:
    """Say how many clips were answered rightly; one for which no emotion was shown counts as wrong.

    Parameters
    ----------
    answers : sequence of ClipAnswer
        At least one.

    Returns
    -------
    str
        As ``30 of 40 clips (75 %)``.
    """
    right = sum(each.right for each in answers)
    return f"{right} of {len(answers)} clips ({100 * right / len(answers):.0f} %)"


def states_without_clip(stretches: Sequence[Stretch], rows: Sequence[Row]) -> dict[str, Counter[str]]:
    """Count the states of windows in which no sample of any clip lies.

    Parameters
    ----------
    stretches : sequence of Stretch
        In stream time, all of the session.
    rows : sequence of dict
        Of the journal.

    Returns
    -------
    dict of str to Counter
        By what lies in them: noise only; quiet only, which is room and silence; both. `speech` is an emotion
        that was shown where nobody spoke.
    """
    counts = {name: Counter[str]() for name in NO_CLIP}
    for row in rows:
        kinds = {part.kind for part in stretches if overlap_seconds(row, part) > 0}
        if "clip" in kinds:
            continue
        alone = "noise only" if kinds == {"noise"} else "quiet only"
        counts["noise and quiet" if "noise" in kinds and len(kinds) > 1 else alone][row["state"]] += 1
    return counts
