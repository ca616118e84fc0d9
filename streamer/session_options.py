"""What a session may be told besides its parts."""

from dataclasses import dataclass, field

from streamer.judge_options import JudgeOptions
from streamer.spectrogram.history import SpectrogramHistory


@dataclass(frozen=True, slots=True)
class SessionOptions:
    """The small print of a session.

    Attributes
    ----------
    callmood_version : str
        The program's own, for the journal.
    duration_seconds : float or None
        Stop after so much stream time, s.
    spectrogram : bool
        Give the screen the mel spectrogram of the last minute.
    spectrogram_history : SpectrogramHistory or None
        Is filled with the spectrogram of the whole session.
    judging : JudgeOptions
        How each leg is judged.
    voice : str or None
        Name of the saved voice that the session goes on with; for the journal.
    """

    callmood_version: str
    duration_seconds: float | None = None
    spectrogram: bool = False
    spectrogram_history: SpectrogramHistory | None = None
    judging: JudgeOptions = field(default_factory=JudgeOptions)
    voice: str | None = None
