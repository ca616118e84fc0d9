"""A recording as a session hears it, without a session: no thread, no clock, no queue."""

from collections.abc import Iterator
from typing import Final

import numpy as np

from emotion.arrays import Samples, read_only
from emotion.audio_file import AudioFile
from emotion.level import Moments, level_of_moments, moments_of
from emotion.mixing import mix_down
from emotion.model import EmotionModel
from emotion.window_grid import WindowGrid
from streamer.block import AudioBlock
from streamer.heard import Heard
from streamer.hearing import Hearing
from streamer.one_window import heard_as_one_window

_BLOCK_SAMPLES: Final = 16_384
"""Read at once; whatever it is, the windows are the same."""


class HeardRecording:
    """The windows of a recording, to be iterated over once.

    Parameters
    ----------
    model : EmotionModel
        Heard with, by its own gate.
    audio : AudioFile
        Read a block at a time.

    Attributes
    ----------
    num_windows : int
        Windows of the card's grid that lie wholly inside. Where it is 0 all sound is heard as one window.
    grid : WindowGrid or None
        The card's; None for a model of whole clips.
    """

    def __init__(self, model: EmotionModel, audio: AudioFile) -> None:
        self._model = model
        self._audio = audio
        self._moments: list[Moments] = []
        rate = model.card.sample_rate
        self.grid = None if model.card.whole_clips else model.card.grid()
        num_samples = audio.num_samples * rate // audio.sample_rate
        self.num_windows = 0 if self.grid is None else self.grid.num_windows(num_samples)

    @property
    def seconds(self) -> float:
        """Length of the recording, s."""
        return self._audio.num_samples / self._audio.sample_rate

    @property
    def step_seconds(self) -> float:
        """From one window to the next, s; the whole recording where there is no grid."""
        return self.seconds if self.grid is None else self.grid.step / self.grid.sample_rate

    @property
    def level_dbfs(self) -> float:
        """RMS without its DC of all that was read so far, mixed down, dB below full scale; at least -120."""
        return level_of_moments(self._moments)

    def __iter__(self) -> Iterator[Heard]:
        """Read and hear.

        Yields
        ------
        Heard
            The windows in order, bit for bit those of a replay.

        Raises
        ------
        AudioFileError
            If the file changed or went away since it was opened.
        """
        if self.grid is not None and self.num_windows:
            yield from self._windows(self.grid)
        else:
            samples = np.concatenate(list(self._blocks()))
            yield heard_as_one_window(self._model, samples, self._audio.sample_rate, self.grid)

    def _windows(self, grid: WindowGrid) -> Iterator[Heard]:
        card, features = self._model.card, self._model.feature_set
        hearing = Hearing("recording", features, grid, self._audio.sample_rate, gate=card.gate)
        first_sample = 0
        for samples in self._blocks():
            block = AudioBlock(read_only(samples), first_sample, arrived=0.0)
            yield from (each for each in hearing.push(block) if isinstance(each, Heard))
            first_sample = block.end_sample
        yield from (each for each in hearing.finish() if isinstance(each, Heard))

    def _blocks(self) -> Iterator[Samples]:
        for samples in self._audio.blocks(_BLOCK_SAMPLES):
            self._moments.append(moments_of(mix_down(samples)))
            yield samples
