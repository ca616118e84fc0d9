"""Figures as PNG, without pyplot's global state: analysis of a recording, confusion matrix."""

import io
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from emotion.arrays import FloatArray, Samples
from emotion.errors import require
from emotion.features.spectral import chroma_filterbank, normalise_by_loudest
from emotion.features.spectrum import SpectralPass, cepstral_basis, decibels, hz_to_mel, mel_filterbank
from trainer.metrics import Scores

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

INK: Final = "#1f2933"
"""Colour of text."""

FAINT_INK: Final = "#616e7c"
"""Colour of secondary text."""

DOTS_PER_INCH: Final = 150


def matplotlib_part(name: str) -> ModuleType:
    """Import a part of matplotlib, quietly."""
    # Its messages about fonts mean nothing to the user of a command.
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    return require(f"matplotlib.{name}", "plot")


def new_figure(width: float, height: float) -> "Figure":
    """Make an empty figure on white ground."""
    layout = matplotlib_part("layout_engine").ConstrainedLayoutEngine(h_pad=0.09, w_pad=0.09)
    figure: Figure = matplotlib_part("figure").Figure(
        figsize=(width, height), dpi=DOTS_PER_INCH, layout=layout, facecolor="white"
    )
    return figure


def write_titles(axes: "Axes", title: str, subtitle: str) -> None:
    """Write two lines above the uppermost axes, flush left."""
    axes.set_title(title, loc="left", fontsize=13, fontweight="bold", color=INK, pad=26)
    axes.annotate(
        subtitle, (0, 1), xytext=(0, 9), textcoords="offset points", xycoords="axes fraction", fontsize=9.5,
        color=FAINT_INK,
    )  # fmt: skip


def png_of(figure: "Figure") -> bytes:
    """Draw a figure."""
    picture = io.BytesIO()
    # Without the version of the library, so that the same picture is the same file.
    matplotlib_part("backends.backend_agg").FigureCanvasAgg(figure).print_png(
        picture, metadata={"Software": None}
    )
    return picture.getvalue()


NUM_BANDS: Final = 128
NUM_CEPSTRA: Final = 13
MAX_COLUMNS: Final = 2_000
"""More than a picture has dots across: a longer sound is shown with frames left out evenly."""

FRAME_SECONDS: Final = 0.064
"""A compromise: both harmonics and syllables of a voice are visible."""

RANGE_DB: Final = 80.0
"""Bands this far below the loudest are shown as dark as any."""

_POWER_FLOOR: Final = 1e-10
_FRAMES_AT_ONCE: Final = 256


@dataclass(frozen=True, slots=True, eq=False)
class AnalysisViews:
    """Matrices with a column a frame.

    Attributes
    ----------
    mel_db : ndarray, shape (128, num_frames), float32
        dB below the loudest band of the sound, -80..0.
    mfcc : ndarray, shape (13, num_frames), float32
        As `emotion.features` defines them, dB.
    chroma : ndarray, shape (12, num_frames), float32
        C first, each frame's loudest is 1.
    start, end : float
        The span of the columns, each about the middle of its frame, s.
    """

    mel_db: FloatArray
    mfcc: FloatArray
    chroma: FloatArray
    start: float
    end: float


