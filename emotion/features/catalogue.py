"""Which feature sets there are."""

from collections.abc import Callable
from functools import cache
from types import MappingProxyType
from typing import Final

from emotion.errors import UsageError, name_advice
from emotion.features.acoustic import AcousticSet
from emotion.features.base import FeatureSet
from emotion.features.classic import ClassicSet, ClassicSpeechSet
from emotion.features.classic_33 import Classic33
from emotion.features.speech import SpeechSet

_MAKERS: Final[MappingProxyType[str, Callable[[], FeatureSet]]] = MappingProxyType(
    {
        "acoustic": AcousticSet,
        "classic": ClassicSet,
        "classic-33": Classic33,
        "classic-speech": ClassicSpeechSet,
        "speech": SpeechSet,
    }
)


def feature_set_names() -> tuple[str, ...]:
    """Name the sets there are.

    Returns
    -------
    tuple of str
        In alphabetical order.
    """
    return tuple(_MAKERS)


@cache
def feature_set(name: str) -> FeatureSet:
    """Give a feature set by its name; the same object each time, since a set has no memory of its own.

    Parameters
    ----------
    name : str
        One of `feature_set_names`.

    Returns
    -------
    FeatureSet
        Ready to open streams.

    Raises
    ------
    UsageError
        If there is no such set.
    """
    maker = _MAKERS.get(name)
    if maker is None:
        raise UsageError(f"there is no feature set {name!r}; {name_advice(name, _MAKERS)}")
    return maker()
