"""What the gate takes for speech, of people and of other sounds: `make gate-table`."""

from __future__ import annotations

import sys
import time
from collections import Counter
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, get_args

import numpy as np
import soundfile

from benchmarks.pages import DOCS, add_corpora, exit_code, page, parser, table, today
from callmood.evaluation.streams import (
    STREAM_RATE_HZ,
    StreamSound,
    plan_streams,
    read_at_stream_rate,
    render_stream,
    stream_generator,
)
from emotion.arrays import FloatArray, Samples, read_only
from emotion.window_grid import WindowGrid
from streamer.analysis.gate import Gate, GateKind
from streamer.analysis.windows import GatedWindow, WindowAnalyser, WindowOptions
from streamer.events import AudioBlock
from trainer.augmentation.catalogue import EVALUATION_CONDITIONS, apply_condition
from trainer.dataset import Clip, read_dataset
from trainer.synthesis.sounds import KINDS, synthesise_sound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from emotion.arrays import Samples

GRID: Final = WindowGrid.from_seconds(2.0, 0.5, STREAM_RATE_HZ)
LEVELS_DBFS: Final = (-45.0, -40.0, -35.0, -30.0, -25.0, -20.0, -16.0, -12.0)
SECONDS_OF_SOUND: Final = 20.0
NUM_SOUNDS: Final = 24
FIRST_SEED: Final = 5_000
"""Thresholds were looked at with other seeds, lower than this."""
MUSIC: Final = {
    "asc-music": "/usr/share/games/asc/music",
    "hyperrogue-music": "/usr/share/hyperrogue/music",
    "planetblupi-music-ogg": "/usr/share/planetblupi/music",
    "singularity-music": "/usr/share/games/singularity/music",
}
"""Debian packages, and where they put their music."""
SECONDS_OF_MUSIC: Final = 60.0


class NoFeatures:
    """A feature set that computes nothing: what is measured is the gate alone."""

    name = "none"
    version = 1
    sample_rate = STREAM_RATE_HZ
    frame_length = frame_hop = 160
    feature_names: tuple[str, ...] = ("nothing",)
    feature_units = feature_names
    offline_only = False

    def open(self, grid: WindowGrid) -> NoFeatures:
        """Give itself: it has no state."""
        del grid
        return self

    def push(self, piece: Samples) -> None:
        """Drop a piece."""

    def vector(self) -> FloatArray:
        """Give one zero."""
        return np.zeros(1, dtype=np.float32)

    def clip_vector(self, samples: Samples) -> FloatArray:
        """Give one zero."""
        del samples
        return self.vector()


def windows_of(samples: Samples, sample_rate: int, gate: GateKind) -> list[GatedWindow]:
    """Gate a sound as a leg does."""
    front_end = WindowAnalyser("gate", NoFeatures(), GRID, sample_rate, WindowOptions(gate=gate))
    given = front_end.push(AudioBlock(read_only(samples[:, None]), 0, time.monotonic()))
    return [each for each in [*given, *front_end.finish()] if isinstance(each, GatedWindow)]


def states_of(sounds: Iterator[tuple[Samples, int]], gate: GateKind) -> Counter[str]:
    """Count the states of all windows of some sounds."""
    return Counter(each.state for samples, rate in sounds for each in windows_of(samples, rate, gate))


def silences() -> Iterator[tuple[Samples, int]]:
    """Give digital silence, and room noise below the threshold of the `level` gate."""
    yield np.zeros(int(SECONDS_OF_SOUND * STREAM_RATE_HZ), np.float32), STREAM_RATE_HZ
    for seed, level in enumerate((-90.0, -80.0, -70.0, -62.0) * 3):
        yield (
            synthesise_sound("steady noise", SECONDS_OF_SOUND, STREAM_RATE_HZ, FIRST_SEED + seed, level),
            STREAM_RATE_HZ,
        )


def sounds_of(kind: str) -> Iterator[tuple[Samples, int]]:
    """Give sounds of a kind, at many levels."""
    for number in range(NUM_SOUNDS):
        level = LEVELS_DBFS[number % len(LEVELS_DBFS)]
        yield (
            synthesise_sound(kind, SECONDS_OF_SOUND, STREAM_RATE_HZ, FIRST_SEED + number, level),
            STREAM_RATE_HZ,
        )


