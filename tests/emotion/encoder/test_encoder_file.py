"""An encoder's file is what its card says, or it is refused."""

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from emotion.encoder.encoder_file import CARD_NAME, encoder_folder, read_encoder
from emotion.errors import ModelError
from emotion.model_folders import model_folders


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    return Path(shutil.copytree(encoder_folder("encoder"), tmp_path / "encoder"))


def with_card(folder: Path, **changes: object) -> Path:
    card = json.loads((folder / CARD_NAME).read_text())
    (folder / CARD_NAME).write_text(json.dumps(card | changes))
    return folder


@pytest.mark.parametrize("name", ["encoder", "turn-encoder"])
def test_the_shipped_ones_are_whole(name: str) -> None:
    file = read_encoder(encoder_folder(name))
    assert hashlib.sha256(file.graph).hexdigest() == file.sha256
    assert len(file.graph) < 5_000_000
    assert len(file.output_names) == 3


def test_the_turn_encoder_says_where_it_comes_from() -> None:
    card = json.loads((encoder_folder("turn-encoder") / CARD_NAME).read_text())
    assert card["licence"] == "BSD-2-Clause"
    assert "BSD 2-Clause License" in (encoder_folder("turn-encoder") / card["licence_file"]).read_text()
    assert set(card["origin"]) == {"package", "version", "sha256", "file", "file_sha256"}
    assert card["recipe"] == "make turn-encoder"


def test_its_card_says_where_it_comes_from() -> None:
    card = json.loads((encoder_folder("encoder") / CARD_NAME).read_text())
    assert card["licence"] == "MIT"
    assert "MIT License" in (encoder_folder("encoder") / card["licence_file"]).read_text()
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
