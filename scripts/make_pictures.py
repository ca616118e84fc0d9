"""Make the pictures of the README: python -m scripts.make_pictures

The panel is drawn from a snapshot of a real session: the demo's speech, three times in a row, through the
path of a microphone. The panel for two legs shows a call made of the demo's sentences. The analysis picture
is what `callmood predict --plot` draws of the same recording.
"""

import io
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import soundfile
from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console, ConsoleOptions
from rich.segment import Segment
from rich.terminal_theme import DEFAULT_TERMINAL_THEME, MONOKAI, TerminalTheme

from benchmarks.pages import DOCS, SPEECH, exit_code, parser
from callmood import __version__
from callmood.__main__ import main as callmood
from callmood.model_choice import DEFAULT_MODEL
from emotion.arrays import Samples
from emotion.audio_io import AudioFile
from emotion.model import find_model
from emotion.output_files import OutputFiles
from streamer.alerts import AlertRule
from streamer.analysis.spectrogram import SpectrogramHistory
from streamer.leg_plan import LegPlan
from streamer.panel.canvas import Canvas
from streamer.panel.panel import draw_panel
from streamer.pipeline import SessionOptions
from streamer.recordings.session_folder import SessionFolder
from streamer.session import Session
from streamer.session_info import SessionInfo
from streamer.sinks.spectrogram_png import SpectrogramPng
from streamer.snapshot import Snapshot
from streamer.sources.file import FileSource
from streamer.terminal_io import Key, Note, Screen

if TYPE_CHECKING:
    from streamer.sinks.base import Sink

CALL_NAME = "call.wav"
# Two friends: of an employee there is nothing to read.
LEGS = (LegPlan("me", channel=0), LegPlan("them", channel=1))
ALERT = "me:angry>0.6 for 2s"
NOTE = "the train was cancelled"
ROOM_DBFS = -70.0


@dataclass(frozen=True)
class Turn:
    """A sentence of the demo, said on a leg of the call."""

    leg: int
    at_seconds: float
    # Where it stands in the demo.
    first_seconds: float
    last_seconds: float


CUSTOMER, AGENT = 0, 1
MORNING, NEWS, ANGER, THURSDAY, WELL_DONE = (0.4, 4.7), (5.2, 8.4), (15.3, 18.6), (19.6, 23.3), (23.6, 26.2)
TURNS = tuple(
    Turn(leg, at_seconds, *sentence)
    for leg, at_seconds, sentence in (
        (AGENT, 0.5, MORNING),
        (CUSTOMER, 5.2, NEWS),
        (AGENT, 8.6, THURSDAY),
        (AGENT, 12.4, MORNING),
        (CUSTOMER, 16.2, ANGER),
        (CUSTOMER, 19.8, ANGER),
        (AGENT, 22.4, THURSDAY),
        (AGENT, 26.3, WELL_DONE),
        (CUSTOMER, 29.2, NEWS),
        (CUSTOMER, 32.8, WELL_DONE),
        (AGENT, 35.8, MORNING),
        (AGENT, 40.4, THURSDAY),
        (CUSTOMER, 43.2, ANGER),
        (AGENT, 47.0, THURSDAY),
        (AGENT, 51.0, MORNING),
        (CUSTOMER, 55.6, ANGER),
        (CUSTOMER, 59.1, ANGER),
        (AGENT, 60.2, THURSDAY),
    )
)
GAINS = (0.5, 1.0)


def write_call(demo: Path, path: Path) -> None:
    """Write a call made of the demo's sentences, a WAV of two channels."""
    samples, sample_rate = soundfile.read(demo, dtype="float32")
    end_seconds = max(turn.at_seconds + turn.last_seconds - turn.first_seconds for turn in TURNS) + 1.0
    call = _room(round(end_seconds * sample_rate))
    for turn in TURNS:
        said = samples[round(turn.first_seconds * sample_rate) : round(turn.last_seconds * sample_rate)]
        first = round(turn.at_seconds * sample_rate)
        call[first : first + len(said), turn.leg] += GAINS[turn.leg] * said
    soundfile.write(path, call, sample_rate, subtype="PCM_16")


def _room(num_samples: int) -> Samples:
    noise = np.random.default_rng(0).normal(0.0, 10 ** (ROOM_DBFS / 20), (num_samples, len(LEGS)))
    return noise.astype(np.float32)


TIMES = 3
"""So often is the demo heard in a row, so that the probability history has its minute."""

SECONDS = 64.4
"""Where it is stopped for the portrait: in the middle of a sentence."""

CALL_SECONDS = 61.8
"""Where the call is: both talk."""

STARTED = 1_795_402_799.25
"""A fixed clock: the same program gives the same picture, but for its own speed."""

# The template of rich fetches a font from the net; a picture should bring no one to another server.
SVG_FORMAT = re.sub(r"@font-face \{\{.*?\}\}\s*", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)


class Portrait(Screen):
    """A screen that keeps the last snapshot."""

    facts: SessionInfo
    snapshot: Snapshot

    def __init__(self, keys: Sequence[tuple[float, Key]] = ()) -> None:
        super().__init__()
        self._keys = list(keys)

    def poll(self, timeout_seconds: float) -> Key | None:
        """Press keys at their stream times, as far as these can be met."""
        super().poll(min(timeout_seconds, 0.01))
        is_due = bool(self._keys) and self.snapshot.stream_seconds >= self._keys[0][0]
        return self._keys.pop(0)[1] if is_due else None

    def open(self, facts: SessionInfo) -> None:
        """Keep the session's facts, with a fixed start."""
        self.facts = replace(facts, started=STARTED)

    def draw(self, snapshot: Snapshot) -> None:
        """Keep the latest snapshot."""
        self.snapshot = snapshot


