"""How soon anger was told, as a picture: the share of turns told by then, a line a rule."""

import io
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np

from scripts.live.alert_scores import AlertScore
from trainer.pictures.figure import FAINT_INK, INK, matplotlib_part, new_figure, write_titles

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LONGEST_SECONDS: Final = 16.0
LOOKS: Final = (("#e58a95", "-"), ("#cb2c40", "-"), ("#6d1420", "--"))
"""Colours and styles of the rules, in their order."""

LABEL_SHARE: Final = 0.065
"""Names of lines stand at least so far from each other."""

_SALT: Final = "callmood"


def delay_picture(scores: Mapping[str, Sequence[AlertScore]], titles: tuple[str, str]) -> bytes:
    """Draw it.

    Parameters
    ----------
    scores : mapping of str to sequence of AlertScore
        By corpus, one a rule, at most as many as `LOOKS`.
    titles : tuple of str
        Title and subtitle.

    Returns
    -------
    bytes
        An SVG file; the same scores give the same bytes.

    Raises
    ------
    MissingExtraError
        Without matplotlib.
    """
    figure = new_figure(9.6, 0.9 + 3.0 * len(scores))
    parts = figure.subplots(len(scores), 1, sharex=True, squeeze=False)[:, 0]
    for axes, (corpus, own) in zip(parts, scores.items(), strict=True):
        _draw_lines(axes, own)
        axes.set(xlim=(0, LONGEST_SECONDS), ylim=(0, 1.02))
        axes.set_yticks(np.linspace(0, 1, 5), ["0 %", "25 %", "50 %", "75 %", "100 %"])
        axes.set_xticks(np.arange(0, LONGEST_SECONDS + 1, 1))
        axes.set_ylabel(f"{corpus}: turns told", color=INK)
        axes.grid(color="#e4e7eb", linewidth=0.7)
        axes.tick_params(colors=INK, labelsize=9, length=2)
        axes.spines[:].set_visible(False)
    parts[-1].set_xlabel("from the first sound of the angry turn to the alert [s]", color=INK)
    write_titles(parts[0], *titles)
    return _svg_of(figure)


def _draw_lines(axes: "Axes", scores: Sequence[AlertScore]) -> None:
    ends = [len(score.first_delays) / len(score.turns) for score in scores]
    for score, end, place, (colour, style) in zip(scores, ends, _apart(ends), LOOKS, strict=False):
        delays = np.sort(score.first_delays)
        shares = np.arange(len(delays) + 1) / len(score.turns)
        axes.step(
            [0.0, *delays, LONGEST_SECONDS], [*shares, end], where="post", color=colour, linestyle=style, lw=2
        )
        axes.text(
            LONGEST_SECONDS + 0.15,
            place,
            f"{score.rule}: {100 * end:.0f} %",
            va="center",
            fontsize=9,
            color=colour,
        )
    axes.axvspan(0, 2, color=FAINT_INK, alpha=0.07, linewidth=0)


def _apart(places: Sequence[float]) -> list[float]:
    """Push names apart that would lie on each other, from the lowest up."""
    order = np.argsort(places, kind="stable")
    moved = np.array(places, dtype=np.float64)
    for below, above in pairwise(order):
        moved[above] = max(moved[above], moved[below] + LABEL_SHARE)
    return [float(place) for place in moved]


def _svg_of(figure: "Figure") -> bytes:
    picture = io.BytesIO()
    # Names of clips inside an SVG are drawn by chance unless salted; its date would make it another file.
    with matplotlib_part("style").context({"svg.hashsalt": _SALT}):
        matplotlib_part("backends.backend_svg").FigureCanvasSVG(figure).print_svg(
            picture, metadata={"Date": None, "Creator": None}
        )
    return picture.getvalue()
