"""Words for emotions in several languages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotion.card import LABELS
from emotion.errors import UsageError
from trainer.label_words import LabelWords


@pytest.mark.parametrize(
    ("word", "label"),
    [
        ("Wut", "angry"), ("ÄRGER", "angry"), ("Złość", "angry"), ("愤怒", "angry"), ("colere", "angry"),
        ("öfke", "angry"), ("KIZGIN", "angry"), ("θυμός", "angry"), ("ΘΥΜΟΣ", "angry"), ("화남", "angry"),
        ("glæde", "happy"), ("Alegria", "happy"), ("ደስታ", "happy"), ("खुशी", "happy"), ("senang", "happy"),
        ("Neutre", "neutral"), ("netral", "neutral"), ("中性", "neutral"), ("nötr", "neutral"),
        ("smutna", "sad"), ("tristhed", "sad"), ("슬픔", "sad"), ("ÜZGÜN", "sad"), ("λυπη", "sad"),
        ("disgust", None), ("", None), ("calm", None), ("an", None),
    ],
)  # fmt: skip
def test_common_words_are_known_whatever_their_case_and_accents(word: str, label: str | None) -> None:
    assert LabelWords().label_of(word) == label


@given(st.sampled_from(LABELS), st.text(max_size=30))
def test_words_of_the_user_come_first(label: str, word: str) -> None:
    if LabelWords().label_of(word) is None and "=" not in word:
        try:
            words = LabelWords.from_options([f"{word}={label}"])
        except UsageError:
            return
        assert words.label_of(word) == label
    assert LabelWords.from_options([f"Wut={label}"]).label_of("wut") == label


@pytest.mark.parametrize("option", ["calm", "calm=", "=sad", "calm=disgust", "--=sad", ""])
def test_what_is_no_word_and_emotion(option: str) -> None:
    with pytest.raises(UsageError, match=r"no WORD=EMOTION; the emotions are angry, happy, neutral, sad"):
        LabelWords.from_options([option])


def test_the_emotion_may_be_named_in_any_language_but_only_once() -> None:
    words = LabelWords.from_options(["calm=neutral", "Calm=Neutre", "a=b=trauer"])
    assert (words.label_of("CALM"), words.label_of("a=b")) == ("neutral", "sad")
    with pytest.raises(UsageError, match="--map gives calm twice, as neutral and as sad"):
        LabelWords.from_options(["calm=neutral", "calm=sad"])
