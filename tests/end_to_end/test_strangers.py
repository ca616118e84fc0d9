"""Twenty clips of speakers that a model has not seen, joined with pauses."""

from pathlib import Path
from typing import cast

import numpy as np
import pytest
import soundfile

from emotion.model import find_model
from tests.command import Journal, callmood, read_journal
from tests.spoken import SAMPLE_RATE, clip, joined, strangers_clips

MODELS = ("speech-classic", "speech")
"""A gate that knows loudness, and one that listens for voices; no figure is taken of how right they are."""

TESTED = "speech-classic"
"""Its card names the speakers that were kept for its test."""

NUM_CLIPS = 20
PAUSES = tuple(3.0 if index % 5 == 0 else 0.8 for index in range(NUM_CLIPS + 1))
"""Every fifth pause is longer than a window, so that whole windows hold nothing."""

WIN, STEP = 2 * SAMPLE_RATE, SAMPLE_RATE // 2


class Scene:
    """The recording, where its clips lie, and the journal of its replay."""

    def __init__(self, model: str, num_samples: int, spans: list[tuple[int, int]], journal: Journal) -> None:
        self.model = model
        self.num_samples = num_samples
        self.spans = spans
        self.journal = journal

    def share_of_clips(self, start: float, end: float) -> float:
        """Give the share of a stretch of time that lies in clips."""
        first, last = start * SAMPLE_RATE, end * SAMPLE_RATE
        inside = sum(max(0.0, min(b, last) - max(a, first)) for a, b in self.spans)
        return inside / (last - first)


@pytest.fixture(scope="module", params=MODELS)
def scene(corpora: Path, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Scene:
    """Twenty strangers' clips, replayed."""
    folder = tmp_path_factory.mktemp("strangers")
    speakers = cast("list[str]", find_model(TESTED).card.scores["test_speakers"])
    chosen = strangers_clips(corpora, speakers, NUM_CLIPS)
    samples, spans = joined([clip(path) for path, _ in chosen], pause_seconds=PAUSES)
    soundfile.write(folder / "scene.wav", samples, SAMPLE_RATE, subtype="PCM_16")
    options = "--fast", "--model", request.param, "--journal", "scene.jsonl"
    done = callmood("replay", "scene.wav", *options, cwd=folder)
    assert done.returncode == 0, done.stderr
    return Scene(request.param, len(samples), spans, read_journal(folder / "scene.jsonl"))


def test_the_number_of_rows_is_exact(scene: Scene) -> None:
    assert len(scene.journal.rows) == (scene.num_samples - WIN) // STEP + 1
    assert [row["window"] for row in scene.journal.rows] == list(range(len(scene.journal.rows)))


def test_silence_is_silence(scene: Scene) -> None:
    quiet = [row for row in scene.journal.rows if scene.share_of_clips(row["start"], row["end"]) == 0]
    assert len(quiet) >= 5
    assert {row["state"] for row in quiet} == {"silence"}
    assert {row["emotion"] for row in quiet} == {None}


def test_speech_is_speech(scene: Scene) -> None:
    full = [row for row in scene.journal.rows if scene.share_of_clips(row["start"], row["end"]) > 0.8]
    assert len(full) >= 20
    heard = {"speech-classic": ("speech",), "speech": ("speech", "unsure")}[scene.model]
    assert np.mean([row["state"] in heard for row in full]) > 0.95


def test_probabilities_are_probabilities(scene: Scene) -> None:
    for row in scene.journal.in_speech():
        for values in (row["probabilities"], row["smoothed"]):
            assert sum(values.values()) == pytest.approx(1.0)
        assert row["emotion"] == max(row["smoothed"], key=row["smoothed"].__getitem__)
