"""`callmood models` as a user types it."""

import json
from collections.abc import Mapping
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from callmood.commands.models import score_tables
from callmood.model_choice import DEFAULT_MODEL
from emotion.model import model_folders
from tests.command import assert_one_line_of_complaint, callmood
from tests.model_maker import make_model

NOTE = "fitted on tones: says nothing about people"


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working directory with three models, one of them damaged, one that must not be sold."""
    here = tmp_path_factory.mktemp("here")
    make_model(here / "models" / "tones", clips_per_label=2, notes=(NOTE,))
    make_model(
        here / "models" / DEFAULT_MODEL,
        clips_per_label=2,
        commercial_use=False,
        weights_licence="CC BY-NC-SA 4.0",
        notes=("[bold]plain[/bold]",),
    )
    make_model(here / "models" / "broken", clips_per_label=2)
    (here / "models" / "broken" / "card.json").write_text("?")
    return here


def test_the_list_says_what_must_be_known(here: Path) -> None:
    done = callmood("models", cwd=here)
    assert done.returncode == 0, done.stderr
    lines = [line.strip() for line in done.stdout.splitlines()]
    tones = lines[lines.index("./models/tones") :]
    assert NOTE in tones
    assert "commercial use allowed; weights: MIT" in tones
    assert "classic/1, win 2 s, step 0.5 s; angry, happy, neutral, sad" in tones
    own = lines[lines.index(f"./models/{DEFAULT_MODEL}") : lines.index("./models/tones")]
    assert "NON-COMMERCIAL USE ONLY; weights: CC BY-NC-SA 4.0" in own
    assert "[bold]plain[/bold]" in own
    assert lines.index(f"{DEFAULT_MODEL} (default)") < lines.index(f"./models/{DEFAULT_MODEL}")
    assert "card.json: not readable as JSON" in lines[lines.index("./models/broken") + 1]


def test_the_list_as_json(here: Path) -> None:
    done = callmood("models", "--json", cwd=here)
    models = {model["name"]: model for model in json.loads(done.stdout)}
    shipped = [folder.name for folder in model_folders()]
    assert list(models) == [*shipped, "./models/broken", f"./models/{DEFAULT_MODEL}", "./models/tones"]
    assert models["./models/tones"]["notes"] == [NOTE]
    assert models["./models/tones"]["commercial_use"] is True
    assert [name for name, model in models.items() if model["default"]] == [DEFAULT_MODEL]
    assert models[f"./models/{DEFAULT_MODEL}"]["commercial_use"] is False
    assert "not readable" in models["./models/broken"]["problem"]


def test_a_card_for_people(here: Path) -> None:
    done = callmood("models", "show", "./models/tones", cwd=here)
    assert done.returncode == 0, done.stderr
    for words in (
        NOTE,
        "commercial use allowed",
        "classic/1: 657 at 22050 Hz",
        "1 to 5 s",
        "uar     0.500",
        "tones",
    ):
        assert words in done.stdout, done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


@pytest.mark.parametrize(
    "arguments",
    [("models", "show", "./models/tones", "--json"), ("models", "--json", "show", "models/tones")],
)
def test_a_card_as_it_is(here: Path, arguments: tuple[str, ...]) -> None:
    done = callmood(*arguments, cwd=here)
    assert done.stdout == (here / "models" / "tones" / "card.json").read_text(encoding="utf-8")


def test_a_card_by_path(here: Path) -> None:
    assert NOTE in callmood("models", "show", str(here / "models" / "tones"), cwd=here.parent).stdout


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("nobody", ("nobody", "./models/tones", DEFAULT_MODEL)),
        ("tones", ("'tones'", "in the working directory write ./models/tones")),
        ("", ("'' is no name", DEFAULT_MODEL)),
        ("./models/broken", ("card.json", "callmood train")),
        ("emotion_model.pkl", ("emotion_model.pkl", "pickle", "callmood train")),
    ],
)
def test_models_that_cannot_be_shown(here: Path, name: str, words: tuple[str, ...]) -> None:
    done = callmood("models", "show", name, cwd=here)
    assert_one_line_of_complaint(done, *words)
    assert done.returncode == 5


def test_a_shadow_is_said(here: Path) -> None:
    done = callmood("models", "show", DEFAULT_MODEL, cwd=here)
    assert done.returncode == 0
    assert done.stderr == (
        "note: ./models/speech is not used: speech is the model that came with callmood; for the other give "
        "the path ./models/speech\n"
    )
    assert NOTE not in done.stdout


def test_no_name_is_a_usage_error(here: Path) -> None:
    done = callmood("models", "show", cwd=here)
    assert_one_line_of_complaint(done, "MODEL", "see `callmood models show --help`")
    assert done.returncode == 2


@pytest.mark.parametrize(
    "words",
    [
        ("models", "./models/tones"),
        ("models", "./models/tones", "--json"),
        ("models", "--json", "./models/tones"),
        ("models", "show", "--json", "./models/tones"),
    ],
)
def test_a_name_alone_shows_the_model(here: Path, words: tuple[str, ...]) -> None:
    by_show = [*(word for word in words if word.startswith("--")), "./models/tones"]
    assert callmood(*words, cwd=here).stdout == callmood("models", "show", *by_show, cwd=here).stdout


def test_a_name_alone_that_is_none_is_compared_with_those_that_are(here: Path) -> None:
    done = callmood("models", "speech-ligth", cwd=here)
    assert_one_line_of_complaint(done, "'speech-ligth'; did you mean speech-light? there are speech, ")
    assert done.returncode == 5


def _printed(scores: Mapping[str, object], width: int = 80) -> str:
    out = StringIO()
    console = Console(file=out, width=width)
    for table in score_tables(scores):
        console.print(table)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


def test_corpora_stand_side_by_side() -> None:
    scores = {
        "balanced, clean": {
            "mean": {"uar": 0.7749, "clips": 6046, "recalls": {"angry": 0.8162, "sad": 0.00338}},
            "emodb": {"uar": 1.0, "clips": 339, "recalls": {"angry": None}},
        }
    }
    assert _printed(scores).splitlines() == [
        "balanced, clean     mean  emodb",
        "uar                0.775  1.000",
        "clips               6046    339",
        "recalls angry      0.816      -",
        "recalls sad      0.00338      -",
    ]


def test_what_is_no_table_of_corpora_is_a_list() -> None:
    scores = {
        "fit": {"windows": 553, "per_label": {"sad": {"recall": 0.5}}},
        "test_speakers": ["03", "08"],
        "shows_change_after_seconds": 1.6941,
    }
    assert _printed(scores).splitlines() == [
        "fit",
        "windows               553",
        "per_label sad recall  0.500",
        "scores",
        "test_speakers               03 08",
        "shows_change_after_seconds  1.694",
    ]


def test_a_confusion_has_a_line_for_each_emotion() -> None:
    assert _printed({"clips": {"uar": 0.5, "confusion": [[1, 2], [3, 4]]}}).splitlines() == [
        "clips",
        "uar        0.500",
        "confusion  1 2",
        "           3 4",
    ]


def test_no_scores_are_no_tables() -> None:
    assert list(score_tables({})) == []


@pytest.mark.parametrize("odd", [{}, {"x": {}}, {"x": []}, {"x": [[]]}, {"[bold]x": "[red]y"}])
def test_odd_scores_are_printed_as_they_stand(odd: dict[str, object]) -> None:
    printed = _printed(odd)
    assert all(name in printed for name in odd)
    assert "[red]y" in printed or "[bold]x" not in odd
