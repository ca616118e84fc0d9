"""`acoustic` against openSMILE's eGeMAPS on real speech, by one SVM recipe: `make acoustic-table`.

Whole clips; within each corpus no speaker is both trained and tested on. Features are computed once and kept
in the cache of training. The recipe is the same for every set and was chosen for none: a scaler, an RBF SVC
with balanced classes, C and gamma by three grouped folds inside the training part.
"""

import argparse
import sys
import time
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from sklearn.model_selection import GridSearchCV, LeaveOneGroupOut, StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from benchmarks.feature_costs import egemaps_functionals
from benchmarks.pages import DOCS, add_corpora, exit_code, page, parser, table, today
from callmood.evaluation.streams import read_at_stream_rate
from emotion.arrays import FloatArray, Samples
from emotion.audio_io import READING_VERSION
from trainer.cache import Cache, cache_key, file_digest, library_versions
from trainer.dataset import Clip, read_dataset
from trainer.feature_extraction import extract
from trainer.metrics import confusion_matrix, unweighted_average_recall

CORPORA: Final = ("emodb", "ravdess", "nemo", "ased")
OUR_SETS: Final = ("acoustic", "classic-speech")
LEVELLED: Final = "eGeMAPS, clip levelled"
AS_RECORDED: Final = "eGeMAPS, as recorded"
LEVEL: Final = 0.05
"""RMS that a clip without its mean is brought to: what `acoustic` does by itself, window by window."""

MOST_FOR_LEAVE_ONE_OUT: Final = 10
"""Speakers; where there are more, five groups of them are left out in turn."""
NUM_OUTER_FOLDS: Final = 5
NUM_INNER_FOLDS: Final = 3
C_GRID: Final = (1.0, 3.0, 10.0)
GAMMA_GRID: Final = (0.3, 1.0)
"""In units of 1 / num_features."""
SEED: Final = 0

METHOD: Final = """\
- One recipe for all: scaler, RBF SVC with balanced classes; C of 1, 3, 10 and gamma of 0.3 and 1 over the
  number of features, chosen by UAR in three grouped folds inside the training part.
- Speakers are left out one by one where there are at most ten, else in five groups (stratified, seed 0).
  Recalls are taken over all folds together.
- openSMILE's eGeMAPSv02 functionals twice: of the clip without its mean, scaled to an RMS of 0.05 over the
  whole clip, and of the clip as it is. `acoustic` and `classic-speech` do not depend on level. The level of
  a recording separates emotions in a studio where nobody touches the gain, and not on a call.
"""

Row = dict[str, float]


def levelled(samples: Samples) -> Samples:
    """Remove a clip's mean and scale it to one RMS over the whole clip."""
    centred = samples - samples.mean()
    rms = float(np.sqrt(np.mean(np.square(centred, dtype=np.float64))))
    brought: Samples = (centred * (LEVEL / max(rms, 1e-9))).astype(np.float32)
    return brought


def as_recorded(samples: Samples) -> Samples:
    """Leave a clip as it is."""
    return samples


def egemaps_of(
    clips: list[Clip], name: str, prepare: Callable[[Samples], Samples], console: Console
) -> FloatArray:
    """Compute the 88 values of each clip, or read them from the cache."""
    cache = Cache.of_kind("egemaps")
    libraries = library_versions("numpy", "opensmile", "soundfile", "soxr")
    functionals = egemaps_functionals()
    vectors = []
    for clip in track(clips, f"{name}, {clips[0].corpus}", console=console, transient=True):
        key = cache_key(
            prepared=name,
            level=LEVEL,
            reading=READING_VERSION,
            libraries=libraries,
            content=file_digest(clip.path),
        )
        kept = cache.load(key)
        if kept is None:
            kept = {"values": functionals(prepare(read_at_stream_rate(clip.path)))}
            cache.store(key, kept)
        vectors.append(kept["values"])
    return np.array(vectors)


