"""An encoder's file must be what its card says; what the networks give, here and elsewhere."""

import hashlib
import json
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile

from emotion.arrays import FloatArray, Samples
from emotion.encoders.network import CARD_NAME, network_folder, read_encoder, shared_encoder
from emotion.errors import ModelError
from emotion.model_folders import model_folders
from tests.spoken import DEMO

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


def test_one_network_serves_all() -> None:
    assert shared_encoder("encoder") is shared_encoder("encoder")


def test_the_same_sound_gives_the_same_bits_in_any_thread_and_order() -> None:
    sound = spoken()
    wanted = np.stack(shared_encoder("encoder").encode(sound))
    shared_encoder("encoder").encode(spoken(1.7))
    encoded: list[FloatArray] = []

    def listen() -> None:
        encoded.extend(np.stack(shared_encoder("encoder").encode(sound.copy())) for _ in range(5))

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
    for ours, theirs in zip(
        shared_encoder("encoder").encode(sound), shared_encoder("encoder").encode(nudged), strict=True
    ):
        np.testing.assert_allclose(ours.mean(axis=0), theirs.mean(axis=0), rtol=0, atol=1e-4)


def test_values_are_those_of_other_machines() -> None:
    for tap, wanted in zip(shared_encoder("encoder").encode(spoken()), GOLDEN, strict=True):
        np.testing.assert_allclose(tap[::13, ::96], wanted, rtol=1e-4, atol=1e-3)


def test_only_the_thread_that_asks_works() -> None:
    """Of a process by itself: with no more threads, spinning ones least of all, a core follows many calls."""
    program = """
import time, numpy as np
from emotion.encoders.network import shared_encoder
encoder, sound = shared_encoder("encoder"), np.ones(32000, dtype=np.float32)
process, thread = time.process_time(), time.thread_time()
for _ in range(20):
    encoder.encode(sound)
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
from emotion.encoders.network import shared_encoder
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


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    return Path(shutil.copytree(network_folder("encoder"), tmp_path / "encoder"))


def with_card(folder: Path, **changes: object) -> Path:
    card = json.loads((folder / CARD_NAME).read_text())
    (folder / CARD_NAME).write_text(json.dumps(card | changes))
    return folder


@pytest.mark.parametrize("name", ["encoder", "turn-encoder"])
def test_the_shipped_ones_are_whole(name: str) -> None:
    file = read_encoder(network_folder(name))
    assert hashlib.sha256(file.graph).hexdigest() == file.sha256
    assert len(file.graph) < 5_000_000
    assert len(file.output_names) == 3


def test_the_turn_encoder_says_where_it_comes_from() -> None:
    card = json.loads((network_folder("turn-encoder") / CARD_NAME).read_text())
    assert card["licence"] == "BSD-2-Clause"
    assert "BSD 2-Clause License" in (network_folder("turn-encoder") / card["licence_file"]).read_text()
    assert set(card["origin"]) == {"package", "version", "sha256", "file", "file_sha256"}
    assert card["recipe"] == "make turn-encoder"


def test_its_card_says_where_it_comes_from() -> None:
    card = json.loads((network_folder("encoder") / CARD_NAME).read_text())
    assert card["licence"] == "MIT"
    assert "MIT License" in (network_folder("encoder") / card["licence_file"]).read_text()
    assert set(card["origin"]) == {"package", "version", "sha512", "file", "file_sha256"}
    assert card["recipe"] == "make encoder"


def test_it_is_not_taken_for_a_model_of_emotions() -> None:
    assert not {"encoder", "turn-encoder"} & {folder.name for folder in model_folders()}


def test_one_changed_bit_is_refused_with_both_digests(copied: Path) -> None:
    wanted = read_encoder(copied).sha256
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
