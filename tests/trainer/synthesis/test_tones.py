"""The article's tones, and the files of them."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from emotion.arrays import Samples
from emotion.errors import OutputError
from trainer.dataset import is_synthetic
from trainer.synthesis.tones import SAMPLE_RATE, TONE_RECIPES, ToneRecipe, generate_tones, synthesise

# The article's numbers, written down a second time: pitch in Hz, duration in s, modulation in Hz.
EXPECTED = {
    "happy": ((220, 880), (2.0, 4.0), 8),
    "sad": ((110, 440), (3.0, 6.0), 2),
    "angry": ((264, 1056), (2.0, 4.0), 12),
    "neutral": ((176, 704), (2.4, 4.8), 4),
}

each_recipe = pytest.mark.parametrize("recipe", TONE_RECIPES, ids=lambda recipe: recipe.emotion)


def pitch_hz(sound: Samples) -> float:
    """Find the strongest frequency."""
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    return float(spectrum.argmax() * SAMPLE_RATE / len(sound))


def envelope(sound: Samples) -> np.ndarray:
    """Follow the amplitude: magnitude of the analytic signal about the pitch, free of most of the noise."""
    spectrum = np.fft.fft(sound)
    frequency = np.fft.fftfreq(len(sound), 1 / SAMPLE_RATE)
    spectrum[np.abs(frequency - pitch_hz(sound)) > 40] = 0
    margin = SAMPLE_RATE // 10
    return np.abs(2 * np.fft.ifft(spectrum))[margin:-margin]


def modulation(sound: Samples, rate_hz: float) -> tuple[float, float]:
    """Find the strongest rate in the envelope, and the depth at the rate given."""
    curve = envelope(sound)
    spectrum = np.abs(np.fft.rfft((curve - curve.mean()) * np.hanning(len(curve)), n=1 << 19))
    strongest = float(spectrum.argmax() * SAMPLE_RATE / (1 << 19))
    time = np.arange(len(curve)) / SAMPLE_RATE
    basis = np.stack(
        [np.ones_like(time), np.cos(2 * np.pi * rate_hz * time), np.sin(2 * np.pi * rate_hz * time)]
    )
    level, cosine, sine = np.linalg.lstsq(basis.T, curve, rcond=None)[0]
    return strongest, float(np.hypot(cosine, sine) / level)


@each_recipe
def test_pitch_duration_modulation_and_depth_are_the_articles(recipe: ToneRecipe) -> None:
    pitches_hz, seconds, rate_hz = EXPECTED[recipe.emotion]
    for index in range(6):
        sound = synthesise(recipe, index, seed=3)
        assert seconds[0] * SAMPLE_RATE - 1 <= len(sound) <= seconds[1] * SAMPLE_RATE
        assert pitches_hz[0] - 1 <= pitch_hz(sound) <= pitches_hz[1] + 1
        strongest_hz, depth = modulation(sound, rate_hz)
        assert strongest_hz == pytest.approx(rate_hz, abs=0.15)
        assert depth == pytest.approx(0.3, abs=0.02)
        assert np.abs(sound).max() == pytest.approx(1.0, abs=1e-6)


@each_recipe
def test_draws_fill_their_ranges(recipe: ToneRecipe) -> None:
    pitches_hz, seconds, _ = EXPECTED[recipe.emotion]
    sounds = [synthesise(recipe, index, seed=0) for index in range(60)]
    for values, (low, high) in (
        ([pitch_hz(sound) for sound in sounds], pitches_hz),
        ([len(sound) / SAMPLE_RATE for sound in sounds], seconds),
    ):
        spread = (np.array(values) - low) / (high - low)
        assert spread.min() < 0.1
        assert spread.max() > 0.9
        assert spread.mean() == pytest.approx(0.5, abs=0.15)


def test_only_anger_is_noisy_and_by_as_much_as_the_article_says() -> None:
    for recipe in TONE_RECIPES:
        sound = synthesise(recipe, 0, seed=0)
        taper = np.hanning(len(sound))
        spectrum = np.fft.rfft(sound * taper)
        frequency = np.fft.rfftfreq(len(sound), 1 / SAMPLE_RATE)
        beside = np.abs(frequency - pitch_hz(sound)) > 100
        # The share of white noise's power that lies beside the tone, in full-scale RMS.
        rms = np.sqrt(2 * np.sum(np.abs(spectrum[beside]) ** 2) / len(sound) / np.sum(taper**2))
        # Before normalisation the tone has an amplitude of 0.8 on average.
        ratio = rms / (envelope(sound).mean() / 0.8)
        assert ratio == pytest.approx(0.1 if recipe.emotion == "angry" else 0.0, abs=0.005)


def test_the_article_lists_its_emotions_in_this_order() -> None:
    assert [recipe.emotion for recipe in TONE_RECIPES] == ["happy", "sad", "angry", "neutral"]


@each_recipe
def test_a_seed_decides_everything_and_clips_do_not_touch_each_other(recipe: ToneRecipe) -> None:
    later_first = [synthesise(recipe, index, seed=9) for index in (4, 0, 2)]
    in_order = [synthesise(recipe, index, seed=9) for index in range(5)]
    for sound, index in zip(later_first, (4, 0, 2), strict=True):
        np.testing.assert_array_equal(sound, in_order[index])
    assert len({len(sound) for sound in in_order}) > 1
    assert len(synthesise(recipe, 0, seed=10)) != len(in_order[0])


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
