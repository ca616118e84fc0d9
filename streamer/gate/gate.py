"""One word for each window, from what is cheap to know: its level, a voice in it, samples at full scale."""

from typing import Final

from emotion.arrays import Samples
from emotion.window_grid import WindowGrid
from streamer.gate.kinds import GateKind
from streamer.gate.quiet import is_quiet
from streamer.gate.voice_network import shared_network
from streamer.gate.voice_stream import VoiceStream
from streamer.row import State

FAINTEST_VOICE_DBFS: Final = -70.0
"""Under this level nobody is heard, however likely a voice: a quarter of what the level alone asks for."""

CLIPPED_SHARE: Final = 0.01
"""Speech with more of its samples at full scale is `clipped`; loud clean recordings have 0.002 at most."""

FLAT_SHARE: Final = 0.25
"""Any sound with more is: a sine that just reaches full scale has 0.16."""


class Gate:
    """Listens to one stretch, in the pieces of its grid.

    Parameters
    ----------
    kind : {'voice', 'level'}
        How.
    grid : WindowGrid
        At the model's rate.

    Raises
    ------
    ModelError
        If the network's file is missing or changed.
    UsageError
        If a gate that listens for voices is to hear at another rate than 16 kHz.
    """

    def __init__(self, kind: GateKind, grid: WindowGrid) -> None:
        self._voice = None if kind == "level" else VoiceStream(shared_network(), grid)

    def push(self, piece: Samples) -> None:
        """Take the next piece of the grid.

        Parameters
        ----------
        piece : ndarray, shape (grid.first_piece,) the first time, then (grid.step,), float32
            Mono at the grid's rate.
        """
        if self._voice is not None:
            self._voice.push(piece)

    def state(self, level_dbfs: float, floor_dbfs: float, clipped_share: float) -> State:
        """Say what the latest window holds.

        Parameters
        ----------
        level_dbfs : float
            RMS of the window without its DC, dB below full scale.
        floor_dbfs : float
            The room's noise floor as known at the window's end, dB below full scale.
        clipped_share : float
            How much of it is at full scale, in 0..1.

        Returns
        -------
        {'speech', 'silence', 'noise', 'clipped'}
            See docs/decisions/0016-non-speech.md. A gate that knows levels alone says `speech` or `silence`.
        """
        quiet = is_quiet(level_dbfs, floor_dbfs)
        if self._voice is None:
            return "silence" if quiet else "speech"
        if clipped_share >= FLAT_SHARE:
            return "clipped"
        if level_dbfs >= FAINTEST_VOICE_DBFS and self._voice.is_voice:
            return "clipped" if clipped_share >= CLIPPED_SHARE else "speech"
        return "silence" if quiet else "noise"
