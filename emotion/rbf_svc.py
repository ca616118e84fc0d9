"""The decision of a support vector machine with an RBF kernel, from its arrays alone."""

from collections.abc import Mapping
from itertools import combinations
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from emotion.arrays import FloatArray, Probabilities
from emotion.decision import (
    LineState,
    UnlearnedVoice,
    Voice,
    VoiceState,
    check_vector,
    refuse_line,
    softmax,
)
from emotion.untrusted import refuse_beyond

_MAX_SCALED: Final = 1.0e6
"""So far from every support vector the kernel is 0 long since, and squares stay finite in float32."""
_MAX_GAMMA: Final = 1.0e12

KIND: Final = "rbf-svc"

ARRAYS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "mean": ("<f8", ("d",)),
    "scale": ("<f8", ("d",)),
    "support_vectors": ("<f4", ("n", "d")),
    "dual_coefficients": ("<f8", ("k-1", "n")),
    "class_counts": ("<i8", ("k",)),
    "intercepts": ("<f8", ("pairs",)),
    "gamma": ("<f8", ()),
    "calibration_weights": ("<f8", ("pairs", "k")),
    "calibration_bias": ("<f8", ("k",)),
    "unsure_below": ("<f8", ()),
}
"""Names, types and shapes in ``model.npz``: d features, k labels, pairs = k(k-1)/2, n support vectors."""

OPTIONAL: Final = frozenset({"unsure_below"})
"""Models that were fitted before there was a threshold are never unsure."""


