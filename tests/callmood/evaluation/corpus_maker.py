"""Small corpora of trembling tones, with manifests, as people would have them."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import soundfile

from emotion.card import LABELS
from tests.model_maker import tone_of

RATE_HZ = 16_000
COLUMNS = ("path", "corpus", "speaker", "sex", "emotion", "emotion4", "language", "sentence", "duration_s")


def make_corpus(
    folder: Path,
    speakers: Sequence[str],
    clips: Mapping[str, int] | None = None,
    *,
    seconds: float = 1.6,
    unlabelled: int = 0,
) -> Path:
    """Write tones and a manifest.

    Parameters
    ----------
    folder : Path
        The corpus; made here.
    speakers : sequence of str
        Each says everything; an empty name is a speaker whom nobody knows.
    clips : mapping of str to int, optional
        Clips of each label and speaker; by default one of each.
    seconds : float
        Length of a clip.
    unlabelled : int
        Clips of the first speaker that carry none of the four labels.

    Returns
    -------
    Path
        The folder.
    """
    counts = dict.fromkeys(LABELS, 1) if clips is None else clips
    rows = []
    for number, speaker in enumerate(speakers):
        (folder / f"{number}").mkdir(parents=True)
        wanted = [(label, label, take) for label, count in counts.items() for take in range(count)]
        wanted += [("calm", "", take) for take in range(unlabelled if number == 0 else 0)]
        for word, label, take in wanted:
            path = f"{number}/{word}-{take}.wav"
            seed = sum(folder.name.encode()) * 1_000 + 10 * number + take
            sound = tone_of(label or "neutral", seed, RATE_HZ, seconds)
            soundfile.write(folder / path, np.asarray(sound), RATE_HZ)
            rows.append((path, folder.name, speaker, "", word, label, "xx", "01", f"{seconds:.3f}"))
    with (folder / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(rows)
    return folder
