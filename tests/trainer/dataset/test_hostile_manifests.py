"""Manifests of strangers: clips inside the corpus, or a refusal; never more memory than rows are worth."""

import os
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from emotion.errors import DatasetError
from emotion.labels import LABELS
from tests.spoiling import fuzzed, little_memory, spoiled
from trainer.dataset.manifest import MAX_BYTES, MAX_ROWS, read_manifest

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


def test_a_manifest_of_gigabytes_is_not_read(tmp_path: Path) -> None:
    os.truncate(_with(tmp_path, HEAD) / "manifest.csv", 10 * MAX_BYTES)
    with little_memory(1_000_000), pytest.raises(DatasetError, match="320000000 bytes"):
        read_manifest(tmp_path)


def test_remarks_about_thousands_of_labels_are_a_few(tmp_path: Path) -> None:
    rows = "".join(f"a.wav,1,{'x' * 99}{number},\n" for number in range(1_000))
    remarks = read_manifest(_with(tmp_path, HEAD + rows)).remarks
    assert len(remarks) == 21
    assert "980 more labels" in remarks[-1]
    assert max(map(len, remarks)) < 300
