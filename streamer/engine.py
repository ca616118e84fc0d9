"""Queue, leg, worker and counts of one session, put together."""

import time
from collections.abc import Callable

from emotion.decision import VoiceState
from emotion.model import EmotionModel
from emotion.window_grid import WindowGrid, to_samples
from streamer.block_queue import BlockQueue
from streamer.leg import Leg
from streamer.listening import Listening
from streamer.row import STATES
from streamer.session_facts import Summary
from streamer.session_options import SessionOptions
from streamer.sink_group import SinkGroup
from streamer.source import SourceInfo
from streamer.spectrogram.columns import SpectrogramColumns
from streamer.user_commands import CommandKind, UserCommand, UserCommands
from streamer.worker import Worker

LEG_NAME = "mono"
"""Until legs arrive, all channels are mixed down to one."""

LIVE_QUEUE_SECONDS = 10.0
FILE_QUEUE_SECONDS = 2.0


class Engine:
    """Everything between a source and a screen; nothing runs until the worker is started.

    Parameters
    ----------
    info : SourceInfo
        Of the source whose blocks go into `queue`.
    model : EmotionModel
        Heard with.
    grid : WindowGrid
        At the model's rate.
    sinks : SinkGroup
        Told everything by the worker.
    options : SessionOptions
        Duration, spectrogram, and how it is judged.
    ended : callable
        Called from the worker's thread at its end; must not block.

    Attributes
    ----------
    queue : BlockQueue
        For the source.
    worker : Worker
        With the latest snapshot.
    """

    def __init__(
        self,
        info: SourceInfo,
        model: EmotionModel,
        grid: WindowGrid,
        *,
        sinks: SinkGroup,
        options: SessionOptions,
        ended: Callable[[], None],
    ) -> None:
        self._labels = model.card.labels
        self._sinks = sinks
        self._sample_rate = info.sample_rate
        self._commands = UserCommands()
        self.queue = BlockQueue(LIVE_QUEUE_SECONDS if info.live else FILE_QUEUE_SECONDS, info.sample_rate)
        spectrogram = None
        if options.spectrogram or options.spectrogram_history is not None:
            spectrogram = SpectrogramColumns(grid.sample_rate, options.spectrogram_history)
        self._leg = Leg(LEG_NAME, model, grid, info.sample_rate, spectrogram, judging=options.judging)
        seconds = options.duration_seconds
        self._listening = Listening(
            self._leg,
            self._labels,
            sinks,
            info.sample_rate,
            live=info.live,
            end_sample=None if seconds is None else to_samples(seconds, info.sample_rate),
        )
        self.worker = Worker(
            self.queue,
            self._listening,
            self._commands,
            spectrogram if options.spectrogram else None,
            ended,
        )

    def command(self, kind: CommandKind) -> None:
        """Let the user pause, go on, or mark, at the sample that has just arrived.

        Parameters
        ----------
        kind : {'pause', 'mark'}
            What was asked for.
        """
        self._commands.give(UserCommand(kind, self.queue.end_sample, time.time()))

    @property
    def voice_state(self) -> VoiceState:
        """What was learned of the voice; to be asked for while the worker does not run."""
        return self._leg.voice_state

    def summary(self, non_finite_samples: int, failures: tuple[str, ...]) -> Summary:
        """Say what was heard, once the worker has ended.

        Parameters
        ----------
        non_finite_samples : int
            Those that the source itself took as 0.
        failures : tuple of str
            What broke besides the sinks.

        Returns
        -------
        Summary
            Of the whole session.
        """
        tally = self._listening.tally
        return Summary(
            seconds=self._listening.position / self._sample_rate,
            windows=tally.windows,
            states={state: tally.states[state] for state in STATES},
            emotions={label: tally.emotions[label] for label in self._labels},
            overruns=self.queue.overruns,
            gaps=tally.gaps,
            marks=tally.marks,
            dropped_seconds=self.queue.dropped_seconds,
            paused_seconds=tally.paused_samples / self._sample_rate,
            slip_seconds=self._listening.slip.seconds,
            non_finite_samples=self._leg.non_finite_samples + non_finite_samples,
            real_time_factor=self._listening.real_time_factor,
            max_lag_seconds=tally.max_lag_seconds,
            files=self._sinks.files,
            failures=(*self._sinks.failures, *failures),
        )
