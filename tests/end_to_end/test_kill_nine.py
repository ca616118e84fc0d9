"""kill -9 at random moments: `make kill-nine` does a hundred, here are a few."""

import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from tests.acceptance.kill_nine import Outcome, outcome_of, summary
from tests.acceptance.killed_session import (
    JOURNAL,
    KINDS,
    RECORDINGS,
    Killed,
    Kind,
    look_at_remains,
    plan_kill,
    run_and_kill,
)

SOME: tuple[Kind, ...] = ("two legs", "tidied", "opening", "stopping")
SEED = 9


@pytest.fixture(scope="module")
def speaking(tmp_path_factory: pytest.TempPathFactory) -> tuple[Killed, Path]:
    """Kill a session when some windows have been heard."""
    folder = tmp_path_factory.mktemp("speaking")
    return run_and_kill(replace(plan_kill(0, SEED, "speaking"), seconds=3.2), folder), folder


def test_whatever_it_was_doing_what_it_leaves_is_whole(tmp_path: Path) -> None:
    def one(kind: Kind) -> Outcome:
        folder = tmp_path / kind
        folder.mkdir()
        return outcome_of(plan_kill(SOME.index(kind), SEED, kind), folder)

    with ThreadPoolExecutor(len(SOME)) as pool:
        outcomes = list(pool.map(one, SOME))
    assert not [(each.killed.kill, each.remains.faults) for each in outcomes if each.remains.faults]
    assert summary(outcomes)[-1] == f"{len(SOME)} kills: {len(SOME)} without a fault, 0 with"


def test_of_a_session_at_the_speed_of_speech_less_than_a_second_is_lost(
    speaking: tuple[Killed, Path],
) -> None:
    killed, folder = speaking
    remains = look_at_remains(killed, folder)
    assert not remains.faults
    assert remains.session is not None
    assert remains.end_sample is not None
    assert killed.num_sent - 16_000 <= remains.end_sample <= killed.num_sent
    assert not killed.ended_first
    assert remains.num_rows >= 1


def test_what_is_not_whole_is_seen(speaking: tuple[Killed, Path], tmp_path: Path) -> None:
    killed, whole = speaking

    def faults() -> str:
        return "; ".join(look_at_remains(killed, folder).faults)

    folder = tmp_path / "copy"

    def afresh() -> Path:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(whole, folder)
        [session] = (folder / RECORDINGS).iterdir()
        return session

    [clip, *_] = sorted(afresh().glob("clips/*/*.wav"))
    clip.write_bytes(clip.read_bytes()[:-2])
    assert re.search(r"_speech|_\w+\.wav is not what was sent", faults())
    [clip, *_] = sorted(afresh().glob("clips/*/*.wav"))
    clip.write_bytes(b"")
    assert "cannot be opened" in faults()
    [clip, *_] = sorted(afresh().glob("clips/*/*.wav"))
    clip.unlink()
    assert "of the index, not there" in faults()
    index = afresh() / "index.csv"
    index.write_text("".join(index.read_text().splitlines(keepends=True)[:-1]))
    assert "rows of speech" in faults()
    [sound] = afresh().glob("sound/*.wav")
    sound.write_bytes(sound.read_bytes()[:-64_000])
    assert "a row ends at" in faults()
    journal = afresh().parents[1] / JOURNAL
    journal.write_bytes(journal.read_bytes().replace(b'"row"', b'"row', 1))
    assert "is no JSON" in faults()
    (afresh() / "session.json").unlink()
    assert "no session.json, but" in faults()


def test_the_same_seed_draws_the_same_moments() -> None:
    kills = [plan_kill(number, SEED) for number in range(2 * len(KINDS))]
    assert kills == [plan_kill(number, SEED) for number in range(2 * len(KINDS))]
    assert len({kill.seconds for kill in kills}) == len(kills)
    assert [kill.kind for kill in kills] == 2 * list(KINDS)
