"""A leg some of whose windows are skipped: all others are what they would have been."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from emotion.arrays import Samples, read_only
from emotion.model import EmotionModel
from emotion.window_grid import WindowGrid
from streamer.block import AudioBlock
from streamer.leg import Leg
from streamer.leg_pace import LegPace
from streamer.pace import Pace
from streamer.row import Gap, Row, Said, Skip
from streamer.skip_spells import APART_SECONDS, SkipSpells
from streamer.talk import Talk
from tests.model_maker import tone_of
from tests.strategies import cuts, sound

GRID = WindowGrid.from_seconds(0.5, 0.2, 16_000)
RATE = 22_050


class Decided(LegPace):
    """Skips as it was told to, window of speech by window of speech, and none after that."""

    def __init__(self, decisions: Iterable[bool]) -> None:
        super().__init__(Pace(0.2), "mono")
        self.num_asked = 0
        self._decisions = iter(decisions)

    def skips(self, arrived: float) -> bool:
        self.num_asked += 1
        return next(self._decisions, False)


def scene(seconds: float, seed: int) -> Samples:
    """Give a voice-like tone with pauses over a little noise."""
    rng = np.random.default_rng(seed)
    voice = tone_of("angry", seed, RATE, seconds)
    voice *= sound("pauses", len(voice), 1.0, seed) != 0
    return (voice + 0.001 * rng.standard_normal(len(voice)).astype(np.float32))[:, np.newaxis]


def said_of(leg: Leg, samples: Samples, pieces: Iterable[slice]) -> list[Said]:
    said: list[Said] = []
    for piece in pieces:
        part = read_only(samples[piece].copy())
        said += leg.push(AudioBlock(part, piece.start, arrived=0.0))
    said += leg.finish()
    return [event if isinstance(event, Gap) else replace(event, lag_seconds=0.0) for event in said]


def without_smoothing(row: Row) -> Row:
    return replace(row, smoothed=None, emotion=None)


@settings(max_examples=20)
@given(st.data())
def test_windows_that_are_heard_are_those_of_a_leg_that_skips_none(
    tiny_model: EmotionModel, data: st.DataObject
) -> None:
    samples = scene(data.draw(st.floats(0.5, 4.0)), data.draw(st.integers(0, 99)))
    decisions = data.draw(st.lists(st.booleans(), max_size=30))
    pace = Decided(decisions)
    whole = said_of(Leg("mono", tiny_model, GRID, RATE), samples, [slice(0, len(samples))])
    skipping = Leg("mono", tiny_model, GRID, RATE, pace=pace)
    said = said_of(skipping, samples, data.draw(cuts(len(samples))))
    assert len(said) == len(whole)
    spoken = 0
    for event, row in zip(said, whole, strict=True):
        assert isinstance(row, Row)
        if row.state == "speech":
            spoken += 1
            assert isinstance(event, Skip) is (spoken <= len(decisions) and decisions[spoken - 1])
        if isinstance(event, Skip):
            assert event.state == row.state == "speech"
            assert (event.window, event.start, event.end) == (row.window, row.start, row.end)
            assert (event.start_sample, event.end_sample) == (row.start_sample, row.end_sample)
        else:
            assert isinstance(event, Row)
            assert without_smoothing(event) == without_smoothing(row)
    assert pace.num_asked == spoken, "windows without speech cost nothing, and are not asked for"
    again = said_of(
        Leg("mono", tiny_model, GRID, RATE, pace=Decided(decisions)), samples, [slice(0, len(samples))]
    )
    assert said == again, "smoothing as well depends on what was skipped alone"


def test_a_leak_is_silence_though_its_window_was_to_be_skipped(tiny_model: EmotionModel) -> None:
    samples = tone_of("sad", 1, RATE, 2.0)[:, np.newaxis]
    leg = Leg("me", tiny_model, GRID, RATE, is_leak=lambda *_: True, pace=Decided([True] * 99))
    said = said_of(leg, samples, [slice(0, len(samples))])
    assert said
    assert {event.state for event in said if isinstance(event, Row)} == {"silence"}
    assert not [event for event in said if isinstance(event, Skip)]


def test_what_a_window_takes_is_measured_from_vector_to_judgement(tiny_model: EmotionModel) -> None:
    now = [0.0]

    class Measured(Pace):
        def __init__(self) -> None:
            super().__init__(0.2)
            self.seconds: list[float] = []

        def heard(self, seconds: float) -> None:
            self.seconds.append(seconds)

    def clock() -> float:
        now[0] += 1.0
        return now[0]

    pace = Measured()
    leg = Leg("mono", tiny_model, GRID, RATE, pace=LegPace(pace, "mono", clock))
    voice = tone_of("sad", 1, RATE, 0.75)[:, np.newaxis]
    said = said_of(leg, voice, [slice(0, len(voice))])
    assert len(said) == 2
    assert pace.seconds == [1.0] * 4, "a vector and a judgement for each of the two"


def test_who_talks_is_counted_whatever_is_skipped(tiny_model: EmotionModel) -> None:
    samples = tone_of("sad", 1, RATE, 3.0)[:, np.newaxis]
    shares = []
    for decisions in ([], [True, False, True, True] * 10):
        talk = Talk(["mono"], 0.2)
        leg = Leg("mono", tiny_model, GRID, RATE, pace=Decided(decisions))
        for event in said_of(leg, samples, [slice(0, len(samples))]):
            assert not isinstance(event, Gap)
            talk.take(event)
        shares.append((talk.seconds("mono"), talk.last))
    assert shares[0] == shares[1]
    assert shares[0][0] > 2.0


def test_skipping_is_told_of_where_it_begins() -> None:
    spells = SkipSpells()
    ends = [5.0, 5.5, 6.0, 6.0 + APART_SECONDS, 16.5 + APART_SECONDS, 17.0 + APART_SECONDS]
    told = [end for end in ends if spells.begins_with(Skip("me", 0, end - 2.0, end, 0, 1, 1.2, 1.4))]
    assert told == [5.0, 16.5 + APART_SECONDS]
