"""The recipe of the shipped models, on tables written by hand: voices that lie far apart."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from emotion.card import LABELS
from emotion.decision import LineState
from tests.callmood.evaluation.table_material import Talk, make_table
from trainer.recipes.base import FittedClassifier, TrainingWindows, windows_of_speech
from trainer.recipes.catalogue import find_recipe
from trainer.recipes.linear import LinearExperts, fit_experts
from trainer.recipes.voice_adaptive import (
    CAUTIOUS,
    VoiceAdaptiveRecipe,
    experts_of,
    fit_rule,
    held_out_voices,
)
from trainer.window_table import StepTable

MOVED_BY_PHONE = np.array([1.5, -1.0, 0.5, 0.0], dtype=np.float32)


def make_corpora(names: str, *, seed: int, spread: float = 1.2, noise: float = 0.6) -> StepTable:
    """Three voices a corpus; each lies elsewhere, also in the directions that tell emotions apart."""
    orders = [tuple(np.random.default_rng([seed, n]).permutation(LABELS * 5)) for n in range(3 * len(names))]
    talks = [Talk(names[n // 3], f"{names[n // 3]}{n}", order) for n, order in enumerate(orders)]
    table = make_table(talks, seed=seed, noise=noise)
    usual = np.random.default_rng(seed).normal(0.0, spread, (len(talks), len(LABELS))).astype(np.float32)
    return replace(table, vectors=table.vectors + usual[table.stream])


def on_two_lines(names: str, *, seed: int) -> list[StepTable]:
    """The same voices clean and by a telephone, which moves every vector and has coordinates of its own."""
    table = make_corpora(names, seed=seed)
    ones = np.ones((len(table), 16), dtype=np.float32)
    clean = replace(table, vectors=np.hstack([table.vectors, 0.0 * ones]))
    by_phone = np.hstack([table.vectors + MOVED_BY_PHONE, 3.0 * ones])
    streams = replace(table.streams, condition=np.full(len(table.streams), "phone"))
    return [clean, replace(table, vectors=by_phone, streams=streams, key="phone")]


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> FittedClassifier:
    """Fitted on three corpora."""
    return fit_speech([make_corpora("abc", seed=1)], tmp_path_factory)


@pytest.fixture(scope="module")
def knows_lines(tmp_path_factory: pytest.TempPathFactory) -> FittedClassifier:
    """Fitted on three corpora, each by two lines."""
    return fit_speech(on_two_lines("abc", seed=1), tmp_path_factory)


def fit_speech(tables: list[StepTable], paths: pytest.TempPathFactory) -> FittedClassifier:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("CALLMOOD_CACHE", str(paths.mktemp("cache")))
        return find_recipe("speech").fit(tables)


def right(classifier: FittedClassifier, table: StepTable, *, baseline: bool) -> float:
    """Share of windows whose leading label is right, voice by voice."""
    hits = []
    for stream in np.unique(table.stream):
        voice = classifier.decision.open_voice()
        for row in np.flatnonzero((table.stream == stream) & (table.clip >= 0)):
            vector = table.vectors[row]
            said = voice.update(vector) if baseline else classifier.decision.probabilities(vector)
            hits.append(said.argmax() == table.targets[row])
    return float(np.mean(hits))


def test_unseen_speakers_are_classified_better_with_a_baseline(fitted: FittedClassifier) -> None:
    unseen = make_corpora("xy", seed=2)
    assert right(fitted, unseen, baseline=True) > right(fitted, unseen, baseline=False)
    assert right(fitted, unseen, baseline=True) > 0.8


def test_one_who_is_angry_throughout_is_not_taken_for_neutral(fitted: FittedClassifier) -> None:
    table = make_table([Talk("x", "furious", ("angry",) * 15)], seed=3, noise=0.6)
    with_baseline = right(fitted, table, baseline=True)
    assert with_baseline >= right(fitted, table, baseline=False) - 0.1
    assert with_baseline > 0.8


def test_the_adapted_expert_does_not_depend_on_the_speaker() -> None:
    windows = windows_of_speech([make_corpora("ab", seed=4)])
    of_one = (windows.speaker == windows.speaker[0])[:, None] * np.array([2, -1, 0, 1], np.float32)
    moved = replace(windows, vectors=windows.vectors + of_one)
    said = []
    for each in (windows, moved):
        experts = fit_experts(each, 0.03)
        scaled = experts.scaled(each.vectors)
        usual = np.array([scaled[each.speaker == speaker].mean(axis=0) for speaker in each.speaker])
        said.append(((scaled - usual) @ experts.own_weights + experts.own_bias).argmax(axis=1))
    assert (said[0] == said[1]).mean() > 0.98
    assert (said[0] == windows.targets).mean() > 0.9


def test_the_raw_expert_is_penalised_for_telling_speakers_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    windows = windows_of_speech([make_corpora("ab", seed=4)])
    heard = []
    for weight in (0.0, 10.0):
        monkeypatch.setattr("trainer.recipes.linear.VOICE_RIDGE", weight)
        experts = fit_experts(windows, 0.03)
        scaled = experts.scaled(windows.vectors)
        speakers = np.unique(windows.speaker)
        usual = np.array([scaled[windows.speaker == each].mean(axis=0) for each in speakers])
        heard.append(np.square((usual - usual.mean(axis=0)) @ experts.raw_weights).sum())
    assert heard[1] < 0.2 * heard[0]


def test_held_out_voices_are_classified_by_experts_fitted_without_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fitted_on: list[set[str]] = []

    def watched(windows: object, ridge: float) -> object:
        fitted_on.append(set(windows.speaker.tolist()))  # type: ignore[attr-defined]
        return fit_experts(windows, ridge)  # type: ignore[arg-type]

    monkeypatch.setattr("trainer.recipes.voice_adaptive.fit_experts", watched)
    several = windows_of_speech([make_corpora("abc", seed=5)])
    voices = held_out_voices(several, several, 0.03)
    assert [voice.corpus for voice in voices] == sorted("abc" * 3)
    assert len(fitted_on) == 3
    for name, speakers in zip("abc", fitted_on, strict=True):
        assert speakers == {speaker for speaker in several.speaker.tolist() if speaker[0] != name}
    fitted_on.clear()
    one = windows_of_speech([make_corpora("a", seed=6)])
    assert len(held_out_voices(one, one, 0.03)) == 3
    assert [len(speakers) for speakers in fitted_on] == [2, 2, 2]


def test_beside_one_complete_corpus_incomplete_ones_stand_for_unseen_speakers() -> None:
    windows = windows_of_speech([make_corpora("abc", seed=8)])
    neutral = windows.targets == LABELS.index("neutral")
    some = windows.take(~neutral | (windows.corpus == "a"))
    voices = held_out_voices(some, some, 0.03)
    assert sorted(voice.corpus for voice in voices) == list("aaabbbccc")
    assert {voice.corpus for voice in voices if voice.complete} == {"a"}
    # An emotion that nobody shows is not missed.
    none = windows.take(~neutral)
    assert {voice.corpus for voice in held_out_voices(none, none, 0.03) if voice.complete} == set("abc")
    only_a = windows.take((windows.corpus == "a") & (windows.speaker == windows.speaker[0]))
    assert held_out_voices(only_a, only_a, 0.03) == []


def test_without_voices_to_learn_there_is_no_rule_but_doubt() -> None:
    recipe = VoiceAdaptiveRecipe("mine", "acoustic", 0.03, learns_voices=False)
    fitted = recipe.fit([make_corpora("ab", seed=5)])
    assert fitted.arrays is not None
    assert fitted.arrays["rule"].shape == (0,)
    assert 0.25 < fitted.arrays["unsure_below"] < 1.0
    assert not fitted.decision.open_voice().state()


def test_streams_of_held_out_voices_are_mixed_as_they_are_scored() -> None:
    windows = windows_of_speech([make_corpora("ab", seed=7)])
    voice = held_out_voices(windows, windows, 0.03)[0]
    [balanced] = voice.streams("balanced")
    assert sorted(balanced) == list(range(20))
    for order in voice.streams("mostly-neutral"):
        labels = voice.targets[order]
        assert (labels == LABELS.index("neutral")).sum() == 16
        assert len(set(labels.tolist())) == 2
        assert len(order) == 20
    singles = [set(voice.targets[order].tolist()) for order in voice.streams("single")]
    assert singles == [{0}, {1}, {2}, {3}]


def test_where_nobody_can_be_left_out_the_rule_is_cautious() -> None:
    assert fit_rule([]) == CAUTIOUS
    table = make_table([Talk("c", "only", LABELS * 3)])
    assert right(find_recipe("speech-light").fit([table]), table, baseline=True) > 0.9


def test_where_there_are_few_windows_the_rule_is_fitted_without_evidence() -> None:
    talks = [Talk(name, f"{name}1", LABELS) for name in "ab"]
    windows = windows_of_speech([make_table(talks, noise=0.6)])
    rule = fit_rule(held_out_voices(windows, windows, 0.03))
    assert rule.parameters == CAUTIOUS.parameters
    assert rule.temperatures != CAUTIOUS.temperatures


def line_of(classifier: FittedClassifier, table: StepTable, speakers: Sequence[str]) -> LineState:
    """These speakers called one after another."""
    line: LineState = {}
    for speaker in speakers:
        voice = classifier.decision.open_voice(line=line, baseline=False)
        for vector in table.of_speakers([speaker]).vectors:
            voice.update(vector)
        line = voice.line_state() or {}
    return line


def heard_on(classifier: FittedClassifier, table: StepTable, line: LineState) -> tuple[float, bool]:
    """Share of windows whose leading label is right, the voice not known; and whether the line fits."""
    voice = classifier.decision.open_voice(line=line, baseline=False)
    rows = np.flatnonzero(table.clip >= 0)
    hits = [voice.update(table.vectors[row]).argmax() == table.targets[row] for row in rows]
    assert voice.line is not None
    return float(np.mean(hits)), voice.line.fits


def test_a_caller_is_classified_better_after_others_on_the_line(knows_lines: FittedClassifier) -> None:
    unseen, by_phone = on_two_lines("xyz", seed=2)
    # All of them in a place that moves what tells emotions apart.
    place = np.array([1.5, -1.5] + [0.0] * 18, dtype=np.float32)
    unseen = replace(unseen, vectors=unseen.vectors + place)
    last, *others = sorted(unseen.streams.speaker_key.tolist(), reverse=True)
    table = unseen.of_speakers([last])
    unknown, _ = heard_on(knows_lines, table, {})
    known, fits = heard_on(knows_lines, table, line_of(knows_lines, unseen, others))
    assert fits
    assert known > unknown + 0.05
    wrong, fits = heard_on(knows_lines, table, line_of(knows_lines, by_phone, others))
    assert not fits
    assert wrong >= unknown - 0.05


def test_without_two_lines_to_compare_no_line_is_known() -> None:
    assert not find_recipe("speech").fit([make_corpora("a", seed=1)]).decision.knows_lines
    alone = [Talk(name, f"{name}1", LABELS * 4) for name in "ab"]
    assert not find_recipe("speech").fit([make_table(alone, noise=0.6)]).decision.knows_lines


def test_a_corpus_whose_labels_the_others_do_not_find_is_named(fitted: FittedClassifier) -> None:
    assert fitted.remarks == {}
    table = make_corpora("abcd", seed=9)
    # In d everybody's labels are one off; in c nobody is neutral, and the rest is right.
    emotion = np.where(table.clips.corpus == "d", (table.clips.emotion + 1) % 4, table.clips.emotion)
    swapped = replace(table, clips=replace(table.clips, emotion=emotion.astype(np.int8)))
    [(corpus, remark)] = find_recipe("speech").fit([swapped]).remarks.items()
    assert corpus == "d"
    assert "find its 4 labels with UAR 0." in remark
    neutral = emotion == LABELS.index("neutral")
    kept = ~np.isin(table.clips.corpus, ["c", "d"]) | ~neutral
    lacking = replace(swapped, state=np.where(kept[swapped.clip], swapped.state, "silence"))
    [(corpus, remark)] = find_recipe("speech").fit([lacking]).remarks.items()
    assert corpus == "d"
    assert "find its 3 labels with UAR 0." in remark


def test_what_was_fitted_on_the_same_windows_is_not_fitted_again(monkeypatch: pytest.MonkeyPatch) -> None:
    fits: list[int] = []

    def counted(windows: TrainingWindows, ridge: float) -> LinearExperts:
        fits.append(len(windows))
        return fit_experts(windows, ridge)

    monkeypatch.setattr("trainer.recipes.voice_adaptive.fit_experts", counted)
    windows = windows_of_speech([make_corpora("ab", seed=4)])
    first, again = experts_of(windows, 0.3), experts_of(windows, 0.3)
    assert len(fits) == 1
    for name, array in first.arrays().items():
        np.testing.assert_array_equal(again.arrays()[name], array)
    experts_of(windows, 0.1)
    moved = replace(windows, vectors=windows.vectors + np.float32(1e-3))
    experts_of(moved, 0.3)
    assert len(fits) == 3


def test_fitting_twice_gives_the_same(fitted: FittedClassifier) -> None:
    again = find_recipe("speech").fit([make_corpora("abc", seed=1)])
    assert fitted.arrays
    assert again.arrays
    for name, array in fitted.arrays.items():
        np.testing.assert_array_equal(again.arrays[name], array)
