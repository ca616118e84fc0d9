"""Let callmood hear a day of sound, and check that nothing grows: python -m tests.acceptance.soak [--hours H]

The real command runs in a terminal of its own, with all that it can keep; its pipe is filled as fast as it is
emptied. Memory, handles, threads, lag and recordings are watched from outside. It prints a line a figure;
the exit code is 1 where one is not as demanded. A day takes a quarter of an hour.
"""

import argparse
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from emotion.atomic_files import replace
from emotion.errors import CallmoodError
from streamer.recordings.retention import parse_size
from tests.acceptance.endless_sound import RATE_HZ
from tests.acceptance.soak_run import Reading, SoakPlan, soak
from tests.acceptance.soak_verdict import CLIP_BYTES, Figures, figures, figures_text, verdict
from trainer.plots import FAINT_INK, INK, new_figure, png_of, write_titles

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HEAD: Final = """# A day of sound

Written by `make soak` on {date}; run it again rather than edit. All figures and curves:
[soak.json](soak.json).

{hours:.4g} hours of sound went through the command as a user starts it, in a terminal that shows the panel:

    callmood {options}

The sound is made from a seed ({seed}): the demo's speech at many levels, up to far beyond full scale, pauses,
room, noise, tones. It stands in a pipe that is filled as fast as callmood empties it, so that all of it took
{minutes:.3g} minutes: {speed:.0f} times as fast as it would be spoken. The {num_readings} readings are what
the system says of the process, and what the journal and the folder of recordings hold then.

![Memory, handles, threads, lag and recordings over the hours](images/soak.png)

## What was demanded

| | found | demanded | |
|---|---|---|---|
"""
TAIL: Final = """
A line through the resident memory after the first {warm:.3g} minutes of sound rises by {slope} a day.
At this speed the lag tells how long a block waits behind those before it in the queue, not how long a
listener waits: see [benchmarks.md](benchmarks.md).

States of the windows: {states}; {alerts} alerts. Machine: {cpu}, {num_cores} cores, {system}, {python}.

## What grows in a week

| | a day | bounded by |
|---|---|---|
| journal | {journal:.0f} MB | nothing: it is the user's own |
| clips | up to {clips:.1f} GB, where somebody speaks all the time | `--keep`, `--max-size` |
| whole sound | {sound:.1f} GB at 16 kHz | the same |
| index.csv | up to {index:.0f} MB | the same, but only when its session goes |
| hours of clips that have gone | 24 empty folders | as index.csv |
| removed.log | a line a minute at most | itself, at 1 MB |

Recordings are held to their bounds every minute, of the clock or of the stream: between two looks they are
over them by what came meanwhile.
"""

_ROWS_A_DAY: Final = 172_800
_INDEX_LINE_BYTES: Final = 110


def page(found: Figures) -> str:
    """Write it.

    Parameters
    ----------
    found : dict
        As `tests.acceptance.soak_verdict` gives them.

    Returns
    -------
    str
        Markdown.
    """
    rows = "".join(
        f"| {each['what']} | {each['found']} | {each['demanded']} | {_word(is_met=each['is_met'])} |\n"
        for each in found["findings"]
    )
    slope = found["resident_bytes_per_day"]
    per_day = found["journal_bytes_per_day"] / 1e6
    return (
        HEAD.format(
            **found,
            minutes=found["clock_seconds"] / 60,
            speed=found["hours"] * 3600 / found["clock_seconds"],
        )
        + rows
        + TAIL.format(
            **{
                **found,
                "states": ", ".join(f"{number} {state}" for state, number in found["states"].items()),
            },
            warm=found["warm_seconds"] / 60,
            slope="nothing known" if slope is None else f"{slope / 1e6:.2f} MB",
            journal=per_day,
            index=_ROWS_A_DAY * _INDEX_LINE_BYTES / 1e6,
            clips=_ROWS_A_DAY * CLIP_BYTES / 1e9,
            sound=86_400 * 32_000 / 1e9,
        )
    )


def _word(*, is_met: bool) -> str:
    return "ok" if is_met else "**not ok**"


PARTS: Final = (
    ("memory [MB]", (("resident_mb", "resident", "#1f6feb"), ("own_mb", "its own", "#7fb0ff"))),
    ("handles, threads", (("handles", "open handles", "#b35900"), ("threads", "threads", "#6b4fbb"))),
    ("longest lag [ms]", (("lag_ms", "lag", "#0f766e"),)),
    ("recordings [MB]", (("recordings_mb", "recordings", "#9b2c5e"),)),
)
"""A part of the picture: what stands beside it, and its curves with name and colour."""


