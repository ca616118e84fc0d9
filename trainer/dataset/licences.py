"""Under which licence each corpus was given, and what that means for weights fitted on it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from trainer.dataset.synthetic import SYNTHETIC_CORPUS


@dataclass(frozen=True, slots=True)
class Licence:
    """What a corpus allows.

    Attributes
    ----------
    terms : str
        The licence by its name, or what is known instead.
    allows_commerce : bool or None
        Whether weights fitted on the corpus may be used commercially; None where nothing is stated.
    """

    terms: str
    allows_commerce: bool | None


NOT_STATED: Final = Licence("not stated", None)
"""Of a corpus that nobody has told callmood about."""

LICENCES: Final = {
    "aesdd": Licence("CC BY 4.0 (secondary source)", allows_commerce=True),
    "ased": Licence("none stated (freely available for download)", None),
    "crema-d-partial": Licence("ODbL 1.0, contents DbCL 1.0", allows_commerce=True),
    "emodb": Licence("CC0 1.0 (as redistributed by audEERING)", allows_commerce=True),
    "nemo": Licence("CC BY-NC-SA 4.0", allows_commerce=False),
    "ravdess": Licence("CC BY-NC-SA 4.0", allows_commerce=False),
    SYNTHETIC_CORPUS: Licence("MIT (made by callmood generate)", allows_commerce=True),
}
"""By name of the corpus."""


def licence_of(corpus: str) -> Licence:
    """Look a corpus up.

    Parameters
    ----------
    corpus : str
        Its name, as its manifest has it.

    Returns
    -------
    Licence
        `NOT_STATED` for one that is not in the table.
    """
    return LICENCES.get(corpus, NOT_STATED)


def commercial_use(corpora: Iterable[str]) -> bool:
    """Tell whether weights fitted on these corpora may be used commercially.

    Parameters
    ----------
    corpora : iterable of str
        Their names.

    Returns
    -------
    bool
        True only where every corpus allows it in so many words.
    """
    return all(licence_of(corpus).allows_commerce for corpus in corpora)


def is_non_commercial(corpora: Iterable[str]) -> bool:
    """Tell whether a corpus forbids commercial use in so many words.

    Parameters
    ----------
    corpora : iterable of str
        Their names.

    Returns
    -------
    bool
        False where nothing worse is known than that a licence is not stated.
    """
    return any(licence_of(corpus).allows_commerce is False for corpus in corpora)


def weights_licence(corpora: Iterable[str]) -> str:
    """Say under which terms weights fitted on these corpora may be used.

    Parameters
    ----------
    corpora : iterable of str
        Their names.

    Returns
    -------
    str
        The strictest terms, with the corpora that ask for them.
    """
    names = sorted(corpora)
    by_terms: dict[str, list[str]] = {}
    for name in names:
        by_terms.setdefault(licence_of(name).terms, []).append(name)
    if is_non_commercial(names):
        strict = sorted(
            {licence_of(name).terms for name in names if licence_of(name).allows_commerce is False}
        )
        said = "; ".join(f"{terms}, because of {' and '.join(by_terms[terms])}" for terms in strict)
    elif commercial_use(names):
        return "; ".join(f"{terms}: {', '.join(of)}" for terms, of in by_terms.items())
    else:
        said = "what the rights in its recordings allow"
    unstated = [name for name in names if licence_of(name).allows_commerce is None]
    return said + (f"; no licence stated for {', '.join(unstated)}" if unstated else "")
