"""Manifests: what is read, what is left out with a word, what is refused."""

import os
from pathlib import Path

import pytest

from emotion.errors import DatasetError
from tests.trainer.conftest import MakeCorpus
from trainer.dataset.clip import Clip
from trainer.dataset.manifest import read_manifest


def manifest(folder: Path, text: str, *files: str) -> Path:
    """Write a manifest and empty files."""
    folder.mkdir(exist_ok=True)
    (folder / "manifest.csv").write_text(text, encoding="utf-8")
    for name in files:
        (folder / name).touch()
    return folder


def test_every_column_arrives(tmp_path: Path) -> None:
    head = "path,corpus,speaker,sex,emotion,emotion4,language,sentence,duration_s"
    text = f"{head}\na.wav,de1,03,m,Wut,angry,de,t7,1.9\n"
    read = read_manifest(manifest(tmp_path / "c", text, "a.wav"))
    assert read.clips == (Clip(tmp_path / "c" / "a.wav", "de1", "03", "angry", "de", "t7"),)
    assert read.clips[0].speaker_key == "de1/03"


def test_columns_that_may_be_missing_or_empty(tmp_path: Path) -> None:
    (clip,) = read_manifest(manifest(tmp_path / "own", "emotion4,path,speaker\nsad,a.wav,\n", "a.wav")).clips
    assert (clip.corpus, clip.speaker, clip.speaker_key, clip.language) == ("own", None, None, None)


def test_clips_without_a_label_are_counted(tmp_path: Path) -> None:
    text = "path,speaker,emotion4\na.wav,1,\nb.wav,1,sad\nc.wav,1,  \n"
    read = read_manifest(manifest(tmp_path / "c", text, "a.wav", "b.wav", "c.wav"))
    assert (len(read.clips), read.unlabelled, read.remarks) == (1, 2, ())


def test_unknown_labels_and_missing_files_are_left_out_with_a_remark(tmp_path: Path) -> None:
    text = "path,speaker,emotion4\na.wav,1,bored\nb.wav,1,sad\ngone.wav,1,sad\na.wav,2,bored\nc.wav,1,sad\n"
    read = read_manifest(manifest(tmp_path / "c", text, "a.wav", "b.wav"))
    assert [clip.path.name for clip in read.clips] == ["b.wav"]
    unknown, missing = read.remarks
    assert "'bored'" in unknown
    assert unknown.endswith(
        "manifest.csv: emotion4 'bored' is none of angry, happy, neutral, sad: 2 clips left out"
    )
    assert missing.endswith("manifest.csv: 2 files are not there and left out, the first gone.wav")


@pytest.mark.parametrize("path", ["../b.wav", "/etc/passwd", "x/../../b.wav", "", "a\0b.wav"])
def test_a_path_that_leaves_the_folder_is_refused_with_its_line(tmp_path: Path, path: str) -> None:
    (tmp_path / "b.wav").touch()
    folder = manifest(tmp_path / "c", f"path,speaker,emotion4\nok.wav,1,sad\n{path},1,sad\n", "ok.wav")
    with pytest.raises(DatasetError, match=r"cannot read|line 3.*does not stay inside"):
        read_manifest(folder)


def test_missing_columns_are_all_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"no column speaker, emotion4;.*path, speaker, emotion4"):
        read_manifest(manifest(tmp_path / "c", "path,emotion\na.wav,sad\n"))


@pytest.mark.parametrize(
    "content", [b"path,speaker,emotion4\n\xff\xfe,1,sad\n", b'path,speaker,emotion4\n"a.wav,1,sad\n', b""]
)
def test_what_is_no_csv_in_utf8_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "manifest.csv").write_bytes(content)
    with pytest.raises(DatasetError, match=r"manifest\.csv"):
        read_manifest(tmp_path)


def test_a_byte_order_mark_and_short_rows_do_no_harm(tmp_path: Path) -> None:
    read = read_manifest(
        manifest(tmp_path / "c", "\ufeffpath,speaker,emotion4\na.wav,1,sad\nb.wav\n", "a.wav")
    )
    assert len(read.clips) == 1
    assert read.unlabelled == 1


def test_a_cell_may_hold_several_lines(tmp_path: Path) -> None:
    text = 'path,speaker,emotion4,sentence\r\na.wav, 1 ,sad,"one\r\ntwo"\r\n\r\nb.wav,1,sad,x\r\n'
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "manifest.csv").write_bytes(text.encode())
    for name in ("a.wav", "b.wav"):
        (tmp_path / "c" / name).touch()
    first, second = read_manifest(tmp_path / "c").clips
    assert (first.speaker, first.sentence, second.sentence) == ("1", "one\r\ntwo", "x")


def test_what_is_no_file_counts_as_missing(tmp_path: Path) -> None:
    folder = manifest(tmp_path / "c", "path,speaker,emotion4\nsub,1,sad\npipe,1,sad\nsub/,1,sad\n")
    (folder / "sub").mkdir()
    os.mkfifo(folder / "pipe")
    read = read_manifest(folder)
    assert read.clips == ()
    assert read.remarks[0].endswith("3 files are not there and left out, the first sub")


def test_a_corpus_made_for_tests_reads_whole(make_corpus: MakeCorpus) -> None:
    read = read_manifest(make_corpus(speakers=3, takes=2))
    assert len(read.clips) == 3 * 4 * 2
    assert all(clip.path.is_file() for clip in read.clips)
