"""A recording taken as one window: shorter than win, or heard by a model of whole clips."""

import numpy as np

from emotion.arrays import Samples
from emotion.level import SILENCE_DBFS, level_dbfs
from emotion.mixing import mix_down
from emotion.model import EmotionModel
from emotion.resampling import resample
from emotion.window_grid import WindowGrid
from streamer.gate.clipping import ClippingMeter
from streamer.gate.gate import Gate
from streamer.gate.kinds import gate_kind
from streamer.heard import Heard
from streamer.noise_floor import NoiseFloor
from streamer.pieces import PieceCutter
from streamer.row import State


def heard_as_one_window(
    model: EmotionModel, samples: Samples, sample_rate: int, grid: WindowGrid | None
) -> Heard:
    """Hear a recording that has no window of its own.

    Parameters
    ----------
    model : EmotionModel
        Heard with.
    samples : ndarray, shape (n, channels), float32
        All of it, n >= 1, finite; with a grid, shorter than win.
    sample_rate : int
        Hz.
    grid : WindowGrid or None
        That of the windows, at the model's rate; None for a model of whole clips.

    Returns
    -------
    Heard
        Its vector is that of the recording itself, of whatever length. A model of whole clips has no gate: to
        it all is speech that is not under -60 dBFS.
    """
    card = model.card
    sound = resample(mix_down(samples), sample_rate, card.sample_rate)
    level = level_dbfs(sound)
    state: State
    if grid is not None:
        kind = gate_kind(card.feature_set, card.gate)
        state = _state_of_short(Gate(kind, grid), grid, sound, _share_at_full_scale(samples))
    else:
        state = "silence" if level < SILENCE_DBFS else "speech"
    return Heard(
        start=0.0,
        end=len(samples) / sample_rate,
        start_sample=0,
        end_sample=len(samples),
        state=state,
        level_dbfs=level,
        vector=model.feature_set.clip_vector(sound) if state == "speech" else None,
        arrived=0.0,
    )


def _state_of_short(gate: Gate, grid: WindowGrid, sound: Samples, clipped_share: float) -> State:
    """Let a gate hear a short sound that is followed by silence until win is full.

    Its level and its share at full scale stay its own: silence after it must not thin them out.
    """
    window = np.pad(sound, (0, grid.win - len(sound)))
    floor = NoiseFloor(grid.sample_rate)
    floor.push(window)
    for piece in PieceCutter(grid.first_piece, grid.step).push(window):
        gate.push(piece)
    return gate.state(level_dbfs(sound), floor.dbfs, clipped_share)


def _share_at_full_scale(samples: Samples) -> float:
    meter = ClippingMeter()
    meter.push(samples, 0)
    return meter.share(0, len(samples))