def analyse(samples: Samples, sample_rate: int) -> AnalysisViews:
    """Compute the views by the descriptors of the feature sets, on frames for pictures."""
    frame_length = 2 ** round(np.log2(FRAME_SECONDS * sample_rate))
    sound = np.concatenate([samples, np.zeros(max(0, frame_length - len(samples)), dtype=np.float32)])
    hop = max(frame_length // 16, (len(sound) - frame_length) // MAX_COLUMNS + 1)
    frames = np.lib.stride_tricks.sliding_window_view(sound, frame_length)[::hop]
    spectral_pass = SpectralPass(frame_length)
    mel_bank = mel_filterbank(sample_rate, frame_length, NUM_BANDS)
    chroma_bank = chroma_filterbank(sample_rate, frame_length)
    mel, chroma = [], []
    for first in range(0, len(frames), _FRAMES_AT_ONCE):
        power = np.square(spectral_pass(frames[first : first + _FRAMES_AT_ONCE]))
        mel.append(power @ mel_bank)
        chroma.append(normalise_by_loudest(power @ chroma_bank))
    mel_db = decibels(np.concatenate(mel), _POWER_FLOOR)
    below_loudest = np.maximum(mel_db - mel_db.max(), np.float32(-RANGE_DB))
    mfcc = mel_db @ cepstral_basis(NUM_BANDS, NUM_CEPSTRA)
    start = (frame_length - hop) / 2 / sample_rate
    return AnalysisViews(
        below_loudest.T, mfcc.T, np.concatenate(chroma).T, start, start + len(frames) * hop / sample_rate
    )


PITCH_CLASSES: Final = ("C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B")
MEL_TICKS_HZ: Final = (0, 250, 500, 1000, 2000, 4000, 8000)
WAVEFORM_COLUMNS: Final = 1_600
"""Columns over which the waveform's extremes are taken: about one a dot."""


@dataclass(frozen=True, slots=True, eq=False)
class AnalysedSound:
    """A leg of a recording, mono, and two lines about it."""

    samples: Samples
    title: str
    subtitle: str


def analysis_picture(
    sounds: Sequence[AnalysedSound], sample_rate: int, *, footnotes: Sequence[str] = ()
) -> bytes:
    """Draw waveform, mel spectrogram, MFCC and chroma of each leg, one below the other."""
    figure = new_figure(9.6, 9.8 * len(sounds))
    parts = figure.subfigures(len(sounds), 1, squeeze=False)[:, 0] if len(sounds) > 1 else [figure]
    for part, sound in zip(parts, sounds, strict=True):
        _draw_analysis(part, sound, sample_rate)
    if footnotes:
        parts[-1].supxlabel("\n".join(footnotes), x=0.01, ha="left", fontsize=8.5, color=FAINT_INK)
    return png_of(figure)


def _draw_analysis(figure: "Figure | SubFigure", sound: AnalysedSound, sample_rate: int) -> None:
    samples = sound.samples
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
    write_titles(waveform, sound.title, sound.subtitle)


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
    figure: "Figure | SubFigure", rows: tuple["Axes", "Axes", "Axes"], views: AnalysisViews, sample_rate: int
) -> None:
    mel, mfcc, chroma = rows
    span = (views.start, views.end)
    _draw_matrix(
        figure, mel, views.mel_db, span,
        colours="magma", limits=(-RANGE_DB, 0.0), unit="level\n[dB re loudest]",
    )  # fmt: skip
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
    _draw_matrix(figure, mfcc, cepstra, span, colours="RdBu_r", limits=(-reach, reach), unit="MFCC [dB]")
    mfcc.set_yticks(range(0, NUM_CEPSTRA, 3))
    mfcc.set_ylabel("MFCC\n[coefficient]", color=INK, fontsize=9)

    _draw_matrix(
        figure, chroma, views.chroma, span,
        colours="viridis", limits=(0.0, 1.0), unit="share of\nthe loudest",
    )  # fmt: skip
    chroma.set_yticks(range(0, len(PITCH_CLASSES), 2), PITCH_CLASSES[::2])
    chroma.set_ylabel("chroma\n[pitch class]", color=INK, fontsize=9)


def _draw_matrix(
    figure: "Figure | SubFigure",
    axes: "Axes",
    matrix: FloatArray,
    span: tuple[float, float],
    *,
    colours: str,
    limits: tuple[float, float],
    unit: str,
) -> None:
    lowest, highest = limits
    image = axes.imshow(
        matrix, aspect="auto", origin="lower", extent=(*span, -0.5, len(matrix) - 0.5),
        cmap=colours, vmin=lowest, vmax=highest, interpolation="nearest",
    )  # fmt: skip
    beyond = "both" if matrix.max() > highest or matrix.min() < lowest else "neither"
    bar = figure.colorbar(image, ax=axes, pad=0.015, fraction=0.03, aspect=16, extend=beyond)
    bar.set_label(unit, color=INK, fontsize=8.5)
    bar.outline.set_visible(False)
    bar.ax.tick_params(length=0, labelcolor=INK, labelsize=8)


def confusion_picture(scores: Scores, title: str, subtitle: str) -> bytes:
    """Draw a confusion matrix: a row a true label, with percentages and counts."""
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
