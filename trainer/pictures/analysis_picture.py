"""The article's analysis picture: waveform, mel spectrogram, MFCC and chroma of one recording."""

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from emotion.arrays import FloatArray, Samples
from emotion.features.mel import hz_to_mel
from trainer.pictures.analysis_views import NUM_BANDS, NUM_CEPSTRA, RANGE_DB, AnalysisViews, analyse
from trainer.pictures.figure import FAINT_INK, INK, new_figure, png_of, write_titles

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PITCH_CLASSES: Final = ("C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B")
MEL_TICKS_HZ: Final = (0, 250, 500, 1000, 2000, 4000, 8000)
WAVEFORM_COLUMNS: Final = 1_600
"""Columns over which the waveform's extremes are taken: about one a dot."""


class Look(NamedTuple):
    """How a matrix is shown.

    Attributes
    ----------
    colours : str
        Name of matplotlib's colour map.
    limits : tuple of float
        Values of its first and last colour.
    unit : str
        Beside the colour bar.
    """

    colours: str
    limits: tuple[float, float]
    unit: str


def analysis_picture(
    samples: Samples,
    sample_rate: int,
    *,
    title: str,
    subtitle: str,
    footnotes: tuple[str, ...],
) -> bytes:
    """Draw a recording as a model hears it.

    Parameters
    ----------
    samples : ndarray, shape (n,), float32
        Mono, n >= 1.
    sample_rate : int
        Hz: the rate at which the model hears.
    title, subtitle : str
        Above the picture: the prediction; the file and the other labels.
    footnotes : tuple of str
        What must be said wherever the model is shown.

    Returns
    -------
    bytes
        A PNG file.

    Raises
    ------
    MissingExtraError
        Without matplotlib.
    """
    figure = new_figure(9.6, 9.8)
    waveform, mel, mfcc, chroma = figure.subplots(4, 1, sharex=True, height_ratios=(1.0, 1.6, 1.1, 1.1))
    views = analyse(samples, sample_rate)
    seconds = len(samples) / sample_rate
    _draw_waveform(waveform, samples, seconds)
    _draw_views(figure, (mel, mfcc, chroma), views, sample_rate)
    for axes in (waveform, mel, mfcc, chroma):
        axes.set(xlim=(0, seconds))
        axes.tick_params(colors=INK, labelsize=8.5)
        axes.spines[:].set_visible(False)
        axes.yaxis.set_label_coords(-0.075, 0.5)
    chroma.set_xlabel("time [s]", color=INK)
    write_titles(waveform, title, subtitle)
    if footnotes:
        figure.supxlabel("\n".join(footnotes), x=0.01, ha="left", fontsize=8.5, color=FAINT_INK)
    return png_of(figure)


def _draw_waveform(axes: "Axes", samples: Samples, seconds: float) -> None:
    columns = min(WAVEFORM_COLUMNS, len(samples))
    starts = np.linspace(0, len(samples), columns, endpoint=False).astype(np.int64)
    times = (starts + 0.5) / len(samples) * seconds
    highest, lowest = np.maximum.reduceat(samples, starts), np.minimum.reduceat(samples, starts)
    axes.fill_between(times, lowest, highest, color="#2f6f9f", linewidth=0.4, edgecolor="#2f6f9f")
    reach = max(float(np.abs(samples).max()), 1e-4) * 1.08
    axes.set(ylim=(-reach, reach))
    axes.set_ylabel("amplitude\n[full scale]", color=INK, fontsize=9)
    axes.grid(axis="y", color="#e4e7eb", linewidth=0.8)
    axes.set_axisbelow(True)


def _draw_views(
    figure: "Figure", rows: tuple["Axes", "Axes", "Axes"], views: AnalysisViews, sample_rate: int
) -> None:
    mel, mfcc, chroma = rows
    span = (views.start, views.end)
    decibels = Look("magma", (-RANGE_DB, 0.0), "level\n[dB re loudest]")
    _draw_matrix(figure, mel, views.mel_db, span, decibels)
    top_mel = hz_to_mel(sample_rate / 2)
    ticks = [hertz for hertz in MEL_TICKS_HZ if hertz <= sample_rate / 2]
    mel.set_yticks(
        [hz_to_mel(hertz) / top_mel * NUM_BANDS - 0.5 for hertz in ticks], [f"{hertz:,}" for hertz in ticks]
    )
    mel.set_ylabel("mel spectrogram\n[Hz]", color=INK, fontsize=9)

    # Coefficient 0 is the level of the whole spectrum: shown less its mean, and let run off their scale.
    cepstra = views.mfcc.copy()
    cepstra[0] -= cepstra[0].mean()
    reach = max(float(np.percentile(np.abs(cepstra[1:]), 99)), 1.0)
    _draw_matrix(figure, mfcc, cepstra, span, Look("RdBu_r", (-reach, reach), "MFCC [dB]"))
    mfcc.set_yticks(range(0, NUM_CEPSTRA, 3))
    mfcc.set_ylabel("MFCC\n[coefficient]", color=INK, fontsize=9)

    _draw_matrix(figure, chroma, views.chroma, span, Look("viridis", (0.0, 1.0), "share of\nthe loudest"))
    chroma.set_yticks(range(0, len(PITCH_CLASSES), 2), PITCH_CLASSES[::2])
    chroma.set_ylabel("chroma\n[pitch class]", color=INK, fontsize=9)


def _draw_matrix(
    figure: "Figure", axes: "Axes", matrix: FloatArray, span: tuple[float, float], look: Look
) -> None:
    extent = (*span, -0.5, len(matrix) - 0.5)
    lowest, highest = look.limits
    image = axes.imshow(
        matrix,
        aspect="auto",
        origin="lower",
        extent=extent,
        cmap=look.colours,
        vmin=lowest,
        vmax=highest,
        interpolation="nearest",
    )
    beyond = "both" if matrix.max() > highest or matrix.min() < lowest else "neither"
    bar = figure.colorbar(image, ax=axes, pad=0.015, fraction=0.03, aspect=16, extend=beyond)
    bar.set_label(look.unit, color=INK, fontsize=8.5)
    bar.outline.set_visible(False)
    bar.ax.tick_params(length=0, labelcolor=INK, labelsize=8)
