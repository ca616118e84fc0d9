"""Inbox, legs, worker and counts of one session, put together."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from emotion import wall_clock
from emotion.decision import VoiceState
from emotion.model import EmotionModel
from emotion.window_grid import WindowGrid
from streamer.alerts.alerting import Alerting
from streamer.alignment import Alignment, Epoch
from streamer.crosstalk import Crosstalk
from streamer.inbox import Inbox
from streamer.leg import Leg
from streamer.leg_pace import LegPace
from streamer.leg_plan import LegPlan
from streamer.leg_views import LegViews
from streamer.listening import Listening
from streamer.pace import Pace
from streamer.row import STATES, is_spoken
from streamer.session_facts import Summary
from streamer.session_options import SessionOptions
from streamer.sink_group import SinkGroup
from streamer.source import SourceInfo
from streamer.source_legs import SourceLegs
from streamer.spectrogram.columns import SpectrogramColumns
from streamer.talk import Talk
from streamer.user_commands import CommandKind, UserCommand, UserCommands
from streamer.worker import Worker

LIVE_QUEUE_SECONDS: Final = 10.0
FILE_QUEUE_SECONDS: Final = 2.0


class Engine:
    """Everything between sources and a screen; nothing runs until the worker is started.

    Parameters
    ----------
    sources : sequence of SourceInfo
        Of the sources whose blocks go into the queues of `inbox`.
    plans : sequence of LegPlan
        The legs, in the order in which they are shown.
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
    inbox : Inbox
        With a queue for each source.
    worker : Worker
        With the latest snapshot.
    """

    def __init__(
        self,
        sources: Sequence[SourceInfo],
        plans: Sequence[LegPlan],
        model: EmotionModel,
        grid: WindowGrid,
        *,
        sinks: SinkGroup,
        options: SessionOptions,
        ended: Callable[[], None],
    ) -> None:
        self._model = model
        self._grid = grid
        self._sinks = sinks
        self._options = options
        self._sources = tuple(sources)
        live = any(info.live for info in sources)
        queue_seconds = [LIVE_QUEUE_SECONDS if info.live else FILE_QUEUE_SECONDS for info in sources]
        self.inbox = Inbox(queue_seconds, [info.sample_rate for info in sources])
        self._commands = UserCommands(len(sources))
        self._spectrogram: SpectrogramColumns | None = None
        if options.spectrogram or options.spectrogram_history is not None:
            self._spectrogram = SpectrogramColumns(grid.sample_rate, options.spectrogram_history)
        # It is one leg's, the first that is analysed.
        self._seen = next((plan.name for plan in plans if plan.analysed), None)
        step_seconds = grid.step / grid.sample_rate
        # Only sound that is lost when it waits for too long: a file holds its own back.
        self._pace = Pace(step_seconds) if live else None
        rates = {plan.name: sources[plan.source].sample_rate for plan in plans}
        self._crosstalk = Crosstalk(rates) if len(plans) > 1 else None
        by_step = (
            None if self._crosstalk is None else partial(self._crosstalk.talks, step_seconds=step_seconds)
        )
        self._talk = Talk([plan.name for plan in plans if plan.analysed], step_seconds, by_step or is_spoken)
        epoch = Epoch()
        heard = [
            SourceLegs(
                number,
                info,
                plans,
                self._open_leg,
                end_seconds=options.duration_seconds,
                alignment=_alignment(info, len(sources), epoch),
                crosstalk=self._crosstalk,
            )
            for number, info in enumerate(sources)
        ]
        by_name = {leg.name: leg for source in heard for leg in source.legs}
        self._analysed = {name: leg for name, leg in by_name.items() if isinstance(leg, Leg)}
        views = LegViews([by_name[plan.name] for plan in plans], model.card.labels, self._talk)
        alerting = Alerting(
            options.alert_rules, tuple(self._analysed), step_seconds, options.alert_cooldown_seconds
        )
        self._listening = Listening(
            heard, views, sinks, alerting, live=live, crosstalk=self._crosstalk, pace=self._pace
        )
        self.worker = Worker(
            self.inbox,
            self._listening,
            self._commands,
            self._spectrogram if options.spectrogram else None,
            ended,
        )

    def command(self, kind: CommandKind) -> None:
        """Let the user pause, go on, or mark, at the samples that have just arrived.

        Parameters
        ----------
        kind : {'pause', 'mark'}
            What was asked for.
        """
        self._commands.give(UserCommand(kind, self.inbox.end_samples, wall_clock.now()))

    @property
    def complaints(self) -> tuple[str, ...]:
        """What was wrong with the sources; to be asked for while the worker does not run."""
        return self._listening.complaints

    @property
    def voice_states(self) -> Mapping[str, VoiceState]:
        """What was learned of each leg's voice; to be asked for while the worker does not run."""
        return {name: leg.voice_state for name, leg in self._analysed.items()}

    def summary(self, non_finite_samples: int, failures: tuple[str, ...]) -> Summary:
        """Say what was heard, once the worker has ended.

        Parameters
        ----------
        non_finite_samples : int
            Those that the sources themselves took as 0.
        failures : tuple of str
            What broke besides the sinks.

        Returns
        -------
        Summary
            Of the whole session.
        """
        listening, tally = self._listening, self._listening.tally
        slips = [source.slip.seconds for source in listening.sources]
        return Summary(
            seconds=listening.stream_seconds,
            windows=tally.windows,
            states={state: tally.states[state] for state in STATES},
            emotions={label: tally.emotions[label] for label in self._model.card.labels},
            overruns=self.inbox.overruns,
            gaps=tally.gaps,
            marks=tally.marks,
            skipped=tally.skipped,
            dropped_seconds=self.inbox.dropped_seconds,
            paused_seconds=max(source.paused_seconds for source in listening.sources),
            slip_seconds=max(slips, key=abs),
            non_finite_samples=sum(leg.non_finite_samples for leg in self._analysed.values())
            + non_finite_samples,
            real_time_factor=listening.real_time_factor,
            max_lag_seconds=tally.max_lag_seconds,
            files=self._sinks.files,
            failures=(*self._sinks.failures, *failures),
            talk_seconds={name: self._talk.seconds(name) for name in self._analysed}
            if self._crosstalk
            else {},
            overlap_seconds=self._talk.overlap_seconds,
            drift_seconds=listening.drift_seconds,
            alerts=listening.alerting.num_alerts,
        )

    def _open_leg(self, plan: LegPlan) -> Leg:
        judging = replace(self._options.judging, voice=self._options.voice_states.get(plan.name))
        info = self._sources[plan.source]
        return Leg(
            plan.name,
            self._model,
            self._grid,
            info.sample_rate,
            self._spectrogram if plan.name == self._seen else None,
            judging=judging,
            is_leak=None if self._crosstalk is None else partial(self._crosstalk.is_leak, plan.name),
            pace=LegPace(self._pace, plan.name) if self._pace is not None and info.live else None,
        )


def _alignment(info: SourceInfo, num_sources: int, epoch: Epoch) -> Alignment | None:
    """Hold against a clock what has an index of its own beside others, or pauses without a word."""
    if not info.live or (num_sources == 1 and not info.stalls):
        return None
    return Alignment(info.sample_rate, epoch, stalls=info.stalls)
