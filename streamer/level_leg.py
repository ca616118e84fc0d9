"""A leg that is not analysed: how loud it is, and nothing else."""

from emotion.finite_samples import make_finite
from emotion.mixing import mix_down
from streamer.block import AudioBlock
from streamer.noise_floor import NoiseFloor


class LevelLeg:
    """Takes the level of a leg and forgets its sound at once.

    Parameters
    ----------
    name : str
        The leg's name.
    source_rate : int
        That of the blocks, Hz.
    """

    def __init__(self, name: str, source_rate: int) -> None:
        self.name = name
        self._meter = NoiseFloor(source_rate)
        self._end_sample: int | None = None

    @property
    def level_dbfs(self) -> float:
        """RMS of the latest tenth of a second, dB below full scale."""
        return self._meter.latest_dbfs

    @property
    def floor_dbfs(self) -> float:
        """The room's noise floor as far as it is known, dB below full scale."""
        return self._meter.dbfs

    def push(self, block: AudioBlock) -> None:
        """Take a block.

        Parameters
        ----------
        block : AudioBlock
            At the source's rate, any number of channels.
        """
        if block.first_sample != self._end_sample:
            self._meter.restart_after_gap()
        self._end_sample = block.end_sample
        samples, *_ = make_finite(block.samples)
        self._meter.push(mix_down(samples))
