"""The figures of a run: as JSON, as headlines, and as the page `docs/benchmarks.md`."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any, Final, NamedTuple

from benchmarks.capacity import Calls
from benchmarks.feature_costs import HEADLINE_WIN_SECONDS, WINS_SECONDS, SetCosts
from benchmarks.measurement import Measurement
from benchmarks.model_costs import HEADLINE_RATE, EncoderCosts, ModelCosts
from benchmarks.timing import Ratio
from benchmarks.wav2vec2 import WAV2VEC2
from benchmarks.wav2vec2 import WAV2VEC2 as ENCODER
from benchmarks.whole_step import leg_name
from emotion.model_folders import DEFAULT_MODEL
from streamer.sources.file import BLOCK_SECONDS

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


AGAINST_PEER: Final = {"classic": 20, "acoustic": 25}
"""At least so many times cheaper, by set."""

AGAINST_FFT: Final = {"classic": 5, "acoustic": 10}
"""At most so many times dearer, by set."""

STEP_LIMITS_MS: Final = {"speech": 12.0, "acoustic": 1.0}
"""The whole step of a model at most, by the set that it was fitted on."""


class Line(NamedTuple):
    """A figure and what it is held to.

    Attributes
    ----------
    what, figure, target : str
        In words; the target is empty where there is none.
    """

    what: str
    figure: str
    target: str


def at_a_glance(measurement: Measurement) -> list[Line]:
    """Give the headlines of a run.

    Parameters
    ----------
    measurement : Measurement
        The run.

    Returns
    -------
    list of Line
        In the order of the page.
    """
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
    return [*lines, *_against_encoder(measurement)]


def _against_encoder(measurement: Measurement) -> Iterator[Line]:
    for costs in measurement.encoders:
        if costs.name == DEFAULT_MODEL:
            heard = f"bare {WAV2VEC2}, {costs.win_seconds:g} s of sound"
            yield Line(heard, f"{costs.encoder_ms:.0f} ms", "")
            cheaper = f"{costs.times_cheaper.median:.1f} x cheaper"
            yield Line(f"whole step of `{costs.name}` against {heard}", cheaper, "")


METHOD: Final = """\
## How each figure was protected from noise

- **One thread**: the command starts itself anew with `OMP_NUM_THREADS` and its like set to 1, before numpy
  is loaded.
- **Processor time** of the whole process, not the clock on the wall: what other programs take does not
  count, while a thread that a library started behind our back would. What they do to the caches still
  counts.
- **In turns**: in each of {steps} rounds every contender does one step on the same half second of speech,
  in an order drawn anew (seed 0). A ratio is taken within a round, between neighbours in time; the median
  over the rounds is given, with quartiles and extremes. Three rounds go before, uncounted; the garbage
  collector rests.
- **Against the peer** (`librosa`, `openSMILE`): one set of rounds for wins of 1, 2, 3 and 5 s, ours,
  theirs, and the bare FFTs. librosa is called as the article calls it (eight families and RMS, their mean,
  standard deviation, minimum and maximum). openSMILE's configuration is read beforehand, and its values are
  taken without the data frame around them.
- **Against the bare FFTs**: Hann taper and `scipy.fft.rfft`, float32, one batch of exactly the frames that
  the step completes, cut beforehand. Caches decide much here: work in between makes the transform up to
  twice as dear, since it is mostly memory, and the ratio smaller. So all three ways are given: the two in
  turns, among all others, and each alone in bursts of 20 steps after 5 uncounted ones. The headline is the
  two in turns: paired and interleaved, with nothing between them that is dear to one and not to the other.
- **Win 5 s against win 1 s**: within the rounds of the first table.
- **Prediction** and **whole step**: in turns with each other. The step begins with the first block of half
  a second and ends with the row: mixing, level, resampling to the model's rate, features, gate, model, voice
  baseline, smoothing: as live. Silent windows leave the model out, so their rounds are taken again. The
  headline is a 16 kHz source in blocks of 50 ms, as live sources cut.
- **Against wav2vec2-base**: the bare encoder (94 million weights drawn at random: they cost the same) on as
  much sound as the model's window holds, float32, under the settings of onnxruntime that callmood's own
  encoder has, in turns with the whole steps of all models. Its 378 MB pass through the caches in each round,
  so steps cost a little more here than in the table above. What a recogniser needs besides the encoder
  (gate, head, smoothing) is left out of it, and is in the steps.
- **Streams on one core**: 0.5 s over the whole step; then four fifths of that number are really followed
  side by side for three seconds of sound each. Many legs crowd each other out of the caches; the lower
  figure of the two is the headline.
- **Calls of two legs**: blocks of 50 ms of a stereo source at 16 kHz come from a thread of their own at the
  times at which they would, each call at a phase drawn at random (seed 0), both legs speaking; one worker
  takes them, and the process is kept on one core. A number of calls is followed where in 15 s nothing waits
  longer than the 10 s that a live session lets it, and 99 of 100 rows come within 250 ms of their window's
  last sample; what still waits at the end counts as that late. Up to six numbers are tried; the most that
  was followed is given, and twice as many. Here other programs do count: it is the clock on the wall.
- **Memory**: a fresh process opens 100 legs at 48 kHz (so that each has a resampler), fills them with more
  than win of sound, and looks at its resident size before and after; without pre-roll for clips.
"""


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
