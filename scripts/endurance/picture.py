"""A soak as a picture: what the process held over the hours of the stream."""

from typing import TYPE_CHECKING, Final

from scripts.endurance.figures import Figures
from streamer.retention.size_text import bytes_of
from trainer.pictures.figure import FAINT_INK, INK, new_figure, png_of, write_titles

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PARTS: Final = (
    ("memory [MB]", (("resident_mb", "resident", "#1f6feb"), ("own_mb", "its own", "#7fb0ff"))),
    ("handles, threads", (("handles", "open handles", "#b35900"), ("threads", "threads", "#6b4fbb"))),
    ("longest lag [ms]", (("lag_ms", "lag", "#0f766e"),)),
    ("recordings [MB]", (("recordings_mb", "recordings", "#9b2c5e"),)),
)
"""A part of the picture: what stands beside it, and its curves with name and colour."""


def picture(found: Figures) -> bytes:
    """Draw it.

    Parameters
    ----------
    found : dict
        As `scripts.endurance.figures` gives them.

    Returns
    -------
    bytes
        A PNG file.

    Raises
    ------
    MissingExtraError
        Without matplotlib.
    """
    figure = new_figure(11.0, 8.6)
    parts = figure.subplots(len(PARTS), 1, sharex=True, height_ratios=[3, 2, 2, 2])
    points = found["points"]
    for axes, (name, curves) in zip(parts, PARTS, strict=True):
        for key, label, colour in curves:
            axes.plot(points["hours"], points[key], color=colour, linewidth=1.3, label=label)
        axes.set_ylim(0, 1.25 * max(max(points[key]) for key, *_ in curves) or 1)
        _dress(axes, name, has_legend=len(curves) > 1)
    bound = bytes_of(found["max_size"]) / 1e6
    parts[-1].axhline(bound, color=FAINT_INK, linewidth=0.8, linestyle="--")
    parts[-1].annotate(
        f"--max-size {found['max_size']}", (1, bound), xycoords=("axes fraction", "data"),
        xytext=(-4, -13), textcoords="offset points", ha="right", fontsize=8.5, color=FAINT_INK,
    )  # fmt: skip
    warm_hours = found["warm_seconds"] / 3600
    parts[0].axvline(warm_hours, color=FAINT_INK, linewidth=0.8, linestyle=":")
    parts[-1].set_xlabel("sound heard [h]", color=INK)
    parts[-1].set_xlim(0, found["hours"])
    kept = next(each["found"] for each in found["findings"] if each["what"].startswith("resident"))
    write_titles(
        parts[0],
        f"{found['hours']:.3g} hours of sound in {found['clock_seconds'] / 60:.3g} minutes",
        f"model {found['model']}, one leg; resident from {found['warm_seconds'] / 60:.3g} min on: {kept}",
    )
    return png_of(figure)


def _dress(axes: "Axes", name: str, *, has_legend: bool) -> None:
    axes.set_ylabel(name, color=INK, fontsize=9.5)
    axes.grid(axis="y", color="#e4e7eb", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(colors=INK, labelsize=9, length=2)
    axes.spines[:].set_visible(False)
    if has_legend:
        axes.legend(loc="best", ncols=2, frameon=False, fontsize=9, labelcolor=INK)
