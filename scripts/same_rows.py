"""Compare the rows of this tree with those of another commit, bit for bit: python -m scripts.same_rows

Both trees replay the same sounds with every shipped model on this machine, side by side. A line a sound and
model; exit code 1 where any line of a journal, or a file of the models, differs.
"""

import argparse
import hashlib
import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
import soundfile
from numpy.typing import NDArray
from scipy.signal import firwin

from tests.acceptance.endless_sound import EndlessSound
from tests.command import command, environment
from tests.spoken import DEMO, SAMPLE_RATE
from trainer.synthesis.tones import SAMPLE_RATE as TONE_RATE
from trainer.synthesis.tones import TONE_RECIPES, synthesise

BASE: Final = "ac80b52af45447b1c8da9b59e4b655d627cbce1e"
"""The last commit before the modules were moved."""

Steps: TypeAlias = NDArray[np.int64]
"""``(n,)``: steps of 16 bits, mono."""

ROOT: Final = Path(__file__).resolve().parents[1]

SOUNDS: Final = ("demo", "call", "phone", "stream")

VARYING: Final = frozenset({"session", "started", "lag_seconds", "max_lag_seconds", "real_time_factor"})
"""Fields of a journal that differ between two sessions on the same samples."""


def main() -> int:
    """Compare, and tell."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--base", default=BASE, metavar="COMMIT", help="the other tree (default: %(default).7s)"
    )
    parser.add_argument(
        "--hours", type=float, default=2.0, help="length of the stream (default: %(default)g)"
    )
    parser.add_argument("--models", nargs="+", default=shipped_models(), help="default: all that are shipped")
    parser.add_argument("--sounds", nargs="+", default=SOUNDS, choices=SOUNDS, help="default: all")
    arguments = parser.parse_args()
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, signal.default_int_handler)  # as Ctrl-C: the worktree goes
    try:
        with tempfile.TemporaryDirectory(prefix="callmood-rows-") as place:
            folder = Path(place)
            with worktree(arguments.base, folder / "base") as base:
                check_imports((base, ROOT), folder)
                num_differing = compare_model_files(base)
                sounds = {name: write_sound(name, folder, arguments.hours) for name in arguments.sounds}
                runs = [(name, model) for name in sounds for model in arguments.models]
                for number, (name, model) in enumerate(runs, 1):
                    title = f"[{number}/{len(runs)}] {name:<6} {model:<14}"
                    said, same = compare_rows((base, ROOT), sounds[name], model, folder, title)
                    print(f"{title} {said}", flush=True)
                    num_differing += not same
    except KeyboardInterrupt:
        return 130
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"same_rows: {error}", file=sys.stderr)
        return 1
    print(f"{num_differing} differ" if num_differing else "all equal")
    return 1 if num_differing else 0


def shipped_models() -> list[str]:
    """Name the models of this tree; an encoder has no card of a model."""
    return sorted(card.parent.name for card in (ROOT / "models").glob("*/card.json"))


# Two trees.


@contextmanager
def worktree(commit: str, place: Path) -> Iterator[Path]:
    """Check a commit out into a folder of its own, and remove it at the end."""
    git = ("git", "-C", str(ROOT), "worktree")
    try:
        subprocess.run([*git, "add", "--quiet", "--detach", str(place), commit], check=True)  # noqa: S603
        yield place
    finally:
        if place.exists():  # git itself cleans up when it is interrupted
            subprocess.run([*git, "remove", "--force", str(place)], check=True)  # noqa: S603


def surroundings(tree: Path) -> dict[str, str]:
    """Give the environment in which the packages of a tree come first."""
    return environment({"PYTHONPATH": str(tree)})


def check_imports(trees: Sequence[Path], folder: Path) -> None:
    """Fail where Python would import another tree than the one that is meant."""
    code = "import callmood, emotion, streamer; print(callmood.__file__, emotion.__file__, streamer.__file__)"
    for tree in trees:
        words = [sys.executable, "-c", code]
        found = subprocess.check_output(words, cwd=folder, env=surroundings(tree), text=True)  # noqa: S603
        if not all(Path(file).is_relative_to(tree) for file in found.split()):
            raise OSError(f"not the packages of {tree}: {found}")


def compare_model_files(base: Path) -> int:
    """Compare the arrays and networks of the models; give the number of those that differ."""
    before, now = model_digests(base), model_digests(ROOT)
    differing = sorted(name for name in before | now if before.get(name) != now.get(name))
    for name in differing:
        print(f"{name} DIFFERENT: SHA-256 was {before.get(name)}, is {now.get(name)}")
    print(f"models: {len(before)} files, {len(differing)} differ", flush=True)
    return len(differing)


def model_digests(tree: Path) -> dict[str, str]:
    """Give the SHA-256 of each file of arrays and each network of the models."""
    paths = [path for path in sorted(tree.glob("models/**/*")) if path.suffix in {".npz", ".onnx"}]
    return {str(path.relative_to(tree)): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


# The sounds: the same samples every time. The call and the phone line are made of whole numbers, so that they
# are the same on every processor, too: tests/golden has their rows.


def write_sound(name: str, folder: Path, hours: float) -> Path:
    """Make a sound, once for both trees."""
    path = folder / f"{name}.wav"
    if name == "demo":
        return DEMO
    if name == "call":
        write_call(path)
    elif name == "phone":
        write_phone_line(path)
    else:
        print(f"making {hours:g} hours of sound ...", flush=True)
        write_stream(path, hours)
    return path


def write_call(path: Path) -> None:
    """Write a call of two: the demo's voice, and a deeper one with tones of the article between its words."""
    customer = demo_speech()
    friend = np.roll(stretched(customer, 7, 6)[: len(customer)] // 2, 6 * SAMPLE_RATE)
    for index, recipe in enumerate(TONE_RECIPES):
        tone = np.rint(3000 * synthesise(recipe, 0, seed=0).astype(np.float64)).astype(np.int64)
        tone = stretched(np.tile(tone, 2), SAMPLE_RATE, TONE_RATE)[: 3 * SAMPLE_RATE]
        at = (2 + 6 * index) * SAMPLE_RATE
        friend[at : at + len(tone)] = tone
    soundfile.write(path, np.stack([customer, friend], axis=1).astype(np.int16), SAMPLE_RATE)


def write_phone_line(path: Path) -> None:
    """Write the demo as a telephone line brings it: 300 to 3400 Hz, 8 kHz, µ-law."""
    taps = np.rint(2**15 * firwin(513, [300.0, 3400.0], pass_zero=False, fs=SAMPLE_RATE)).astype(np.int64)
    line = np.convolve(demo_speech(), taps, "same")[::2] >> 15
    soundfile.write(path, line.astype(np.int16), SAMPLE_RATE // 2, subtype="ULAW")


def demo_speech() -> Steps:
    """Read the speech of the demo, 16 kHz, mono, in steps of 16 bits."""
    return np.asarray(soundfile.read(DEMO, dtype="int16")[0], dtype=np.int64)


def stretched(sound: Steps, more: int, than: int) -> Steps:
    """Make of so many samples so many more, by straight lines between them: slower and deeper."""
    whole, part = np.divmod(than * np.arange((len(sound) - 1) * more // than), more)
    return np.asarray((sound[whole] * (more - part) + sound[whole + 1] * part) // more)


def write_stream(path: Path, hours: float) -> None:
    """Write speech at changing levels, noise, tones, full scale and zeros, in every order."""
    with soundfile.SoundFile(path, "w", SAMPLE_RATE, 1, "PCM_16") as file:
        for scene in EndlessSound(seed=16).scenes(round(hours * 3600 * SAMPLE_RATE)):
            file.write(scene)


# Rows.


def compare_rows(
    trees: tuple[Path, Path], sound: Path, model: str, folder: Path, title: str
) -> tuple[str, bool]:
    """Replay a sound in two trees at once; say what came of it, and whether it is the same."""
    outs, errors = ([folder / f"{tree}.{kind}" for tree in ("base", "this")] for kind in ("jsonl", "stderr"))
    words = command("replay", sound, "--fast", "--model", model, "--json")
    with ExitStack() as stack:
        processes = []
        for tree, *paths in zip(trees, outs, errors, strict=True):
            out, err = (stack.enter_context(path.open("wb")) for path in paths)
            process = subprocess.Popen(  # noqa: S603 - our own command
                words, cwd=folder, env=surroundings(tree), stdin=subprocess.DEVNULL, stdout=out, stderr=err
            )
            stack.callback(process.wait)
            stack.callback(process.kill)
            processes.append(process)
        wait_for(processes, outs, title)
    for tree, process, path in zip(trees, processes, errors, strict=True):
        if process.returncode:
            last = " ".join(path.read_text(errors="replace").splitlines()[-1:])
            return f"FAILED in {tree} with exit code {process.returncode}: {last}", False
    before, now = (path.read_text(encoding="utf-8").splitlines() for path in outs)
    num_rows = sum('"type": "row"' in line for line in before)
    said = first_difference(before, now) or ("" if num_rows else "FAILED: there is no row")
    return said or f"{num_rows} rows, equal", not said


def wait_for(processes: Sequence[subprocess.Popen[bytes]], outs: Sequence[Path], title: str) -> None:
    """Wait until both end; on a terminal, show how many lines each has written."""
    for process in processes:
        while process.poll() is None:
            if sys.stdout.isatty():
                lines = " and ".join(str(path.read_bytes().count(b"\n")) for path in outs)
                print(f"{title} {lines} lines", end="\r", flush=True)
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=1.0)


def first_difference(before: Sequence[str], now: Sequence[str]) -> str | None:
    """Say where two journals part first: line, leg, window, and the fields with both values."""
    for number, (old, new) in enumerate(zip(before, now, strict=False), 1):
        was, here = comparable(old), comparable(new)
        # By repr: 1 is not 1.0, and the order of the fields counts.
        if repr(was) != repr(here):
            names = [name for name in was | here if repr(was.get(name)) != repr(here.get(name))]
            fields = "; ".join(f"{name} was {was.get(name)}, is {here.get(name)}" for name in names)
            place = ", ".join(f"{name} {was[name]}" for name in ("type", "leg", "window") if name in was)
            return f"DIFFERENT in line {number} ({place}): {fields or 'the names or the order of the fields'}"
    return None if len(before) == len(now) else f"DIFFERENT: {len(before)} lines in the base, {len(now)} here"


def comparable(line: str) -> dict[str, object]:
    """Read a line of a journal without the values that vary; the names of their fields stay."""
    return {name: None if name in VARYING else value for name, value in json.loads(line).items()}


if __name__ == "__main__":
    sys.exit(main())
