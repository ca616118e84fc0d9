"""`callmood notice`: what it says of who, what, how long, in three languages."""

import re
from pathlib import Path

import pytest

from callmood.__main__ import main
from tests.command import callmood
from tests.model_maker import make_model

LANGUAGES = ("en", "de", "zh")


@pytest.fixture(autouse=True)
def _nobodys_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


def notice(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """Print a notice; give it with its lines joined."""
    assert main(["notice", *words]) == 0
    return " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_notice_has_a_short_form_to_say_and_a_long_one_to_publish(
    language: str, capsys: pytest.CaptureFixture[str]
) -> None:
    both = notice(capsys, "--lang", language)
    spoken = notice(capsys, "--lang", language, "--form", "spoken")
    written = notice(capsys, "--lang", language, "--form", "written")
    assert spoken in both
    assert written in both
    assert len(spoken) < len(written) / 2
    assert "50" in written
    assert not re.search(r"[{}]", both), "all words in braces are filled in"
    assert len(set(re.findall(r"\[[^]]+\]", written))) >= 7, "the rest is the reader's to fill in"


def test_the_notice_is_a_draft_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["notice"]) == 0
    assert capsys.readouterr().err == (
        "note: fill in the words in [BRACKETS]; this is a draft and no legal advice\n"
    )


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        ("", "What we keep: Nothing."),
        ("--journal call.jsonl", "No sound. We keep the estimates with their times for [HOW LONG]."),
        ("--journal -", "What we keep: Nothing."),
        ("--moments angry --keep 1w", "sound for 1 week, and the estimates with their times for 1 week."),
        ("--record all --keep 36h --keep-journals 26w", "Parts of the sound for 36 hours, and the estimates"),
        ("--moments angry --keep 36h --keep-journals 26w", "with their times for 26 weeks"),
        ("--record-session --keep 1W", "The sound of the whole call for 1 week"),
        ("--record-session --keep 1.5d", "The sound of the whole call for 1.5 days"),
    ],
)  # fmt: skip
def test_the_notice_says_what_is_kept_and_how_long(
    words: str, kept: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert kept in notice(capsys, *words.split())


def test_the_notice_follows_the_configuration_and_its_own_options_win(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = tmp_path / "config" / "callmood" / "callmood.toml"
    own.parent.mkdir(parents=True)
    own.write_text(
        '[listen]\nrecord-session = true\nkeep = "7d"\nvoice = "anna"\npost-alerts = "https://example.org/a"\n'
    )
    text = notice(capsys)
    assert "the sound for 7 days" in text
    assert "how your voice usually sounds" in text
    assert "Alerts are sent to [RECIPIENT]" in text
    assert "nothing is sent elsewhere" not in text
    assert "the sound for 2 days" in notice(capsys, "--keep", "2d")
    (tmp_path / "line.toml").write_text('[listen]\nline = "office"\n')
    assert "how your voice usually sounds" in notice(capsys, "--config", "line.toml")
    (tmp_path / "other.toml").write_text("[listen]\n")
    assert "What we keep: Nothing." in notice(capsys, "--config", "other.toml")


def test_the_notice_names_who_and_the_emotions_of_the_model(capsys: pytest.CaptureFixture[str]) -> None:
    text = notice(capsys, "--who", "Example {Ltd}", "--contact", "a@b.org", "--model", "speech-light")
    assert "program of Example {Ltd} estimates" in text
    assert "Questions and objections: a@b.org." in text
    assert "(model speech-light)" in text
    assert "angry, happy, neutral or sad" in text
    assert "wütend, fröhlich, neutral oder traurig" in notice(capsys, "--lang", "de")
    assert "愤怒、高兴、平静还是悲伤" in notice(capsys, "--lang", "zh")


def test_the_notice_says_from_whom_the_model_learned(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for model in ("speech", "speech-open", "speech-light", "speech-classic"):
        assert "The program learned from actors." in notice(capsys, "--model", model)
    make_model(tmp_path / "mine")
    assert "The program learned from [WHOSE VOICES, SUCH AS ACTORS]." in notice(capsys, "--model", "./mine")


def test_a_command_may_send_an_alert_anywhere(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "own.toml").write_text('[listen]\non-alert = "notify-send"\n')
    text = notice(capsys, "--config", "own.toml")
    assert "Alerts are sent to [RECIPIENT]" in text
    assert "nothing is sent elsewhere" not in text


def test_a_terminal_without_the_characters_is_told_so(tmp_path: Path) -> None:
    done = callmood("notice", "--lang", "zh", cwd=tmp_path, env={"PYTHONIOENCODING": "latin-1"})
    assert (done.returncode, done.stdout) == (7, "")
    assert done.stderr.startswith("callmood: standard output is in iso8859-1, which has no '\\u")


@pytest.mark.parametrize(
    ("words", "told", "code"),
    [
        (["--who", "a\nb"], r"--who is 'a\nb'; give one line", 2),
        (["--contact", " "], "--contact is ' '; give one line", 2),
        (["--who", "a" * 201], "give one line of at most 200", 2),
        (["--keep", "7"], "--keep is '7'", 2),
        (["--keep", "36  h"], "--keep is '36 h'", 2),
        (["--keep", "\u0661d"], "--keep is ", 2),
        (["--keep-journals", "7"], "--keep-journals is '7'", 2),
        (["--keep", "2w", "--keep-journals", "7d"], "--keep-journals 7d is shorter than --keep 2w", 2),
        (["--lang", "fr"], "'fr' is unknown", 2),
        (["--model", "nobody"], "there is no model 'nobody'", 5),
    ],
)
def test_what_makes_no_sense_is_refused(
    words: list[str], told: str, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        found = main(["notice", *words])
    except SystemExit as end:  # argparse's own
        found = int(str(end.code))
    printed = capsys.readouterr()
    assert (found, printed.out) == (code, "")
    assert told in printed.err
