"""What the measurement of alerts on strangers plays, and how it holds alerts against it."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from benchmarks.alert_calls import (
    LEG,
    AlertScore,
    AnalysedCall,
    Call,
    Turn,
    make_call,
    plan_calls,
    raised,
    score_rule,
    spread,
)
from benchmarks.alert_delay import CorpusScores, alert_figures, alert_page, delay_picture, sentence
from benchmarks.unseen_speakers import EDGE_SECONDS, spoken_span, without_edges
from callmood.evaluation.corpora import read_corpora
from callmood.evaluation.streams import STREAM_RATE_HZ
from emotion.errors import UsageError
from streamer.alerts import Alerting, AlertRule
from tests.alert_material import STEP_SECONDS, angry_row
from tests.callmood.evaluation.corpus_maker import make_corpus
from trainer.dataset import Clip

RULE = AlertRule.parse("angry>0.7 for 3s")
CALM, ANGRY = 0.1, 0.9


def analysed(probabilities: str, turns: Mapping[float, float]) -> AnalysedCall:
    """Watch a call of rows: `a` for anger, a dot for calm; its turns of anger by their starts."""
    rows = [angry_row(n, ANGRY if each == "a" else CALM, leg=LEG) for n, each in enumerate(probabilities)]
    samples = np.zeros(round(rows[-1].end * STREAM_RATE_HZ), np.float32)
    own = tuple(Turn("angry", start, end) for start, end in turns.items())
    alerts = raised(rows, Alerting([RULE], [LEG], STEP_SECONDS, 0.0))
    return AnalysedCall(Call("x", "ann", samples, own), tuple(rows), {(RULE.text, 0.0): alerts})


def scored(probabilities: str, turns: Mapping[float, float]) -> AlertScore:
    return score_rule([analysed(probabilities, turns)], RULE.text, 0.0)


def test_a_turn_told_once_is_told_from_its_first_sound() -> None:
    score = scored("." * 10 + "a" * 10 + "." * 10, {6.5: 11.5})
    assert (score.num_once, score.num_missed, score.num_doubled, score.num_false) == (1, 0, 0, 0)
    # The window at 5 s is the first, the third ends at 8 s.
    assert list(score.first_delays) == pytest.approx([8.0 - 6.5])
    assert score.lags == (0.01,)
    assert (score.num_late, score.num_began_before) == (0, 0)
    assert score.turns[0].shown == {"angry": 9}, "windows from 6 s to 10 s"


def test_missed_doubled_and_false_alerts_are_told_apart() -> None:
    score = scored("aaaa" + "." * 16 + "aaaa.aaaa" + "." * 40, {10.5: 16.0, 30.0: 34.0})
    assert (score.num_once, score.num_missed, score.num_doubled, score.num_false) == (0, 1, 1, 1)
    by_speaker = score.turns_by_speaker()
    assert {name: [len(turn.delays) for turn in own] for name, own in by_speaker.items()} == {"ann": [2, 0]}
    seconds = len("aaaa" + "." * 16 + "aaaa.aaaa" + "." * 40) * STEP_SECONDS + 1.5
    assert score.false_per_hour == pytest.approx(3600 / (seconds - 9.5))
    assert score.shown(missed=True) == {"angry": 7}


def test_what_began_as_a_false_alarm_or_came_too_late_is_said() -> None:
    early = scored("." * 4 + "a" * 10, {4.5: 12.0})
    assert (early.num_once, early.num_began_before, early.first_delays) == (1, 1, (0.5,))
    late = scored("." * 18 + "aaaa" + "." * 10, {6.0: 11.0})
    assert (late.num_once, late.num_late, late.num_false) == (1, 1, 0)


def test_the_spread_of_nothing_is_nothing() -> None:
    assert spread([]) == {}
    assert spread(range(11)) == {"p10": 1.0, "median": 5.0, "p90": 9.0, "max": 10.0}


def test_clips_lose_their_silent_edges_and_nothing_else(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    voice = rng.uniform(-0.5, 0.5, STREAM_RATE_HZ).astype(np.float32)
    silence = np.zeros(STREAM_RATE_HZ, np.float32)
    whole = np.concatenate([silence, voice, silence, voice, silence])
    soundfile.write(tmp_path / "clip.wav", whole, STREAM_RATE_HZ, subtype="FLOAT")
    assert spoken_span(whole) == (STREAM_RATE_HZ, 4 * STREAM_RATE_HZ)
    (cut,) = without_edges([Clip(tmp_path / "clip.wav", "x", "ann", "angry")], tmp_path / "cut")
    edge = round(EDGE_SECONDS * STREAM_RATE_HZ)
    np.testing.assert_array_equal(
        soundfile.read(cut.path, dtype="float32")[0], whole[STREAM_RATE_HZ - edge : 4 * STREAM_RATE_HZ + edge]
    )
    assert replace(cut, path=tmp_path / "clip.wav") == Clip(tmp_path / "clip.wav", "x", "ann", "angry")


def test_calls_are_calm_and_angry_by_turns_with_known_onsets(tmp_path: Path) -> None:
    make_corpus(tmp_path / "tones", "ab", {"angry": 3, "neutral": 2})
    clips = read_corpora(tmp_path, only=["tones"]).scored[0].clips
    plans = plan_calls(clips, seed=0, num_angry=2)
    assert plans == plan_calls(clips[::-1], 0, num_angry=2) != plan_calls(clips, 1, num_angry=2)
    assert [plan.speaker for plan in plans] == ["a", "b"]
    call = make_call(plans[0])
    assert [turn.emotion for turn in call.turns] == ["neutral", "angry"] * 2 + ["neutral"]
    for turn in call.turns:
        least, most = {"neutral": (10.0, 14.0), "angry": (8.0, 12.0)}[turn.emotion]
        # Clips of 1.6 s with at most a second between.
        assert least < turn.end - turn.start < most + 8
        onset = round(turn.start * STREAM_RATE_HZ)
        assert (
            np.abs(call.samples[onset : onset + 400]).max()
            > 10 * np.abs(call.samples[onset - 400 : onset]).max()
        )
    calm = sum(turn.end - turn.start for turn in call.turns if turn.emotion == "neutral")
    assert calm < call.calm_seconds < calm + 2 * len(call.turns)


def test_all_clips_are_heard_before_one_comes_again(tmp_path: Path) -> None:
    make_corpus(tmp_path / "tones", "a", {"angry": 12, "neutral": 1})
    (plan,) = plan_calls(read_corpora(tmp_path, only=["tones"]).scored[0].clips, 0, num_angry=2)
    angry = [clip.path for clip in plan.clips if clip.emotion == "angry"]
    assert len(angry) == len(set(angry))


def test_a_corpus_without_one_of_both_is_refused(tmp_path: Path) -> None:
    make_corpus(tmp_path / "tones", "a", {"angry": 1, "happy": 1})
    with pytest.raises(UsageError, match="no speaker has clips of both"):
        plan_calls(read_corpora(tmp_path, only=["tones"]).scored[0].clips, 0)


@pytest.mark.parametrize("fitted_on", [("nemo", "ased"), ()])
def test_page_picture_and_figures_are_made_of_any_scores(fitted_on: tuple[str, ...]) -> None:
    told = scored("." * 10 + "a" * 10 + "." * 10, {6.5: 11.5, 14.0: 15.0})
    missed = scored("." * 30, {6.5: 11.5})
    each = CorpusScores("emodb", fitted_on, (told, replace(missed, rule="angry>0.9")), (0.05, 0.1))
    page = alert_page([each, each], 3, 2.0)
    assert "| `angry>0.7 for 3s` | none | 1 (50 %) | 1 (50 %) | 0 (0 %) | 0.0 (0) | 1.5 s | 1.5 s |" in page
    assert ("a model fitted without it" in page) == bool(fitted_on)
    assert "ann (0 of 1)" in page
    assert "0 of 1 angry turns raised one alert, 1 none" in sentence(each, each.scores[1])
    figures = json.loads(json.dumps(alert_figures([each], 3), allow_nan=False))
    assert figures["corpora"][0]["rules"][0]["each_turn"] == [
        ["ann", 6.5, 11.5, [1.5]],
        ["ann", 14.0, 15.0, []],
    ]
    picture = delay_picture({"emodb": each.scores}, ("title", "subtitle"))
    assert picture.startswith(b"<?xml")
    assert picture == delay_picture({"emodb": each.scores}, ("title", "subtitle"))
