"""DATA in its three forms, and what is too little."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from emotion.errors import DatasetError
from emotion.labels import LABELS
from tests.trainer.conftest import MakeCorpus
from trainer.dataset.dataset import read_dataset
from trainer.dataset.synthetic import SYNTHETIC_CORPUS


def emotion_folders(root: Path, counts: dict[str, int]) -> Path:
    """Write noise into a folder an emotion."""
    for label, count in counts.items():
        (root / label).mkdir(parents=True)
        for index in range(count):
            noise = np.random.default_rng(index).uniform(-0.1, 0.1, 800)
            soundfile.write(root / label / f"{index}.flac", noise, 16_000)
    return root


def test_a_folder_an_emotion(tmp_path: Path) -> None:
    root = emotion_folders(tmp_path / "mine", {"sad": 5, "angry": 6, "joy": 2})
    (root / "sad" / "notes.txt").write_text("no clip")
    (root / "sad" / "deeper").mkdir()
    soundfile.write(root / "sad" / "deeper" / "more.wav", np.zeros(10), 16_000)
    data = read_dataset(root)
    assert data.labels == ("angry", "sad")
    assert [clip.emotion for clip in data.clips] == ["angry"] * 6 + ["sad"] * 6
    assert {(clip.corpus, clip.speaker) for clip in data.clips} == {("mine", None)}
    (remark,) = data.remarks
    assert "joy" in remark


def test_generated_clips_are_known_as_such_among_others(tones: Path) -> None:
    assert {clip.corpus for clip in read_dataset(tones).clips} == {SYNTHETIC_CORPUS}


def test_one_corpus_and_a_folder_of_corpora(make_corpus: MakeCorpus) -> None:
    folder = make_corpus("alto", speakers=3)
    make_corpus("bass", speakers=4)
    (folder.parent / "notes").mkdir()
    one, both = read_dataset(folder), read_dataset(folder.parent)
    assert {clip.corpus for clip in one.clips} == {"alto"}
    assert [clip.corpus for clip in both.clips] == ["alto"] * 24 + ["bass"] * 32
    assert both.labels == LABELS
    (remark,) = both.remarks
    assert "notes has no manifest.csv" in remark


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="callmood init"):
        read_dataset(tmp_path / "nowhere")


def test_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"no labelled clips.*callmood generate"):
        read_dataset(tmp_path)


def test_one_emotion_only(tmp_path: Path) -> None:
    root = emotion_folders(tmp_path / "d", {"sad": 9, "happy": 0})
    with pytest.raises(DatasetError, match=r"every clip .* is sad"):
        read_dataset(root)


def test_too_few_clips_of_an_emotion(tmp_path: Path) -> None:
    root = emotion_folders(tmp_path / "d", {"sad": 4, "happy": 6, "angry": 1})
    with pytest.raises(DatasetError, match=r"angry has 1, sad has 4; .* at least 5"):
        read_dataset(root)