class RbfSvc:
    """Scaling, RBF kernel, pairwise margins, multinomial logistic calibration.

    The margin of the pair of classes (i, j), i < j, is ``sum_s a_s exp(-gamma |x - s|^2) + b`` over the
    support vectors s of both classes; it is positive for class i (for two classes alone: for class 1, as
    scikit-learn has it). The probabilities are ``softmax(margins @ calibration_weights + calibration_bias)``.
    See docs/decisions/0004-pairwise-margins-and-logistic-calibration.md.

    Parameters
    ----------
    arrays : mapping of str to ndarray
        Of the types and shapes of `ARRAYS`, finite.
    """

    def __init__(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        self._mean = arrays["mean"].astype(np.float64)
        self._scale = arrays["scale"].astype(np.float64)
        self._support_vectors = np.ascontiguousarray(arrays["support_vectors"], dtype=np.float32)
        self._squared_norms = np.einsum("nd,nd->n", self._support_vectors, self._support_vectors)
        self._gamma = np.float32(arrays["gamma"])
        self._pair_weights = _pair_weights(arrays["dual_coefficients"], arrays["class_counts"])
        self._intercepts = arrays["intercepts"].astype(np.float64)
        self._calibration_weights = arrays["calibration_weights"].astype(np.float64)
        self._calibration_bias = arrays["calibration_bias"].astype(np.float64)
        self._unsure_below = float(arrays.get("unsure_below", 0.0))

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "RbfSvc":
        """Check the values and build the decision.

        Parameters
        ----------
        arrays : mapping of str to ndarray
            Of the types and shapes of `ARRAYS`.

        Returns
        -------
        RbfSvc
            Ready to decide.

        Raises
        ------
        ValueError
            If a value is not finite or far too large, a scale or gamma is not over 0, the class counts do
            not add up, or the threshold is no probability.
        """
        refuse_beyond(arrays, ("scale", "gamma"), support_vectors=_MAX_SCALED, gamma=_MAX_GAMMA)
        num_support_vectors = len(arrays["support_vectors"])
        counts = arrays["class_counts"]
        if (counts < 0).any() or (counts > num_support_vectors).any() or counts.sum() != num_support_vectors:
            raise ValueError(f"array class_counts says {counts.tolist()} of {num_support_vectors} vectors")
        if not 0.0 <= arrays.get("unsure_below", 0.0) <= 1.0:
            raise ValueError(f"unsure_below is {float(arrays['unsure_below']):g}; expected 0 to 1")
        return cls(arrays)

    @property
    def num_support_vectors(self) -> int:
        """How many kernels each decision costs."""
        return len(self._support_vectors)

    @property
    def knows_lines(self) -> bool:
        """Always False; see `emotion.decision.Decision.knows_lines`."""
        return False

    def margins(self, vectors: FloatArray) -> NDArray[np.float64]:
        """Measure on which side of each pairwise boundary a vector lies.

        Parameters
        ----------
        vectors : ndarray, shape (d,) or (n, d), float32
            Feature vectors as the feature set gives them; finite.

        Returns
        -------
        ndarray, shape (pairs,) or (n, pairs), float64
            Pairs in the order (0, 1), (0, 2), ... (1, 2), ...
        """
        scaled = np.clip((vectors - self._mean) / self._scale, -_MAX_SCALED, _MAX_SCALED).astype(np.float32)
        margins: NDArray[np.float64] = (
            self._kernel(scaled).astype(np.float64) @ self._pair_weights + self._intercepts
        )
        return margins

    def probabilities(self, vectors: FloatArray) -> Probabilities:
        """Give each label's probability.

        Parameters
        ----------
        vectors : ndarray, shape (d,) or (n, d), float32
            Feature vectors; finite.

        Returns
        -------
        ndarray, shape (k,) or (n, k), float64
            Each row sums to 1. A vector among others may differ in the last bits from the vector alone.
        """
        logits = self.margins(vectors) @ self._calibration_weights + self._calibration_bias
        return softmax(logits)

    def open_voice(
        self,
        state: VoiceState | None = None,
        line: LineState | None = None,
        *,
        baseline: bool = True,  # noqa: ARG002
    ) -> Voice:
        """Begin with a voice of which nothing is learned; see `emotion.decision.Decision.open_voice`.

        Parameters
        ----------
        state : mapping of str to ndarray, optional
            Must be empty: there is nothing to go on with.
        line : mapping of str to ndarray, optional
            Must be None: lines are not known.
        baseline : bool
            Either way nothing is learned.

        Returns
        -------
        Voice
            Not known, ever.

        Raises
        ------
        ValueError
            If the state holds anything, or a line is given.
        """
        refuse_line(line)
        if state:
            raise ValueError(
                f"no voice for a model of kind {KIND}, which learns none: arrays {', '.join(sorted(state))}"
            )
        return UnlearnedVoice(self._probabilities_of_one)

    def is_unsure(self, smoothed: Probabilities) -> bool:
        """Say whether the leading label leads by too little; see `emotion.decision.Decision.is_unsure`.

        Parameters
        ----------
        smoothed : ndarray, shape (k,), float64
            What would be shown.

        Returns
        -------
        bool
            True where its highest probability is under ``unsure_below``; never in models without one.
        """
        return bool(smoothed.max() < self._unsure_below)

    def _probabilities_of_one(self, vector: FloatArray) -> Probabilities:
        check_vector(vector, len(self._mean))
        return self.probabilities(vector)

    def _kernel(self, scaled: FloatArray) -> FloatArray:
        one = scaled.ndim == 1
        distances: FloatArray = self._support_vectors @ scaled if one else scaled @ self._support_vectors.T
        distances *= np.float32(-2.0)
        distances += self._squared_norms
        distances += scaled @ scaled if one else np.einsum("nd,nd->n", scaled, scaled)[:, np.newaxis]
        np.maximum(distances, np.float32(0.0), out=distances)
        distances *= -self._gamma
        return np.exp(distances, out=distances)


def num_pairs(num_labels: int) -> int:
    """Count the pairs of labels, each with a boundary of its own.

    Parameters
    ----------
    num_labels : int
        At least 2.

    Returns
    -------
    int
        Margins of one window.
    """
    return num_labels * (num_labels - 1) // 2


def _pair_weights(dual_coefficients: NDArray[Any], class_counts: NDArray[Any]) -> NDArray[np.float64]:
    """Unfold libsvm's packed coefficients to (n, pairs): row j-1 serves class i against j, row i class j."""
    num_classes = len(class_counts)
    ends = np.cumsum(class_counts)
    of_class = [slice(int(end - count), int(end)) for end, count in zip(ends, class_counts, strict=True)]
    weights = np.zeros((dual_coefficients.shape[1], num_pairs(num_classes)))
    for pair, (i, j) in enumerate(combinations(range(num_classes), 2)):
        weights[of_class[i], pair] = dual_coefficients[j - 1, of_class[i]]
        weights[of_class[j], pair] = dual_coefficients[i, of_class[j]]
    return weights
