"""The headlines of a run, and what each is held to."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from emotion.model_folders import DEFAULT_MODEL
from evaluation.bench.figures import worst_of_win5_vs_win1
from evaluation.bench.measurement import Measurement
from evaluation.bench.set_costs import HEADLINE_WIN_SECONDS
from evaluation.bench.wav2vec2_peer import NAME

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
            heard = f"bare {NAME}, {costs.win_seconds:g} s of sound"
            yield Line(heard, f"{costs.encoder_ms:.0f} ms", "")
            cheaper = f"{costs.times_cheaper.median:.1f} x cheaper"
            yield Line(f"whole step of `{costs.name}` against {heard}", cheaper, "")
