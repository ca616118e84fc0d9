"""From what was heard in a window to what is said of it: the model, the voice, the tracker that smooths."""

from dataclasses import dataclass

from emotion.arrays import Probabilities
from emotion.decision import UnlearnedVoice, VoiceState
from emotion.model import EmotionModel
from streamer.heard import Heard
from streamer.judge_options import JudgeOptions
from streamer.row import State
from streamer.tracker import Tracker


@dataclass(frozen=True, slots=True, eq=False)
class Judgement:
    """What is said of one window.

    Attributes
    ----------
    state : {'speech', 'silence', 'noise', 'clipped', 'unsure'}
        The gate's, or `unsure` where the model would not decide about speech.
    emotion : str or None
        The leading label after smoothing; None where there is none to show.
    probabilities, smoothed : ndarray, shape (num_labels,), float64, or None
        The model's own word for this window, and the smoothed one; None where no speech was heard.
    voice_known : float
        How well the voice is known, this window included, 0..1.
    """

    state: State
    emotion: str | None
    probabilities: Probabilities | None
    smoothed: Probabilities | None
    voice_known: float


class Judge:
    """Judges the windows of one leg in their order.

    Parameters
    ----------
    model : EmotionModel
        Heard with.
    step_seconds : float
        Stream time from one window to the next, s.
    options : JudgeOptions, optional
        Unless given, it learns the voice from nothing and says where it is unsure.

    Raises
    ------
    ValueError
        If the voice to begin with is none of this model's.
    """

    def __init__(self, model: EmotionModel, step_seconds: float, options: JudgeOptions | None = None) -> None:
        options = options or JudgeOptions()
        self._model = model
        self._tracker = Tracker(step_seconds)
        self._may_be_unsure = not options.never_unsure
        self._voice = model.open_voice(options.voice) if options.baseline else UnlearnedVoice(model.predict)

    @property
    def voice_state(self) -> VoiceState:
        """What was learned of the voice; empty where nothing is learned."""
        return self._voice.state()

    def judge(self, heard: Heard) -> Judgement:
        """Judge the next window.

        Parameters
        ----------
        heard : Heard
            With a vector where its state is `speech`.

        Returns
        -------
        Judgement
            Depends on this window and those before it alone.

        Raises
        ------
        ValueError
            If speech comes without a vector.
        """
        if heard.state != "speech":
            self._tracker.silence()
            return Judgement(heard.state, None, None, None, self._voice.known)
        if heard.vector is None:
            raise ValueError(f"speech from {heard.start} s on was heard without a feature vector")
        probabilities = self._voice.hear(heard.vector)
        smoothed = self._tracker.speech(probabilities)
        if self._may_be_unsure and self._model.is_unsure(smoothed):
            return Judgement("unsure", None, probabilities, smoothed, self._voice.known)
        leading = self._model.card.labels[int(smoothed.argmax())]
        return Judgement("speech", leading, probabilities, smoothed, self._voice.known)

    def skip(self) -> None:
        """Pass over a window of speech that there was no time to hear; the voice learns nothing of it."""
        self._tracker.skip()

    def restart(self) -> None:
        """Forget, at a gap, what was said last; the voice is the same as before it."""
        self._tracker.restart()
