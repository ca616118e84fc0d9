"""Pictures: they show the descriptors of the feature sets, and leave no global state."""

import io
import sys
from pathlib import Path

import numpy as np
import pytest
from matplotlib import image

from emotion.card import LABELS
from trainer.metrics import score
from trainer.plots import MAX_COLUMNS, AnalysedSound, analyse, analysis_picture, confusion_picture

RATE = 16_000


def tone(hertz: float, seconds: float = 1.0) -> np.ndarray:
    """Give a pure tone."""
    return (0.5 * np.sin(2 * np.pi * hertz * np.arange(int(seconds * RATE)) / RATE)).astype(np.float32)


def draw(samples: np.ndarray, path: Path, title: str = "angry 71 %") -> None:
    """Draw with all there is to say."""
    picture = analysis_picture([AnalysedSound(samples, title, "a.wav")], RATE, footnotes=("a note",))
    path.write_bytes(picture)


def test_a_tone_lights_its_band_and_its_pitch_class() -> None:
    views = analyse(tone(440.0), RATE)
    assert views.chroma.argmax(axis=0).tolist() == [9] * views.chroma.shape[1]
    loudest = views.mel_db.argmax(axis=0)
    # 440 Hz is mel 6.6 of 45.2: band 18 of 128.
    assert set(loudest.tolist()) <= {17, 18, 19}
    assert views.mel_db.max() == 0.0
    assert views.mel_db.min() >= -80.0
    assert views.mfcc.shape[0] == 13


def test_columns_lie_where_their_frames_are_heard() -> None:
    samples = np.concatenate([np.zeros(RATE, np.float32), tone(1000.0)])
    views = analyse(samples, RATE)
    centres = np.linspace(views.start, views.end, 2 * views.mel_db.shape[1] + 1)[1::2]
    onset = centres[(views.mel_db.max(axis=0) > -3).argmax()]
    assert onset == pytest.approx(1.0, abs=0.033)
    assert 0 < views.start < views.end < 2


@pytest.mark.parametrize("num_samples", [1, 100, 1024, 90 * RATE])
def test_any_length_fits_on_a_picture(num_samples: int, tmp_path: Path) -> None:
    samples = np.random.default_rng(0).uniform(-0.3, 0.3, num_samples).astype(np.float32)
    views = analyse(samples, RATE)
    assert 1 <= views.mel_db.shape[1] <= MAX_COLUMNS
    draw(samples, tmp_path / "a.png")
    height, width, _ = image.imread(tmp_path / "a.png").shape
    assert (width, height) == (1440, 1470)


def test_silence_can_be_drawn(tmp_path: Path) -> None:
    draw(np.zeros(RATE, np.float32), tmp_path / "a.png", "silence")
    assert (tmp_path / "a.png").stat().st_size > 10_000


def test_the_same_sound_is_the_same_file_and_pyplot_stays_out(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        draw(tone(300.0), tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert "matplotlib.pyplot" not in sys.modules


def test_the_confusion_picture_shades_the_share_of_the_row() -> None:
    targets = np.repeat(np.arange(4), 25)
    said = np.where(targets == 3, 0, targets)
    found = score(targets, np.eye(4)[said], LABELS)
    picture = image.imread(io.BytesIO(confusion_picture(found, "m: UAR 75 %", "100 clips")))
    # Left edge of each cell of the last row: what is sad was taken for angry, never for sad.
    rows = [735, 735]
    dark, light = (picture[row, column, :3].mean() for row, column in zip(rows, (160, 650), strict=True))
    assert dark < 0.4
    assert light > 0.9
