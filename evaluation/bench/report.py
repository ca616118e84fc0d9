"""The figures of a run as a page for people: `docs/benchmarks.md`."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Final

from evaluation.bench.calls import Calls
from evaluation.bench.encoder_costs import EncoderCosts
from evaluation.bench.glance import at_a_glance
from evaluation.bench.measurement import Measurement
from evaluation.bench.method import METHOD
from evaluation.bench.model_costs import HEADLINE_RATE, ModelCosts
from evaluation.bench.set_costs import WINS_SECONDS, SetCosts
from evaluation.bench.turns import Ratio
from evaluation.bench.wav2vec2_peer import NAME as ENCODER
from evaluation.bench.whole_step import leg_name
from streamer.file_source import BLOCK_SECONDS

WANTED_STEPS: Final = 200
SPREAD_HEAD: Final = "quartiles (least to most)"


def markdown(measurement: Measurement) -> str:
    """Write the page.

    Parameters
    ----------
    measurement : Measurement
        A run.

    Returns
    -------
    str
        Markdown, with a newline at the end.
    """
    parts = [
        "# What callmood costs",
        "Written by `make bench` (`callmood bench`); measure again rather than edit. Ratios within one run "
        "can be compared between machines, milliseconds cannot.",
        *_machine(measurement),
        "## At a glance",
        _table(("", "measured", "target"), at_a_glance(measurement)),
        *_sets(measurement),
        *_models(measurement),
        *_encoders(measurement),
        METHOD.format(steps=measurement.num_steps),
    ]
    return "\n\n".join(parts) + "\n"


def _machine(measurement: Measurement) -> list[str]:
    machine = measurement.machine
    libraries = ", ".join(f"{name} {version}" for name, version in machine.libraries.items())
    load = (
        "" if machine.load is None else f"; load before the run {machine.load:g} on {machine.num_cores} cores"
    )
    lines = [
        f"{measurement.date}; {machine.cpu}, {machine.num_cores} cores; {machine.system}; {machine.python}; "
        f"{libraries}{load}."
    ]
    if measurement.num_steps < WANTED_STEPS:
        lines.append(f"**Medians of {measurement.num_steps} steps only: a trial run, not to be quoted.**")
    return lines


def _sets(measurement: Measurement) -> Iterable[str]:
    for costs in measurement.sets:
        yield f"## A step of `{costs.name}` (version {costs.version})"
        yield (
            f"{costs.num_features} features at {costs.sample_rate} Hz, frames of {costs.frame_length} "
            f"samples every {costs.frame_hop}; the newest 0.5 s goes in, the vector of the window comes out. "
            f"{costs.peer} computes the whole window."
        )
        rows = [
            (
                f"{win:g} s",
                f"{costs.step_ms[win]:.3f}",
                f"{costs.peer_ms[win]:.1f}",
                f"{costs.against_peer[win].median:.1f}",
                _spread(costs.against_peer[win]),
            )
            for win in WINS_SECONDS
        ]
        head = (
            "win",
            f"`{costs.name}`, ms",
            f"{costs.peer}, ms",
            "times cheaper",
            SPREAD_HEAD,
        )
        yield _table(head, rows)
        yield _against_fft(costs)
        yield (
            f"A step at win 5 s costs {costs.win5_vs_win1.median:.2f} times one at 1 s; "
            f"{SPREAD_HEAD}: {_spread(costs.win5_vs_win1)}."
        )


def _against_fft(costs: SetCosts) -> str:
    ways = (
        ("these two in turns (the headline)", costs.against_fft),
        ("in turns with the peer and all wins: caches cold", costs.against_fft_among_all),
        ("each alone, many steps in a row: caches warm", costs.against_fft_alone),
    )
    rows = [(how, f"{ratio.median:.2f}", _spread(ratio)) for how, ratio in ways]
    bare = f"step over bare FFTs of {costs.transform_length} points ({costs.fft_ms:.3f} ms)"
    head = (bare, "times dearer", SPREAD_HEAD)
    return _table(head, rows)


def _models(measurement: Measurement) -> Iterable[str]:
    if not measurement.models:
        yield "## Listening\n\nNo model was measured: none can listen."
        return
    yield "## Listening: the whole step, from blocks to a row"
    rows: tuple[tuple[str, Callable[[ModelCosts], str]], ...] = (
        ("feature set", lambda model: f"`{model.feature_set}`"),
        ("win", lambda model: f"{model.win_seconds:g} s"),
        ("prediction by itself, ms", lambda model: f"{model.prediction_ms:.3f}"),
        *((f"whole step, {way}, ms", partial(_step_of, way)) for way in measurement.models[0].step_ms),
        ("streams by the step's time", lambda model: f"{model.streams_by_step:.0f}"),
        ("legs really followed at once", lambda model: f"{model.crowd.num_legs}"),
        ("their real-time factor", lambda model: f"{model.crowd.real_time_factor:.2f}"),
        ("streams by these", lambda model: f"{model.crowd.legs_in_real_time:.0f}"),
        ("memory of one more stream, kB", lambda model: f"{model.bytes_per_stream / 1000:.0f}"),
    )
    head = ("", *(f"`{model.name}`" for model in measurement.models))
    yield _table(head, [(what, *map(figure, measurement.models)) for what, figure in rows])
    yield "## Calls of two legs, in real time, one core for all"
    yield _table(
        ("model", "calls", "lag p50, ms", "lag p99, ms", "longest, ms", "core busy", "dropped"),
        [
            _calls_row(model, calls)
            for model in measurement.models
            for calls in (model.calls.followed, model.calls.doubled)
        ],
    )


def _calls_row(model: ModelCosts, calls: Calls) -> Sequence[str]:
    lags = (calls.lag_p50_seconds, calls.lag_p99_seconds, calls.lag_max_seconds)
    return (
        f"`{model.name}`{'' if calls is model.calls.followed else ', twice as many'}",
        f"{calls.num_calls}{'' if calls.are_followed else ' (not followed)'}",
        *(f"{1000 * lag:.0f}" for lag in lags),
        f"{calls.busy_share:.0%}",
        f"{calls.dropped_share:.1%}",
    )


def _encoders(measurement: Measurement) -> Iterable[str]:
    if not measurement.encoders:
        return
    yield f"## The whole step against {ENCODER}"
    yield (
        f"{ENCODER} is an encoder that recognisers of emotion are often built on; here it is bare, with "
        "random weights, and hears the whole window. The steps, voice baseline in, are of the same rounds: "
        f"{leg_name(HEADLINE_RATE, BLOCK_SECONDS)}."
    )
    head = ("model", "win", "whole step, ms", f"{ENCODER}, ms", "times cheaper", SPREAD_HEAD)
    yield _table(head, map(_encoder_row, measurement.encoders))


def _encoder_row(costs: EncoderCosts) -> Sequence[str]:
    return (
        f"`{costs.name}`",
        f"{costs.win_seconds:g} s",
        f"{costs.step_ms:.3f}",
        f"{costs.encoder_ms:.1f}",
        f"{costs.times_cheaper.median:.1f}",
        _spread(costs.times_cheaper),
    )


def _step_of(way: str, model: ModelCosts) -> str:
    return f"{model.step_ms[way]:.3f}"


def _spread(ratio: Ratio) -> str:
    return (
        f"{ratio.lower_quartile:.2f} to {ratio.upper_quartile:.2f} "
        f"({ratio.lowest:.2f} to {ratio.highest:.2f})"
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