def picture(found: Figures) -> bytes:
    """Draw it.

    Parameters
    ----------
    found : dict
        As `tests.acceptance.soak_verdict` gives them.

    Returns
    -------
    bytes
        A PNG file.

    Raises
    ------
    MissingExtraError
        Without matplotlib.
    """
    figure = new_figure(11.0, 8.6)
    parts = figure.subplots(len(PARTS), 1, sharex=True, height_ratios=[3, 2, 2, 2])
    points = found["points"]
    for axes, (name, curves) in zip(parts, PARTS, strict=True):
        for key, label, colour in curves:
            axes.plot(points["hours"], points[key], color=colour, linewidth=1.3, label=label)
        axes.set_ylim(0, 1.25 * max(max(points[key]) for key, *_ in curves) or 1)
        _dress(axes, name, has_legend=len(curves) > 1)
    bound = parse_size(found["max_size"]) / 1e6
    parts[-1].axhline(bound, color=FAINT_INK, linewidth=0.8, linestyle="--")
    parts[-1].annotate(
        f"--max-size {found['max_size']}", (1, bound), xycoords=("axes fraction", "data"),
        xytext=(-4, -13), textcoords="offset points", ha="right", fontsize=8.5, color=FAINT_INK,
    )  # fmt: skip
    warm_hours = found["warm_seconds"] / 3600
    parts[0].axvline(warm_hours, color=FAINT_INK, linewidth=0.8, linestyle=":")
    parts[-1].set_xlabel("sound heard [h]", color=INK)
    parts[-1].set_xlim(0, found["hours"])
    kept = next(each["found"] for each in found["findings"] if each["what"].startswith("resident"))
    write_titles(
        parts[0],
        f"{found['hours']:.3g} hours of sound in {found['clock_seconds'] / 60:.3g} minutes",
        f"model {found['model']}, one leg; resident from {found['warm_seconds'] / 60:.3g} min on: {kept}",
    )
    return png_of(figure)


def _dress(axes: "Axes", name: str, *, has_legend: bool) -> None:
    axes.set_ylabel(name, color=INK, fontsize=9.5)
    axes.grid(axis="y", color="#e4e7eb", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(colors=INK, labelsize=9, length=2)
    axes.spines[:].set_visible(False)
    if has_legend:
        axes.legend(loc="best", ncols=2, frameon=False, fontsize=9, labelcolor=INK)


ROOT: Final = Path(__file__).parents[2]
ODD_SAMPLES: Final = 4321
"""More than whole hours: the end lies on no step and in no round block."""


def main() -> int:
    """Run, judge, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--hours", type=float, default=24.0, metavar="H", help="of sound (default: 24)")
    parser.add_argument("--model", default="speech-light", metavar="NAME")
    parser.add_argument("--max-size", default="200MB", metavar="SIZE", help="of the recordings")
    parser.add_argument("--every", type=float, default=1.0, metavar="S", help="from reading to reading")
    parser.add_argument("--warm", type=float, default=5.0, metavar="MIN", help="of sound, before it counts")
    parser.add_argument("--out", type=Path, metavar="DIR", help="write soak.md, .json and images/soak.png")
    arguments = parser.parse_args()
    plan = SoakPlan(
        num_samples=round(arguments.hours * 3600 * RATE_HZ) + ODD_SAMPLES,
        model=arguments.model,
        max_size=arguments.max_size,
        every_seconds=arguments.every,
        warm_seconds=60 * arguments.warm,
    )
    try:
        with tempfile.TemporaryDirectory(prefix="callmood-soak-") as folder:
            run = soak(plan, Path(folder), _tell)
    except CallmoodError as error:
        sys.stderr.write(f"soak: {error}\n")
        return error.exit_code
    findings = verdict(run, plan)
    for each in findings:
        print(
            f"{'ok    ' if each.is_met else 'NOT OK'} {each.what}: {each.found} (demanded: {each.demanded})"
        )
    if arguments.out is not None:
        found = figures(run, plan, findings)
        (arguments.out / "images").mkdir(parents=True, exist_ok=True)
        replace(arguments.out / "soak.json", figures_text(found).encode())
        replace(arguments.out / "soak.md", page(found).encode())
        replace(arguments.out / "images" / "soak.png", picture(found))
    return 0 if all(each.is_met for each in findings) else 1


def _tell(seen: Reading) -> None:
    if sys.stdout.isatty():
        held = seen.held
        print(
            f"\r{seen.stream_seconds / 3600:7.2f} h  {held.resident_bytes / 1e6:6.1f} MB  "
            f"{held.num_handles} handles  {held.num_threads} threads  lag {seen.max_lag_seconds:.2f} s",
            end="",
            flush=True,
        )


if __name__ == "__main__":
    sys.exit(main())
