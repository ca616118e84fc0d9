"""Rows do not depend on how the sound is cut, cross no gap, have exact times; classifier and smoothing."""

import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emotion.arrays import Samples, read_only
from emotion.card import LABELS
from emotion.model import EmotionModel, load_model
from emotion.window_grid import WindowGrid
from streamer.analysis.leg import Classification, Classifier, ClassifierOptions, Leg
from streamer.analysis.windows import GatedWindow
from streamer.events import AudioBlock, Gap, LegOutput, Row, State
from tests.model_maker import tone_of
from tests.offline_rows import rows_of, without_lag
from tests.strategies import cuts, sound
from tests.voice_model import make_voice_model

GRID = WindowGrid.from_seconds(0.5, 0.2, 16_000)
"""Win is no multiple of step, so that the first piece is shorter than the others."""

RATES = (8_000, 11_025, 16_000, 44_100, 48_000, 96_000)


def block(samples: Samples, first_sample: int, *, overrun: bool = False) -> AudioBlock:
    return AudioBlock(read_only(samples.copy()), first_sample, time.monotonic(), overrun=overrun)


def scene(rate: int, seconds: float, seed: int, channels: int = 1) -> Samples:
    """Give a voice-like tone with pauses over a little noise: speech and silence both occur."""
    rng = np.random.default_rng(seed)
    voice = tone_of("angry", seed, rate, seconds)
    voice *= sound("pauses", len(voice), 1.0, seed) != 0
    mono = voice + 0.001 * rng.standard_normal(len(voice)).astype(np.float32)
    gains = np.linspace(1.0, 0.5, channels, dtype=np.float32)
    return (mono[:, np.newaxis] * gains).astype(np.float32)


def rows_in(events: Sequence[LegOutput]) -> list[Row]:
    return [event for event in events if isinstance(event, Row)]


def rows_of_block(leg: Leg, one: AudioBlock) -> list[Row]:
    return rows_in(leg.rows(leg.windows.push(one)))


@settings(max_examples=min(60, settings().max_examples))
@given(st.data())
def test_rows_are_those_of_the_whole_signal_however_it_is_cut(
    tiny_model: EmotionModel, data: st.DataObject
) -> None:
    rate = data.draw(st.sampled_from(RATES))
    channels = data.draw(st.sampled_from((1, 2, 6)))
    origin = data.draw(st.integers(0, 10**9))
    samples = scene(rate, data.draw(st.floats(0.3, 2.0)), data.draw(st.integers(0, 99)), channels)
    leg = Leg("mono", tiny_model, GRID, rate)
    events: list[LegOutput] = []
    for cut in data.draw(cuts(len(samples))):
        events += leg.rows(leg.windows.push(block(samples[cut], origin + cut.start)))
    events += leg.rows(leg.windows.finish())
    assert without_lag(events) == rows_of([(origin, samples)], tiny_model, GRID, rate)


@settings(max_examples=min(40, settings().max_examples))
@given(st.data())
def test_each_segment_between_gaps_is_analysed_by_itself(
    tiny_model: EmotionModel, data: st.DataObject
) -> None:
    rate = data.draw(st.sampled_from((8_000, 16_000, 44_100)))
    leg = Leg("mono", tiny_model, GRID, rate)
    segments: list[tuple[int, Samples]] = []
    events: list[LegOutput] = []
    gaps: list[tuple[int, int]] = []
    position = data.draw(st.integers(0, 1000))
    for index in range(data.draw(st.integers(2, 4))):
        samples = scene(rate, data.draw(st.floats(0.1, 1.2)), 10 + index)
        if segments:
            lost = data.draw(st.integers(1, 3 * rate))
            gaps.append((position, position + lost))
            position += lost
        segments.append((position, samples))
        for cut in data.draw(cuts(len(samples), max_cuts=4)):
            if cut.start < cut.stop:
                events += leg.rows(leg.windows.push(block(samples[cut], position + cut.start)))
        position += len(samples)
    events += leg.rows(leg.windows.finish())
    assert without_lag(rows_in(events)) == rows_of(segments, tiny_model, GRID, rate)
    given_gaps = [event for event in events if isinstance(event, Gap)]
    assert [(gap.start_sample, gap.end_sample) for gap in given_gaps] == gaps
    assert [(gap.start, gap.end) for gap in given_gaps] == [(a / rate, b / rate) for a, b in gaps]
    for event in rows_in(events):
        for gap in given_gaps:
            assert event.end_sample <= gap.start_sample or event.start_sample >= gap.end_sample


