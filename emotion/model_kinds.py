"""The kinds of models: what the arrays of ``model.npz`` may mean."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from numpy.typing import NDArray

from emotion import rbf_svc, voice_linear
from emotion.decision import Decision


@dataclass(frozen=True, slots=True)
class ModelKind:
    """One kind of arrays, and what decides by them.

    Attributes
    ----------
    arrays : mapping of str to (str, tuple of str)
        Type and sides of each array. The card fixes ``d`` features, ``k`` labels, ``k-1`` and ``pairs`` of
        labels; any other side is as long as the first array that has it.
    from_arrays : callable
        Builds the decision after a look at the values; raises ValueError where one cannot be.
    """

    arrays: Mapping[str, tuple[str, tuple[str, ...]]]
    from_arrays: Callable[[Mapping[str, NDArray[Any]]], Decision]


KINDS: Final[Mapping[str, ModelKind]] = {
    rbf_svc.KIND: ModelKind(rbf_svc.ARRAYS, rbf_svc.RbfSvc.from_arrays),
    voice_linear.KIND: ModelKind(voice_linear.ARRAYS, voice_linear.VoiceLinear.from_arrays),
}
"""By the name that stands in the card."""
