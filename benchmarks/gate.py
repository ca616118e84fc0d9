"""What the gate lets through, of people and of what is none: `make gate-table` writes docs/non-speech.md.

    python -m benchmarks.gate [--page FILE]

Corpora are looked for in CALLMOOD_CORPORA, else in ../shared/corpora; music in the Debian packages named in
benchmarks/gate_material.py. What is missing is named and left out.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, get_args

import numpy as np

from benchmarks.gate_material import (
    GRID,
    MUSIC,
    kept_of,
    music_of,
    silences,
    sounds_of,
    states_of,
    streams_of,
)
from streamer.gate.gate import Gate
from streamer.gate.kinds import GateKind
from trainer.conditions.catalogue import EVALUATION_CONDITIONS
from trainer.dataset.dataset import read_dataset
from trainer.sounds.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from emotion.arrays import Samples

GATES: Final[tuple[GateKind, ...]] = get_args(GateKind)
NUM_SPEAKERS: Final = 10
CLIPS_EACH: Final = 12
HEAD: Final = """# What is speech, and what is not

Written by `make gate-table`; measure again rather than edit. How the gate works stands in
[0016](decisions/0016-non-speech.md). Windows of 2 s each 0.5 s; `voice` is the gate of models on
`speech` and `acoustic`, `level` the one of older models, which knows loudness alone.
"""


def main() -> int:
    """Measure and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--page", type=Path, default=Path("docs/non-speech.md"))
    page = parser.parse_args().page
    parts = [
        HEAD,
        *_not_speech(),
        *_speech(),
        *_cost(),
        f"\nMeasured on {datetime.now(UTC).date()}.",
    ]
    page.write_text("\n".join(parts).rstrip() + "\n")
    print(page)
    return 0


def _not_speech() -> list[str]:
    """Measure how many windows of each kind of sound would show an emotion."""
    sounds: dict[str, Callable[[], Iterator[tuple[Samples, int]]]] = {"silence": silences}
    sounds |= {kind: lambda kind=kind: sounds_of(kind) for kind in KINDS}  # type: ignore[misc]
    for package, folder in MUSIC.items():
        if Path(folder).is_dir():
            sounds[f"music: {package}"] = lambda folder=folder: music_of(Path(folder))  # type: ignore[misc]
        else:
            print(f"no music of {package}: apt-get install {package}", file=sys.stderr)
    lines = [
        "\n## Sound without speech\n",
        "Share of the windows that show an emotion where nothing is `unsure`, in %. All but the music is",
        "synthesised (`trainer/sounds`), at -45 to -12 dBFS.",
        "Nothing was fitted to music, but it was looked at when thresholds were chosen.\n",
        _row("sound", "windows", *GATES, "said by `voice`"),
        "|---|---|---|---|---|",
    ]
    totals: dict[GateKind, Counter[str]] = {gate: Counter() for gate in GATES}
    for name, make in sounds.items():
        counts = {gate: states_of(make(), gate) for gate in GATES}
        for gate in GATES:
            totals[gate] += counts[gate]
        lines.append(_counted(name, counts))
        print(lines[-1], flush=True)
    return [*lines, _counted("all", totals)]


def _counted(name: str, counts: dict[GateKind, Counter[str]]) -> str:
    said = counts["voice"]
    shares = (f"{100 * counts[gate]['speech'] / counts[gate].total():.2f}" for gate in GATES)
    words = ", ".join(f"{state} {100 * n / said.total():.0f} %" for state, n in said.most_common())
    return _row(name, str(said.total()), *shares, words)


def _speech() -> list[str]:
    """Measure how many windows of people are heard as speech."""
    folder = Path(os.environ.get("CALLMOOD_CORPORA", "../shared/corpora"))
    if not folder.is_dir():
        print(f"no corpora at {folder}: set CALLMOOD_CORPORA", file=sys.stderr)
        return []
    lines = [
        "\n## Speech\n",
        f"{CLIPS_EACH} clips of each of up to {NUM_SPEAKERS} speakers of a corpus, pauses of 0.5 to 1 s.",
        "Share of windows heard as speech, in %: of all with more than half in a clip, then of those",
        "among them with at least half a second spoken (slices within 30 dB of the clip's loudest): clips",
        "begin and end in silence. The noise of `noise10` lies 10 dB under the speech of the *whole stream*:",
        "where a speaker shouts and whispers the whisper is buried.\n",
        _row("corpus", "condition", "windows", *(f"{gate}: in clip | spoken" for gate in GATES)),
        "|---|---|---|---|---|---|---|",
    ]
    clips = read_dataset(folder).clips
    for corpus in sorted({clip.corpus for clip in clips}):
        streams = streams_of([clip for clip in clips if clip.corpus == corpus], NUM_SPEAKERS, CLIPS_EACH)
        for condition in EVALUATION_CONDITIONS:
            cells = []
            for gate in GATES:
                in_clip, spoken = kept_of(streams, condition, gate)
                cells += [
                    f"{100 * count['speech'] / max(1, count.total()):.1f}" for count in (in_clip, spoken)
                ]
            lines.append(_row(corpus, condition, str(in_clip.total()), *cells))
            print(lines[-1], flush=True)
    return lines


def _cost() -> list[str]:
    """Measure what a step of each gate costs, the kinds in turns."""
    rng = np.random.default_rng(0)
    gates = {gate: Gate(gate, GRID) for gate in GATES}
    times: dict[GateKind, list[float]] = {gate: [] for gate in GATES}
    for _ in range(400):
        piece = rng.normal(0, 0.1, GRID.step).astype(np.float32)
        for gate, opened in gates.items():
            began = time.perf_counter()
            opened.push(piece)
            opened.state(-20.0, -80.0, 0.0)
            times[gate].append(time.perf_counter() - began)
    shares = (f"`{gate}` {1000 * np.median(times[gate]):.3f} ms" for gate in GATES)
    return [f"\n## Cost of a step of 0.5 s\n\n{', '.join(shares)} (medians of 400, in turns)."]


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    sys.exit(main())
