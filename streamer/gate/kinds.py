"""Which gates there are, and which one a feature set usually has."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, TypeAlias, cast, get_args

from emotion.errors import ModelError

GateKind: TypeAlias = Literal["voice", "level"]
"""`voice` listens for a voice; `level` knows loudness alone, and takes for speech whatever is louder than the
room."""

GATE_VERSIONS: Final[Mapping[GateKind, int]] = MappingProxyType({"voice": 1, "level": 1})
"""Raise a gate's version when it gives any window another state. Caches are keyed by it."""

_USUAL: Final[Mapping[str, GateKind]] = MappingProxyType({"speech": "voice", "acoustic": "voice"})


def gate_kind(feature_set_name: str, asked: str | None = None) -> GateKind:
    """Choose the gate.

    Parameters
    ----------
    feature_set_name : str
        A model on `speech` or `acoustic` hears voices; older sets keep the gate they had.
    asked : str, optional
        What a card asks for: a model of tones must hear them.

    Returns
    -------
    {'voice', 'level'}
        As asked, or the usual one.

    Raises
    ------
    ModelError
        If there is no such gate.
    """
    if asked is None:
        return _USUAL.get(feature_set_name, "level")
    if asked not in get_args(GateKind):
        raise ModelError(
            f"the card asks for the gate {asked[:40]!r}; there are {', '.join(get_args(GateKind))}: "
            "update callmood, or train the model again"
        )
    return cast("GateKind", asked)