def test_rows_before_a_gap_come_before_it_and_rows_after_it_after(tiny_model: EmotionModel) -> None:
    leg = Leg("mono", tiny_model, GRID, 44_100)
    samples = scene(44_100, 0.9, 1)
    assert len(rows_of_block(leg, block(samples, 0))) == 2, "the third ends with the last sample"
    after = block(samples, 88_200)
    before = leg.rows(leg.windows.gap_before(after))
    assert isinstance(before[-1], Gap)
    assert len(before) == 2, "the window that the resampler held back is still given"
    assert rows_in(before)[0].end_sample == len(samples)
    assert leg.rows(leg.windows.gap_before(after)) == [], "a gap is given once"
    windows = [row.window for row in rows_in(leg.rows(leg.windows.push(after)))]
    assert windows[0] == rows_in(before)[-1].window + 1, "numbers run on over a gap"


@pytest.mark.parametrize(
    ("paused", "overrun", "cause", "estimated"),
    [
        (False, False, "drop", False),
        (False, True, "overrun", True),
        (True, False, "pause", False),
        (True, True, "pause", True),
    ],
)
def test_a_gap_names_its_cause(
    tiny_model: EmotionModel, *, paused: bool, overrun: bool, cause: str, estimated: bool
) -> None:
    leg = Leg("mono", tiny_model, GRID, 16_000)
    samples = scene(16_000, 0.3, 1)
    leg.rows(leg.windows.push(block(samples, 0)))
    if paused:
        leg.rows(leg.windows.pause())
    gap = leg.rows(leg.windows.push(block(samples, 8_000, overrun=overrun)))[0]
    assert isinstance(gap, Gap)
    assert (gap.cause, gap.estimated) == (cause, estimated)
    later = leg.rows(leg.windows.push(block(samples, 20_000)))[0]
    assert isinstance(later, Gap)
    assert later.cause == "drop", "a pause explains one gap only"


def test_an_overrun_before_the_first_block_is_no_gap(tiny_model: EmotionModel) -> None:
    leg = Leg("mono", tiny_model, GRID, 16_000)
    assert leg.rows(leg.windows.push(block(scene(16_000, 0.1, 1), 500, overrun=True))) == []


def test_a_source_that_counts_backwards_is_refused(tiny_model: EmotionModel) -> None:
    leg = Leg("mono", tiny_model, GRID, 16_000)
    leg.rows(leg.windows.push(block(scene(16_000, 0.1, 1), 0)))
    with pytest.raises(ValueError, match="1599 was told as the next sample after 1600"):
        leg.rows(leg.windows.push(block(scene(16_000, 0.1, 1), 1599)))


def test_non_finite_samples_are_taken_as_zero_and_counted(tiny_model: EmotionModel) -> None:
    samples = scene(16_000, 1.0, 1, channels=2)
    broken, mended = samples.copy(), samples.copy()
    broken[3_000:3_004, 1] = (np.nan, np.inf, -np.inf, np.nan)
    mended[3_000:3_004, 1] = 0.0
    legs = [Leg("mono", tiny_model, GRID, 16_000) for _ in range(2)]
    rows = [
        without_lag(rows_of_block(leg, block(x, 0))) for leg, x in zip(legs, (broken, mended), strict=True)
    ]
    assert rows[0] == rows[1]
    assert [leg.windows.non_finite_samples for leg in legs] == [4, 0]


