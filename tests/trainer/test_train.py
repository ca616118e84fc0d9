"""From recordings to a model folder that loads, by the real steps."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from emotion.audio_io import AudioFile
from emotion.card import LABELS
from emotion.errors import DatasetError, OutputError, UsageError
from emotion.model import load_model
from emotion.rbf_svc import RbfSvc
from streamer.analysis.predict import predict_recording
from tests.trainer.conftest import MakeCorpus
from trainer import svm
from trainer import train as train_module
from trainer.options import DataOptions, ModelPlace, TrainingOptions
from trainer.progress import TrainingLog
from trainer.svm import FittedSvm, fit_tuned, pairwise_margins
from trainer.train import train
from trainer.window_table import WindowTable


@pytest.fixture(autouse=True)
def _small_grid(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(svm, "C_GRID", (3.0, 30.0))
    monkeypatch.setattr(svm, "GAMMA_GRID", (0.5,))


@pytest.fixture
def options(tmp_path: Path, tones: Path) -> TrainingOptions:
    """Train on the generated clips."""
    return TrainingOptions(
        data=DataOptions(tones),
        place=ModelPlace("tones", tmp_path / "models"),
        feature_set="classic",
        win_seconds=2.0,
        step_seconds=0.5,
        seed=0,
        jobs=1,
        max_windows=200,
        callmood_version="0.1.0",
    )


def test_a_model_of_tones_from_end_to_end(
    options: TrainingOptions, tones: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[FittedSvm, WindowTable]] = []

    def watched(table: WindowTable, max_windows: int, seed: int, log: TrainingLog) -> FittedSvm:
        seen.append((fit_tuned(table, max_windows, seed, log), table))
        return seen[0][0]

    monkeypatch.setattr(train_module, "fit_tuned", watched)
    card, _, report = train(options, TrainingLog())
    model = load_model(options.place.folder)
    assert model.card == card
    assert sorted(path.name for path in options.place.folder.iterdir()) == [
        "card.json", "confusion.png", "model.npz", "report.txt", "training.log",
    ]  # fmt: skip

    # What was saved decides as scikit-learn does.
    fitted, learned = seen[0]
    margins = pairwise_margins(fitted.machine, learned.vectors)
    assert isinstance(model.decision, RbfSvc)
    np.testing.assert_allclose(model.decision.margins(learned.vectors), margins, atol=1e-3)
    expected = fitted.calibration.machine.predict_proba(margins)
    for vector, probabilities in zip(learned.vectors[:20], expected[:20], strict=True):
        np.testing.assert_allclose(model.predict(vector), probabilities, atol=1e-3)

    # It has learned the task, and a file is predicted as it was trained.
    assert card.scores["clips"]["per_label"]["angry"]["recall"] == 1.0  # type: ignore[index]
    # `classic` hardly hears what tells these tones apart, and a handful of clips is tested: rounding decides.
    assert card.scores["windows"]["uar"] > 0.3  # type: ignore[index]
    prediction = predict_recording(model, AudioFile(tones / "angry" / "angry_sample_1.wav"))
    assert prediction.emotion == "angry"
    assert report == (options.place.folder / "report.txt").read_text()
    assert "Windows, each by itself" in report
    assert (options.place.folder / "confusion.png").read_bytes().startswith(b"\x89PNG")


def test_the_card_says_what_must_be_known(options: TrainingOptions) -> None:
    card, _, _ = train(options, TrainingLog())
    assert card.labels == LABELS
    assert (card.feature_set, card.num_features, card.sample_rate) == ("classic", 657, 22_050)
    assert (card.win_seconds, card.step_seconds) == (2.0, 0.5)
    assert card.allowed_win_seconds == (1.5, 3.0)
    assert card.allowed_step_seconds == (0.1, 2.0)
    assert card.notes == ("fitted on synthetic tones: it says nothing about people",)
    (source,) = card.data
    assert (source.name, source.clips, source.speakers) == ("synthetic tones", 32, None)
    assert source.windows > 32
    assert "8 of 32 clips" in card.split
    assert "these tones" in card.fails_on[-1]
    assert card.recipe == (
        "callmood train dataset --name tones --features classic --win 2 --step 0.5 --seed 0 --max-windows 200"
    )
    assert {"scikit-learn", "numpy", "python"} <= set(card.libraries)


def test_nothing_written_tells_where_the_recordings_lie(options: TrainingOptions, tones: Path) -> None:
    hush = tones / "sad" / "hush.wav"
    soundfile.write(hush, np.zeros(4000), 22_050)
    try:
        train(options, TrainingLog())
    finally:
        hush.unlink()
    log = (options.place.folder / "training.log").read_text()
    assert "left out, silent: dataset/sad/hush.wav" in log
    for name in ("training.log", "card.json", "report.txt"):
        assert str(tones.parent) not in (options.place.folder / name).read_text()


def test_a_second_run_reuses_features_and_gives_the_same_model(options: TrainingOptions) -> None:
    train(options, TrainingLog())
    first = (options.place.folder / "model.npz").read_bytes()
    with pytest.raises(OutputError, match="--force"):
        train(options, TrainingLog())
    train(replace(options, place=replace(options.place, force=True)), TrainingLog())
    assert (options.place.folder / "model.npz").read_bytes() == first
    assert "32 clips: 32 from the cache, 0 computed" in (options.place.folder / "training.log").read_text()


def test_speakers_and_licences_reach_the_card(make_corpus: MakeCorpus, options: TrainingOptions) -> None:
    folder = make_corpus("nemo", speakers=6)
    make_corpus("own", speakers=5)
    asked = replace(
        options,
        data=DataOptions(folder.parent),
        feature_set="classic-speech",
        win_seconds=0.5,
        step_seconds=0.25,
    )
    card, _, report = train(asked, TrainingLog())
    assert [(source.name, source.speakers, source.licence) for source in card.data] == [
        ("nemo", 6, "CC BY-NC-SA 4.0"),
        ("own", 5, "not stated"),
    ]
    assert not card.commercial_use
    assert card.notes == ("weights: non-commercial use only",)
    assert card.weights_licence == "CC BY-NC-SA 4.0, because of nemo; no licence stated for own"
    assert card.split == "by speaker: 2 of 11 speakers are kept for the test"
    assert set(card.scores["clips_by_corpus"]) == {"nemo", "own"}  # type: ignore[call-overload]
    assert "Clips of each corpus" in report


def test_whole_clips_cannot_listen(options: TrainingOptions) -> None:
    card, _, report = train(replace(options, win_seconds=None, step_seconds=None), TrainingLog())
    assert card.whole_clips
    assert "Windows" not in report
    assert card.data[0].windows == 32
    assert "--whole-clips" in card.recipe


def test_the_articles_recipe(options: TrainingOptions) -> None:
    asked = replace(
        options, article=True, feature_set="classic-33", win_seconds=None, step_seconds=None, seed=42
    )
    card, _, _ = train(asked, TrainingLog())
    assert card.num_features == 33
    assert card.whole_clips
    assert card.split == "by clip, as the article: 7 of 32 clips at random, seed 42"
    assert card.recipe == "callmood train dataset --name tones --recipe article"
    log = (options.place.folder / "training.log").read_text()
    assert "as the article counts it" in log
    with np.load(options.place.folder / "model.npz") as arrays:
        np.testing.assert_array_equal(arrays["scale"], np.ones(33))
    # It still predicts files.
    load_model(options.place.folder)


def test_what_cannot_be_written_is_found_before_anything_is_computed(
    options: TrainingOptions, tmp_path: Path
) -> None:
    (tmp_path / "models").write_text("a file")
    with pytest.raises(OutputError, match="models"):
        train(options, TrainingLog())
    assert not (tmp_path / "cache").exists()


def test_a_folder_that_is_no_model_is_not_replaced(options: TrainingOptions) -> None:
    options.place.folder.mkdir(parents=True)
    (options.place.folder / "thesis.txt").write_text("years of work")
    with pytest.raises(OutputError, match="no model"):
        train(options, TrainingLog())
    assert (options.place.folder / "thesis.txt").read_text() == "years of work"


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"place": ModelPlace("../up", Path("models"))}, "--name"),
        ({"place": ModelPlace("", Path("models"))}, "--name"),
        ({"place": ModelPlace(".hidden", Path("models"))}, "--name"),
        ({"seed": -1}, "--seed"),
        ({"jobs": 0}, "--jobs"),
        ({"max_windows": 3}, "--max-windows"),
        ({"win_seconds": 0.0}, "win"),
        ({"win_seconds": float("nan")}, "win"),
        ({"step_seconds": 3.0}, "step"),
        ({"win_seconds": 0.01, "step_seconds": 0.01}, "win"),
        ({"feature_set": "magic"}, "magic"),
        ({"feature_set": "classic-33"}, "classic-33"),
    ],
)
def test_options_that_make_no_sense(options: TrainingOptions, change: dict[str, object], word: str) -> None:
    with pytest.raises(UsageError, match=word):
        train(replace(options, **change), TrainingLog())  # type: ignore[arg-type]


def test_clips_that_cannot_be_read_do_not_count_as_clips(tmp_path: Path, options: TrainingOptions) -> None:
    for label in ("angry", "sad"):
        (tmp_path / "d" / label).mkdir(parents=True)
        for index in range(6):
            (tmp_path / "d" / label / f"{index}.wav").write_text("text")
    with pytest.raises(DatasetError, match="no labelled clips"):
        train(replace(options, data=DataOptions(tmp_path / "d")), TrainingLog())


def test_real_speech_in_small(corpora: Path, options: TrainingOptions) -> None:
    # A few speakers of one studio corpus: better than chance, on speakers never heard.
    asked = replace(
        options,
        data=DataOptions(corpora / "emodb"),
        place=replace(options.place, name="emodb"),
        feature_set="classic-speech",
        max_windows=300,
    )
    card, _, _ = train(asked, TrainingLog())
    assert "2 of 10 speakers" in card.split
    assert card.scores["clips"]["uar"] > 0.5  # type: ignore[index]
    assert card.commercial_use
    stored = json.loads((options.place.out / "emodb" / "card.json").read_text())
    assert stored["data"][0]["licence"].startswith("CC0")
