"""A pickle is told by its name or its first byte, and refused with what to do instead."""

import os
import pickle
from pathlib import Path

import pytest

from emotion.errors import ModelError
from emotion.pickles import is_pickle, refuse_pickle


@pytest.mark.parametrize("name", ["m.pkl", "m.PKL", "m.pickle", "m.joblib", "m.sav"])
def test_names_of_pickles_even_where_nothing_lies(tmp_path: Path, name: str) -> None:
    assert is_pickle(tmp_path / name)


@pytest.mark.parametrize(
    ("content", "is_one"),
    [(pickle.dumps([1]), True), (b"\x80", True), (b"", False), (b"PK\x80", False), (b"\x93NUMPY", False)],
)
def test_the_first_byte(tmp_path: Path, content: bytes, is_one: bool) -> None:
    (tmp_path / "model.npz").write_bytes(content)
    assert is_pickle(tmp_path / "model.npz") is is_one


def test_what_is_no_file_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name in ("pipe", "missing", "."):
        assert is_pickle(tmp_path / name) is False
        refuse_pickle(tmp_path / name)
    (tmp_path / "round").symlink_to("round")
    assert is_pickle(tmp_path / "round") is False
    assert is_pickle(tmp_path / ("x" * 300)) is False


def test_the_refusal_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "model.npz"
    path.write_bytes(pickle.dumps({"a": 1}))
    with pytest.raises(ModelError) as refused:
        refuse_pickle(path)
    assert str(refused.value) == (
        f"{path} is a pickle: to load it is to run it, and callmood loads no code; "
        "train it again with `callmood train`, from its recordings: callmood train DATA --name NAME"
    )