@pytest.mark.parametrize("value", [3.4e38, -3.4e38])
def test_huge_samples_still_give_finite_rows(tiny_model: EmotionModel, value: float) -> None:
    samples = scene(44_100, 1.0, 1, channels=2)
    samples[10_000] = value
    rows = rows_of_block(Leg("mono", tiny_model, GRID, 44_100), block(samples, 0))
    assert rows
    for row in rows:
        assert np.isfinite(row.level_dbfs)
        assert row.probabilities is not None
        assert sum(row.probabilities.values()) == pytest.approx(1.0)


def test_in_silence_there_is_no_emotion(tiny_model: EmotionModel) -> None:
    rows = rows_of_block(Leg("mono", tiny_model, GRID, 16_000), block(np.zeros((16_000, 1), np.float32), 0))
    assert len(rows) == GRID.num_windows(16_000)
    for row in rows:
        assert (row.state, row.emotion, row.probabilities, row.smoothed) == ("silence", None, None, None)
        assert row.level_dbfs == -120.0


def test_the_lag_counts_from_the_block_with_the_last_sample(tiny_model: EmotionModel) -> None:
    leg = Leg("mono", tiny_model, GRID, 16_000)
    samples = scene(16_000, 0.7, 1)
    now = time.monotonic()
    rows: list[Row] = []
    for index, begin in enumerate(range(0, len(samples), 800)):
        part = read_only(samples[begin : begin + 800].copy())
        rows += rows_of_block(leg, AudioBlock(part, begin, now - 1000 + index))
    # Window 0 ends with sample 7 999, in block 9; window 1 with sample 11 199, in block 13.
    waited = time.monotonic() - now
    for row, ago in zip(rows, (991.0, 987.0), strict=True):
        assert ago <= row.lag_seconds <= ago + waited


def test_times_stay_exact_after_a_week(tiny_model: EmotionModel) -> None:
    week = 7 * 24 * 3600
    leg = Leg("mono", tiny_model, GRID, 44_100)
    rows = rows_of_block(leg, block(scene(44_100, 1.2, 1), week * 44_100))
    assert [row.start for row in rows] == [week + 0.2 * k for k in range(len(rows))]
    assert [row.start_sample for row in rows] == [week * 44_100 + 8_820 * k for k in range(len(rows))]
    assert all(b.window == a.window + 1 for a, b in pairwise(rows))


def test_the_meter_shows_the_latest_tenth_of_a_second(tiny_model: EmotionModel) -> None:
    leg = Leg("mono", tiny_model, GRID, 16_000)
    assert leg.noise_floor.latest_dbfs == -120.0
    tone = np.sin(np.arange(1_600) * 2 * np.pi * 0.05).astype(np.float32)[:, np.newaxis]
    leg.rows(leg.windows.push(block(0.1 * tone, 0)))
    assert leg.noise_floor.latest_dbfs == pytest.approx(-23.01, abs=0.01)
    leg.rows(leg.windows.push(block(tone[:800], 1_600)))
    assert leg.noise_floor.latest_dbfs == pytest.approx(-23.01, abs=0.01), "half a span changes nothing yet"
    leg.rows(leg.windows.push(block(tone[800:], 2_400)))
    assert leg.noise_floor.latest_dbfs == pytest.approx(-3.01, abs=0.01)


STEP_SECONDS = 0.5
UNSURE_BELOW = 0.8


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> EmotionModel:
    return load_model(make_voice_model(tmp_path_factory.mktemp("models") / "tiny", unsure_below=UNSURE_BELOW))


@pytest.fixture(scope="module")
def call(model: EmotionModel) -> list[GatedWindow]:
    """A dozen windows, every fourth of them silent."""
    return [window_of(model, "silence" if place % 4 == 3 else "speech", place) for place in range(12)]


def window_of(model: EmotionModel, state: State, place: int) -> GatedWindow:
    sound = tone_of(LABELS[place % 3], place, model.feature_set.sample_rate)
    vector = model.feature_set.clip_vector(sound) if state == "speech" else None
    return GatedWindow(place * STEP_SECONDS, place * STEP_SECONDS + 2.0, 0, 0, state, -20.0, vector, 0.0)


