"""The figures of a run as plain values, the headlines first."""

from dataclasses import asdict
from typing import Any, Final

from evaluation.bench.measurement import Measurement
from evaluation.bench.set_costs import HEADLINE_WIN_SECONDS, SetCosts

PEER_KEYS: Final = {"classic": "librosa", "acoustic": "egemaps"}
"""The peer's short name in the keys of the headlines, by set."""


def figures(measurement: Measurement) -> dict[str, Any]:
    """Give what a program would ask for.

    Parameters
    ----------
    measurement : Measurement
        A run.

    Returns
    -------
    dict
        ``classic_vs_librosa`` and the like (how many times cheaper), ``classic_vs_fft`` and the like (how
        many times dearer), ``win5_vs_win1``, ``step_ms``, ``step_vs_wav2vec2`` (how many times cheaper),
        ``wav2vec2_ms``, ``streams_per_core``, ``calls_per_core`` and ``bytes_per_stream``; ``sets``,
        ``models``, ``encoders`` and ``machine`` hold all the rest.
    """
    found: dict[str, Any] = {}
    for costs in measurement.sets:
        found |= _headlines(costs)
    found["win5_vs_win1"] = worst_of_win5_vs_win1(measurement)
    found["step_ms"] = {costs.name: costs.headline_step_ms for costs in measurement.models}
    found["step_vs_wav2vec2"] = {costs.name: costs.times_cheaper.median for costs in measurement.encoders}
    found["wav2vec2_ms"] = {costs.name: costs.encoder_ms for costs in measurement.encoders}
    found["streams_per_core"] = {costs.name: int(costs.streams_per_core) for costs in measurement.models}
    found["calls_per_core"] = {
        costs.name: costs.calls.followed.num_calls if costs.calls.followed.are_followed else 0
        for costs in measurement.models
    }
    found["bytes_per_stream"] = max((costs.bytes_per_stream for costs in measurement.models), default=None)
    found["date"] = measurement.date
    found["steps"] = measurement.num_steps
    for kind in ("machine", "sets", "models", "encoders"):
        found[kind] = asdict(measurement)[kind]
    rounded: dict[str, Any] = _rounded(found)
    return rounded


def worst_of_win5_vs_win1(measurement: Measurement) -> float:
    """Give how much dearer a longer win makes the set that minds it most.

    Parameters
    ----------
    measurement : Measurement
        A run.

    Returns
    -------
    float
        A step at win 5 s over one at 1 s.
    """
    return max(costs.win5_vs_win1.median for costs in measurement.sets)


def _headlines(costs: SetCosts) -> dict[str, float]:
    return {
        f"{costs.name}_vs_{PEER_KEYS[costs.name]}": costs.against_peer[HEADLINE_WIN_SECONDS].median,
        f"{costs.name}_vs_fft": costs.against_fft.median,
        f"{costs.name}_vs_fft_among_all": costs.against_fft_among_all.median,
        f"{costs.name}_vs_fft_alone": costs.against_fft_alone.median,
    }


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.4g}")
    if isinstance(value, dict):
        return {_key(key): _rounded(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(each) for each in value]
    return value


def _key(key: object) -> str:
    return f"{key:g}" if isinstance(key, float) else str(key)
