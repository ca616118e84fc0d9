"""`callmood predict` says of a recording what `callmood replay` says of its windows, by the real commands."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.command import callmood
from tests.spoken import DEMO


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
