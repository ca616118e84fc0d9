"""`classic-33`: the article's values to the letter."""

import subprocess
import sys
import textwrap

import librosa
import numpy as np
import pytest

from emotion.errors import UsageError
from emotion.features.base import window_vectors
from emotion.features.catalogue import feature_set
from emotion.window_grid import WindowGrid
from tests.emotion.features.sounds import RATE, SOUNDS, recorded

ARTICLE = feature_set("classic-33")

pytestmark = pytest.mark.usefixtures("compiled_librosa")


@pytest.mark.filterwarnings("ignore:Trying to estimate tuning")
@pytest.mark.parametrize("name", SOUNDS)
def test_the_33_values_are_librosas(name: str) -> None:
    y, sr = recorded(name), RATE
    mfcc = librosa.feature.mfcc(y=y, sr=sr, n_mfcc=13)
    zero_crossings = librosa.feature.zero_crossing_rate(y)
    vector = ARTICLE.clip_vector(y)
    assert vector.shape == (33,) == np.shape(ARTICLE.feature_names)
    np.testing.assert_allclose(vector[:4], [mfcc.mean(), mfcc.std(), mfcc.min(), mfcc.max()], rtol=1e-5)
    chroma = librosa.feature.chroma_stft(y=y, sr=sr)
    np.testing.assert_allclose(vector[4:6], [chroma.mean(), chroma.std()], rtol=1e-5)
    np.testing.assert_allclose(vector[28], zero_crossings.mean(), rtol=1e-5)
    np.testing.assert_allclose(vector[32], librosa.feature.rms(y=y).mean(), rtol=1e-5)


def test_it_hears_the_whole_clip_at_once() -> None:
    """The 80 dB floor: a quiet clip alone, and the same clip beside a loud moment."""
    quiet = recorded("noise") * np.float32(1e-4)
    beside_loud = np.concatenate([quiet, recorded("loud noise")])
    lowest = ARTICLE.feature_names.index("mfccs.all.min")
    assert ARTICLE.clip_vector(beside_loud)[lowest] > ARTICLE.clip_vector(quiet)[lowest] + 50


def test_it_refuses_to_listen() -> None:
    grid = WindowGrid.from_seconds(2, 0.5, RATE)
    assert ARTICLE.offline_only
    with pytest.raises(UsageError, match="2 s; use --whole-clips"):
        ARTICLE.open(grid)
    with pytest.raises(UsageError, match="whole clip"):
        window_vectors(ARTICLE, grid, recorded("noise"))


def test_a_clip_shorter_than_a_frame_is_continued_with_zeros() -> None:
    assert np.isfinite(ARTICLE.clip_vector(recorded("noise")[:100])).all()


def test_processes_take_turns_at_compiling_librosa() -> None:
    """Without turns, three processes on a fresh installation crashed in two of three trials."""
    program = """
        import sys
        from importlib.util import find_spec
        from pathlib import Path
        import numpy as np
        from emotion.atomic_files import locked_folder
        from emotion.features.catalogue import feature_set

        folder = Path(find_spec("librosa").origin).parent

        def whose(event, arguments):
            if event == "import" and arguments[0] == "numba":
                with locked_folder(folder) as lock:
                    print("meanwhile", lock)

        sys.addaudithook(whose)
        feature_set("classic-33").clip_vector(np.zeros(2048, np.float32))
        with locked_folder(folder, 60) as lock:
            print("afterwards", lock)
        """
    command = [sys.executable, "-c", textwrap.dedent(program)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.splitlines() == ["meanwhile another's", "afterwards ours"]
