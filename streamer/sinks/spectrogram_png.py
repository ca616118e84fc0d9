"""A sink that draws the session's mel spectrogram as a PNG when the session ends; needs matplotlib."""

import io
import warnings
from typing import TYPE_CHECKING, Final

import numpy as np

from emotion.atomic_files import write_new
from emotion.errors import OutputError, output_error, printable, require
from emotion.output_files import OutputFile
from streamer.analysis.spectrogram import SpectrogramHistory
from streamer.panel.charts import LOUDEST_DB, QUIETEST_DB, colour_scale
from streamer.recordings.session_folder import SPECTROGRAM_FILE, SessionFolder
from streamer.session_info import SessionInfo, Summary
from streamer.sinks.base import Sink
from streamer.sinks.text import clock_text

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SIZE_INCHES: Final = (12.0, 4.5)
_DOTS_PER_INCH: Final = 120
_MARKS_HZ: Final = (100, 250, 500, 1000, 2000, 4000, 8000, 16000)


class SpectrogramPng(Sink):
    """Writes the picture at the end of a session, into its folder and where the user wants it.

    Each is whole or not there at all.
    """

    def __init__(self, history: SpectrogramHistory, output: OutputFile, folder: SessionFolder) -> None:
        self._history = history
        self._output = output
        self._folder = folder
        self._info: SessionInfo | None = None
        self._written: Path | None = None

    def open(self, info: SessionInfo) -> None:
        """Check now, not after an hour, whether the picture can be drawn."""
        require("matplotlib", "plot")
        self._folder.open(info)
        self._info = info

    @property
    def files(self) -> tuple[str, ...]:
        """The picture, once it is there."""
        return () if self._written is None else (str(self._written),)

    @property
    def complaints(self) -> tuple[str, ...]:
        """Where the picture was written, if not to the path given."""
        note = None if self._written is None else self._output.note(self._written)
        return () if note is None else (note,)

    def close(self, summary: Summary | None) -> None:
        """Draw the session, unless there was no sound; a second call does nothing."""
        info, self._info = self._info, None
        if info is None:
            return
        failures: list[OutputError] = []
        try:
            if len(self._history.decibels):
                title = f"{printable(info.source_name)}, session {info.session}"
                failures += self._write(draw_spectrogram_png(self._history, title))
        finally:
            try:
                self._folder.close(summary)
            except OutputError as error:
                failures.append(error)
        if failures:
            raise OutputError("; ".join(dict.fromkeys(map(str, failures)))) from failures[0]

    def _write(self, picture: bytes) -> list[OutputError]:
        """Write the picture to both places, and give what went wrong."""
        failures: list[OutputError] = []
        try:
            self._written = self._output.write(picture)
        except OutputError as error:
            failures.append(error)
        path = self._folder.path / SPECTROGRAM_FILE
        try:
            write_new(path, picture, self._folder.access)
        except OSError as error:
            failures.append(self._folder.explained(output_error(path, error)))
        return failures


def draw_spectrogram_png(history: SpectrogramHistory, title: str) -> bytes:
    """Draw a mel spectrogram with its axes."""
    figure: Figure = require("matplotlib.figure", "plot").Figure(
        figsize=_SIZE_INCHES, dpi=_DOTS_PER_INCH, layout="constrained"
    )
    axes = figure.add_subplot()
    columns = history.decibels
    end = history.start + len(columns) * history.column_seconds
    image = axes.imshow(
        columns.T,
        origin="lower",
        aspect="auto",
        interpolation="nearest",
        extent=(history.start, end, 0, len(history.band_hz)),
        cmap=require("matplotlib.colors", "plot").ListedColormap(colour_scale(256)),
        vmin=QUIETEST_DB,
        vmax=LOUDEST_DB,
    )
    # A file may be called anything: no formula is to be read into its name.
    axes.set_title(title, loc="left", fontsize=11, parse_math=False)
    _label_time(axes, end)
    _label_frequencies(axes, history.band_hz)
    figure.colorbar(image, ax=axes, label="dB re full scale", pad=0.01)
    picture = io.BytesIO()
    canvas = require("matplotlib.backends.backend_agg", "plot").FigureCanvasAgg(figure)
    with warnings.catch_warnings():
        # A name in a script that the font lacks is drawn as boxes; that is no reason to say so in the panel.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font", category=UserWarning)
        canvas.print_png(picture)
    return picture.getvalue()


def _label_time(axes: "Axes", end: float) -> None:
    every = next(
        (each for each in (1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600) if end / each <= 12), 7200
    )
    marks = np.arange(0, end + every / 2, every)
    start = axes.get_xlim()[0]
    marks = marks[(marks >= start) & (marks <= end)]
    axes.set_xticks(marks, [clock_text(mark) for mark in marks])
    axes.set_xlabel("stream time, min:s" if end < 3600 else "stream time, h:min:s")


def _label_frequencies(axes: "Axes", band_hz: tuple[float, ...]) -> None:
    marks = [mark for mark in _MARKS_HZ if band_hz[0] <= mark <= band_hz[-1]]
    places = np.interp(marks, band_hz, np.arange(len(band_hz))) + 0.5
    axes.set_yticks(places, [f"{mark / 1000:g}" for mark in marks])
    axes.set_ylabel("frequency, kHz")
