"""The speech that everything is measured on, at any rate and of any length."""

from pathlib import Path
from typing import Final

from emotion.arrays import Samples, read_only
from emotion.audio_io import read_mono
from emotion.errors import UsageError
from emotion.signal import resample
from emotion.window_grid import to_samples

STEP_SECONDS: Final = 0.5
"""Distance of windows in everything that is measured, s."""

LONGEST_WIN_SECONDS: Final = 5.0
SHORTEST_SOUND_SECONDS: Final = 12.0


class BenchSound:
    """A recording of speech, cut into steps and repeated without end."""

    def __init__(self, path: Path) -> None:
        clip = read_mono(path)
        self.path = path
        seconds = len(clip.samples) / clip.sample_rate
        if seconds < SHORTEST_SOUND_SECONDS:
            raise UsageError(
                f"{path} lasts {seconds:.1f} s; give at least {SHORTEST_SOUND_SECONDS:g} s of speech"
            )
        self._clip = clip
        self._at_rate: dict[int, Samples] = {}
        self._num_past = round(LONGEST_WIN_SECONDS / STEP_SECONDS)
        self.num_steps = int(seconds / STEP_SECONDS) - self._num_past

    def at_rate(self, sample_rate: int) -> Samples:
        """Give the whole recording, mono float32."""
        if sample_rate not in self._at_rate:
            samples = resample(self._clip.samples, self._clip.sample_rate, sample_rate)
            self._at_rate[sample_rate] = read_only(samples)
        return self._at_rate[sample_rate]

    def end_of_step(self, number: int, sample_rate: int) -> int:
        """Give the end of a step, an index into `at_rate`; at least the longest win lies before it."""
        return to_samples(STEP_SECONDS, sample_rate) * (self._num_past + 1 + number % self.num_steps)

    def latest(self, number: int, seconds: float, sample_rate: int) -> Samples:
        """Give so many seconds before the end of a step, as a view."""
        end = self.end_of_step(number, sample_rate)
        return self.at_rate(sample_rate)[end - to_samples(seconds, sample_rate) : end]
