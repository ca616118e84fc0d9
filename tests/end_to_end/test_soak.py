"""The short form of `make soak`: minutes of sound instead of a day, and the same verdict."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from tests.acceptance.endless_sound import RATE_HZ, EndlessSound
from tests.acceptance.soak import picture, soak_page
from tests.acceptance.soak_run import Reading, SoakPlan, SoakRun, soak
from tests.acceptance.soak_verdict import figures, figures_text, verdict, warm

PLAN = SoakPlan(
    num_samples=300 * RATE_HZ + 4321,
    model="speech-light",
    max_size="3MB",
    every_seconds=0.02,
    warm_seconds=60.0,
)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> SoakRun:
    """Let callmood hear minutes of sound as fast as it can."""
    return soak(PLAN, tmp_path_factory.mktemp("soak"))


def unmet(run: SoakRun) -> list[str]:
    return [each.what for each in verdict(run, PLAN) if not each.is_met]


def test_minutes_of_sound_leave_memory_handles_and_threads_as_they_were_and_lose_nothing(
    run: SoakRun,
) -> None:
    assert not [each for each in verdict(run, PLAN) if not each.is_met]
    assert len(warm(run, PLAN)) > 10
    assert run.num_rows == 597


def more(run: SoakRun, change: Callable[[Reading], Reading]) -> SoakRun:
    """Give the run with the second half of what counts changed."""
    readings = warm(run, PLAN)
    half = len(readings) // 2
    return replace(run, readings=[*readings[:half], *map(change, readings[half:])])


def test_what_grows_is_seen(run: SoakRun) -> None:
    def hold(reading: Reading, **more_of: int) -> Reading:
        held = reading.held
        changed = {name: getattr(held, name) + number for name, number in more_of.items()}
        return replace(reading, held=replace(held, **changed))

    leaks = more(run, lambda each: hold(each, resident_bytes=6_000_000, own_bytes=6_000_000))
    assert unmet(leaks) == [
        "resident memory after the first 1 minutes",
        "own memory after the first 1 minutes",
    ]
    assert unmet(more(run, lambda each: hold(each, num_handles=1))) == ["open handles"]
    assert unmet(more(run, lambda each: hold(each, num_threads=1))) == ["threads"]
    heavy = more(run, lambda each: replace(each, folder_bytes=60_000_000))
    assert unmet(heavy) == ["recordings at most"]
    assert unmet(replace(run, end_bytes=3_100_000)) == ["recordings at the end"]
    assert unmet(replace(run, readings=[])) == ["readings after the first minutes"]


def test_what_is_missing_is_seen(run: SoakRun) -> None:
    assert unmet(replace(run, num_sent=run.num_sent - 1)) == ["samples sent"]
    assert unmet(replace(run, num_kept=run.num_kept - 1)) == ["end of the whole sound, samples"]
    assert unmet(replace(run, num_rows=run.num_rows + 1)) == ["rows"]
    assert unmet(replace(run, num_indexed=run.num_indexed - 1)) == ["clips in index.csv"]
    assert unmet(replace(run, exit_code=1)) == ["exit code"]


def test_the_figures_become_a_page_and_a_picture(run: SoakRun) -> None:
    text = figures_text(figures(run, PLAN, verdict(replace(run, num_kept=0), PLAN)))
    found = json.loads(text)
    assert len({len(curve) for curve in found["points"].values()}) == 1
    assert 10 < len(found["points"]["hours"]) <= 240
    assert found["states"] == dict(sorted(run.journal.states.items()))
    assert "| end of the whole sound, samples | 0 | 4804321 | **not ok** |" in soak_page(found)
    assert soak_page(found).count("| ok |") == len(found["findings"]) - 1
    assert picture(found).startswith(b"\x89PNG")


def test_the_sound_is_made_from_its_seed_and_ends_to_the_sample() -> None:
    def whole(seed: int, num_samples: int) -> "np.ndarray[tuple[int], np.dtype[np.int16]]":
        return np.concatenate(list(EndlessSound(seed).scenes(num_samples)))

    sound = whole(1, 60 * RATE_HZ + 7)
    assert len(sound) == 60 * RATE_HZ + 7
    assert np.array_equal(sound[:RATE_HZ], whole(1, RATE_HZ))
    assert not np.array_equal(sound[:RATE_HZ], whole(2, RATE_HZ))


def test_the_states_come_as_often_as_the_journal_says(run: SoakRun) -> None:
    assert run.journal.summary is not None
    assert Counter(run.journal.summary["states"]) == run.journal.states
