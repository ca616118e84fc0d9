"""How a leg is to be judged, besides by which model."""

from dataclasses import dataclass

from emotion.decision import VoiceState


@dataclass(frozen=True, slots=True, eq=False)
class JudgeOptions:
    """What the user may ask of a judge.

    Attributes
    ----------
    baseline : bool
        Learn what is usual for the voice; False judges each window by itself.
    never_unsure : bool
        Always show the leading label of speech, however little it leads.
    voice : mapping of str to ndarray, or None
        A voice to begin with, as ``Voice.state`` gave it; None for one that nobody has heard.
    """

    baseline: bool = True
    never_unsure: bool = False
    voice: VoiceState | None = None
