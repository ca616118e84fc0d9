"""The gate on sound that is no speech, on speech, on speech that was clipped; however the sound is cut."""

import time
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emotion.arrays import Samples, read_only
from emotion.audio_file import read_mono
from emotion.errors import UsageError
from emotion.features.catalogue import feature_set
from emotion.window_grid import WindowGrid
from streamer.block import AudioBlock
from streamer.gate.gate import Gate
from streamer.heard import Heard
from streamer.hearing import Hearing
from streamer.row import State
from tests.spoken import DEMO
from tests.strategies import cuts
from trainer.sounds.kinds import KINDS, make_sound

RATE = 16_000
GRID = WindowGrid.from_seconds(2.0, 0.5, RATE)


def heard(samples: Samples, rate: int = RATE, lengths: tuple[int, ...] = ()) -> list[State]:
    """Give the state of each window, the sound handed over in blocks of given lengths, then the rest."""
    hearing = Hearing("mono", feature_set("acoustic"), GRID, rate, gate="voice")
    states: list[State] = []
    first = 0
    for length in (*lengths, len(samples)):
        part = samples[first : first + length, None].copy()
        if len(part):
            given_back = hearing.push(AudioBlock(read_only(part), first, time.monotonic()))
            states += [each.state for each in given_back if isinstance(each, Heard)]
        first += len(part)
    return states + [each.state for each in hearing.finish() if isinstance(each, Heard)]


@pytest.mark.parametrize("kind", KINDS)
def test_sound_without_speech_is_no_speech(kind: str) -> None:
    counts = Counter(state for seed in range(6) for state in heard(make_sound(kind, 8.0, RATE, seed)))
    assert set(counts) <= {"noise", "silence", "speech"}
    # Some sirens have a pitch that moves as a voice's does.
    assert counts["speech"] <= (0.1 if kind == "sirens" else 0.02) * counts.total()


def test_nothing_and_nearly_nothing_is_silence() -> None:
    assert set(heard(np.zeros(6 * RATE, np.float32))) == {"silence"}
    assert set(heard(make_sound("steady noise", 8.0, RATE, 1, rms_dbfs=-65.0))) == {"silence"}


@pytest.mark.parametrize("gain_db", [0.0, -20.0, -34.0])
def test_speech_is_speech_however_quiet(gain_db: float) -> None:
    speech, rate = demo_speech()
    states = Counter(heard(speech * np.float32(10 ** (gain_db / 20)), rate))
    # A sixth of it are pauses.
    assert states["speech"] >= 0.8 * states.total()


@pytest.mark.parametrize("over_db", [20.0, 30.0])
def test_speech_at_full_scale_is_clipped(over_db: float) -> None:
    speech, rate = demo_speech()
    loud = speech / np.abs(speech).max() * np.float32(10 ** (over_db / 20))
    states = Counter(heard(np.clip(loud, -1.0, 1.0), rate))
    assert states["clipped"] >= 0.75 * states.total()


def test_a_word_after_a_long_noise_is_heard_in_the_first_window_that_holds_it() -> None:
    speech, rate = demo_speech()
    assert rate == RATE
    word = speech[np.flatnonzero(np.abs(speech) > 0.02)[0] :][: RATE // 2]
    room = make_sound("steady noise", 10.0, RATE, 0, rms_dbfs=-50.0)
    sound = np.concatenate([room, word])
    assert heard(sound)[-1] == "speech", "half a second of it, at the very end"
    assert "speech" not in heard(room)


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_states_do_not_depend_on_how_the_sound_is_cut(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(sorted(KINDS)))
    rate = data.draw(st.sampled_from((8_000, 16_000, 44_100)))
    sound = make_sound(kind, data.draw(st.floats(1.9, 4.0)), rate, 1)
    lengths = tuple(cut.stop - cut.start for cut in data.draw(cuts(len(sound))))
    assert heard(sound, rate, lengths) == heard(sound, rate)


def test_a_gate_for_voices_wants_the_rate_of_its_network() -> None:
    with pytest.raises(UsageError, match=r"16000 Hz, and this model hears at 22050 Hz: .* `level`"):
        Gate("voice", WindowGrid.from_seconds(2.0, 0.5, 22_050))


def demo_speech() -> tuple[Samples, int]:
    """Give what a synthesiser says, at a usual level."""
    audio = read_mono(DEMO)
    return audio.samples, audio.sample_rate
