"""`--keep-journals`: the journal stays when the rest of a session goes, and goes later."""

import time
from pathlib import Path

import pytest

from emotion.errors import UsageError
from streamer.recordings.retention import RetentionLimits
from tests.recorded_material import DAY, MIDDLE, NEW, OLD, age, record, removed, sessions, size, tidy

LINES = b'{"type": "header"}\n' * 50


def whole_session(out_dir: Path, session: str, *, days_ago: float = 0.0) -> Path:
    """Record a session with a file of each kind."""
    folder = record(out_dir, session)
    (folder / "journal.jsonl").write_bytes(LINES)
    (folder / "spectrogram.png").write_bytes(bytes(100))
    (folder / "moments" / "2026-11-21T02").mkdir(parents=True)
    (folder / "moments" / "2026-11-21T02" / "02-59-59.250_mono_0000001_angry.wav").write_bytes(bytes(100))
    (folder / "moments.csv").write_text("start,end\n")
    age(folder, days_ago)
    (folder / "report.html").write_bytes(bytes(100))
    (folder / "report.png").write_bytes(bytes(100))
    return folder


def limits(
    keep: str | None = None, max_size: str | None = None, journals: str | None = None
) -> RetentionLimits:
    parsed = RetentionLimits.parse(keep, max_size, journals)
    assert parsed is not None
    return parsed


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_without_it_all_of_a_session_goes_together(tmp_path: Path) -> None:
    whole_session(tmp_path, OLD, days_ago=8)
    assert not tidy(tmp_path, limits("7d")).complaints
    assert sessions(tmp_path) == []
    (line,) = removed(tmp_path)
    assert (line["files"], line["whole"], line["why"]) == (14, True, "older than 7d")


def test_the_journal_stays_when_the_rest_goes_by_age(tmp_path: Path) -> None:
    folder = whole_session(tmp_path, OLD, days_ago=8)
    before = {name: (folder / name).read_bytes() for name in ("journal.jsonl", "session.json")}
    kept = limits("7d", journals="180d")
    for _ in range(2):
        result = tidy(tmp_path, kept)
        assert (result.complaints, result.num_bytes) == ([], 0)
    assert names(folder) == ["journal.jsonl", "session.json"]
    assert {name: (folder / name).read_bytes() for name in before} == before
    (line,) = removed(tmp_path)
    assert (line["session"], line["files"], line["whole"], line["why"]) == (OLD, 12, False, "older than 7d")


def test_the_journal_goes_when_its_own_time_is_over(tmp_path: Path) -> None:
    whole_session(tmp_path, OLD, days_ago=8)
    kept = limits("7d", journals="180d")
    tidy(tmp_path, kept)
    tidy(tmp_path, kept, now=time.time() + 171 * DAY)
    assert sessions(tmp_path) == [OLD]
    tidy(tmp_path, kept, now=time.time() + 173 * DAY)
    assert sessions(tmp_path) == []
    assert [(line["files"], line["whole"], line["why"]) for line in removed(tmp_path)] == [
        (12, False, "older than 7d"),
        (2, True, "journal older than 180d"),
    ]


def test_what_is_older_than_both_goes_at_once(tmp_path: Path) -> None:
    whole_session(tmp_path, OLD, days_ago=200)
    tidy(tmp_path, limits("7d", journals="180d"))
    assert sessions(tmp_path) == []
    assert [line["whole"] for line in removed(tmp_path)] == [True]


def test_journals_take_no_room_from_the_sound(tmp_path: Path) -> None:
    folders = [
        whole_session(tmp_path, session, days_ago=days) for session, days in ((OLD, 3), (MIDDLE, 2), (NEW, 1))
    ]
    for folder in folders:
        (folder / "journal.jsonl").write_bytes(bytes(100_000))
        age(folder, 3 - folders.index(folder))
    sound_bytes = sum(
        path.stat().st_size
        for folder in folders[1:]
        for path in folder.rglob("*")
        if path.is_file() and path.name not in {"journal.jsonl", "session.json"}
    )
    kept = RetentionLimits(None, sound_bytes, journal_seconds=180 * DAY, journal_text="180d")
    result = tidy(tmp_path, kept)
    assert result.num_bytes == sound_bytes
    assert sessions(tmp_path) == [OLD, MIDDLE, NEW]
    assert names(folders[0]) == ["journal.jsonl", "session.json"]
    assert size(folders[1]) > 100_000 + sound_bytes / 3


def test_alone_it_removes_journals_of_sessions_that_have_nothing_else(tmp_path: Path) -> None:
    whole_session(tmp_path, OLD, days_ago=200)
    for path in sorted(whole_session(tmp_path, MIDDLE, days_ago=200).rglob("*"), reverse=True):
        if path.is_dir():
            path.rmdir()
        elif path.name not in {"journal.jsonl", "session.json"}:
            path.unlink()
    tidy(tmp_path, limits(journals="180d"))
    assert sessions(tmp_path) == [OLD]


def test_a_session_without_a_journal_goes_whole(tmp_path: Path) -> None:
    record(tmp_path, OLD, days_ago=8)
    tidy(tmp_path, limits("7d", journals="180d"))
    assert sessions(tmp_path) == []


def test_a_foreign_file_stays_with_the_journal(tmp_path: Path) -> None:
    folder = whole_session(tmp_path, OLD, days_ago=8)
    (folder / "clips" / "mine.txt").write_text("mine")
    tidy(tmp_path, limits("7d", journals="180d"))
    assert names(folder) == ["clips", "journal.jsonl", "session.json"]


def test_a_report_that_is_made_later_makes_a_session_no_younger(tmp_path: Path) -> None:
    folder = whole_session(tmp_path, OLD, days_ago=8)
    (folder / "report.pdf").write_bytes(bytes(10))
    tidy(tmp_path, limits("7d"))
    assert sessions(tmp_path) == []


def test_the_journal_of_a_running_session_stays_while_old_sound_goes(tmp_path: Path) -> None:
    folder = whole_session(tmp_path, OLD, days_ago=8)
    tidy(tmp_path, limits("7d"), own=OLD)
    left = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert {"journal.jsonl", "session.json", "index.csv", "moments.csv"} <= left
    assert not [name for name in left if name.startswith(("clips/", "moments/"))]


@pytest.mark.parametrize("text", ["", "180", "1y", "-1d", "0d"])
def test_an_age_has_its_unit(text: str) -> None:
    with pytest.raises(UsageError, match=r"--keep-journals is .*; give an age with its unit"):
        RetentionLimits.parse(None, None, text)


def test_journals_are_kept_no_shorter_than_the_sound() -> None:
    with pytest.raises(UsageError, match="--keep-journals 6d is shorter than --keep 1w"):
        RetentionLimits.parse("1w", None, "6d")
    assert limits("1w", journals="7d").journal_seconds == 7 * DAY
