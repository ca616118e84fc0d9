"""Make callmood/demo/speech.flac: synthesised sentences with pauses: python -m scripts.make_demo_speech.

    python scripts/make_demo_speech.py [--out FILE]

It needs espeak-ng. The voice is a machine's, its moods are turned knobs (pitch, its range, speed, level):
enough to see the panel move. It proves nothing: among espeak-ng's voices those were taken that the first
speech model heard as they were meant. No one's recording is used, so the file may go wherever the code goes.
The same espeak-ng gives the same samples.
"""

import argparse
import io
import subprocess
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np
import soundfile
import soxr

from emotion.arrays import Samples

DEFAULT_OUT = Path(__file__).parents[1] / "callmood" / "demo" / "speech.flac"
SAMPLE_RATE = 16_000
ROOM_DBFS = -70.0
PEAK = 0.98


@dataclass(frozen=True)
class Sentence:
    """A sentence and its prosody."""

    voice: str  # an espeak-ng voice with its variant
    # Prosody; 100 is the voice's own.
    pitch_percent: int
    range_percent: int
    rate_percent: int
    level_dbfs: float  # RMS of the sentence
    pause_seconds: float  # room noise after it, s
    text: str


SENTENCES = (
    # neutral: level and even
    Sentence(
        "en-us+klatt2", 100, 50, 90, -24, 0.8, "Good morning. The meeting starts at ten, in the second room."
    ),
    # happy: high, wide, quick
    Sentence("en-us+m7", 160, 150, 118, -20, 0.9, "That is wonderful news! I am so glad you called, really!"),
    # sad: flat, slow, hardly voiced; then a pause longer than a window, which is silence
    Sentence("en-us+whisperf", 90, 15, 80, -31, 3.5, "I waited all day, and nobody came."),
    # angry: loud, quick
    Sentence("en-us+Alicia", 95, 120, 130, -13, 0.9, "No! I told you twice! Why does nobody listen to me?"),
    # neutral again
    Sentence(
        "en-us+klatt2", 100, 50, 95, -24, 0.7, "The order will arrive on Thursday, between nine and eleven."
    ),
    # happy again
    Sentence("en-us+m7", 160, 150, 112, -20, 0.7, "You did it! Well done, I knew you could!"),
)


def speak(sentence: Sentence) -> Samples:
    """Synthesise one sentence at its level, unless that would clip."""
    prosody = (
        f'<speak><prosody pitch="{sentence.pitch_percent}%" range="{sentence.range_percent}%" '
        f'rate="{sentence.rate_percent}%">{escape(sentence.text)}</prosody></speak>'
    )
    command = ["espeak-ng", "-v", sentence.voice, "-m", "--stdout", prosody]
    wav = subprocess.run(command, check=True, capture_output=True).stdout  # noqa: S603  # a fixed list of words
    samples, sample_rate = soundfile.read(io.BytesIO(wav), dtype="float32")
    samples = samples[: np.flatnonzero(samples)[-1] + 1]  # what follows is espeak-ng's own pause
    resampled = np.asarray(soxr.resample(samples, sample_rate, SAMPLE_RATE), dtype=np.float32)
    gain = 10 ** (sentence.level_dbfs / 20) / np.sqrt(np.mean(np.square(resampled)))
    return resampled * np.float32(min(gain, PEAK / np.abs(resampled).max()))


def scene(sentences: tuple[Sentence, ...]) -> Samples:
    """Join sentences and pauses, with room noise under all."""
    pieces = [np.zeros(SAMPLE_RATE // 2, np.float32)]
    for sentence in sentences:
        pieces += [speak(sentence), np.zeros(round(sentence.pause_seconds * SAMPLE_RATE), np.float32)]
    samples = np.concatenate(pieces)
    room = np.random.default_rng(2).standard_normal(len(samples), dtype=np.float32)
    return np.clip(samples + room * np.float32(10 ** (ROOM_DBFS / 20)), -1, 1)


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT, help="default: %(default)s")
    out = parser.parse_args().out
    samples = scene(SENTENCES)
    soundfile.write(out, samples, SAMPLE_RATE, subtype="PCM_16")
    print(f"{out}: {len(samples) / SAMPLE_RATE:.1f} s, {out.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