class Unmerged:
    """A canvas whose blanks are runs of their own: some viewers drop blanks at the start of a text."""

    def __init__(self, canvas: Canvas) -> None:
        self._canvas = canvas

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        """Give the lines, cut where blanks end."""
        for line in self._canvas.lines():
            for text, style, _ in line:
                for piece in re.findall(r"\s{2,}|\s?\S+(?:\s\S+)*\s?|\s", text):
                    if piece[0] == " " and piece.strip():
                        yield Segment(" ", style)
                    yield Segment(piece.lstrip() if piece.strip() else piece, style)
            yield Segment.line()


def listen_to_the_demo(model_name: str, *, png: Path | None = None, seconds: float | None = None) -> Portrait:
    """Replay the demo through a real session."""
    history = SpectrogramHistory()
    options = SessionOptions(
        __version__, duration_seconds=seconds, spectrogram=True, spectrogram_history=history
    )
    with tempfile.TemporaryDirectory() as folder:
        heard = Path(folder) / SPEECH.name
        samples, sample_rate = soundfile.read(SPEECH, dtype="int16")
        soundfile.write(heard, np.tile(samples, TIMES), sample_rate)
        sinks: list[Sink] = []
        if png is not None:
            output = OutputFiles(force=True).claim(png, "--out")
            sinks.append(SpectrogramPng(history, output, SessionFolder(Path(folder))))
        return portrait_of(heard, model_name, options, sinks)


def listen_to_the_call(model_name: str) -> Portrait:
    """Replay a call of two through a real session."""
    with tempfile.TemporaryDirectory() as folder:
        heard = Path(folder) / CALL_NAME
        write_call(SPEECH, heard)
        options = SessionOptions(
            __version__,
            legs=LEGS,
            duration_seconds=CALL_SECONDS,
            spectrogram=True,
            alert_rules=(AlertRule.parse(ALERT),),
        )
        keys: list[tuple[float, Key]] = [(24.0, "begin_note"), (26.0, Note(NOTE)), (41.0, "mark")]
        return portrait_of(heard, model_name, options, [], keys)


def portrait_of(
    heard: Path,
    model_name: str,
    options: SessionOptions,
    sinks: list["Sink"],
    keys: Sequence[tuple[float, Key]] = (),
) -> Portrait:
    """Replay a recording, and keep what was shown last."""
    model = find_model(model_name)
    portrait = Portrait(keys)
    source = FileSource(AudioFile(heard), fast=True)
    Session([source], model, model.card.grid(None, None), sinks=sinks, screen=portrait, options=options).run()
    return portrait


def draw_svg(portrait: Portrait, size: tuple[int, int], theme: TerminalTheme, *, spectrogram: bool) -> str:
    """Draw the panel as SVG."""
    snapshot = portrait.snapshot if spectrogram else replace(portrait.snapshot, spectrogram=None)
    panel = draw_panel(snapshot, portrait.facts, *size, STARTED + snapshot.stream_seconds)
    console = Console(
        record=True, width=size[0], height=size[1], file=io.StringIO(), force_terminal=True,
        color_system="truecolor", legacy_windows=False,
    )  # fmt: skip
    console.print(Unmerged(panel))
    return console.export_svg(title="callmood", theme=theme, code_format=SVG_FORMAT, unique_id="callmood")


def main() -> int:
    """Make all pictures."""
    options = parser(__doc__)
    options.add_argument(
        "--out", type=Path, default=DOCS / "images", metavar="DIR", help="default: docs/images"
    )
    options.add_argument("--model", default=DEFAULT_MODEL, metavar="NAME", help="default: %(default)s")
    arguments = options.parse_args()
    os.environ["TZ"] = "UTC"
    time.tzset()
    return exit_code("make_pictures", partial(_make, arguments.model, arguments.out))


def _make(model: str, out: Path) -> int:
    out.mkdir(parents=True, exist_ok=True)
    portrait = listen_to_the_demo(model, seconds=SECONDS)
    call = listen_to_the_call(model)
    for name, shown, size, theme, spectrogram in (
        ("panel", portrait, (80, 24), MONOKAI, False),
        ("panel-light", portrait, (80, 24), DEFAULT_TERMINAL_THEME, False),
        ("panel-spectrogram", portrait, (110, 36), MONOKAI, True),
        ("panel-call-80x24", call, (80, 24), MONOKAI, False),
        ("panel-call-80x24-light", call, (80, 24), DEFAULT_TERMINAL_THEME, False),
        ("panel-call-120x40", call, (120, 40), MONOKAI, False),
        ("panel-call-200x60", call, (200, 60), MONOKAI, True),
    ):
        svg = draw_svg(shown, size, theme, spectrogram=spectrogram)
        (out / f"{name}.svg").write_text(svg, encoding="utf-8")
    listen_to_the_demo(model, png=out / "spectrogram.png")
    with tempfile.TemporaryDirectory() as folder:
        picture = Path(folder) / "analysis.png"
        failed = callmood(["predict", str(SPEECH), "--model", model, "--plot", str(picture)])
        if not failed:
            shutil.copyfile(picture, out / "analysis.png")
    print(f"pictures are in {out}")
    return failed


if __name__ == "__main__":
    sys.exit(main())
