"""What a model hears in a recording."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from emotion.arrays import FloatArray, Samples
from emotion.audio_file import MonoClip
from emotion.features.windows_of_clip import window_vectors
from emotion.file_notes import rate_note
from emotion.level import SILENCE_DBFS, level_dbfs
from emotion.model import EmotionModel
from emotion.resampling import resample
from emotion.window_grid import WindowGrid


@dataclass(frozen=True, slots=True)
class ClipPrediction:
    """The answer for one recording.

    Attributes
    ----------
    emotion : str or None
        The likeliest label; None where all is silence.
    probabilities : mapping of label to float, or None
        In the model's order, the mean over the windows that are not silent; sums to 1.
    num_windows, num_silent_windows : int
        Windows of the card's grid inside the clip, and those below -60 dBFS; both 0 where the clip was taken
        as a whole.
    level_dbfs : float
        Of the whole clip.
    seconds : float
        Its length, s.
    shorter_than_win : bool
        True where the clip is shorter than the model's win and was predicted from what there is.
    notes : tuple of str
        One line for each thing mixed down, converted, resampled, missing or short.
    """

    emotion: str | None
    probabilities: Mapping[str, float] | None
    num_windows: int
    num_silent_windows: int
    level_dbfs: float
    seconds: float
    shorter_than_win: bool
    notes: tuple[str, ...]


def predict_clip(model: EmotionModel, clip: MonoClip, grid: WindowGrid | None = None) -> ClipPrediction:
    """Predict a recording as listening would have heard it.

    Parameters
    ----------
    model : EmotionModel
        Of windows: the clip's answer is the mean of its windows' probabilities, without the silent windows.
        Of whole clips: the clip is one window.
    clip : MonoClip
        At any sample rate.
    grid : WindowGrid, optional
        At the model's rate; the card's own unless given. A model of whole clips takes none.

    Returns
    -------
    ClipPrediction
        Without an emotion where the clip, or every window of it, is silent.
    """
    card = model.card
    samples = resample(clip.samples, clip.sample_rate, card.sample_rate)
    if not card.whole_clips:
        grid = grid or card.grid()
    num_windows = 0 if grid is None else grid.num_windows(len(samples))
    shorter_than_win = grid is not None and not num_windows
    vectors = _audible_vectors(model, samples, grid if num_windows else None)
    probabilities = None
    if len(vectors):
        # Each window alone, as it is done live: in a batch the last bits may differ.
        mean = np.mean([model.predict(vector) for vector in vectors], axis=0)
        probabilities = {label: float(value) for label, value in zip(card.labels, mean, strict=True)}
    notes = (*clip.notes, *rate_note(clip.sample_rate, card.sample_rate))
    if shorter_than_win and grid is not None:
        notes = (
            *notes,
            f"shorter than win ({grid.win / grid.sample_rate:g} s): predicted from what there is",
        )
    return ClipPrediction(
        emotion=None if probabilities is None else max(probabilities, key=probabilities.__getitem__),
        probabilities=probabilities,
        num_windows=num_windows,
        num_silent_windows=max(0, num_windows - len(vectors)),
        level_dbfs=level_dbfs(clip.samples),
        seconds=len(clip.samples) / clip.sample_rate,
        shorter_than_win=shorter_than_win,
        notes=notes,
    )


def _audible_vectors(model: EmotionModel, samples: Samples, grid: WindowGrid | None) -> list[FloatArray]:
    if level_dbfs(samples) < SILENCE_DBFS:
        return []
    if grid is None:
        return [model.feature_set.clip_vector(samples)]
    vectors = window_vectors(model.feature_set, grid, samples)
    spans = [grid.span(window) for window in range(len(vectors))]
    return [
        vector
        for vector, (start, end) in zip(vectors, spans, strict=True)
        if level_dbfs(samples[start:end]) >= SILENCE_DBFS
    ]
