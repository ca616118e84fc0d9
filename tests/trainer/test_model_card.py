"""Licences of corpora, and what they mean for weights."""

import pytest

from trainer.model_card import LICENCES, commercial_use, is_non_commercial, licence_of, weights_licence


def test_every_shipped_corpus_has_terms() -> None:
    assert {"aesdd", "ased", "crema-d-partial", "emodb", "nemo", "ravdess"} <= set(LICENCES)
    assert licence_of("a voice of mine").terms == "not stated"


@pytest.mark.parametrize(
    ("corpora", "commercial", "forbidden"),
    [
        (["emodb", "aesdd", "crema-d-partial"], True, False),
        (["emodb", "ased"], False, False),
        (["emodb", "ravdess"], False, True),
        (["ased", "nemo"], False, True),
        (["synthetic tones"], True, False),
        (["emodb", "a voice of mine"], False, False),
    ],
)
def test_the_strictest_corpus_decides(corpora: list[str], commercial: bool, forbidden: bool) -> None:
    assert commercial_use(corpora) is commercial
    assert is_non_commercial(corpora) is forbidden


def test_the_licence_of_weights_names_who_asks_for_it() -> None:
    assert weights_licence(["ravdess", "emodb", "nemo", "ased"]) == (
        "CC BY-NC-SA 4.0, because of nemo and ravdess; no licence stated for ased"
    )
    assert "CC0" in weights_licence(["emodb"])
    assert weights_licence(["mine"]) == "what the rights in its recordings allow; no licence stated for mine"
