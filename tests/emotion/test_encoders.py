"""An encoder's file must be what its card says; how many frames the networks give, and which values."""

import hashlib
import json
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from emotion.arrays import FloatArray, Samples
from emotion.encoders import (
    CARD_NAME,
    COLUMN_HOP,
    MAX_FRAMES,
    RECOGNISER,
    TURN_ENCODER,
    EncoderFrames,
    NormSums,
    network_folder,
    num_places,
    read_encoder,
    recogniser_inputs,
    shared_encoder,
    turn_encoder_inputs,
)
from emotion.errors import ModelError
from emotion.features.window_encoder import log_mel
from emotion.model import model_folders
from tests.spoken import DEMO
from tests.strategies import sound

GOLDEN = (
    [
        [1.4201, -0.7801, 0.173],
        [0.2689, -0.9265, 0.995],
        [0.2071, 0.9396, 0.6104],
        [-0.6867, 0.4433, -0.2086],
    ],
    [
        [2.5084, 1.0478, 2.0239],
        [1.8361, 2.6246, -1.2076],
        [-0.392, 3.4177, 0.7578],
        [0.2046, -0.8243, 0.3858],
    ],
    [[4.5413, 2.046, 4.5155], [4.9662, 2.2995, 0.053], [0.3581, 4.5458, 4.4846], [4.4312, -5.4843, 0.634]],
)
"""Of a second of the demo's speech: each 13th frame, each 96th value, tap by tap."""


def spoken(seconds: float = 1.0) -> Samples:
    samples, sample_rate = soundfile.read(DEMO, dtype="float32")
    return np.asarray(samples[sample_rate : round((1 + seconds) * sample_rate)])


def recognised(sound: Samples) -> list[FloatArray]:
    """Give the taps of a sound by itself."""
    taps = shared_encoder("encoder").run(recogniser_inputs(sound, 0))[0]
    return np.split(np.asarray(taps, dtype=np.float32), 3, axis=1)


def last_places(num_frames: int) -> NDArray[np.int64]:
    return np.arange(MAX_FRAMES - num_frames, MAX_FRAMES)


