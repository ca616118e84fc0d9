"""Labelled clips below a folder, and hostile manifests."""

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import example, given
from hypothesis import strategies as st

from emotion.card import LABELS
from emotion.errors import DatasetError, UsageError
from tests.command import environment
from tests.spoiling import fuzzed, little_memory, spoiled
from tests.trainer.conftest import MakeCorpus
from trainer.dataset import (
    MAX_BYTES,
    MAX_ROWS,
    SYNTHETIC_CORPUS,
    Clip,
    Reading,
    read_dataset,
    read_manifest,
)
from trainer.label_words import LabelWords


def emotion_folders(root: Path, counts: dict[str, int]) -> Path:
    """Write noise into a folder an emotion."""
    for label, count in counts.items():
        (root / label).mkdir(parents=True)
        for index in range(count):
            noise = np.random.default_rng(index).uniform(-0.1, 0.1, 800)
            soundfile.write(root / label / f"{index}.flac", noise, 16_000)
    return root


def test_a_folder_an_emotion(tmp_path: Path) -> None:
    root = emotion_folders(tmp_path / "mine", {"sad": 5, "angry": 6, "disgust": 2})
    (root / "sad" / "notes.txt").write_text("no clip")
    (root / "sad" / "deeper").mkdir()
    soundfile.write(root / "sad" / "deeper" / "more.wav", np.zeros(10), 16_000)
    data = read_dataset(root)
    assert data.labels == ("angry", "sad")
    assert [clip.emotion for clip in data.clips] == ["angry"] * 6 + ["sad"] * 6
    assert {(clip.corpus, clip.speaker) for clip in data.clips} == {("mine", None)}
    (remark,) = data.remarks
    assert remark == (
        "left out, named after none of angry, happy, neutral, sad: disgust; to use one: --map disgust=neutral"
    )


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


def spoken_folders(root: Path, *, by_speaker: bool = False) -> Path:
    """Write clips of three speakers, in folders with German names."""
    for speaker in ("ann", "bob", "eve"):
        for word in ("Wut", "Trauer", "Ekel"):
            folder = root / speaker / word if by_speaker else root / word
            folder.mkdir(parents=True, exist_ok=True)
            for index in range(2):
                soundfile.write(folder / f"{speaker}-{index}.wav", np.zeros(10), 16_000)
    return root


def test_folders_may_have_names_of_other_languages_and_lie_below_speakers(tmp_path: Path) -> None:
    flat = read_dataset(spoken_folders(tmp_path / "flat"))
    assert [clip.emotion for clip in flat.clips] == ["angry"] * 6 + ["sad"] * 6
    (remark,) = flat.remarks
    assert "sad: Ekel; to use one: --map Ekel=neutral" in remark
    words = LabelWords.from_options(["ekel=neutral"])
    below = read_dataset(spoken_folders(tmp_path / "below", by_speaker=True), Reading(words, "^[^/]+"))
    assert [clip.emotion for clip in below.clips] == ["angry"] * 6 + ["neutral"] * 6 + ["sad"] * 6
    assert {clip.speaker for clip in below.clips} == {"ann", "bob", "eve"}
    assert below.remarks == ()


@pytest.mark.parametrize("pattern", [r"([a-z]+)-\d", r"[^/]+(?=-\d\.wav$)"])
def test_speakers_are_found_in_paths(tmp_path: Path, pattern: str) -> None:
    data = read_dataset(spoken_folders(tmp_path / "d"), Reading(speakers=pattern))
    assert [clip.speaker for clip in data.clips[:6]] == ["ann", "ann", "bob", "bob", "eve", "eve"]
    assert data.clips[0].speaker_key == "d/ann"


