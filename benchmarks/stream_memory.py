"""Memory of an open stream: a process of its own opens a hundred and reads its resident size.

    python -m benchmarks.stream_memory MODEL_FOLDER SOUND

prints the bytes that one more leg takes: feature stream, resampler and window, filled with more than win of
sound, without what a session keeps beside it to save clips.
"""

import gc
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

from benchmarks.single_thread import single_thread_environment
from benchmarks.speech import BenchSound
from benchmarks.whole_step import SteppedLeg
from emotion.errors import UsageError
from emotion.model import load_model
from streamer.sources.file import BLOCK_SECONDS

NUM_STREAMS: Final = 100
SOURCE_RATE: Final = 48_000
"""Hz: no model hears at this rate, so every leg has a resampler."""

STATM: Final = Path("/proc/self/statm")


def bytes_per_stream(folder: Path, sound: Path) -> int:
    """Measure the resident bytes of one more open leg, in a fresh process."""
    words = [
        sys.executable,
        "-m",
        "benchmarks.stream_memory",
        str(folder.resolve()),
        str(sound.resolve()),
    ]
    done = subprocess.run(  # our own module, our own words
        words, env=single_thread_environment(), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise UsageError(f"memory of a stream with {folder}: {done.stderr.strip()[-300:]}")
    return int(done.stdout)


def resident_bytes() -> int:
    """Give the resident size of this process."""
    return int(STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def grown_bytes(folder: Path, sound_path: Path) -> int:
    """Open legs in this process, and give its growth a leg."""
    model, sound = load_model(folder), BenchSound(sound_path)
    # One leg, dropped again, loads what all share.
    SteppedLeg(model, sound, SOURCE_RATE, BLOCK_SECONDS).fill()
    gc.collect()
    before = resident_bytes()
    legs = [SteppedLeg(model, sound, SOURCE_RATE, BLOCK_SECONDS) for _ in range(NUM_STREAMS)]
    for leg in legs:
        leg.fill()
    gc.collect()
    return (resident_bytes() - before) // len(legs)


if __name__ == "__main__":
    sys.stdout.write(f"{grown_bytes(Path(sys.argv[1]), Path(sys.argv[2]))}\n")
