"""Pictures without pyplot's global state: a figure, and the PNG that it becomes."""

import io
import logging
from types import ModuleType
from typing import TYPE_CHECKING, Final

from emotion.extras import require

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK: Final = "#1f2933"
"""Colour of text."""

FAINT_INK: Final = "#616e7c"
"""Colour of what is second to it."""

DOTS_PER_INCH: Final = 150


def matplotlib_part(name: str) -> ModuleType:
    """Import a part of matplotlib, quietly.

    Parameters
    ----------
    name : str
        Such as ``figure``.

    Returns
    -------
    ModuleType
        The part.

    Raises
    ------
    MissingExtraError
        Without matplotlib.
    """
    # Where it keeps its fonts, and that it looks for them, is nothing that the user of a command asked.
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    return require(f"matplotlib.{name}", "plot")


def new_figure(width: float, height: float) -> "Figure":
    """Make an empty figure on white ground.

    Parameters
    ----------
    width, height : float
        Inches.

    Returns
    -------
    Figure
        With a constrained layout.

    Raises
    ------
    MissingExtraError
        Without matplotlib.
    """
    layout = matplotlib_part("layout_engine").ConstrainedLayoutEngine(h_pad=0.09, w_pad=0.09)
    figure: Figure = matplotlib_part("figure").Figure(
        figsize=(width, height), dpi=DOTS_PER_INCH, layout=layout, facecolor="white"
    )
    return figure


def write_titles(axes: "Axes", title: str, subtitle: str) -> None:
    """Write two lines above the uppermost axes, flush left.

    Parameters
    ----------
    axes : Axes
        Those that stand uppermost.
    title, subtitle : str
        The first line is bold, the second faint.
    """
    axes.set_title(title, loc="left", fontsize=13, fontweight="bold", color=INK, pad=26)
    axes.annotate(
        subtitle, (0, 1), xytext=(0, 9), textcoords="offset points", xycoords="axes fraction", fontsize=9.5,
        color=FAINT_INK,
    )  # fmt: skip


def png_of(figure: "Figure") -> bytes:
    """Draw a figure.

    Parameters
    ----------
    figure : Figure
        What to draw.

    Returns
    -------
    bytes
        A PNG file; the same figure gives the same bytes.
    """
    picture = io.BytesIO()
    # Naming the library's version inside would make the same picture another file.
    matplotlib_part("backends.backend_agg").FigureCanvasAgg(figure).print_png(
        picture, metadata={"Software": None}
    )
    return picture.getvalue()
