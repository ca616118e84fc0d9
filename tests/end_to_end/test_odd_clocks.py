"""Time zones and years that no date can tell: sessions are recorded, listed and forgotten all the same."""

import json
import re
from pathlib import Path

import pytest

from tests.command import callmood, read_journal
from tests.fed import Fed
from tests.spoken import DEMO

LISTED = re.compile(r"(?P<session>\d{8}T\d{6}Z-[0-9a-f]{4})  (?P<started>\d{4}-\d\d-\d\d \d\d:\d\d)  .*")


def faked(clock: str, *, steady: bool = True) -> dict[str, str]:
    """Give the environment in which it is so late; `steady` leaves the clock alone that nobody can set."""
    libraries = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    assert libraries, "type: apt-get install faketime"
    return {
        "LD_PRELOAD": str(libraries[0]),
        "FAKETIME": f"@{clock}",
        "FAKETIME_DONT_FAKE_MONOTONIC": str(int(steady)),
    }


@pytest.mark.parametrize(
    ("clock", "started"),
    [
        ({"TZ": "XXX-25"}, r"20\d\d-.*\+00:00"),
        (faked("2400-01-01 12:00:00") | {"TZ": "XXX-14"}, r"2400-01-01T12:0\d:.*\+14:00"),
        (faked("9999-12-31 23:59:50"), r"9999-12-30T23:59:59.999.*"),
    ],
    ids=["XXX-25", "2400", "9999"],
)
def test_a_session_of_an_odd_clock(tmp_path: Path, clock: dict[str, str], started: str) -> None:
    env = clock | {"CALLMOOD_VOICES": str(tmp_path / "voices")}
    kept = ("--journal", "j.jsonl", "--record", "speech", "--record-session", "--keep", "7d")
    with Fed(tmp_path, "--voice", "anna", *kept, env=env) as session:
        session.feed(4)
        assert (session.end(), session.stderr) == (0, "")
    header = read_journal(tmp_path / "j.jsonl").header
    assert re.fullmatch(started, header["started"])
    [line, _kept] = callmood("sessions", cwd=tmp_path, env=env).stdout.splitlines()[1:]
    listed = LISTED.fullmatch(line)
    assert listed
    assert listed["session"] == header["session"]
    assert listed["started"] == header["started"].replace("T", " ")[:16]
    assert list(tmp_path.glob("recordings/*/clips/*/*.wav")), "what was saved just now is not too old"
    assert callmood("voices", cwd=tmp_path, env=env).stdout.splitlines()[1].startswith("anna ")
    forgotten = callmood("forget", header["session"], "anna", "--yes", cwd=tmp_path, env=env)
    assert (forgotten.returncode, forgotten.stderr) == (0, "")
    assert [path.name for path in tmp_path.glob("recordings/*")] == ["removed.log"]
    [gone] = (tmp_path / "recordings" / "removed.log").read_text(encoding="utf-8").splitlines()
    assert json.loads(gone)["why"] == "forgotten"


def test_what_python_cannot_tell_is_said_in_one_line(tmp_path: Path) -> None:
    env = faked("2400-01-01 00:00:00", steady=False)
    done = callmood("replay", DEMO, "--fast", "--plain", "--model", "speech-light", cwd=tmp_path, env=env)
    assert done.returncode == 1
    assert re.fullmatch(
        r"callmood: the clock says 2400-01-01, and what this command needs takes no date after 2262-04-11 "
        r"\(.*\); set the clock\n",
        done.stderr,
    )
