"""`callmood report` as a user types it, of whole sessions and of damaged ones."""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from matplotlib import image

from benchmarks.recorded_call import CallScene, record_call
from callmood.__main__ import main
from emotion.atomic_files import locked_folder
from emotion.errors import JournalError, OutputError, UsageError
from streamer.leg_plan import LegPlan
from tests.command import assert_one_line_of_complaint, command, environment

ID = "20261123T025959Z-0003"


@pytest.fixture(name="recorded", scope="module")
def _recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of recordings with one call of two legs, a minute long, and its sound."""
    out_dir = tmp_path_factory.mktemp("recorded")
    assert record_call(out_dir, CallScene(60, seed=3)).name == ID
    return out_dir


@pytest.fixture(name="session")
def _session(recorded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The session's folder in the folder of recordings of a working directory of its own."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(recorded, tmp_path / "recordings")
    return tmp_path / "recordings" / ID


def text_of(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """Report as text on the terminal."""
    assert main(["report", *words, "-o", "-"]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    return captured.out


def refusal_of(capsys: pytest.CaptureFixture[str], code: int, *words: str) -> str:
    assert main(["report", *words]) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("callmood: ")
    assert captured.err.count("\n") == 1
    return captured.err


def test_the_page_lies_in_the_session_s_folder_and_is_written_again(
    session: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", "last", "--audio", "none"]) == 0
    page = session / "report.html"
    assert capsys.readouterr().out == f"recordings/{ID}/report.html\n"
    assert page.stat().st_mode & 0o777 == 0o600
    silent = page.read_bytes()
    assert b"audio/ogg" not in silent
    assert main(["report", ID[:12], "--group-readable"]) == 0
    assert b"data:audio/ogg" in page.read_bytes()
    assert ID.encode() in silent


@pytest.mark.parametrize("given", [ID, ID[:10], "last", f"recordings/{ID}", f"recordings/{ID}/journal.jsonl"])
def test_a_session_is_named_in_any_way(session: Path, capsys: pytest.CaptureFixture[str], given: str) -> None:
    assert session.is_dir()
    assert text_of(capsys, given).startswith(f"session {ID}\n")


def test_the_ending_decides_what_is_written(session: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert session.is_dir()
    for name in ("call.png", "CALL.PDF", "call.txt"):
        assert main(["report", "last", "-o", name]) == 0
    assert image.imread("call.png").shape[:2] > (1200, 1700)
    assert Path("CALL.PDF").read_bytes().startswith(b"%PDF-")
    assert capsys.readouterr().out == "call.png\nCALL.PDF\ncall.txt\n"
    assert Path("call.txt").read_text("utf-8") == text_of(capsys, "last")
    error = refusal_of(capsys, UsageError.exit_code, "last", "-o", "call.docx")
    assert ".html, .png, .pdf, .txt" in error
    assert not Path("call.docx").exists()


def test_a_file_elsewhere_is_left_alone_without_force(
    session: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("call.txt").write_text("mine")
    assert "--force" in refusal_of(capsys, OutputError.exit_code, "last", "-o", "call.txt")
    assert Path("call.txt").read_text() == "mine"
    assert main(["report", "last", "-o", "call.txt", "--force"]) == 0
    capsys.readouterr()
    shutil.move(session / "journal.jsonl", "moved.txt")
    error = refusal_of(capsys, OutputError.exit_code, "moved.txt", "-o", "moved.txt", "--force")
    assert "is read here" in error


def test_a_journal_outside_its_folder_has_its_report_beside_it_and_no_sound(
    session: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.move(session / "journal.jsonl", "call.jsonl")
    shutil.rmtree(session)
    assert main(["report", "call.jsonl"]) == 0
    assert b"data:audio/ogg" not in Path("call-report.html").read_bytes()
    capsys.readouterr()
    assert "--force" in refusal_of(capsys, OutputError.exit_code, "call.jsonl")


def test_a_link_in_the_place_of_the_report_is_not_followed(
    session: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("precious").write_text("mine")
    (session / "report.html").symlink_to(Path("precious").resolve())
    refusal_of(capsys, OutputError.exit_code, "last")
    assert Path("precious").read_text() == "mine"


def test_two_sessions_stand_in_one_report_that_has_a_name_of_its_own(
    session: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = record_call(session.parent, CallScene(30, seed=4), with_sound=False)
    assert "name its file with -o" in refusal_of(capsys, UsageError.exit_code, ID, other.name)
    text = text_of(capsys, ID, other.name)
    assert text.index(f"session {ID}") < text.index(f"session {other.name}")
    for name in ("both.html", "both.png"):
        assert main(["report", ID, other.name, "-o", name]) == 0
    page = Path("both.html").read_bytes()
    assert ID.encode() in page
    assert other.name.encode() in page
    capsys.readouterr()
    assert "3" in refusal_of(capsys, UsageError.exit_code, ID, ID, ID)


def test_two_journals_of_different_labels_are_compared_all_the_same(
    session: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [json.loads(line) for line in (session / "journal.jsonl").read_text().splitlines()]
    names = {"angry": "fear", "happy": "joy", "neutral": "calm", "sad": "sad"}
    for line in lines:
        if line["type"] == "header":
            line |= {"labels": list(names.values()), "model": "./mine", "session": "20261124T000000Z-0000"}
        for key in ("probabilities", "smoothed"):
            if line.get(key):
                line[key] = {names[label]: share for label, share in line[key].items()}
        if line.get("emotion"):
            line["emotion"] = names[line["emotion"]]
    Path("other.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    text = text_of(capsys, "last", "other.jsonl")
    assert "A angry, H happy, N neutral, S sad" in text
    assert "F fear, J joy, C calm, S sad" in text
    for name in ("both.html", "both.pdf"):
        assert main(["report", "last", "other.jsonl", "-o", name]) == 0


def test_a_session_that_was_killed_gives_what_its_journal_has(
    session: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal = session / "journal.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[: len(lines) // 2]))
    text = text_of(capsys, "last")
    assert "missing   the session did not end in order" in text
    assert "strongest moments of customer" in text


def test_a_journal_that_was_cut_mid_line_gives_the_lines_that_are_whole(
    session: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal = session / "journal.jsonl"
    journal.write_bytes(journal.read_bytes()[:20_000])
    text = " ".join(text_of(capsys, "last").split())
    assert "1 line of the journal cut or damaged, left out" in text
    assert "strongest moments of customer" in text


def test_a_session_that_is_being_recorded_says_so(session: Path, capsys: pytest.CaptureFixture[str]) -> None:
    journal = session / "journal.jsonl"
    journal.write_bytes(journal.read_bytes().rpartition(b'{"type": "summary"')[0])
    with locked_folder(session) as locked:
        assert locked == "ours"
        assert "the session is being recorded: its journal has no summary" in text_of(capsys, "last")
        assert main(["report", "last"]) == 0


def test_sound_that_was_deleted_costs_the_sound_alone(
    session: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(session / "sound")
    (session / "index.csv").write_text("start,end,file\n")
    assert "missing   its clips were kept and are not there any more" in text_of(capsys, "last")
    for name in ("call.html", "call.png"):
        assert main(["report", "last", "-o", name]) == 0
    assert b"data:audio/ogg" not in Path("call.html").read_bytes()
    assert b"holds no sound: what was kept is gone or cannot be read." in Path("call.html").read_bytes()


def test_clips_and_parts_of_the_sound_that_are_gone_are_counted(
    session: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (session / "clips").mkdir()
    (session / "clips" / "a.wav").write_bytes(b"RIFF")
    lines = [f"customer,{at},{at + 2},clips/{name}.wav" for at, name in enumerate("abc")]
    (session / "index.csv").write_text("\n".join(["leg,start,end,file", *lines, ""]))
    assert "missing   2 of 3 clips are gone\n" in text_of(capsys, "last")
    [whole] = (session / "sound").iterdir()
    whole.rename(whole.with_name("sound_000000160000_continued.wav"))
    text = " ".join(text_of(capsys, "last").split())
    assert "missing 10.0 s of the sound of a call that was made up are gone, from 0:00:00.0 on" in text
    for path in (session / "sound").iterdir():
        path.write_bytes(b"RIFF")
    assert "was kept and cannot be read any more" in " ".join(text_of(capsys, "last").split())


def test_a_damaged_session_json_costs_nothing(session: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (session / "session.json").write_bytes(b"\0" * 100)
    assert "strongest moments of customer" in text_of(capsys, "last")
    assert main(["report", "last"]) == 0
    assert b"data:audio/ogg" in (session / "report.html").read_bytes()


def test_a_session_without_a_journal_says_how_to_make_one(
    session: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (session / "journal.jsonl").unlink()
    error = refusal_of(capsys, JournalError.exit_code, "last")
    assert "has no journal" in error
    assert f"callmood replay {ID} --journal" in error


def test_an_empty_session_and_one_of_levels_alone_are_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    legs = (LegPlan("agent", 0, 0, analysed=False, staff=True), LegPlan("them", 0, 1, analysed=False))
    level_only = record_call(tmp_path / "recordings", CallScene(10, legs, seed=1), with_sound=False)
    empty = record_call(tmp_path / "recordings", CallScene(1, seed=2), with_sound=False)
    journal = empty / "journal.jsonl"
    journal.write_bytes(journal.read_bytes().splitlines(keepends=True)[0])
    text = text_of(capsys, str(level_only))
    assert "agent (staff)  level only" in text
    assert "strongest moments" not in text
    assert "these are the first 0:00:00.0" in " ".join(text_of(capsys, str(empty)).split())
    for session in (level_only, empty):
        for name in ("a.html", "a.png", "a.pdf"):
            assert main(["report", str(session), "-o", name, "--force"]) == 0


def test_a_full_disk_leaves_no_half_file(session: Path) -> None:
    words = command("report", "last", "--audio", "none")
    done = subprocess.run(
        ["bash", "-c", 'ulimit -f 8; exec "$@"', "bash", *words],
        env=environment(),
        cwd=session.parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == OutputError.exit_code
    assert_one_line_of_complaint(done, "File too large")
    assert sorted(path.name for path in session.iterdir()) == ["journal.jsonl", "session.json", "sound"]


HOSTILE = "\x1b[2J</script><img src=x onerror=alert(1)>$\\frac{1}{0}$ 客户 😀 عميل"


@pytest.fixture(name="hostile")
def _hostile(session: Path) -> Path:
    lines = [json.loads(line) for line in (session / "journal.jsonl").read_text().splitlines()]
    for line in lines:
        if "leg" in line and line["leg"] == "customer":
            line["leg"] = HOSTILE
        if line["type"] == "header":
            line["legs"][0]["name"] = line["model"] = line["sources"][0]["name"] = HOSTILE
            line["notes"] = [HOSTILE * 20]
        if line["type"] == "alert":
            line["rule"] = HOSTILE
    (session / "journal.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return session


def test_whatever_a_journal_says_moves_no_cursor_and_breaks_no_picture(
    hostile: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = text_of(capsys, str(hostile))
    assert "\x1b" not in text
    assert "客户" in text
    for name in ("a.png", "a.pdf"):
        assert main(["report", str(hostile), "-o", name]) == 0
    assert np.ptp(image.imread("a.png")) > 0.5
