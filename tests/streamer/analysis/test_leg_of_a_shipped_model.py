"""The whole leg of a shipped model, gate and speaker baseline included: a row does not change later."""

import time
from functools import cache

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from emotion.arrays import Samples, read_only
from emotion.audio_io import read_mono
from emotion.model import EmotionModel, find_model
from streamer.analysis.leg import Leg
from streamer.events import AudioBlock, LegEvent, LegOutput
from tests.offline_rows import without_lag
from tests.spoken import DEMO
from tests.strategies import cuts

RATE = 16_000
SECONDS = 8


@cache
def learning() -> EmotionModel:
    """A model with a voice, and with the gate that listens for people."""
    return find_model("speech-light")


@cache
def talk() -> Samples:
    """Half of it is speech, a quarter silence, a quarter hiss."""
    speech = read_mono(DEMO).samples[: SECONDS // 2 * RATE]
    quarter = SECONDS // 4 * RATE
    hiss = 0.05 * np.random.default_rng(0).standard_normal(quarter)
    return np.concatenate([speech, np.zeros(quarter), hiss, speech[:quarter]]).astype(np.float32)


def events_of(samples: Samples, pieces: list[slice]) -> list[LegOutput]:
    leg = Leg("mono", learning(), learning().card.grid(), RATE)
    events: list[LegOutput] = []
    for piece in pieces:
        block = AudioBlock(read_only(samples[piece, None].copy()), piece.start, time.monotonic())
        events += leg.rows(leg.windows.push(block))
    return [*events, *leg.rows(leg.windows.finish())]


@cache
def events_of_all() -> list[LegEvent]:
    return without_lag(events_of(talk(), [slice(0, len(talk()))]))


def test_people_silence_and_hiss_are_all_found_in_it() -> None:
    states = {row.state for row in events_of_all()}  # type: ignore[union-attr]
    assert states >= {"silence", "noise"}
    assert states & {"speech", "unsure"}
    assert events_of_all()[-1].voice_known > 0.0  # type: ignore[union-attr]


@settings(max_examples=min(12, settings().max_examples), deadline=None)
@given(st.data())
def test_later_sound_changes_no_earlier_row(data: st.DataObject) -> None:
    so_far = talk()[: data.draw(st.integers(2 * RATE, len(talk())), label="analysed so far")]
    events = without_lag(events_of(so_far, data.draw(cuts(len(so_far)))))
    assert events == events_of_all()[: len(events)]
    assert len(events) == (len(so_far) - 2 * RATE) // (RATE // 2) + 1
