"""Run a day of sound through callmood and check that nothing grows: python -m tests.acceptance.soak

The real command runs in a terminal of its own with everything that it can record; its pipe is filled as fast
as it is emptied. Memory, handles, threads, lag and recordings are watched from outside. Prints a line a
figure; the exit code is 1 where one is not as demanded. A day takes a quarter of an hour.
"""

import argparse
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.pages import exit_code, page, parser, table
from emotion.atomic_files import replace
from streamer.recordings.retention import parse_size
from tests.acceptance.endless_sound import RATE_HZ
from tests.acceptance.soak_run import Reading, SoakPlan, soak
from tests.acceptance.soak_verdict import CLIP_BYTES, Figures, figures, figures_text, verdict
from trainer.plots import FAINT_INK, INK, new_figure, png_of, write_titles

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HEAD: Final = """\
All figures and curves: [soak.json](soak.json).

{hours:.4g} hours of sound went through the command as a user starts it, in a terminal with the panel:

    callmood {options}

The sound is generated (seed {seed}): the demo's speech at many levels, up to far beyond full scale, pauses,
room noise, noise, tones. The pipe is filled as fast as callmood empties it, so the run took {minutes:.3g}
minutes: {speed:.0f} times real time. The {num_readings} readings come from the system's accounting of the
process, from the journal, and from the folder of recordings.

![Memory, handles, threads, lag and recordings over the hours](images/soak.png)

## What was demanded
"""
TAIL: Final = """\
A line through the resident memory after the first {warm:.3g} minutes of sound rises by {slope} a day.
At this speed the lag is the time that a block waits in the queue behind others, not what a listener waits:
see [benchmarks.md](benchmarks.md).

States of the windows: {states}; {alerts} alerts. Machine: {cpu}, {num_cores} cores, {system}, {python}.

## What grows in a week
"""
LAST: Final = """\
Recordings are held to their bounds every minute, of the clock or of the stream. Between two checks they
exceed them by what was recorded meanwhile.
"""

_ROWS_A_DAY: Final = 172_800
_INDEX_LINE_BYTES: Final = 110


def soak_page(found: Figures) -> str:
    """Write docs/soak.md from `figures`."""
    slope = found["resident_bytes_per_day"]
    values = found | {
        "states": ", ".join(f"{number} {state}" for state, number in found["states"].items()),
        "minutes": found["clock_seconds"] / 60,
        "speed": found["hours"] * 3600 / found["clock_seconds"],
        "warm": found["warm_seconds"] / 60,
        "slope": "nothing known" if slope is None else f"{slope / 1e6:.2f} MB",
    }
    demanded = [
        (each["what"], each["found"], each["demanded"], "ok" if each["is_met"] else "**not ok**")
        for each in found["findings"]
    ]
    clips, sound = _ROWS_A_DAY * CLIP_BYTES / 1e9, 86_400 * 32_000 / 1e9
    index = _ROWS_A_DAY * _INDEX_LINE_BYTES / 1e6
    growing = (
        ("journal", f"{found['journal_bytes_per_day'] / 1e6:.0f} MB", "nothing: it is the user's own"),
        ("clips", f"up to {clips:.1f} GB, if somebody speaks all the time", "`--keep`, `--max-size`"),
        ("whole sound", f"{sound:.1f} GB at 16 kHz", "the same"),
        ("index.csv", f"up to {index:.0f} MB", "the same, but only when its session is removed"),
        ("folders of removed clips", "24 empty folders", "as index.csv"),
        ("removed.log", "at most a line a minute", "itself, at 1 MB"),
    )
    return page(
        "A day of sound",
        "soak",
        HEAD.format(**values),
        table(("", "found", "demanded", ""), demanded),
        TAIL.format(**values),
        table(("", "a day", "bounded by"), growing),
        LAST,
        date=found["date"],
    )


PARTS: Final = (
    ("memory [MB]", (("resident_mb", "resident", "#1f6feb"), ("own_mb", "its own", "#7fb0ff"))),
    ("handles, threads", (("handles", "open handles", "#b35900"), ("threads", "threads", "#6b4fbb"))),
    ("longest lag [ms]", (("lag_ms", "lag", "#0f766e"),)),
    ("recordings [MB]", (("recordings_mb", "recordings", "#9b2c5e"),)),
)
"""A part of the picture: what stands beside it, and its curves with name and colour."""


def picture(found: Figures) -> bytes:
    """Draw the curves of `figures` as PNG."""
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


ODD_SAMPLES: Final = 4321
"""More than whole hours: the end lies on no step and in no round block."""


def main() -> int:
    """Run, check, write."""
    options = parser(__doc__)
    options.add_argument(
        "--hours", type=float, default=24.0, metavar="H", help="length of the sound (default: 24)"
    )
    options.add_argument("--model", default="speech-light", metavar="NAME", help="default: %(default)s")
    options.add_argument(
        "--max-size", default="200MB", metavar="SIZE", help="of the recordings (default: %(default)s)"
    )
    options.add_argument(
        "--every", type=float, default=1.0, metavar="S", help="time between readings (default: 1)"
    )
    options.add_argument(
        "--warm", type=float, default=5.0, metavar="MIN", help="sound before readings count (default: 5)"
    )
    options.add_argument("--out", type=Path, metavar="DIR", help="write soak.md, .json and images/soak.png")
    arguments = options.parse_args()
    return exit_code("soak", partial(_run, arguments))


def _run(arguments: argparse.Namespace) -> int:
    plan = SoakPlan(
        num_samples=round(arguments.hours * 3600 * RATE_HZ) + ODD_SAMPLES,
        model=arguments.model,
        max_size=arguments.max_size,
        every_seconds=arguments.every,
        warm_seconds=60 * arguments.warm,
    )
    with tempfile.TemporaryDirectory(prefix="callmood-soak-") as folder:
        run = soak(plan, Path(folder), _tell)
    findings = verdict(run, plan)
    for each in findings:
        word = "ok    " if each.is_met else "NOT OK"
        print(f"{word} {each.what}: {each.found} (demanded: {each.demanded})")
    if arguments.out is not None:
        found = figures(run, plan, findings)
        (arguments.out / "images").mkdir(parents=True, exist_ok=True)
        replace(arguments.out / "soak.json", figures_text(found).encode())
        replace(arguments.out / "soak.md", soak_page(found).encode())
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