@pytest.mark.parametrize(
    ("pattern", "error", "words"),
    [
        ("(", UsageError, r"--speakers '\(' is no regular expression"),
        ("a" * 201, UsageError, "is no regular expression of at most 200 characters"),
        ("(ann|bob)-", DatasetError, r"finds no speaker in Trauer/eve-0.wav \(4 of 12 clips\)|Wut/eve-0"),
        ("(ann-)?[0-9]", DatasetError, "finds no speaker in"),
        ("^[^/]+", DatasetError, r"finds 2 speakers \(Trauer, Wut\), each in one emotion only"),
    ],
)
def test_patterns_that_find_no_speakers(
    tmp_path: Path, pattern: str, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        read_dataset(spoken_folders(tmp_path / "d"), Reading(speakers=pattern))


def test_a_pattern_that_never_ends_is_interrupted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trainer.dataset._PATTERN_SECONDS", 0.1)
    root = spoken_folders(tmp_path / "d")
    soundfile.write(root / "Wut" / f"{'a' * 60}.wav", np.zeros(10), 16_000)
    with pytest.raises(UsageError, match=r"takes more than 0.1 s; repeat no repetition"):
        read_dataset(root, Reading(speakers="(a|aa)+$"))


def test_a_manifest_knows_its_speakers(make_corpus: MakeCorpus) -> None:
    folder = make_corpus("alto", speakers=3)
    for root in (folder, folder.parent):
        with pytest.raises(UsageError, match="--speakers is for folders without a manifest"):
            read_dataset(root, Reading(speakers="s."))


def test_a_manifest_may_name_emotions_in_other_words(tmp_path: Path) -> None:
    text = "path,speaker,emotion4\na.wav,1,Wut\nb.wav,1,calm\n"
    folder = manifest(tmp_path / "c", text, "a.wav", "b.wav")
    assert [clip.emotion for clip in read_manifest(folder).clips] == ["angry"]
    words = LabelWords.from_options(["calm=neutral"])
    assert [clip.emotion for clip in read_manifest(folder, words).clips] == ["angry", "neutral"]


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


HEAD = "path,speaker,emotion4,corpus\n"
GOOD = (HEAD + "a.wav,s1,angry,c\nsub/b.wav,s2,sad,c\ngone.wav,s2,sad,c\na.wav,s3,,c\n").encode()
QUOTED = (HEAD + '"a.wav","s,1","angry","c ""x"""\r\n"a.wav","two\nlines",happy,\r\n').encode()
CELLS = st.sampled_from(
    [
        "a.wav",
        "../a.wav",
        "/etc/passwd",
        "sub/../../a",
        ".",
        "",
        "out.wav",
        "sub",
        "\x1b[2J",
        "x" * 300,
        *LABELS,
    ]
) | st.text(max_size=5)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("strangers") / "corpus"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.wav").touch()
    (folder / "sub" / "b.wav").touch()
    (folder.parent / "out.wav").touch()
    (folder / "out.wav").symlink_to("../out.wav")
    return folder


def _read(corpus: Path, content: bytes) -> None:
    (corpus / "manifest.csv").write_bytes(content)
    with little_memory(), suppress(DatasetError):
        read = read_manifest(corpus)
        for clip in read.clips:
            assert clip.path.resolve().is_relative_to(corpus.resolve())
            assert clip.path.is_file()
            assert clip.emotion in LABELS
            assert clip.corpus.isprintable()
        assert read.unlabelled >= 0


@fuzzed(60)
@given(content=spoiled([GOOD, QUOTED]) | st.binary(max_size=200))
def test_spoiled_bytes(corpus: Path, content: bytes) -> None:
    _read(corpus, content)


@fuzzed(60)
@example(rows=[["x" * 300, "1", "sad"]])
@given(rows=st.lists(st.lists(CELLS, min_size=1, max_size=6), max_size=6))
def test_odd_cells(corpus: Path, rows: list[list[str]]) -> None:
    text = HEAD + "".join(",".join(row) + "\n" for row in rows)
    _read(corpus, text.encode("utf-8", "surrogatepass"))


def _with(tmp_path: Path, content: str) -> Path:
    (tmp_path / "manifest.csv").write_text(content, encoding="utf-8")
    (tmp_path / "a.wav").touch()
    return tmp_path


def test_a_link_out_of_the_corpus_is_refused_with_its_line(corpus: Path) -> None:
    (corpus / "manifest.csv").write_text(f"{HEAD}a.wav,1,sad,\nout.wav,1,sad,\n", encoding="utf-8")
    with pytest.raises(DatasetError, match=r"line 3: .*out\.wav is a link that does not stay inside"):
        read_manifest(corpus)


@pytest.mark.parametrize("target", ["..", "../corpus-2"])
def test_a_folder_that_is_a_link_out_of_the_corpus_is_refused(tmp_path: Path, target: str) -> None:
    corpus = tmp_path / "corpus"
    (corpus / "sub").mkdir(parents=True)
    (tmp_path / "corpus-2").mkdir()
    (corpus / "within").symlink_to("sub")
    (corpus / "out").symlink_to(target)
    for name in ("sub/a.wav", "out/a.wav"):
        (corpus / name).touch()
    rows = "".join(f"{name}/a.wav,1,sad,\n" for name in ("sub", "within", "within", "out"))
    words = r"line 5: out/a\.wav is a link that does not stay inside .*corpus; put the file itself there"
    with pytest.raises(DatasetError, match=words):
        read_manifest(_with(corpus, HEAD + rows))


@pytest.mark.parametrize("path", ["../corpus/a.wav", "sub/../a.wav", "..", "/a.wav", "//a.wav", "a.wav/.."])
def test_parts_that_lead_out_are_refused_even_where_they_lead_in_again(corpus: Path, path: str) -> None:
    (corpus / "manifest.csv").write_text(f"{HEAD}a.wav,1,sad,\n{path},1,,\n", encoding="utf-8")
    with pytest.raises(
        DatasetError, match=r"line 3: the path '.*' does not stay inside .*; give it relative"
    ):
        read_manifest(corpus)


def test_two_dots_within_a_name_lead_nowhere(tmp_path: Path) -> None:
    (tmp_path / "a..b.wav").touch()
    assert len(read_manifest(_with(tmp_path, f"{HEAD}a..b.wav,1,sad,\n")).clips) == 1


def test_a_corpus_that_is_reached_by_a_link_is_read(corpus: Path, tmp_path: Path) -> None:
    (corpus / "manifest.csv").write_text(f"{HEAD}a.wav,1,sad,\n", encoding="utf-8")
    (tmp_path / "mine").symlink_to(corpus)
    assert len(read_manifest(tmp_path / "mine").clips) == 1


def test_what_cannot_be_shown_is_shown_as_question_marks(tmp_path: Path) -> None:
    read = read_manifest(_with(tmp_path, f"{HEAD}a.wav,1,sad,\x1b[2J\n\x1b[2J.wav,1,sad,c\n"))
    assert read.clips[0].corpus == "?[2J"
    assert read.remarks[0].isprintable()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (HEAD + "a.wav,1,sad,\n" * (MAX_ROWS + 1), f"{MAX_ROWS + 2} lines"),
        (HEAD + "\r" * (MAX_ROWS + 2), "lines"),
        (HEAD + "a" * 200_000, "a line of 100000 characters or more"),
        (HEAD.strip() + ",x" * 300 + "\na.wav,1,sad\n", "304 columns"),
        (HEAD + '"' + "a\n" * 100_000, "field larger than field limit"),
    ],
)
def test_too_much_of_anything(tmp_path: Path, content: str, words: str) -> None:
    with little_memory(), pytest.raises(DatasetError, match=words):
        read_manifest(_with(tmp_path, content))


