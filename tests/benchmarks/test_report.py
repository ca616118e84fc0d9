"""What the page says of models, and what they are held to."""

import pytest

from benchmarks.capacity import CallCapacity, Calls, Crowd
from benchmarks.feature_costs import WINS_SECONDS, SetCosts
from benchmarks.machine import this_machine
from benchmarks.measurement import Measurement
from benchmarks.model_costs import HEADLINE_RATE, EncoderCosts, ModelCosts
from benchmarks.report import at_a_glance, figures, markdown
from benchmarks.timing import Ratio
from benchmarks.whole_step import leg_name
from streamer.sources.file import BLOCK_SECONDS

MODELS = {"speech": "speech", "speech-light": "acoustic", "speech-classic": "classic-speech"}
CALLS = CallCapacity(Calls(12, 0.02, 0.2, 0.3, 0.0, 0.6), Calls(24, 0.4, 2.0, 3.0, 0.01, 1.0))
RATIO = Ratio(2.0, 1.5, 2.5, 1.0, 3.0)


@pytest.fixture(scope="module")
def measurement() -> Measurement:
    """A run in which every ratio of sets is 2, and the encoder costs 300 ms."""
    classic = SetCosts(
        *("classic", 1, 657, 22_050, 2048, 512, 2048, "librosa"),
        step_ms=dict.fromkeys(WINS_SECONDS, 0.3),
        peer_ms=dict.fromkeys(WINS_SECONDS, 0.6),
        against_peer=dict.fromkeys(WINS_SECONDS, RATIO),
        fft_ms=0.1,
        against_fft=RATIO,
        against_fft_among_all=RATIO,
        against_fft_alone=RATIO,
        win5_vs_win1=RATIO,
    )
    step = leg_name(HEADLINE_RATE, BLOCK_SECONDS)
    models = [
        ModelCosts(name, chosen, 2.0, 0.1, {step: 7.5}, 300_000, Crowd(50, 0.8, 1.0), CALLS)
        for name, chosen in MODELS.items()
    ]
    encoders = [
        EncoderCosts(name, 2.0, 8.0, 300.0, Ratio(37.5 + place, 30.0, 40.0, 20.0, 50.0))
        for place, name in enumerate(MODELS)
    ]
    return Measurement("2025-01-31", 200, this_machine(), (classic,), tuple(models), tuple(encoders))


def test_steps_are_held_to_their_targets(measurement: Measurement) -> None:
    targets = {line.what: line.target for line in at_a_glance(measurement) if "block to row" in line.what}
    assert targets == {
        "whole step, block to row, model `speech` on `speech`": "at most 12 ms",
        "whole step, block to row, model `speech-light` on `acoustic`": "at most 1 ms",
        "whole step, block to row, model `speech-classic` on `classic-speech`": "",
    }


def test_the_default_model_is_held_against_the_encoder(measurement: Measurement) -> None:
    lines = {line.what: line.figure for line in at_a_glance(measurement) if "wav2vec2" in line.what}
    assert lines == {
        "bare wav2vec2-base, 2 s of sound": "300 ms",
        "whole step of `speech` against bare wav2vec2-base, 2 s of sound": "37.5 x cheaper",
    }


def test_every_model_stands_beside_the_encoder(measurement: Measurement) -> None:
    page = markdown(measurement)
    for place, name in enumerate(MODELS):
        row = f"| `{name}` | 2 s | 8.000 | 300.0 | {37.5 + place} | 30.00 to 40.00 (20.00 to 50.00) |"
        assert row in page.splitlines()
    assert "include the voice baseline" in page


def test_figures_for_programs_have_them_too(measurement: Measurement) -> None:
    found = figures(measurement)
    assert found["step_vs_wav2vec2"] == {"speech": 37.5, "speech-light": 38.5, "speech-classic": 39.5}
    assert set(found["wav2vec2_ms"].values()) == {300.0}
    assert [each["name"] for each in found["encoders"]] == list(MODELS)


def test_what_runs_the_networks_is_named_with_its_version(measurement: Measurement) -> None:
    assert "onnxruntime" in measurement.machine.libraries
    assert f"onnxruntime {measurement.machine.libraries['onnxruntime']}" in markdown(measurement)
