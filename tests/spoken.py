"""Speech to test with: a synthesiser's from the repository, and strangers' clips where the corpora are."""

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile
import soxr

from emotion.arrays import Samples

DEMO = Path(__file__).parents[1] / "callmood" / "demo" / "speech.flac"
SAMPLE_RATE = 16_000


def clip(path: Path) -> Samples:
    """Read a clip at 16 kHz, mono, without its edges of silence, at an RMS of 0.05."""
    samples, sample_rate = soundfile.read(path, dtype="float32", always_2d=True)
    mono = soxr.resample(samples.mean(axis=1), sample_rate, SAMPLE_RATE)
    loud = np.flatnonzero(np.abs(mono) > 0.02 * np.abs(mono).max())
    mono = mono[loud[0] : loud[-1] + 1]
    return np.asarray(np.clip(mono * (0.05 / np.sqrt(np.mean(np.square(mono)))), -1, 1), dtype=np.float32)


def joined(
    clips: Sequence[Samples], *, pause_seconds: Sequence[float]
) -> tuple[Samples, list[tuple[int, int]]]:
    """Join clips with exact silence before each and after the last.

    Parameters
    ----------
    clips : sequence of ndarray
        At 16 kHz.
    pause_seconds : sequence of float
        One more than clips, s.

    Returns
    -------
    samples : ndarray, shape (n,), float32
        All of it.
    spans : list of tuple of int
        First sample of each clip and one past its last.
    """
    pauses = [np.zeros(round(seconds * SAMPLE_RATE), np.float32) for seconds in pause_seconds]
    pieces, spans, at = [pauses[0]], [], len(pauses[0])
    for samples, pause in zip(clips, pauses[1:], strict=True):
        spans.append((at, at + len(samples)))
        pieces += [samples, pause]
        at += len(samples) + len(pause)
    return np.concatenate(pieces), spans


def strangers_clips(corpora: Path, speakers: Sequence[str], number: int) -> list[tuple[Path, str]]:
    """Choose clips of some speakers, the emotions taking turns.

    Parameters
    ----------
    corpora : Path
        The folder with a folder for each corpus.
    speakers : sequence of str
        As ``corpus/speaker``.
    number : int
        How many clips; the speakers take turns as well, so that many voices are heard.

    Returns
    -------
    list of tuple
        Path and emotion, the same ones every time.
    """
    queues: dict[str, dict[str, list[Path]]] = {}
    for manifest in sorted(corpora.glob("*/manifest.csv")):
        with manifest.open(encoding="utf-8", newline="") as lines:
            for line in csv.DictReader(lines):
                voice = f"{line['corpus']}/{line['speaker']}"
                if line["emotion4"] and voice in speakers and float(line["duration_s"]) < 5:
                    by_voice = queues.setdefault(line["emotion4"], {})
                    by_voice.setdefault(voice, []).append(manifest.parent / line["path"])
    chosen: list[tuple[Path, str]] = []
    emotions = sorted(queues)
    while len(chosen) < number:
        emotion = emotions[len(chosen) % len(emotions)]
        voices = sorted(queues[emotion])
        paths = queues[emotion][voices[(len(chosen) // len(emotions)) % len(voices)]]
        chosen.append((paths.pop(0), emotion))
    return chosen
