"""`--model` of every command: a bare name came with callmood, nothing is no name, a shadow is said."""

import json
from pathlib import Path

import pytest
import soundfile

from callmood.cli import run_command
from tests.callmood.evaluation.corpus_maker import make_corpus
from tests.command import assert_one_line_of_complaint, callmood
from tests.model_maker import make_model, tone_of

RATE = 16_000


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working directory with a small model that is called like the default, a recording, and a corpus."""
    here = tmp_path_factory.mktemp("here")
    make_model(here / "models" / "speech", "classic-speech", win_seconds=1.0, step_seconds=0.5)
    soundfile.write(here / "call.wav", tone_of("angry", 1, RATE, 3.0), RATE, subtype="PCM_16")
    make_corpus(here / "corpora" / "alpha", ["a"])
    return here


def test_a_folder_that_is_called_like_the_default_is_not_used_and_said(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(here)
    assert run_command(["replay", "call.wav", "--fast", "--json"]) == 0
    said = capsys.readouterr()
    header = json.loads(said.out.splitlines()[0])
    assert (header["win_seconds"], header["feature_set"].partition("/")[0]) == (2.0, "speech")
    assert said.err == (
        "note: ./models/speech is not used: speech is the model that came with callmood; for the other give "
        "the path ./models/speech\n"
    )


def test_the_path_means_the_folder_and_needs_no_word(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(here)
    assert run_command(["replay", "call.wav", "--fast", "--json", "--model", "./models/speech"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out.splitlines()[0])["win_seconds"] == 1.0
    assert said.err == ""


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("predict", "call.wav", "--model", ""), 5),
        (("replay", "call.wav", "--model", ""), 5),
        (("enroll", "nobody", "call.wav", "--model", ""), 5),
        (("evaluate", "--corpora", "corpora", "--model", ""), 5),
        (("evaluate", "--corpora", "corpora", "--recipe", ""), 2),
        (("models", "show", ""), 5),
    ],
)
def test_nothing_is_no_name(
    here: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    code: int,
) -> None:
    monkeypatch.chdir(here)
    assert run_command(words) == code
    assert "''" in capsys.readouterr().err.splitlines()[-1]


def test_nothing_is_no_name_for_a_pipe(here: Path) -> None:
    done = callmood("listen", "-", "--model", "", cwd=here)
    assert done.returncode == 5
    assert_one_line_of_complaint(done, "'' is no name of a model; there are speech, ")


def test_a_pipe_has_the_rates_that_a_file_may_have(here: Path) -> None:
    done = callmood("listen", "-", "--rate", "3999", cwd=here)
    assert_one_line_of_complaint(done, "the rate is 3999 Hz; give one from 4000 to 384000")
