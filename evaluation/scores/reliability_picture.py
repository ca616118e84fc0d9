"""Does 70 % mean 70 %? Confidence against accuracy, as a picture."""

import numpy as np

from trainer.pictures.figure import FAINT_INK, INK, new_figure, png_of, write_titles
from trainer.scoring.scores import NUM_BINS

_BLUE = "#2b6cb0"


def reliability_picture(confidence: np.ndarray, right: np.ndarray, title: str, subtitle: str) -> bytes:
    """Draw the accuracy of the answers in each bin of confidence, and how many lie in it.

    Parameters
    ----------
    confidence : ndarray, shape (n,), n >= 1
        Probability of each answer's label.
    right : ndarray, shape (n,), bool
        Whether it was the true one.
    title, subtitle : str
        Above the picture.

    Returns
    -------
    bytes
        A PNG file.

    Raises
    ------
    MissingExtraError
        Without matplotlib.
    """
    place = np.minimum((confidence * NUM_BINS).astype(np.int64), NUM_BINS - 1)
    counts = np.bincount(place, minlength=NUM_BINS)
    filled = counts > 0
    means = np.bincount(place, weights=confidence, minlength=NUM_BINS)[filled] / counts[filled]
    accuracies = np.bincount(place, weights=right, minlength=NUM_BINS)[filled] / counts[filled]
    figure = new_figure(6.0, 5.6)
    axes = figure.add_subplot()
    axes.plot([0, 1], [0, 1], color=FAINT_INK, linewidth=1, linestyle=(0, (4, 4)))
    axes.bar(
        (np.arange(NUM_BINS) + 0.5) / NUM_BINS, counts / counts.sum(), width=0.8 / NUM_BINS, color="#d5dde6"
    )
    axes.plot(means, accuracies, color=_BLUE, linewidth=1.5, marker="o", markersize=6, clip_on=False)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.set_xlabel("how sure it says it is", fontsize=11, color=INK)
    axes.set_ylabel("how often it is right (bars: share of the clips)", fontsize=11, color=INK)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelcolor=INK, length=3)
    write_titles(axes, title, subtitle)
    return png_of(figure)
