"""A session as a picture: a line a stranger, the truth above, what the panel showed below."""

from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from emotion.labels import LABELS
from scripts.live.answers import ClipAnswer
from scripts.live.scene import Stretch
from streamer.panel.palette import EMOTION_COLOURS
from tests.command import Row
from trainer.pictures.figure import INK, matplotlib_part, new_figure, png_of, write_titles

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TRUTH: Final = (1.32, 0.24)
SHOWN: Final = (1.06, 0.20)
"""Bottom and height of the bands; probabilities lie from 0 to 1."""

QUIET: Final[dict[str, Any]] = {"facecolor": "#f1f3f5", "linewidth": 0}
NOISE: Final = QUIET | {"edgecolor": "#9aa5b1", "hatch": "////"}
UNSURE: Final = {"facecolor": "white", "edgecolor": "#7b8794", "linewidth": 0.6, "linestyle": ":"}
LOOKS: Final = {"noise": NOISE, "unsure": UNSURE, "silence": QUIET, "room": QUIET, "clipped": NOISE}

SECONDS_A_LETTER: Final = 0.24
"""Where the longest line of a stranger fills the picture, about 40 s."""


def session_picture(
    answers: Sequence[ClipAnswer],
    stretches: Sequence[Stretch],
    rows: Sequence[Row],
    titles: tuple[str, str],
) -> bytes:
    """Draw it.

    Parameters
    ----------
    answers : sequence of ClipAnswer
        Of all clips.
    stretches : sequence of Stretch
        In stream time, all of the session.
    rows : sequence of dict
        Of the journal.
    titles : tuple of str
        Title and subtitle.

    Returns
    -------
    bytes
        A PNG file.

    Raises
    ------
    MissingExtraError
        Without matplotlib.
    """
    step = min(after["start"] - row["start"] for row, after in pairwise(rows))
    strangers = sorted({part.stranger for part in stretches})
    parts = [[part for part in stretches if part.stranger == stranger] for stranger in strangers]
    width = max(own[-1].end - own[0].start for own in parts)
    figure = new_figure(14.0, 1.15 + 1.95 * len(strangers))
    lines = figure.subplots(len(strangers), 1, squeeze=False)[:, 0]
    for stranger, own, axes in zip(strangers, parts, lines, strict=True):
        start, end = own[0].start, own[-1].end
        _draw_truth(axes, own, [each for each in answers if each.clip.stranger == stranger])
        # A window stands for the sound about its middle: there it is drawn, as wide as a step.
        _draw_rows(axes, [row for row in rows if start <= (row["start"] + row["end"]) / 2 < end], step)
        axes.set(xlim=(start, start + width), ylim=(0, sum(TRUTH) + 0.02))
        axes.set_yticks([0, 0.5, 1, SHOWN[0] + SHOWN[1] / 2, TRUTH[0] + TRUTH[1] / 2])
        axes.set_yticklabels(["0", ".5", "1", "shown", "truth"])
        axes.set_xticks(np.arange(np.ceil(start / 5) * 5, end, 5))
        axes.set_ylabel(f"speaker {own[0].speaker}", color=INK, fontsize=9)
        axes.tick_params(colors=INK, labelsize=8.5, length=2)
        axes.spines[:].set_visible(False)
    lines[-1].set_xlabel("time in the session [s]", color=INK)
    write_titles(lines[0], *titles)
    patch = matplotlib_part("patches").Patch
    handles = [patch(facecolor=EMOTION_COLOURS[label], label=label) for label in LABELS]
    handles += [patch(label=state, **LOOKS[state]) for state in ("unsure", "noise", "silence")]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), frameon=False, fontsize=9)
    return png_of(figure)


def _draw_truth(axes: "Axes", stretches: Sequence[Stretch], answers: Sequence[ClipAnswer]) -> None:
    for part in stretches:
        if part.emotion is None:
            axes.broken_barh([(part.start, part.end - part.start)], TRUTH, **LOOKS[part.kind])
    for each in answers:
        clip = each.clip
        _band(axes, (clip.start, clip.end), TRUTH, str(clip.emotion), "" if each.right else " ✗")


def _draw_rows(axes: "Axes", rows: Sequence[Row], step: float) -> None:
    middles = [(row["start"] + row["end"]) / 2 - step / 2 for row in rows]
    for row, at in zip(rows, middles, strict=True):
        if row["smoothed"] is not None:
            bottom = 0.0
            for label in LABELS:
                share = row["smoothed"].get(label, 0.0)
                axes.bar(at, share, step, bottom, align="edge", color=EMOTION_COLOURS[label], alpha=0.75)
                bottom += share
    for word, start, end in _runs(rows, middles, step):
        _band(axes, (start, end), SHOWN, word, "")
        axes.hlines([0.5], start, end, color="white", linewidth=0.5)


def _runs(rows: Sequence[Row], at: Sequence[float], step: float) -> Iterator[tuple[str, float, float]]:
    """Give what was shown in runs of windows that follow each other and show the same."""
    words = [row["emotion"] or row["state"] for row in rows]
    # After a gap windows begin anew, off the grid of those before.
    grids = [round(start - index * step, 3) for index, start in enumerate(at)]
    for (word, _), run in groupby(range(len(rows)), key=lambda index: (words[index], grids[index])):
        indices = list(run)
        yield word, at[indices[0]], at[indices[-1]] + step


def _band(axes: "Axes", span: tuple[float, float], height: tuple[float, float], word: str, mark: str) -> None:
    look = LOOKS.get(word) or {"facecolor": EMOTION_COLOURS[word], "edgecolor": "white", "linewidth": 0.8}
    axes.broken_barh([(span[0], span[1] - span[0])], height, **look)
    if word in EMOTION_COLOURS:
        # The whole word where there is room for it, else its first letter: no colour stands alone.
        text = (word if span[1] - span[0] >= SECONDS_A_LETTER * len(word) else word[0]) + mark
        middle = (sum(span) / 2, height[0] + height[1] / 2 - 0.01)
        axes.text(*middle, text, ha="center", va="center", fontsize=8, color="white", fontweight="bold")
