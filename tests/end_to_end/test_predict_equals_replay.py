"""`callmood predict` says of a recording what `callmood replay` says of its windows, by the real commands."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.command import callmood
from tests.spoken import DEMO, SAMPLE_RATE


@pytest.mark.parametrize("model", ["speech", "speech-light", "speech-classic"])
def test_predict_is_the_mean_of_the_rows_of_a_replay(model: str, tmp_path: Path) -> None:
    replayed = callmood("replay", DEMO, "--fast", "--json", "--no-baseline", "--model", model, cwd=tmp_path)
    assert replayed.returncode == 0, replayed.stderr
    _, *lines, summary = map(json.loads, replayed.stdout.splitlines())
    said = [list(line["probabilities"].values()) for line in lines if line["probabilities"]]
    predicted = callmood("predict", DEMO, "--json", "--model", model, cwd=tmp_path)
    assert predicted.returncode == 0, predicted.stderr
    [facts] = json.loads(predicted.stdout)
    assert facts["states"] == summary["states"]
    assert facts["windows"] == summary["windows"] == len(lines) > 40
    assert facts["silent_windows"] == summary["states"]["silence"]
    np.testing.assert_array_equal(list(facts["probabilities"].values()), np.mean(said, axis=0))


def test_predict_answers_for_each_leg_of_a_stereo_call_as_replay_does(tmp_path: Path) -> None:
    speech = soundfile.read(DEMO, dtype="float32")[0]
    sides = np.stack([speech, np.roll(speech, 10 * SAMPLE_RATE)], axis=1)
    soundfile.write(tmp_path / "call.wav", sides, SAMPLE_RATE)
    replayed = callmood("replay", "call.wav", "--fast", "--json", "--no-baseline", cwd=tmp_path)
    assert replayed.returncode == 0, replayed.stderr
    _, *lines, summary = map(json.loads, replayed.stdout.splitlines())
    predicted = callmood("predict", "call.wav", "--json", cwd=tmp_path)
    assert predicted.returncode == 0, predicted.stderr
    answers = json.loads(predicted.stdout)
    assert [(answer["file"], answer["leg"]) for answer in answers] == [
        ("call.wav", "left"),
        ("call.wav", "right"),
    ]
    for answer in answers:
        own = [line for line in lines if line["leg"] == answer["leg"]]
        said = [list(line["probabilities"].values()) for line in own if line["probabilities"]]
        np.testing.assert_array_equal(list(answer["probabilities"].values()), np.mean(said, axis=0))
        assert answer["windows"] == len(own) == summary["legs"][answer["leg"]]["windows"]