@pytest.mark.parametrize(
    ("content", "num_clips"),
    [
        (HEAD + "\n" * MAX_ROWS, 0),
        (HEAD + "a.wav,1,sad," + "c" * (99_999 - len("a.wav,1,sad,")), 1),
        (HEAD.strip() + ",x" * 252 + "\na.wav,1,sad\n", 1),
    ],
    ids=["rows", "letters in a line", "columns"],
)
def test_as_much_as_may_be(tmp_path: Path, content: str, num_clips: int) -> None:
    with little_memory():
        assert len(read_manifest(_with(tmp_path, content)).clips) == num_clips


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (HEAD + "\n" * (MAX_ROWS + 1), "has 250002 lines, more than 32000000 bytes or 250000 rows; make it"),
        (HEAD + "c" * 100_000, "a line of 100000 characters or more; it must be a CSV file in UTF-8"),
        (HEAD.strip() + ",x" * 253 + "\n", "has 257 columns; a manifest has no more than 256"),
    ],
    ids=["rows", "letters in a line", "columns"],
)
def test_one_more_than_may_be(tmp_path: Path, content: str, words: str) -> None:
    with little_memory(), pytest.raises(DatasetError, match=words):
        read_manifest(_with(tmp_path, content))


@pytest.mark.parametrize(
    ("size", "words"), [(MAX_BYTES, "100000 characters"), (MAX_BYTES + 1, "has 32000001 bytes")]
)
def test_32_megabytes_are_read_and_no_byte_more(tmp_path: Path, size: int, words: str) -> None:
    os.truncate(_with(tmp_path, HEAD) / "manifest.csv", size)
    with little_memory(), pytest.raises(DatasetError, match=words):
        read_manifest(tmp_path)


