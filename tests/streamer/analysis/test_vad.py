"""The network's chunks: the same however the pieces lie, and no more of them kept than a window holds."""

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotion.encoders import network_folder
from emotion.errors import ModelError
from emotion.window_grid import WindowGrid
from streamer.analysis.vad import (
    CARD_NAME,
    CHUNK,
    FOLDER,
    VadChunks,
    VadStream,
    read_vad_arrays,
    shared_vad_network,
)
from tests.strategies import cuts
from trainer.synthesis.sounds import synthesise_sound

RATE = 16_000


@given(st.data())
def test_every_nth_chunk_is_taken_wherever_pieces_end(data: st.DataObject) -> None:
    interval = data.draw(st.integers(1, 4))
    sound = synthesise_sound("sirens", data.draw(st.floats(0.01, 0.6)), RATE, 0)
    whole = VadChunks(interval).spectra(sound)
    chunks = VadChunks(interval)
    parts = [chunks.spectra(sound[cut]) for cut in data.draw(cuts(len(sound)))]
    assert np.array_equal(np.concatenate(parts), whole)
    assert len(whole) == max(0, (len(sound) - CHUNK) // (interval * CHUNK) + 1)


def test_the_network_remembers_where_it_was() -> None:
    spectra = VadChunks(1).spectra(synthesise_sound("synthesised music", 1.0, RATE, 0))
    whole, cut = np.zeros((2, 128), np.float32), np.zeros((2, 128), np.float32)
    expected = shared_vad_network().probabilities(spectra, whole)
    found = [shared_vad_network().probabilities(spectra[at : at + 1], cut) for at in range(len(spectra))]
    # One row goes through other kernels than many: pieces of one shape give the same bits, others nearly.
    assert np.concatenate(found) == pytest.approx(expected, abs=1e-5)
    assert cut == pytest.approx(whole, abs=1e-4)
    assert np.all((expected >= 0) & (expected <= 1))


@pytest.mark.parametrize("win_seconds", [0.3, 2.0, 5.0])
def test_only_the_chunks_of_a_window_are_kept(win_seconds: float) -> None:
    grid = WindowGrid.from_seconds(win_seconds, 0.25, RATE)
    stream = VadStream(shared_vad_network(), grid)
    piece = np.zeros(grid.step, np.float32)
    stream.push(np.zeros(grid.first_piece, np.float32))
    tracemalloc.start()
    try:
        for _ in range(400):
            stream.push(piece)
        assert tracemalloc.get_traced_memory()[0] < 100_000, "100 s of chunks would be 900 kB"
    finally:
        tracemalloc.stop()


def test_a_network_that_is_missing_or_was_changed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=f"{CARD_NAME} cannot be read .*install callmood again"):
        read_vad_arrays(tmp_path)
    (tmp_path / CARD_NAME).write_bytes((network_folder(FOLDER) / CARD_NAME).read_bytes())
    with pytest.raises(ModelError, match=r"voice_activity\.npz cannot be read .*install callmood again"):
        read_vad_arrays(tmp_path)
    content = bytearray((network_folder(FOLDER) / "voice_activity.npz").read_bytes())
    content[5_000] ^= 1
    (tmp_path / "voice_activity.npz").write_bytes(content)
    with pytest.raises(ModelError, match=r"has SHA-256 [0-9a-f]{64}, and its card asks for"):
        read_vad_arrays(tmp_path)
    (tmp_path / CARD_NAME).write_text("{}")
    with pytest.raises(ModelError, match="field 'format' is missing"):
        read_vad_arrays(tmp_path)
