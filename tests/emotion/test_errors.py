"""A part that is not installed is named with the command that installs it."""

import sys
from pathlib import Path

import pytest

from emotion.errors import MissingExtraError, require


def test_what_is_there_is_given() -> None:
    assert require("numpy.fft", "train") is sys.modules["numpy.fft"]


def test_what_is_missing_names_the_extra() -> None:
    with pytest.raises(
        MissingExtraError, match=r"needs no_such_package.*pip install 'callmood\[plot\]'"
    ) as caught:
        require("no_such_package.part", "plot")
    assert isinstance(caught.value, ImportError)


def test_a_package_that_misses_another_keeps_its_own_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "half_installed.py").write_text("import another_missing_one\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ModuleNotFoundError, match="another_missing_one") as caught:
        require("half_installed", "plot")
    assert not isinstance(caught.value, MissingExtraError)
