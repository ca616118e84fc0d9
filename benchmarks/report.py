"""The figures of a run: as JSON, as headlines, and as the page `docs/benchmarks.md`."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any, Final, NamedTuple

from benchmarks.capacity import Calls
from benchmarks.feature_costs import HEADLINE_WIN_SECONDS, WINS_SECONDS, SetCosts
from benchmarks.measurement import Measurement
from benchmarks.model_costs import HEADLINE_RATE, EncoderCosts, ModelCosts
from benchmarks.pages import page, table
from benchmarks.report_cost import NUM_RUNS, costs_table
from benchmarks.timing import Ratio
from benchmarks.wav2vec2 import WAV2VEC2
from benchmarks.whole_step import leg_name
from callmood.model_choice import DEFAULT_MODEL
from streamer.sources.file import BLOCK_SECONDS

PEER_KEYS: Final = {"classic": "librosa", "acoustic": "egemaps"}
"""The peer's short name in the keys of the headlines, by set."""


def figures(measurement: Measurement) -> dict[str, Any]:
    """Give the headlines under their keys, then all figures of the sets, models, encoders and machine."""
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
    for kind in ("machine", "sets", "models", "encoders", "reports"):
        found[kind] = asdict(measurement)[kind]
    rounded: dict[str, Any] = _rounded(found)
    return rounded


def worst_of_win5_vs_win1(measurement: Measurement) -> float:
    """Give a step at win 5 s over one at 1 s, of the set where it costs most."""
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


AGAINST_PEER: Final = {"classic": 20, "acoustic": 25}
"""At least so many times cheaper, by set."""

AGAINST_FFT: Final = {"classic": 5, "acoustic": 10}
"""At most so many times dearer, by set."""

STEP_LIMITS_MS: Final = {"speech": 12.0, "acoustic": 1.0}
"""The whole step of a model at most, by the set that it was fitted on."""


class Line(NamedTuple):
    """A figure and its target."""

    what: str
    figure: str
    target: str  # empty where there is none


def at_a_glance(measurement: Measurement) -> list[Line]:
    """Give the headlines of a run."""
    lines = []
    for costs in measurement.sets:
        ratio = costs.against_peer[HEADLINE_WIN_SECONDS].median
        lines.append(
            Line(
                f"a step of `{costs.name}` against {costs.peer}, win {HEADLINE_WIN_SECONDS:g} s",
                f"{ratio:.1f} x cheaper",
                f"at least {AGAINST_PEER[costs.name]} x",
            )
        )
    for costs in measurement.sets:
        what = f"a step of `{costs.name}` against the bare FFTs of its new frames"
        target = f"at most {AGAINST_FFT[costs.name]} x"
        lines.append(Line(what, f"{costs.against_fft.median:.2f} x", target))
    longer = f"{worst_of_win5_vs_win1(measurement):.2f} x"
    lines.append(Line("a step at win 5 s against win 1 s, the worse set", longer, "at most 1.5 x"))
    for model in measurement.models:
        limit = STEP_LIMITS_MS.get(model.feature_set)
        target = "" if limit is None else f"at most {limit:g} ms"
        what = f"whole step, block to row, model `{model.name}` on `{model.feature_set}`"
        lines.append(Line(what, f"{model.headline_step_ms:.2f} ms", target))
        lines.append(Line(f"streams on one core, `{model.name}`", f"{model.streams_per_core:.0f}", ""))
        followed = model.calls.followed
        what = f"calls of two legs followed by one core, p99 lag at most 250 ms, `{model.name}`"
        lines.append(Line(what, f"{followed.num_calls if followed.are_followed else 0}", ""))
        kilobytes = f"{model.bytes_per_stream / 1000:.0f} kB"
        lines.append(Line(f"memory of one more open stream, `{model.name}`", kilobytes, "at most 1000 kB"))
    return [*lines, *_against_encoder(measurement), *_report_lines(measurement)]


def _report_lines(measurement: Measurement) -> Iterator[Line]:
    for costs in measurement.reports:
        if costs.kind == "html":
            (seconds, most, _), *_ = costs.figures()
            target = f"at most {most}" if most else ""
            yield Line(f"report of a call of {costs.hours:g} h, two legs", seconds, target)


def _against_encoder(measurement: Measurement) -> Iterator[Line]:
    for costs in measurement.encoders:
        if costs.name == DEFAULT_MODEL:
            peer = f"bare {WAV2VEC2}, {costs.win_seconds:g} s of sound"
            yield Line(peer, f"{costs.encoder_ms:.0f} ms", "")
            cheaper = f"{costs.times_cheaper.median:.1f} x cheaper"
            yield Line(f"whole step of `{costs.name}` against {peer}", cheaper, "")