def test_32_megabytes_of_empty_lines_are_too_many(tmp_path: Path) -> None:
    folder = _with(tmp_path, HEAD + "\n" * (MAX_BYTES - len(HEAD)))
    with little_memory(), pytest.raises(DatasetError, match=f"has {MAX_BYTES - len(HEAD) + 1} lines, more"):
        read_manifest(folder)


def test_a_manifest_of_gigabytes_is_not_read(tmp_path: Path) -> None:
    os.truncate(_with(tmp_path, HEAD) / "manifest.csv", 10 * MAX_BYTES)
    with little_memory(1_000_000), pytest.raises(DatasetError, match="320000000 bytes"):
        read_manifest(tmp_path)


READ_MANIFEST = """
import sys
import time
from pathlib import Path
from trainer.dataset import read_manifest

began = time.process_time()
read = read_manifest(Path(sys.argv[1]))
print(time.process_time() - began)
print(len(read.clips), "clips;", read.remarks[0])
"""


def test_a_manifest_of_missing_clips_takes_a_second_at_most(tmp_path: Path) -> None:
    rows = (f"clips/speaker{number % 50}/clip_{number}.wav,1,sad,c\n" for number in range(240_000))
    corpus = _with(tmp_path, HEAD + "".join(rows))
    # In a process of its own: what measures coverage would take three times as long.
    done = subprocess.run(
        [sys.executable, "-c", READ_MANIFEST, str(corpus)],
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    seconds, remark = done.stdout.splitlines()
    # It was four seconds; a core that others share does less in a second.
    assert float(seconds) < 2.5
    assert remark.startswith("0 clips; ")
    assert "240000 files are not there and left out, the first clips/speaker0/clip_0.wav" in remark


def test_names_of_100_000_letters_are_not_said_whole(tmp_path: Path) -> None:
    name = "x" * 99_000
    (remark,) = read_manifest(_with(tmp_path, f"{HEAD}{name},1,sad,c\n")).remarks
    with pytest.raises(DatasetError) as refused:
        read_manifest(_with(tmp_path, f"{HEAD}/{name},1,sad,c\n"))
    assert max(len(remark), len(str(refused.value))) < 500 + 2 * len(str(tmp_path))


def test_remarks_about_thousands_of_labels_are_a_few(tmp_path: Path) -> None:
    rows = "".join(f"a.wav,1,{'x' * 99}{number},\n" for number in range(1_000))
    remarks = read_manifest(_with(tmp_path, HEAD + rows)).remarks
    assert len(remarks) == 21
    assert f": emotion4 '{'x' * 40}' is none of angry, happy, neutral, sad: 1 clips left out" in remarks[0]
    assert "980 more labels" in remarks[-1]
    assert max(map(len, remarks)) < 300
    rows = "".join(f"a.wav,1,{number},\n" for number in range(20))
    assert len(read_manifest(_with(tmp_path, HEAD + rows)).remarks) == 20
