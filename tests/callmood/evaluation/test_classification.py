"""A classifier follows streams: what it learns from, and what is kept of its answers."""

from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from callmood.evaluation.classification import classify_table
from callmood.evaluation.subject import ModelAsRecipe
from emotion.arrays import FloatArray, Probabilities
from emotion.card import LABELS
from emotion.decision import Decision, LineState, LineView, VoiceState, line_voices
from emotion.model import EmotionModel, load_model
from streamer.analysis.leg import Classifier, ClassifierOptions
from streamer.analysis.windows import GatedWindow
from tests.callmood.evaluation.table_material import STEP_SECONDS, WIN_SECONDS, Talk, make_table
from tests.model_maker import make_model, tone_of
from tests.voice_model import make_voice_model
from trainer.recipes.base import FittedClassifier
from trainer.window_table import StepTable

TALKS = (Talk("c", "a", ("angry", "sad", "happy")), Talk("c", "b", ("neutral", "angry")))


@dataclass
class Counting:
    """A voice that says the label whose number is that of windows heard so far; peeking counts none."""

    known: float = 0.0
    count: int = 0

    def update(self, vector: FloatArray) -> Probabilities:
        """Count."""
        word = self.peek(vector)
        self.count += 1
        return word

    def peek(self, vector: FloatArray) -> Probabilities:
        """Give the count."""
        word = np.full(4, 0.2)
        word[self.count % 4] = 0.4
        return word

    def enrol(self) -> None:
        """Learn nothing from it."""

    def state(self) -> VoiceState:
        """Give the count."""
        return {"count": np.array(self.count)}

    @property
    def line(self) -> LineView | None:
        """There is none."""
        return None

    def line_state(self, onto: LineState | None = None) -> LineState | None:
        """There is none."""
        return None


@dataclass
class CountingDecision:
    """Opens counting voices; without a voice it says sad."""

    doubt: float = 0.0
    voices: list[Counting] = field(default_factory=list)
    knows_lines: bool = False
    opened: list[tuple[int, bool]] = field(default_factory=list)

    def probabilities(self, vectors: FloatArray) -> Probabilities:
        """Say sad."""
        return np.tile([0.0, 0.0, 0.0, 1.0], (*vectors.shape[:-1], 1))

    def open_voice(
        self, state: VoiceState | None = None, line: LineState | None = None, *, baseline: bool = True
    ) -> Counting:
        """Begin to count, and remember the line."""
        if line is not None:
            self.opened.append((line_voices(line), baseline))
        self.voices.append(Counting())
        return self.voices[-1]

    def is_unsure(self, smoothed: Probabilities) -> bool:
        """Doubt what is under a bound."""
        return bool(smoothed.max() < self.doubt)


def leading_labels(
    table: StepTable, decision: Decision, *, baseline: bool, labels: tuple[str, ...] = LABELS
) -> list[int]:
    """Leading label of each window."""
    classified = classify_table(table, FittedClassifier(decision, labels), baseline=baseline)
    return [int(label) for label in classified.windows.probabilities.argmax(axis=1)]


def test_only_windows_of_speech_teach_the_voice_and_each_stream_has_its_own() -> None:
    decision = CountingDecision()
    table = make_table(TALKS)
    # Three windows of speech and a pause, each clip; the pause says what comes next, and does not count.
    words = leading_labels(table, decision, baseline=True)
    assert words[:12] == [0, 1, 2, 3, 3, 0, 1, 2, 2, 3, 0, 1]
    assert words[12:] == [0, 1, 2, 3, 3, 0, 1, 2]
    assert [voice.count for voice in decision.voices] == [9, 6]


def test_without_a_baseline_no_voice_is_opened() -> None:
    decision = CountingDecision()
    assert set(leading_labels(make_table(TALKS), decision, baseline=False)) == {3}
    assert decision.voices == []