METHOD: Final = """\
## How each figure is protected from noise

- **One thread**: the command restarts itself with `OMP_NUM_THREADS` and the like set to 1, before numpy is
  loaded.
- **Processor time** of the whole process, not wall-clock time. Other programs do not count, but for what
  they do to the caches; a thread started by a library does.
- **In turns**: in each of {steps} rounds every contender does one step on the same half second of speech,
  in random order (seed 0). A ratio is taken within a round; the page gives the median over the rounds, with
  quartiles and extremes. Three warm-up rounds are not counted; the garbage collector is off.
- **Against the peer** (librosa, openSMILE): one set of rounds for wins of 1, 2, 3 and 5 s with our step,
  the peer's window, and the bare FFTs. librosa is called as the article calls it (eight families and RMS;
  mean, standard deviation, minimum and maximum). openSMILE's configuration is read beforehand, and its
  values are taken without the data frame around them.
- **Against the bare FFTs**: Hann taper and `scipy.fft.rfft`, float32, one batch of exactly the frames that
  the step completes, cut beforehand. Caches decide much here: other work in between makes the transform,
  which is mostly memory access, up to twice as slow, and the ratio smaller. So the page gives three
  figures: these two in turns, in turns with all others, and each alone in bursts of 20 steps after 5
  warm-up steps. The headline is the first: paired and interleaved, with nothing between them that slows
  one and not the other.
- **Win 5 s against win 1 s**: from the rounds of the first table.
- **Prediction** and **whole step**: in turns with each other. The step begins with the first block of half
  a second and ends with the row: mixing, level, resampling to the model's rate, features, gate, model,
  voice baseline, smoothing, as in a live session. Rounds with a silent window are repeated, since it skips
  the model. The headline is a 16 kHz source in blocks of 50 ms, as live sources deliver.
- **Against wav2vec2-base**: the bare encoder (94 million random weights, which cost the same) on as much
  sound as the model's window holds, float32, with the onnxruntime settings of callmood's own encoder, in
  turns with the whole steps of all models. Its 378 MB pass through the caches in each round, so steps cost
  a little more here than in the table above. The steps include gate, head and smoothing; the encoder's
  time does not.
- **Streams on one core**: 0.5 s over the whole step. Then 80 % of that number are followed side by side for
  three seconds of sound each. Many legs evict each other from the caches; the headline is the lower figure.
- **Calls of two legs**: a thread delivers blocks of 50 ms of stereo sources at 16 kHz at their real times,
  each call at a random phase (seed 0), both legs speaking; one worker takes them, and the process runs on
  one core. A number of calls counts as followed if in 15 s no block waits longer than the 10 s that a live
  session allows, and 99 of 100 rows come within 250 ms of their window's last sample; blocks still waiting
  at the end count with their age. Up to six numbers are tried. The page gives the highest that was
  followed, and twice as many. Other programs do count here: this is wall-clock time.
- **Memory**: a fresh process opens 100 legs at 48 kHz (so that each has a resampler), fills them with more
  than one win of sound, and compares its resident size before and after; without pre-roll for clips.
"""

WANTED_STEPS: Final = 200
SPREAD_HEAD: Final = "quartiles (least to most)"


def markdown(measurement: Measurement) -> str:
    """Write docs/benchmarks.md."""
    parts = (
        "Ratios within one run can be compared between machines, milliseconds cannot.",
        *_machine(measurement),
        "## At a glance",
        table(("", "measured", "target"), at_a_glance(measurement)),
        *_sets(measurement),
        *_models(measurement),
        *_encoders(measurement),
        *_reports(measurement),
        METHOD.format(steps=measurement.num_steps),
    )
    return page("What callmood costs", "bench", *parts, date=measurement.date)


def _machine(measurement: Measurement) -> list[str]:
    machine = measurement.machine
    libraries = ", ".join(f"{name} {version}" for name, version in machine.libraries.items())
    load = (
        "" if machine.load is None else f"; load before the run {machine.load:g} on {machine.num_cores} cores"
    )
    lines = [
        f"{machine.cpu}, {machine.num_cores} cores; {machine.system}; {machine.python}; {libraries}{load}."
    ]
    if measurement.num_steps < WANTED_STEPS:
        lines.append(f"**Medians of {measurement.num_steps} steps only: a trial run, not to be quoted.**")
    return lines


def _sets(measurement: Measurement) -> Iterable[str]:
    for costs in measurement.sets:
        yield f"## A step of `{costs.name}` (version {costs.version})"
        yield (
            f"{costs.num_features} features at {costs.sample_rate} Hz, frames of {costs.frame_length} "
            f"samples every {costs.frame_hop}. A step takes the newest 0.5 s and gives the window's vector; "
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
        yield table(head, rows)
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
    return table(head, rows)


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
        ("legs followed at once", lambda model: f"{model.crowd.num_legs}"),
        ("their real-time factor", lambda model: f"{model.crowd.real_time_factor:.2f}"),
        ("streams by these legs", lambda model: f"{model.crowd.legs_in_real_time:.0f}"),
        ("memory of one more stream, kB", lambda model: f"{model.bytes_per_stream / 1000:.0f}"),
    )
    head = ("", *(f"`{model.name}`" for model in measurement.models))
    yield table(head, [(what, *map(figure, measurement.models)) for what, figure in rows])
    yield "## Calls of two legs, in real time, one core for all"
    yield table(
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
    yield f"## The whole step against {WAV2VEC2}"
    yield (
        f"Emotion recognisers are often built on {WAV2VEC2}. Here it is the bare encoder with random "
        "weights, on the whole window. The steps include the voice baseline and come from the same rounds: "
        f"{leg_name(HEADLINE_RATE, BLOCK_SECONDS)}."
    )
    head = ("model", "win", "whole step, ms", f"{WAV2VEC2}, ms", "times cheaper", SPREAD_HEAD)
    yield table(head, map(_encoder_row, measurement.encoders))


def _reports(measurement: Measurement) -> Iterable[str]:
    if measurement.reports:
        yield "## Reports"
        yield (
            "`callmood report` of a call of two legs with its whole sound, made up from the speech that "
            f"comes with callmood: the best of {NUM_RUNS} runs of the command, and the largest memory. "
            "`python -m benchmarks.report_cost SESSION` measures a recorded session."
        )
        yield costs_table(measurement.reports)


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
