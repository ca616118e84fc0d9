"""Generated clips on disk."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from emotion.errors import OutputError
from trainer.dataset.synthetic import is_synthetic
from trainer.tones.synthesis import TONE_RECIPES, synthesise
from trainer.tones.tone_files import generate_tones


def test_files_are_where_and_what_the_article_says(tmp_path: Path) -> None:
    assert generate_tones(tmp_path / "dataset", 2, seed=1) == (8, 0)
    found = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.wav"))
    assert found == sorted(
        f"dataset/{emotion}/{emotion}_sample_{i}.wav"
        for emotion in ("angry", "happy", "neutral", "sad")
        for i in (1, 2)
    )
    for recipe in TONE_RECIPES:
        path = tmp_path / "dataset" / recipe.emotion / f"{recipe.emotion}_sample_2.wav"
        samples, rate = soundfile.read(path, dtype="float32")
        assert rate == 22_050
        assert soundfile.info(path).subtype == "PCM_16"
        np.testing.assert_allclose(samples, synthesise(recipe, 1, seed=1), atol=2 / 32768)


def test_a_second_run_adds_clips_and_leaves_the_first_alone(tmp_path: Path) -> None:
    generate_tones(tmp_path, 2, seed=1)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.wav")}
    assert generate_tones(tmp_path, 3, seed=1) == (4, 8)
    assert {path: path.read_bytes() for path in before} == before
    assert len(list(tmp_path.rglob("*.wav"))) == 12


def test_another_sound_of_the_same_name_stops_everything_before_the_first_file(tmp_path: Path) -> None:
    own = tmp_path / "sad" / "sad_sample_2.wav"
    own.parent.mkdir()
    soundfile.write(own, np.zeros(100), 22_050)
    kept = own.read_bytes()
    with pytest.raises(OutputError, match=r"sad_sample_2\.wav holds another sound.*--force"):
        generate_tones(tmp_path, 2, seed=1)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [own]
    assert own.read_bytes() == kept
    assert generate_tones(tmp_path, 2, seed=1, force=True) == (8, 0)
    assert own.read_bytes() != kept


def test_another_seed_is_another_sound(tmp_path: Path) -> None:
    generate_tones(tmp_path, 1, seed=1)
    with pytest.raises(OutputError, match="seed 2"):
        generate_tones(tmp_path, 1, seed=2)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "dataset").write_text("a file")
    with pytest.raises(OutputError, match="dataset"):
        generate_tones(tmp_path / "dataset", 1, seed=1)


def test_generated_files_are_known_again_and_others_are_not(tmp_path: Path) -> None:
    generate_tones(tmp_path, 1, seed=1)
    tone = tmp_path / "happy" / "happy_sample_1.wav"
    assert is_synthetic(tone)
    samples, rate = soundfile.read(tone)
    soundfile.write(tmp_path / "plain.wav", samples, rate)
    (tmp_path / "text.wav").write_text("no sound")
    assert not is_synthetic(tmp_path / "plain.wav")
    assert not is_synthetic(tmp_path / "text.wav")
    assert not is_synthetic(tmp_path / "missing.wav")
