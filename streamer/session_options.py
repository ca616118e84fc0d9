"""What a session may be told besides its parts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from emotion.decision import VoiceState
from streamer.alerts.alert_rule import AlertRule
from streamer.alerts.watch import COOLDOWN_SECONDS
from streamer.judge_options import JudgeOptions
from streamer.leg_plan import LegPlan
from streamer.spectrogram.history import SpectrogramHistory


@dataclass(frozen=True, slots=True)
class SessionOptions:
    """The small print of a session.

    Attributes
    ----------
    callmood_version : str
        The program's own, for the journal.
    legs : tuple of LegPlan
        As the user calls them; empty for the sides of a stereo source, or each source as one.
    duration_seconds : float or None
        Stop after so much stream time, s.
    spectrogram : bool
        Give the screen the mel spectrogram of the last minute.
    spectrogram_history : SpectrogramHistory or None
        Is filled with the spectrogram of the whole session.
    judging : JudgeOptions
        How each leg is judged; its voice is that of no leg.
    alert_rules : tuple of AlertRule
        What raises alerts.
    alert_cooldown_seconds : float
        Least stream time from one alert of a rule to its next, s.
    voices : mapping of str to str
        Names of the saved voices that legs go on with, by leg; for the journal.
    voice_states : mapping of str to VoiceState
        What is known of these voices, by leg.
    """

    callmood_version: str
    legs: tuple[LegPlan, ...] = ()
    duration_seconds: float | None = None
    spectrogram: bool = False
    spectrogram_history: SpectrogramHistory | None = None
    judging: JudgeOptions = field(default_factory=JudgeOptions)
    alert_rules: tuple[AlertRule, ...] = ()
    alert_cooldown_seconds: float = COOLDOWN_SECONDS
    voices: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    voice_states: Mapping[str, VoiceState] = field(default_factory=lambda: MappingProxyType({}))