def folds(
    targets: NDArray[np.int64], speakers: NDArray[np.str_]
) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Leave speakers out: one by one where they are few, else in five groups."""
    if len(np.unique(speakers)) <= MOST_FOR_LEAVE_ONE_OUT:
        return list(LeaveOneGroupOut().split(targets, targets, speakers))
    cutter = StratifiedGroupKFold(NUM_OUTER_FOLDS, shuffle=True, random_state=SEED)
    return list(cutter.split(targets, targets, speakers))


def uar(vectors: FloatArray, targets: NDArray[np.int64], speakers: NDArray[np.str_]) -> float:
    """Fit and test the recipe; the recalls are taken over all folds together."""
    grid = {"svc__C": C_GRID, "svc__gamma": [gamma / vectors.shape[1] for gamma in GAMMA_GRID]}
    machine = make_pipeline(StandardScaler(), SVC(class_weight="balanced", cache_size=500))
    predicted = np.full_like(targets, -1)
    for learned, tested in folds(targets, speakers):
        inner = StratifiedGroupKFold(NUM_INNER_FOLDS, shuffle=True, random_state=SEED)
        cut = list(inner.split(vectors[learned], targets[learned], speakers[learned]))
        search = GridSearchCV(machine, grid, scoring="balanced_accuracy", cv=cut)
        search.fit(vectors[learned], targets[learned])
        predicted[tested] = search.predict(vectors[tested])
    return unweighted_average_recall(confusion_matrix(targets, predicted, np.unique(targets)))


def row_of_corpus(folder: Path, our_sets: list[str], console: Console) -> tuple[Row, int, int]:
    """Give the UAR of each set on a corpus, and how many clips and speakers it was found on."""
    dataset = read_dataset(folder)
    found: Row = {}
    vectors: dict[str, FloatArray] = {}
    clips: list[Clip] = []
    for name in our_sets:
        console.print(f"{folder.name}: {name}")
        extraction = extract(dataset.clips, dataset.labels, name, None, jobs=1)
        vectors[name], clips = extraction.table.vectors, list(extraction.clips)
    for name, prepare in ((LEVELLED, levelled), (AS_RECORDED, as_recorded)):
        vectors[name] = egemaps_of(clips, name, prepare, console)
    targets = np.array([dataset.labels.index(clip.emotion) for clip in clips], dtype=np.int64)
    speakers = np.array([clip.speaker_key for clip in clips], dtype=np.str_)
    for name, of_set in vectors.items():
        found[name] = uar(of_set, targets, speakers)
        console.print(f"{folder.name}: {name} {found[name]:.3f}")
    return found, len(clips), len(np.unique(speakers))


def table_page(rows: dict[str, tuple[Row, int, int]], seconds: float) -> str:
    """Write the table and how it came about."""
    names = list(next(iter(rows.values()))[0])
    lines = [
        (corpus, num_clips, num_speakers, *(f"{found[name]:.3f}" for name in names))
        for corpus, (found, num_clips, num_speakers) in rows.items()
    ]
    means = (f"**{np.mean([found[name] for found, _, _ in rows.values()]):.3f}**" for name in names)
    libraries = ", ".join(f"{name} {version(name)}" for name in ("scikit-learn", "opensmile", "numpy"))
    return page(
        "`acoustic` against eGeMAPS on real speech",
        "acoustic-table",
        "UAR of four emotions (chance 0.25), whole clips, within each corpus, no speaker on both sides.",
        table(("", "clips", "speakers", *names), [*lines, ("mean", "", "", *means)]),
        f"It took {seconds / 60:.0f} minutes on one core, but for features in the cache; {libraries}.",
        METHOD,
        date=today(),
    )


def main() -> int:
    """Compute the table, print it and write the page."""
    options = parser(__doc__)
    options.add_argument("--sets", nargs="+", default=list(OUR_SETS), help="our sets (default: %(default)s)")
    options.add_argument(
        "--page", type=Path, metavar="FILE", default=DOCS / "acoustic-against-egemaps.md",
        help="where the page goes (default: docs/acoustic-against-egemaps.md)",
    )  # fmt: skip
    add_corpora(options)
    options.add_argument(
        "--only", nargs="+", default=list(CORPORA), help="which corpora (default: %(default)s)"
    )
    return exit_code("egemaps", partial(_run, options.parse_args()))


def _run(arguments: argparse.Namespace) -> None:
    console = Console(stderr=True)
    begin = time.monotonic()
    rows = {name: row_of_corpus(arguments.corpora / name, arguments.sets, console) for name in arguments.only}
    text = table_page(rows, time.monotonic() - begin)
    arguments.page.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    sys.exit(main())