def test_windows_are_classified_in_their_order_even_where_the_table_has_another() -> None:
    table = make_table(TALKS)
    order = np.random.default_rng(0).permutation(len(table))
    shuffled = replace(
        table,
        **{
            name: getattr(table, name)[order]
            for name in ("vectors", "state", "level_dbfs", "clip", "share", "stream", "window")
        },
    )
    straight = leading_labels(table, CountingDecision(), baseline=True)
    assert leading_labels(shuffled, CountingDecision(), baseline=True) == [straight[row] for row in order]


def test_doubt_hides_the_label_of_windows_of_speech_only() -> None:
    table = make_table(TALKS)
    classified = classify_table(table, FittedClassifier(CountingDecision(doubt=0.39)), baseline=True).windows
    first = np.flatnonzero((table.window == 0) & classified.heard)
    assert (classified.shown[first] == 0).all(), "nothing to be smoothed yet, so nothing to doubt"
    assert classified.unsure.any()
    assert not classified.unsure[~classified.heard].any()
    assert (classified.shown[classified.unsure | ~classified.heard] == -1).all()
    assert (classified.shown[classified.heard & ~classified.unsure] >= 0).all()


def test_labels_of_a_model_in_another_order_are_put_into_that_of_cards() -> None:
    labels = ("sad", "neutral", "happy", "angry")
    found = leading_labels(make_table(TALKS), CountingDecision(), baseline=False, labels=labels)
    assert set(found) == {LABELS.index("angry")}


@pytest.fixture(scope="module", params=["rbf-svc", "voice-linear"])
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> EmotionModel:
    folder = tmp_path_factory.mktemp("models") / "tiny"
    if request.param == "rbf-svc":
        return load_model(make_model(folder, "classic-speech"))
    return load_model(make_voice_model(folder, unsure_below=0.74))


@pytest.mark.parametrize("baseline", [False, True])
def test_a_model_shows_what_it_shows_live(model: EmotionModel, baseline: bool) -> None:
    """Window by window the same label and the same bits of probabilities as the classifier of a leg."""
    table = make_table(TALKS)
    rate = model.feature_set.sample_rate
    sounds = [tone_of(LABELS[row % 4], row, rate) for row in range(len(table))]
    vectors = np.array([model.feature_set.clip_vector(sound) for sound in sounds])
    classifier = ModelAsRecipe.of(model).fit(())
    classified = classify_table(replace(table, vectors=vectors), classifier, baseline=baseline).windows
    for stream in (0, 1):
        live = Classifier(model, STEP_SECONDS, ClassifierOptions(baseline=baseline))
        for row in np.flatnonzero(table.stream == stream):
            start = float(table.start_seconds[row])
            if table.state[row] == "speech":
                heard = GatedWindow(start, start + WIN_SECONDS, 0, 0, "speech", -20.0, vectors[row], 0.0)
            else:
                heard = GatedWindow(start, start + WIN_SECONDS, 0, 0, "silence", -70.0, None, 0.0)
            said = live.classify(heard)
            shown = int(classified.shown[row])
            assert said.emotion == (None if shown < 0 else LABELS[shown])
            assert classified.unsure[row] == (said.state == "unsure")
            if said.probabilities is not None:
                assert classified.probabilities[row].tolist() == said.probabilities.tolist()
        assert (live.voice_state != {}) == (baseline and model.card.kind == "voice-linear")
    if model.card.kind == "voice-linear":
        assert classified.unsure.any()
        assert (classified.shown >= 0).any()


def test_each_stream_is_heard_on_a_line_of_its_own() -> None:
    decision = CountingDecision()
    table = make_table([Talk("c", name, ["sad"]) for name in "ab"])
    lines = [{"voices": np.array(1.0)}, {"voices": np.array(2.0)}]
    for baseline in (False, True):
        classify_table(table, FittedClassifier(decision), baseline=baseline, lines=lines)
    assert decision.opened == [(1, False), (2, False), (1, True), (2, True)]