def turns_heard(columns: FloatArray) -> list[FloatArray]:
    """Give the taps of a spectrogram by itself."""
    inputs = turn_encoder_inputs(columns, last_places((len(columns) + 1) // 2), 0)
    taps = shared_encoder("turn-encoder").run(inputs)[0]
    return np.split(np.asarray(taps, dtype=np.float32), 3, axis=1)


def test_one_network_serves_all() -> None:
    assert shared_encoder("encoder") is shared_encoder("encoder")


def test_the_same_sound_gives_the_same_bits_in_any_thread_and_order() -> None:
    sound = spoken()
    wanted = np.stack(recognised(sound))
    recognised(spoken(1.7))
    encoded: list[FloatArray] = []

    def listen() -> None:
        encoded.extend(np.stack(recognised(sound.copy())) for _ in range(5))

    threads = [threading.Thread(target=listen) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert len(encoded) == 15
    for each in encoded:
        np.testing.assert_array_equal(each, wanted)


def test_a_change_in_the_last_digit_of_the_sound_stays_there() -> None:
    """With activations of 8 bits it would reach the third digit of what is pooled."""
    sound = spoken()
    nudged = sound * np.float32(1 + 3e-7)
    for ours, theirs in zip(recognised(sound), recognised(nudged), strict=True):
        np.testing.assert_allclose(ours.mean(axis=0), theirs.mean(axis=0), rtol=0, atol=1e-4)


def test_values_of_the_recogniser_are_those_of_other_machines() -> None:
    for tap, wanted in zip(recognised(spoken()), GOLDEN, strict=True):
        np.testing.assert_allclose(tap[::13, ::96], wanted, rtol=1e-4, atol=1e-3)


def test_only_the_thread_that_asks_works() -> None:
    """Of a process by itself: with no more threads, spinning ones least of all, a core follows many calls."""
    program = """
import time, numpy as np
from emotion.encoders import recogniser_inputs, shared_encoder
encoder, inputs = shared_encoder("encoder"), recogniser_inputs(np.ones(32000, dtype=np.float32), 0)
process, thread = time.process_time(), time.thread_time()
for _ in range(20):
    encoder.run(inputs)
print((time.process_time() - process) / (time.thread_time() - thread))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert float(done.stdout) < 1.05


def test_without_onnxruntime_one_line_says_what_to_do() -> None:
    program = """
import sys
sys.modules["onnxruntime"] = None
from emotion.encoders import shared_encoder
from emotion.errors import MissingExtraError
try:
    shared_encoder("encoder")
except MissingExtraError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.startswith("this needs onnxruntime, which cannot be loaded (")
    assert done.stdout.strip().endswith("pip install onnxruntime, or listen with --model speech-light")


@given(st.integers(0, 100_000))
def test_frames_are_what_three_convolutions_leave(num_samples: int) -> None:
    left = num_samples
    for length, stride in ((127, 64), (7, 3), (3, 2)):
        left = max(0, (left - length) // stride + 1)
    assert RECOGNISER.num_frames(num_samples) == left


@pytest.mark.parametrize("num_samples", [895, 895 + 383, 895 + 384, 16_000, 32_000])
def test_the_recogniser_gives_as_many(num_samples: int) -> None:
    sound = np.random.default_rng(1).normal(0, 0.05, num_samples).astype(np.float32)
    taps = recognised(sound)
    assert [tap.shape for tap in taps] == [(RECOGNISER.num_frames(num_samples), 288)] * 3
    assert all(tap.dtype == np.float32 for tap in taps)


@given(st.integers(0, 100_000))
def test_places_are_what_the_first_convolution_leaves(num_samples: int) -> None:
    assert num_places(num_samples) == len(range(0, num_samples - 126, 64))


def largest_difference(ours: NDArray[np.generic], theirs: NDArray[np.generic]) -> float:
    return float(np.abs(np.asarray(ours, np.float64) - np.asarray(theirs, np.float64)).max())


@pytest.mark.parametrize("num_kept", [1, 20, 63])
def test_the_recogniser_needs_no_sound_whose_keys_and_values_are_kept(num_kept: int) -> None:
    """Given what a pass over all sound keeps of the first frames, the others are those of that pass."""
    sound = spoken(1.6)
    encoder = shared_encoder("encoder")
    frames, kept, sums, squares = encoder.run(recogniser_inputs(sound, 0))
    begin, num_before = num_kept * 384, 500
    old = num_places(begin + num_before)
    before = [NormSums(old, float(sums[:old].sum()), float(squares[:old].sum()))]
    past = [np.asarray(each, np.float16) for each in np.array_split(kept[:num_kept], 2)]
    anew, kept_anew, *_ = encoder.run(recogniser_inputs(sound[begin:], num_before, before, past))
    # Values reach 150, and keys and values are rounded to 11 bits.
    assert largest_difference(anew, frames[num_kept:]) < 0.05
    assert largest_difference(kept_anew, kept[num_kept:]) < 0.05
    (without, *_) = encoder.run(recogniser_inputs(sound[begin:], num_before, before))
    assert largest_difference(without, frames[num_kept:]) > 0.5


@pytest.mark.parametrize("num_kept", [1, 25, 78])
def test_the_turn_encoder_needs_no_sound_whose_keys_and_values_are_kept(num_kept: int) -> None:
    columns = log_mel(spoken(1.6) * np.float32(10))
    num_frames = (len(columns) + 1) // 2
    encoder = shared_encoder("turn-encoder")
    frames, kept = encoder.run(turn_encoder_inputs(columns, last_places(num_frames), 0))
    past = [np.asarray(each, np.float16) for each in np.array_split(kept[:num_kept], 2)]
    places = last_places(num_frames - num_kept)
    inputs = turn_encoder_inputs(columns[2 * num_kept - 2 :], places, 2, past)
    anew, kept_anew = encoder.run(inputs)
    assert largest_difference(anew, frames[num_kept:]) < 2e-3
    assert largest_difference(kept_anew, kept[num_kept:]) < 1e-2
    (without, _) = encoder.run(turn_encoder_inputs(columns[2 * num_kept :], places, 0, past))
    assert largest_difference(without, frames[num_kept:]) > 1e-2


@given(st.integers(895, 100_000), st.sampled_from([RECOGNISER, TURN_ENCODER]))
def test_the_middles_of_all_frames_lie_inside_the_sound(num_samples: int, encoder: EncoderFrames) -> None:
    end = encoder.frame_middle + encoder.num_frames(num_samples) * encoder.frame_hop
    assert num_samples - encoder.frame_length < end <= num_samples


TURN_GOLDEN = (
    [
        [-0.2134999930858612, 0.3986000120639801, 0.5303999781608582],
        [0.274399995803833, 0.7542999982833862, 0.604200005531311],
        [0.34540000557899475, 0.2290000021457672, 0.7123000025749207],
        [0.670199990272522, 0.16899999976158142, 0.5019000172615051],
    ],
    [
        [0.13850000500679016, 0.508400022983551, 0.6779999732971191],
        [0.3727000057697296, 0.6377999782562256, 0.4366999864578247],
        [0.5963000059127808, 0.26109999418258667, 0.8478999733924866],
        [1.0889999866485596, 0.24169999361038208, 0.5978000164031982],
    ],
    [
        [-0.37279999256134033, 0.05389999970793724, 0.45750001072883606],
        [0.3553999960422516, 0.4009999930858612, 0.48969998955726624],
        [0.579200029373169, 0.3905999958515167, 1.1914000511169434],
        [0.7174000144004822, 0.05490000173449516, 0.4828999936580658],
    ],
)
"""Of a second of the demo's speech: each 13th frame, each 128th value, tap by tap."""


@pytest.mark.parametrize("num_samples", [895, 1200, 5000, 31_999, 32_000, MAX_FRAMES * 320])
def test_the_turn_encoder_gives_as_many_as_their_number_says(num_samples: int) -> None:
    taps = turns_heard(log_mel(sound("noise", num_samples, 1.0, seed=1)))
    assert [tap.shape for tap in taps] == [(TURN_ENCODER.num_frames(num_samples), 384)] * 3


@given(st.integers(0, 100_000))
def test_turn_frames_are_what_columns_and_two_convolutions_leave(num_samples: int) -> None:
    columns = [
        at for at in range(0, num_samples, COLUMN_HOP) if at + TURN_ENCODER.frame_length <= num_samples
    ]
    assert TURN_ENCODER.num_frames(num_samples) == (len(columns) + 1) // 2


def test_values_of_the_turn_encoder_are_those_of_other_machines() -> None:
    for tap, wanted in zip(turns_heard(log_mel(spoken() * np.float32(10))), TURN_GOLDEN, strict=True):
        np.testing.assert_allclose(tap[::13, ::128], wanted, rtol=1e-4, atol=1e-3)


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    return Path(shutil.copytree(network_folder("encoder"), tmp_path / "encoder"))


def card_of(folder: Path) -> dict[str, Any]:
    card: dict[str, Any] = json.loads((folder / CARD_NAME).read_text())
    return card


def with_card(folder: Path, **changes: object) -> Path:
    (folder / CARD_NAME).write_text(json.dumps(card_of(folder) | changes))
    return folder


@pytest.mark.parametrize("name", ["encoder", "turn-encoder"])
def test_the_shipped_ones_are_whole(name: str) -> None:
    file = read_encoder(network_folder(name))
    assert hashlib.sha256(file.graph).hexdigest() == card_of(network_folder(name))["sha256"]
    assert len(file.graph) < 5_000_000
    assert file.output_names[:2] == ("taps", "kept")
    assert "past" in file.input_names
    assert len(card_of(network_folder(name))["taps"]) == 3


def test_the_turn_encoder_says_where_it_comes_from() -> None:
    card = card_of(network_folder("turn-encoder"))
    assert card["licence"] == "BSD-2-Clause"
    assert "BSD 2-Clause License" in (network_folder("turn-encoder") / card["licence_file"]).read_text()
    assert set(card["origin"]) == {"package", "version", "sha256", "file", "file_sha256"}
    assert card["recipe"] == "make turn-encoder"


def test_its_card_says_where_it_comes_from() -> None:
    card = card_of(network_folder("encoder"))
    assert card["licence"] == "MIT"
    assert "MIT License" in (network_folder("encoder") / card["licence_file"]).read_text()
    assert set(card["origin"]) == {"package", "version", "sha512", "file", "file_sha256"}
    assert card["recipe"] == "make encoder"


def test_it_is_not_taken_for_a_model_of_emotions() -> None:
    assert not {"encoder", "turn-encoder"} & {folder.name for folder in model_folders()}


def test_one_changed_bit_is_refused_with_both_digests(copied: Path) -> None:
    wanted = card_of(copied)["sha256"]
    content = bytearray((copied / "encoder.onnx").read_bytes())
    content[len(content) // 2] ^= 1
    (copied / "encoder.onnx").write_bytes(content)
    found = hashlib.sha256(content).hexdigest()
    with pytest.raises(ModelError, match=f"has SHA-256 {found}, and its card asks for {wanted}"):
        read_encoder(copied)


@pytest.mark.parametrize("missing", [CARD_NAME, "encoder.onnx"])
def test_a_missing_file_is_named_with_a_way_out(copied: Path, missing: str) -> None:
    (copied / missing).unlink()
    with pytest.raises(ModelError, match=rf"{missing} cannot be read .*listen with --model speech-light"):
        read_encoder(copied)


def test_a_newer_card_is_refused_with_both_formats(copied: Path) -> None:
    with pytest.raises(ModelError, match="is of format 2, this callmood reads up to 1"):
        read_encoder(with_card(copied, format=2))


def test_a_card_without_a_digest_is_refused(copied: Path) -> None:
    with pytest.raises(ModelError, match="sha256 is None, expected text"):
        read_encoder(with_card(copied, sha256=None))


def test_a_card_reaches_no_file_outside_its_folder(copied: Path) -> None:
    (copied.parent / "other.onnx").write_bytes(b"")
    with pytest.raises(ModelError, match=r"encoder.other\.onnx cannot be read"):
        read_encoder(with_card(copied, file="../other.onnx"))
