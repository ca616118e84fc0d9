"""Licences of corpora, and what they mean for weights."""

import pytest

from trainer.model_card import LICENCES, Licence, commercial_use, licence_of, weights_licence


def licences(*corpora: str, stated: str | None = None) -> dict[str, Licence]:
    return {name: licence_of(name, stated) for name in corpora}


def test_every_corpus_has_terms() -> None:
    assert {"aesdd", "ased", "crema-d-partial", "emodb", "nemo", "ravdess"} <= set(LICENCES)
    assert {"casia", "emotale", "selvas-ko", "emospeech-in", "indowave", "turev"} <= set(LICENCES)
    assert licence_of("a voice of mine").terms == "not stated"


@pytest.mark.parametrize(
    ("corpora", "allowed"),
    [
        (["emodb", "aesdd", "crema-d-partial"], True),
        (["emodb", "ased"], False),
        (["emodb", "casia"], False),
        (["emodb", "ravdess"], False),
        (["ased", "nemo"], False),
        (["synthetic tones"], True),
        (["a voice of mine"], None),
        (["emodb", "a voice of mine"], None),
        (["nemo", "a voice of mine"], False),
        (["ased", "a voice of mine"], False),
    ],
)
def test_the_strictest_corpus_decides(corpora: list[str], allowed: bool | None) -> None:
    assert commercial_use(licences(*corpora)) is allowed


def test_the_licence_of_weights_names_who_asks_for_it() -> None:
    assert weights_licence(licences("ravdess", "emodb", "nemo", "ased")) == (
        "CC BY-NC-SA 4.0, because of nemo and ravdess; no licence stated for ased"
    )
    assert "CC0" in weights_licence(licences("emodb"))
    assert weights_licence(licences("mine")) == (
        "not stated for mine: what the rights in its recordings allow"
    )
    assert weights_licence(licences("ased", "emodb")) == (
        "CC0 1.0 (as redistributed by audEERING): emodb; not stated for ased"
    )


def test_a_stated_licence_is_that_of_clips_that_nobody_knows() -> None:
    stated = licences("mine", "ravdess", stated="CC BY 4.0")
    assert [stated[name].terms for name in ("mine", "ravdess")] == ["CC BY 4.0", "CC BY-NC-SA 4.0"]
    assert weights_licence(licences("mine", stated="CC BY 4.0")) == "CC BY 4.0: mine"
    assert commercial_use(licences("mine", stated="CC BY 4.0")) is None
    for words in ("CC BY-NC 4.0", "for non-commercial use"):
        assert commercial_use(licences("mine", stated=words)) is False
