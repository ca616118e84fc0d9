"""What the live session with strangers plays, where it finds it again, and what it reads in the journal."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.live_scene import (
    Kind,
    Places,
    Scene,
    SceneSegment,
    accuracy_words,
    answer_of,
    make_scene,
    place,
    states_without_clip,
)
from benchmarks.live_session import refuse_paths, session_page, session_picture
from benchmarks.unseen_speakers import plan_speakers
from callmood.evaluation.corpora import read_corpora
from callmood.evaluation.streams import STREAM_RATE_HZ
from emotion.arrays import Samples
from emotion.card import LABELS
from emotion.errors import DeviceError, OutputError, UsageError
from emotion.signal import resample
from tests.callmood.evaluation.corpus_maker import make_corpus
from tests.command import Journal
from trainer.dataset import Clip

CLIP = SceneSegment("clip", 4.0, 7.0, 0, "ann", "happy")


def corpus(folder: Path, speakers: str, clips_each: int = 2) -> tuple[Clip, ...]:
    make_corpus(folder, list(speakers), dict.fromkeys(LABELS, clips_each))
    return read_corpora(folder).scored[0].clips


def row(start: float, word: str, **smoothed: float) -> dict[str, Any]:
    emotion = word if word in LABELS else None
    return {
        "window": int(2 * start), "start": start, "end": start + 2, "state": "speech" if emotion else word,
        "emotion": emotion, "lag_seconds": 0.05,
        "smoothed": dict.fromkeys(LABELS, 0.25) | smoothed if emotion or word == "unsure" else None,
    }  # fmt: skip


def noise_scene() -> Scene:
    rng = np.random.default_rng(0)
    kinds: list[Kind] = ["silence", "clip", "room", "clip", "noise", "silence"]
    parts = [rng.standard_normal(STREAM_RATE_HZ) * (kind in {"clip", "noise"}) * 0.1 for kind in kinds]
    segments = [
        SceneSegment(kind, float(second), second + 1.0, 0, "ann", "sad" if kind == "clip" else None)
        for second, kind in enumerate(kinds)
    ]
    return Scene(np.concatenate(parts).astype(np.float32), tuple(segments))


def test_strangers_have_their_clips_of_every_emotion_once_and_are_drawn_by_the_seed(tmp_path: Path) -> None:
    clips = (*corpus(tmp_path / "tones", "abcdefg", 3), *corpus(tmp_path / "few", "x", 1))
    plans = plan_speakers(clips, seed=1)
    assert plans == plan_speakers(clips[::-1], seed=1) != plan_speakers(clips, seed=2)
    assert len({plan.speaker for plan in plans} - {"x"}) == 5
    for plan in plans:
        assert sorted(clip.emotion for clip in plan.clips) == sorted([*LABELS, *LABELS])
        assert len(set(plan.clips)) == 8
        assert {clip.speaker for clip in plan.clips} == {plan.speaker}


def test_a_corpus_of_too_few_speakers_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="only 4 speakers"):
        plan_speakers(corpus(tmp_path / "tones", "abcd"), seed=0)


def test_a_scene_has_no_holes_and_noise_and_silence_between_strangers(tmp_path: Path) -> None:
    plans = plan_speakers(corpus(tmp_path / "tones", "ab"), 0, num_speakers=2)
    scene = make_scene(plans, seed=0)
    parts = scene.segments
    assert (parts[0].start, round(parts[-1].end * STREAM_RATE_HZ)) == (0.0, len(scene.samples))
    assert [part.end for part in parts[:-1]] == [part.start for part in parts[1:]]
    stranger = ["room", *["clip", "room"] * 8]
    assert [part.kind for part in parts] == ["silence", *stranger, "noise", "silence", *stranger, "silence"]
    assert [part.emotion for part in parts if part.kind == "clip"] == [
        clip.emotion for plan in plans for clip in plan.clips
    ]
    for part in parts:
        heard = scene.samples[round(part.start * STREAM_RATE_HZ) : round(part.end * STREAM_RATE_HZ)]
        assert (not heard.any()) == (part.kind == "silence")
    assert np.abs(scene.samples).max() <= 0.9 + 1e-6
    np.testing.assert_array_equal(scene.samples, make_scene(plans, seed=0).samples)


def late(scene: Scene, seconds: float, halt_seconds: float = 0.0) -> Samples:
    """The scene later, at another rate and back, with a halt in its first room."""
    waits = [np.zeros(round(wait * STREAM_RATE_HZ), np.float32) for wait in (seconds, halt_seconds)]
    middle = round(2.5 * STREAM_RATE_HZ)
    heard = np.concatenate([waits[0], scene.samples[:middle], waits[1], scene.samples[middle:]])
    return resample(resample(heard * np.float32(0.3), STREAM_RATE_HZ, 44_100), 44_100, STREAM_RATE_HZ)


def test_parts_are_found_where_they_were_heard_also_after_a_halt() -> None:
    places = place(noise_scene(), late(noise_scene(), 0.7, 0.2), 7.5)
    assert [part.start for part in places.segments] == pytest.approx(
        [0, 1.7, 2.7, 3.9, 4.9, 5.9], abs=2 / STREAM_RATE_HZ
    )
    assert places.segments[-1].end == 7.5
    assert [part.end for part in places.segments[:-1]] == [part.start for part in places.segments[1:]]
    assert (places.delay_seconds, places.shift_seconds) == pytest.approx((0.7, 0.2), abs=2 / STREAM_RATE_HZ)
    assert places.least_similarity > 0.95


def test_half_a_sample_late_is_the_same_sound() -> None:
    sound = late(noise_scene(), 0.7)
    turns = np.exp(-1j * np.pi * np.fft.rfftfreq(len(sound)))
    heard = np.fft.irfft(np.fft.rfft(sound) * turns, n=len(sound)).astype(np.float32)
    places = place(noise_scene(), heard, 7.5)
    assert places.delay_seconds == pytest.approx(0.7, abs=2 / STREAM_RATE_HZ)
    assert places.least_similarity > 0.95


def test_another_sound_is_not_taken_for_the_scene() -> None:
    other = np.random.default_rng(1).standard_normal(8 * STREAM_RATE_HZ).astype(np.float32)
    for heard in (other, other[:100]):
        with pytest.raises(DeviceError, match=r"the clip at 1\.0 s"):
            place(noise_scene(), heard, 8.0)


def test_a_clip_is_answered_by_most_of_its_windows() -> None:
    rows = [row(2.5, "sad"), row(3.5, "happy"), row(4.0, "unsure"), row(4.5, "happy"), row(5.5, "angry")]
    answer = answer_of(CLIP, rows)
    assert (answer.answer, answer.num_said, answer.num_windows, answer.right) == ("happy", 2, 4, True)
    # Two a side: the probabilities decide. No emotion: the state. No window inside: the nearest.
    assert answer_of(CLIP, [row(4.0, "sad", sad=0.4), row(4.5, "happy", happy=0.6)]).answer == "happy"
    assert answer_of(CLIP, [row(4.0, "noise"), row(4.5, "unsure"), row(5.0, "unsure")]).answer == "unsure"
    assert answer_of(replace(CLIP, end=4.5), rows).num_windows == 1


def test_windows_without_a_clip_are_told_apart_by_what_they_hold() -> None:
    kinds: list[tuple[Kind, float]] = [("silence", 3), ("room", 4), ("clip", 7), ("room", 8), ("noise", 11)]
    starts = [0.0, *(end for _, end in kinds)]
    parts = [
        SceneSegment(kind, start, end, 0, "ann") for (kind, end), start in zip(kinds, starts, strict=False)
    ]
    rows = [row(2, "silence"), row(2.5, "happy"), row(6, "happy"), row(7.5, "noise"), row(8, "sad")]
    counts = states_without_clip(parts, rows)
    assert counts == {
        "noise only": {"speech": 1},
        "quiet only": {"silence": 1},
        "noise and quiet": {"noise": 1},
    }


@pytest.mark.parametrize("others", ["", "nemo, ased"])
def test_page_and_picture_are_made_of_any_session(others: str) -> None:
    parts = (replace(CLIP, kind="silence", start=0.0, end=4.0, emotion=None), CLIP)
    rows = [row(0, "silence"), row(2.5, "noise"), row(4, "happy"), row(4.5, "unsure"), row(5.25, "clipped")]
    summary = dict.fromkeys(("gaps", "overruns", "dropped_seconds", "real_time_factor"), 0.0)
    header = {"model": "strangers", "win_seconds": 2.0, "started": "2026-11-25T10:00:00+00:00"}
    journal = Journal(header, rows, [], summary | {"seconds": 7.0, "windows": 5, "states": {"speech": 1}})
    answers = [answer_of(CLIP, rows)]
    facts = {"corpus": "emodb", "licence": "CC0", "seed": "0", "others": others}
    page = session_page(journal, Places(parts, 0.0, 0.0, 1.0), answers, facts)
    assert "| ann | 4.0 | 7.0 | happy | happy (1 of 3) |  |" in page
    assert ("was left out" in page) == bool(others)
    assert accuracy_words(answers) == "1 of 1 clips (100 %)"
    picture = session_picture(answers, parts, rows, ("title", "subtitle"))
    assert picture.startswith(b"\x89PNG")
    assert picture == session_picture(answers, parts, rows, ("title", "subtitle"))


def test_a_journal_that_names_a_place_of_the_machine_is_not_shown() -> None:
    refuse_paths('{"files": ["recordings/x/"]}', [Path("/home/ann"), Path("/")])
    with pytest.raises(OutputError, match="/home/ann"):
        refuse_paths('{"files": ["/home/ann/x/"]}', [Path("/home/ann")])
