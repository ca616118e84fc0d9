"""Small corpora and tones for the trainer's tests, and a cache that each test has to itself."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
import soundfile

from emotion.card import LABELS
from tests.model_maker import tone_of
from trainer.dataset import MANIFEST
from trainer.synthesis.tones import generate_tones

MakeCorpus = Callable[..., Path]

RATE = 16_000


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLMOOD_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="session")
def tones(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Thirty-two generated clips."""
    root = tmp_path_factory.mktemp("tones") / "dataset"
    generate_tones(root, per_emotion=8, seed=5)
    return root


@pytest.fixture
def make_corpus(tmp_path: Path) -> MakeCorpus:
    """Write a corpus of trembling tones: each speaker in each emotion."""

    def make(
        name: str = "choir",
        *,
        speakers: int = 5,
        takes: int = 2,
        seconds: float = 0.8,
        labels: tuple[str, ...] = LABELS,
        root: Path = tmp_path / "corpora",
    ) -> Path:
        folder = root / name
        rows = []
        for speaker in range(speakers):
            for label in labels:
                for take in range(takes):
                    path = Path(f"s{speaker}", f"{label}-{take}.wav")
                    (folder / path.parent).mkdir(parents=True, exist_ok=True)
                    # The name makes the sounds of two corpora differ.
                    seed = 1000 * speaker + 10 * take + sum(name.encode())
                    soundfile.write(folder / path, tone_of(label, seed, RATE, seconds), RATE)
                    rows.append([path.as_posix(), name, f"s{speaker}", label, "xx", str(take)])
        with (folder / MANIFEST).open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["path", "corpus", "speaker", "emotion4", "language", "sentence"])
            writer.writerows(rows)
        return folder

    return make