def classified(classifier: Classifier, call: list[GatedWindow]) -> list[Classification]:
    return [classifier.classify(each) for each in call]


def probabilities_of(found: list[Classification]) -> list[object]:
    return [None if each.probabilities is None else each.probabilities.tolist() for each in found]


def test_speech_alone_makes_a_voice_known(model: EmotionModel, call: list[GatedWindow]) -> None:
    known = [each.voice_known for each in classified(Classifier(model, STEP_SECONDS), call)]
    for before, after, each in zip([0.0, *known], known, call, strict=False):
        assert (after != before) == (each.state == "speech")


def test_across_a_gap_the_baseline_stays_and_the_smoothing_restarts(
    model: EmotionModel, call: list[GatedWindow]
) -> None:
    classifier, whole = Classifier(model, STEP_SECONDS), Classifier(model, STEP_SECONDS)
    before = classified(classifier, call[:6])
    classifier.restart()
    after = classified(classifier, call[6:])
    assert probabilities_of(before + after) == probabilities_of(classified(whole, call))
    first = after[0]
    assert first.smoothed is not None
    assert first.probabilities is not None
    np.testing.assert_array_equal(first.smoothed, first.probabilities)


def test_a_window_that_was_skipped_takes_its_time_and_teaches_nothing(
    model: EmotionModel, call: list[GatedWindow]
) -> None:
    classifier = Classifier(model, STEP_SECONDS)
    first = classifier.classify(call[0])
    known = {name: value.tolist() for name, value in classifier.voice_state.items()}
    classifier.skip()
    assert {name: value.tolist() for name, value in classifier.voice_state.items()} == known
    second = classifier.classify(window_of(model, "speech", 3))
    assert first.smoothed is not None
    assert second.smoothed is not None
    assert second.probabilities is not None
    share = 1 - np.exp(-2 * STEP_SECONDS)
    expected = first.smoothed + share * (second.probabilities - first.smoothed)
    np.testing.assert_allclose(second.smoothed, expected, atol=1e-12)


def test_speech_without_a_vector_is_a_mistake(model: EmotionModel, call: list[GatedWindow]) -> None:
    with pytest.raises(ValueError, match=r"speech from 0\.0 s on has no feature vector"):
        Classifier(model, STEP_SECONDS).classify(replace(call[0], vector=None))


def test_a_voice_goes_on_where_it_was_left(model: EmotionModel, call: list[GatedWindow]) -> None:
    first, whole = Classifier(model, STEP_SECONDS), Classifier(model, STEP_SECONDS)
    before = classified(first, call[:5])
    second = Classifier(model, STEP_SECONDS, ClassifierOptions(voice=first.voice_state))
    assert probabilities_of(before + classified(second, call[5:])) == probabilities_of(
        classified(whole, call)
    )


def test_without_a_baseline_each_window_stands_by_itself(
    model: EmotionModel, call: list[GatedWindow]
) -> None:
    classifier = Classifier(model, STEP_SECONDS, ClassifierOptions(baseline=False))
    found = classified(classifier, call)
    assert probabilities_of(found) == [
        None if each.vector is None else model.predict(each.vector).tolist() for each in call
    ]
    assert {each.voice_known for each in found} == {0.0}
    assert classifier.voice_state == {}


def test_it_is_unsure_where_the_model_is_unless_it_never_may_be(
    model: EmotionModel, call: list[GatedWindow]
) -> None:
    honest = classified(Classifier(model, STEP_SECONDS), call)
    bold = classified(Classifier(model, STEP_SECONDS, ClassifierOptions(never_unsure=True)), call)
    assert probabilities_of(honest) == probabilities_of(bold)
    assert {each.state for each in honest} == {"speech", "silence", "unsure"}
    for one, other in zip(honest, bold, strict=True):
        if one.state == "unsure":
            assert one.emotion is None
            assert one.smoothed is not None
            assert one.smoothed.max() < UNSURE_BELOW
            assert other.state == "speech"
            assert other.emotion == LABELS[int(one.smoothed.argmax())]
        else:
            assert (one.state, one.emotion) == (other.state, other.emotion)
