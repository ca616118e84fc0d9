"""The picture of a session's spectrogram: with axes, not empty, whole or not at all."""

import io
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread
from numpy.typing import NDArray

from emotion.errors import OutputError
from emotion.output_files import OutputFiles
from streamer.analysis.spectrogram import SpectrogramHistory
from streamer.recordings.session_folder import SessionFolder
from streamer.sinks.spectrogram_png import SpectrogramPng, draw_spectrogram_png
from tests.panel_material import panel_facts, spectrogram
from tests.session_material import SUMMARY

COLUMN_SECONDS = 0.04


def history_of(num_columns: int, max_columns: int = 4000) -> SpectrogramHistory:
    """Give a history with a gliding harmonic in it."""
    view = spectrogram(num_columns)
    history = SpectrogramHistory(max_columns)
    history.begin(view.band_hz, COLUMN_SECONDS, 0.0)
    history.add((10 ** (view.columns / 10)).astype(np.float32))
    return history


def picture_of(history: SpectrogramHistory, title: str = "a title") -> NDArray[np.float32]:
    """Draw and read back."""
    pixels: NDArray[np.float32] = imread(io.BytesIO(draw_spectrogram_png(history, title)), format="png")
    return pixels


def written_outside(pixels: NDArray[np.float32]) -> int:
    """Count dark pixels in the margins: title, axes, labels."""
    margins = [pixels[:30], pixels[-40:], pixels[:, :50]]
    return sum(int((margin[..., :3].sum(axis=-1) < 1.0).sum()) for margin in margins)


def test_has_axes_and_a_picture() -> None:
    pixels = picture_of(history_of(700))
    height, width, _ = pixels.shape
    assert width > 1000
    assert written_outside(pixels) > 500
    inside = pixels[height // 4 : height // 2, width // 4 : width // 2, :3]
    assert len(np.unique(inside.reshape(-1, 3), axis=0)) > 50


def test_the_loud_harmonic_is_light_and_the_rest_dark() -> None:
    history = SpectrogramHistory()
    history.begin(tuple(np.linspace(100, 7000, 10).tolist()), COLUMN_SECONDS, 0.0)
    power = np.full((500, 10), 1e-9, dtype=np.float32)
    power[:, 8] = 1e-2
    history.add(power)
    pixels = picture_of(history)
    height, width, _ = pixels.shape
    light = pixels[:, width // 2, :3].sum(axis=-1)
    inside = light[height // 8 : height * 7 // 8]
    assert inside.argmax() < len(inside) / 2  # high bands are above
    assert (inside < 0.3).mean() > 0.6


@pytest.mark.parametrize("num_columns", [1, 5, 40_000])
def test_any_length_gives_a_picture_of_one_size(num_columns: int) -> None:
    history = history_of(num_columns)
    assert len(history.decibels) <= 4000
    assert picture_of(history).shape == picture_of(history_of(300)).shape


def test_a_title_is_taken_literally() -> None:
    assert written_outside(picture_of(history_of(50), "costs $5_{ 录音 $ \\frac")) > 500


def sink_of(history: SpectrogramHistory, path: Path) -> SpectrogramPng:
    """Give a sink that writes beside the folder of recordings."""
    output = OutputFiles().claim(path, "--spectrogram-png")
    return SpectrogramPng(history, output, SessionFolder(path.parent / "recordings"))


def folder_beside(path: Path) -> Path:
    return path.parent / "recordings" / panel_facts().session


def test_the_sink_writes_at_the_end_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "session.png"
    sink = sink_of(history_of(100), path)
    sink.open(panel_facts())
    assert not sink.files
    assert not path.exists()
    sink.close(SUMMARY)
    sink.close(SUMMARY)
    assert sink.files == (str(path),)
    assert path.read_bytes().startswith(b"\x89PNG")
    assert (folder_beside(path) / "spectrogram.png").read_bytes() == path.read_bytes()
    assert sorted(each.name for each in folder_beside(path).iterdir()) == ["session.json", "spectrogram.png"]


def test_nothing_heard_gives_no_picture_and_no_folder(tmp_path: Path) -> None:
    sink = sink_of(SpectrogramHistory(), tmp_path / "session.png")
    sink.open(panel_facts())
    sink.close(None)
    assert list(tmp_path.iterdir()) == []
    assert sink.files == ()


def test_what_appeared_during_the_session_is_left_alone_and_said(tmp_path: Path) -> None:
    path = tmp_path / "session.png"
    sink = sink_of(history_of(10), path)
    sink.open(panel_facts())
    path.write_text("mine")
    sink.close(SUMMARY)
    assert path.read_text() == "mine"
    assert sink.files == (str(tmp_path / "session-2.png"),)
    assert (tmp_path / "session-2.png").read_bytes().startswith(b"\x89PNG")
    (complaint,) = sink.complaints
    assert "session.png appeared meanwhile" in complaint
    assert "session-2.png" in complaint


def test_a_folder_that_goes_away_is_told_at_the_end_and_the_other_picture_is_there(tmp_path: Path) -> None:
    gone = tmp_path / "folder"
    gone.mkdir()
    output = OutputFiles().claim(gone / "session.png", "--spectrogram-png")
    sink = SpectrogramPng(history_of(10), output, SessionFolder(tmp_path))
    sink.open(panel_facts())
    gone.rmdir()
    with pytest.raises(OutputError, match="make the folder first"):
        sink.close(SUMMARY)
    assert sink.files == ()
    assert (tmp_path / panel_facts().session / "spectrogram.png").is_file()


def test_where_neither_picture_can_be_written_both_are_named(tmp_path: Path) -> None:
    gone = tmp_path / "folder"
    gone.mkdir()
    sink = sink_of(history_of(10), gone / "session.png")
    sink.open(panel_facts())
    for path in (folder_beside(gone / "session.png"), gone):
        path.rename(tmp_path / f"{path.name}-elsewhere")
    with pytest.raises(OutputError, match=r"make the folder first.*; .*was taken away"):
        sink.close(SUMMARY)


def test_a_session_folder_that_was_taken_away_is_told_and_the_picture_is_there(tmp_path: Path) -> None:
    path = tmp_path / "session.png"
    sink = sink_of(history_of(10), path)
    sink.open(panel_facts())
    folder_beside(path).rename(tmp_path / "elsewhere")
    with pytest.raises(OutputError, match="was taken away"):
        sink.close(SUMMARY)
    assert path.is_file()