def music_of(folder: Path) -> Iterator[tuple[Samples, int]]:
    """Give the middle minute of each piece of music, at its own rate."""
    for path in sorted([*folder.rglob("*.ogg"), *folder.rglob("*.mp3")]):
        with soundfile.SoundFile(path) as file:
            length = int(SECONDS_OF_MUSIC * file.samplerate)
            file.seek(max(0, (file.frames - length) // 2))
            yield file.read(length, dtype="float32", always_2d=True).mean(axis=1), file.samplerate


def streams_of(
    clips: Sequence[Clip], num_speakers: int, clips_each: int
) -> list[tuple[StreamSound, np.random.Generator]]:
    """Put some clips of some speakers of one corpus into streams, one a speaker."""
    speakers = sorted({clip.speaker or "" for clip in clips})
    chosen = speakers[:: max(1, len(speakers) // num_speakers)][:num_speakers]
    streams = []
    for plan in plan_streams([clip for clip in clips if (clip.speaker or "") in chosen], "balanced", 0):
        shorter = replace(plan, clips=plan.clips[:clips_each])
        streams.append((render_stream(shorter), stream_generator(shorter, "condition")))
    return streams


def spoken_slices(stream: StreamSound) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Tell how many seconds were spoken up to each 20 ms: within 30 dB of the loudest of the clip."""
    length = STREAM_RATE_HZ // 50
    powers = np.mean(
        stream.samples[: len(stream.samples) // length * length].reshape(-1, length) ** 2, axis=1
    )
    spoken = np.zeros(len(powers) + 1)
    for start, end in zip(stream.starts // length, stream.ends // length, strict=True):
        inside = powers[start:end]
        spoken[start + 1 : end + 1] = (inside > 1e-3 * inside.max()) / 50
    return np.cumsum(spoken)


def kept_of(
    streams: Sequence[tuple[StreamSound, np.random.Generator]], condition: str, gate: GateKind
) -> tuple[Counter[str], Counter[str]]:
    """Count states of windows with more than half in a clip; and of those with half a second spoken."""
    in_clip: Counter[str] = Counter()
    spoken: Counter[str] = Counter()
    for stream, rng in streams:
        degraded = apply_condition(condition, stream.samples, STREAM_RATE_HZ, rng)
        seconds = spoken_slices(stream)
        for window in windows_of(degraded, STREAM_RATE_HZ, gate):
            start, end = window.start_sample, window.end_sample
            inside = np.minimum(end, stream.ends) - np.maximum(start, stream.starts)
            if inside.max() <= (end - start) / 2:
                continue
            in_clip[window.state] += 1
            slices = (min(len(seconds) - 1, end * 50 // STREAM_RATE_HZ), start * 50 // STREAM_RATE_HZ)
            if seconds[slices[0]] - seconds[slices[1]] >= 0.5:
                spoken[window.state] += 1
    return in_clip, spoken


PAUSES_SECONDS: Final = (0.5, 4.0)
ROOM_DBFS: Final = -50.0
SPEECH_DBFS: Final = -23.0
CLIPS_IN_ROOM: Final = 40


def room_after_voices(clips: Sequence[Clip]) -> tuple[Samples, np.ndarray[tuple[int], np.dtype[np.int64]]]:
    """Put clips of one corpus into a room with long pauses; give the sound and its spoken samples, summed."""
    rng = np.random.default_rng(77)
    sounds: list[Samples] = []
    spoken = []
    for index in rng.choice(len(clips), min(CLIPS_IN_ROOM, len(clips)), replace=False):
        clip = read_at_stream_rate(clips[index].path)
        slices = clip[: len(clip) // 320 * 320].reshape(-1, 320)
        powers = np.mean(slices**2, axis=1)
        active = np.repeat(powers > 1e-3 * powers.max(), 320)
        active = np.pad(active, (0, len(clip) - len(active)))
        pause = round(rng.uniform(*PAUSES_SECONDS) * STREAM_RATE_HZ)
        gain = 10 ** (SPEECH_DBFS / 20) / np.sqrt(np.mean(clip[active] ** 2))
        sounds += [np.zeros(pause, np.float32), (clip * gain).astype(np.float32)]
        spoken += [np.zeros(pause, np.bool_), active]
    sound = np.concatenate(sounds)
    sound += (rng.standard_normal(len(sound)) * 10 ** (ROOM_DBFS / 20)).astype(np.float32)
    return np.clip(sound, -1, 1), np.concatenate([[0], np.cumsum(np.concatenate(spoken))])


def empty_windows(clips: Sequence[Clip], gate: GateKind) -> tuple[Counter[str], Counter[str]]:
    """Count states of windows without any speech: of all, and of those within half a second after it."""
    sound, spoken = room_after_voices(clips)
    empty: Counter[str] = Counter()
    near: Counter[str] = Counter()
    for window in windows_of(sound, STREAM_RATE_HZ, gate):
        start, end = window.start_sample, window.end_sample
        if spoken[end] > spoken[start]:
            continue
        empty[window.state] += 1
        if spoken[start] > spoken[max(0, start - STREAM_RATE_HZ // 2)]:
            near[window.state] += 1
    return empty, near


GATES: Final[tuple[GateKind, ...]] = get_args(GateKind)
NUM_SPEAKERS: Final = 10
CLIPS_EACH: Final = 12
HEAD: Final = """\
How the gate works: [0016](decisions/0016-non-speech.md). Windows of 2 s each 0.5 s; `voice` is the gate of
models on `speech` and `acoustic`, `level` the one of older models, which uses loudness alone.
"""
NOT_SPEECH: Final = """\
Share of the windows that show an emotion where nothing is `unsure`, in %. All sounds but the music are
synthesised (`trainer/synthesis`), at -45 to -12 dBFS. No threshold was fitted to music, but it was looked at
when they were chosen.
"""
SPEECH: Final = """\
{clips} clips of each of up to {speakers} speakers of a corpus, pauses of 0.5 to 1 s. Share of windows taken
for speech, in %: of all with more than half in a clip, then of those among them with at least half a second
spoken (slices within 30 dB of the clip's loudest), since clips begin and end in silence. The noise of
`noise10` lies 10 dB under the speech of the *whole stream*: where a speaker shouts and whispers, it masks the
whisper.
"""

AFTER_VOICES: Final = """\
{clips} clips of a corpus at -23 dBFS with pauses of 0.5 to 4 s, in a room of white noise at -50 dBFS. Share
of windows without a slice of speech that are taken for speech, in %: of all, then of those that begin within
half a second after speech.
"""


def main() -> int:
    """Measure and write the page."""
    options = parser(__doc__)
    add_corpora(options)
    options.add_argument(
        "--page", type=Path, metavar="FILE", default=DOCS / "non-speech.md",
        help="where the page goes (default: docs/non-speech.md)",
    )  # fmt: skip
    arguments = options.parse_args()
    return exit_code("gate", partial(_write, arguments.corpora, arguments.page))


def _write(corpora: Path, path: Path) -> None:
    parts = (HEAD, *_not_speech(), *_speech(corpora), *_after_voices(corpora), *_cost())
    text = page("What is speech, and what is not", "gate-table", *parts, date=today())
    path.write_text(text, encoding="utf-8")
    print(path)


def _not_speech() -> list[str]:
    """Measure how many windows of each kind of sound would show an emotion."""
    sounds: dict[str, Callable[[], Iterator[tuple[Samples, int]]]] = {"silence": silences}
    sounds |= {kind: partial(sounds_of, kind) for kind in KINDS}
    for package, folder in MUSIC.items():
        if Path(folder).is_dir():
            sounds[f"music: {package}"] = partial(music_of, Path(folder))
        else:
            print(f"no music of {package}: apt-get install {package}", file=sys.stderr)
    rows = []
    totals: dict[GateKind, Counter[str]] = {gate: Counter() for gate in GATES}
    for name, make in sounds.items():
        counts = {gate: states_of(make(), gate) for gate in GATES}
        for gate in GATES:
            totals[gate] += counts[gate]
        rows.append(_counted(name, counts))
        print(*rows[-1], flush=True)
    head = ("sound", "windows", *GATES, "states by `voice`")
    return ["## Sound without speech", NOT_SPEECH, table(head, [*rows, _counted("all", totals)])]


def _counted(name: str, counts: dict[GateKind, Counter[str]]) -> list[str]:
    states = counts["voice"]
    shares = (f"{100 * counts[gate]['speech'] / counts[gate].total():.2f}" for gate in GATES)
    words = ", ".join(f"{state} {100 * n / states.total():.0f} %" for state, n in states.most_common())
    return [name, str(states.total()), *shares, words]


def _speech(folder: Path) -> list[str]:
    """Measure how many windows of people are taken for speech."""
    if not folder.is_dir():
        print(f"no corpora at {folder}: name their folder with --corpora", file=sys.stderr)
        return []
    rows = []
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
            rows.append((corpus, condition, str(in_clip.total()), *cells))
            print(*rows[-1], flush=True)
    columns = [column for gate in GATES for column in (f"{gate}: in clip", "spoken")]
    words = SPEECH.format(clips=CLIPS_EACH, speakers=NUM_SPEAKERS)
    return ["## Speech", words, table(("corpus", "condition", "windows", *columns), rows)]


def _after_voices(folder: Path) -> list[str]:
    """Measure how many windows of an empty room are taken for speech because a voice was heard before."""
    if not folder.is_dir():
        return []
    rows = []
    clips = read_dataset(folder).clips
    for corpus in sorted({clip.corpus for clip in clips}):
        empty, near = empty_windows([clip for clip in clips if clip.corpus == corpus], "voice")
        shares = [f"{100 * count['speech'] / max(1, count.total()):.2f}" for count in (empty, near)]
        rows.append((corpus, str(empty.total()), shares[0], str(near.total()), shares[1]))
        print(*rows[-1], flush=True)
    head = ("corpus", "windows", "voice", "soon after speech", "voice")
    return ["## A room after a voice", AFTER_VOICES.format(clips=CLIPS_IN_ROOM), table(head, rows)]


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
    shares = ", ".join(f"`{gate}` {1000 * np.median(times[gate]):.3f} ms" for gate in GATES)
    return ["## Cost of a step of 0.5 s", f"{shares} (medians of 400, in turns)."]


if __name__ == "__main__":
    sys.exit(main())
