"""The confusion matrix as a picture."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from trainer.pictures.figure import INK, new_figure, png_of, write_titles
from trainer.scoring.scores import Scores

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def confusion_picture(scores: Scores, title: str, subtitle: str) -> bytes:
    """Draw what was taken for what: a row a true label, its percentages and counts.

    Parameters
    ----------
    scores : Scores
        Of the test side.
    title, subtitle : str
        Above the picture: the model with its UAR, and what was tested.

    Returns
    -------
    bytes
        A PNG file.

    Raises
    ------
    MissingExtraError
        Without matplotlib.
    """
    figure = new_figure(6.4, 5.9)
    axes = figure.add_subplot()
    shares = scores.confusion / np.maximum(scores.support, 1)[:, None]
    image = axes.imshow(shares, cmap="Blues", vmin=0.0, vmax=1.0)
    _write_cells(axes, scores, shares)
    _label_axes(axes, scores)
    bar = figure.colorbar(
        image, ax=axes, shrink=0.82, pad=0.03, format=lambda value, _: f"{100 * value:.0f} %"
    )
    bar.set_label("share of the row", color=INK)
    bar.outline.set_visible(False)
    bar.ax.tick_params(length=0, labelcolor=INK)
    write_titles(axes, title, subtitle)
    return png_of(figure)


def _write_cells(axes: "Axes", scores: Scores, shares: NDArray[np.float64]) -> None:
    for row, column in np.ndindex(*shares.shape):
        colour = "white" if shares[row, column] > 0.6 else INK
        weight = "bold" if row == column else "normal"
        count = f"{scores.confusion[row, column]:,}".replace(",", "\N{THIN SPACE}")
        place: dict[str, Any] = {"ha": "center", "va": "center", "color": colour}
        axes.text(
            column, row - 0.08, f"{100 * shares[row, column]:.0f} %", fontsize=14, fontweight=weight, **place
        )
        axes.text(column, row + 0.2, count, fontsize=9, **place)


def _label_axes(axes: "Axes", scores: Scores) -> None:
    places = np.arange(len(scores.labels))
    axes.set_xticks(places, scores.labels, fontsize=11, color=INK)
    axes.set_yticks(places, scores.labels, fontsize=11, color=INK)
    axes.set_xlabel("predicted", fontsize=11, color=INK, labelpad=8)
    axes.set_ylabel("true", fontsize=11, color=INK, labelpad=8)
    axes.spines[:].set_visible(False)
    # White lines between the cells.
    axes.set_xticks(places[1:] - 0.5, minor=True)
    axes.set_yticks(places[1:] - 0.5, minor=True)
    axes.grid(which="minor", color="white", linewidth=2.5)
    axes.tick_params(which="both", length=0)
