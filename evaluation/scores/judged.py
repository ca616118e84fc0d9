"""What a listener said about the windows of one or more streams, and which clips lay in them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from emotion.arrays import Probabilities

NOTHING: Final = -1
"""In a column of indices: no label shown, no clip here."""


@dataclass(frozen=True, slots=True, eq=False)
class Placements:
    """Clips as they were placed in streams; a clip that is said twice is placed twice.

    Attributes
    ----------
    clip : ndarray, shape (m,), str
        Path of the recording: the same wherever the clip is placed again.
    speaker : ndarray, shape (m,), str
        Corpus and speaker.
    target : ndarray, shape (m,), int64
        Index of the true label.
    stream : ndarray, shape (m,), int64
        Where it is placed.
    start, end : ndarray, shape (m,), float64
        Stream time, s.
    best_window : ndarray, shape (m,), int64
        Row of the window that overlaps it most, the first of equals; -1 where none does.
    """

    clip: NDArray[np.str_]
    speaker: NDArray[np.str_]
    target: NDArray[np.int64]
    stream: NDArray[np.int64]
    start: NDArray[np.float64]
    end: NDArray[np.float64]
    best_window: NDArray[np.int64]

    def __len__(self) -> int:
        """Count the placements."""
        return len(self.target)


@dataclass(frozen=True, slots=True, eq=False)
class JudgedWindows:
    """Windows in the order of their streams.

    Attributes
    ----------
    probabilities : ndarray, shape (n, num_labels), float64
        The listener's own word for each window, also for those that the gate did not hear as speech.
    heard : ndarray, shape (n,), bool
        Whether the gate said speech.
    unsure : ndarray, shape (n,), bool
        Whether a window of speech was called unsure.
    shown : ndarray, shape (n,), int64
        Index of the label on the panel, after smoothing; -1 where none is shown.
    placement : ndarray, shape (n,), int64
        Which placement holds more than half of the window; -1 where none does.
    stream : ndarray, shape (n,), int64
        The stream of each.
    end : ndarray, shape (n,), float64
        When the window is over, and can be shown: stream time, s.
    """

    probabilities: Probabilities
    heard: NDArray[np.bool_]
    unsure: NDArray[np.bool_]
    shown: NDArray[np.int64]
    placement: NDArray[np.int64]
    stream: NDArray[np.int64]
    end: NDArray[np.float64]

    def __len__(self) -> int:
        """Count the windows."""
        return len(self.heard)


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """Everything that scores are made of.

    Attributes
    ----------
    windows : JudgedWindows
        What was said.
    placements : Placements
        What was true.
    """

    windows: JudgedWindows
    placements: Placements

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Give what a cache keeps, by name."""
        parts: dict[str, JudgedWindows | Placements] = {
            "windows": self.windows,
            "placements": self.placements,
        }
        return {
            f"{part}.{name}": values for part, own in parts.items() for name, values in _columns(own).items()
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "Judged":
        """Take what `arrays` gave."""
        return cls(
            JudgedWindows(**{each.name: arrays[f"windows.{each.name}"] for each in fields(JudgedWindows)}),
            Placements(**{each.name: arrays[f"placements.{each.name}"] for each in fields(Placements)}),
        )


def pool(parts: Sequence[Judged]) -> Judged:
    """Put streams of several tables side by side.

    Parameters
    ----------
    parts : sequence of Judged
        At least one.

    Returns
    -------
    Judged
        With streams, windows and placements numbered anew.
    """
    windows, placements = [], []
    num_windows = num_placements = num_streams = 0
    for part in parts:
        shifted = _columns(part.windows)
        shifted["placement"] = _shifted(part.windows.placement, num_placements)
        shifted["stream"] = part.windows.stream + num_streams
        windows.append(shifted)
        moved = _columns(part.placements)
        moved["best_window"] = _shifted(part.placements.best_window, num_windows)
        moved["stream"] = part.placements.stream + num_streams
        placements.append(moved)
        num_windows += len(part.windows)
        num_placements += len(part.placements)
        streams = np.concatenate([part.windows.stream, part.placements.stream])
        num_streams += int(streams.max(initial=NOTHING)) + 1
    return Judged(JudgedWindows(**_joined(windows)), Placements(**_joined(placements)))


def _columns(part: JudgedWindows | Placements) -> dict[str, NDArray[Any]]:
    return {each.name: getattr(part, each.name) for each in fields(part)}


def _joined(parts: Sequence[dict[str, NDArray[Any]]]) -> dict[str, NDArray[Any]]:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _shifted(rows: NDArray[np.int64], by: int) -> NDArray[np.int64]:
    return np.where(rows == NOTHING, NOTHING, rows + by)
