"""Classify one window: model, speaker baseline, smoothing, and whether the model is unsure."""

import math
from dataclasses import dataclass
from typing import Final

from emotion.arrays import Probabilities
from emotion.decision import UnlearnedVoice, VoiceState
from emotion.model import EmotionModel
from streamer.analysis.windows import GatedWindow
from streamer.events import State


@dataclass(frozen=True, slots=True, eq=False)
class ClassifierOptions:
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


TIME_CONSTANT_SECONDS: Final = 1.0
"""After this much speech a change is shown to 63 %."""

MEMORY_SECONDS: Final = 2.0
"""Silence longer than this ends what was said before it."""


class ProbabilitySmoother:
    """Exponential smoothing over windows of speech, in stream time.

    Parameters
    ----------
    step_seconds : float
        Stream time from one window to the next, s.
    """

    def __init__(self, step_seconds: float) -> None:
        self._step_seconds = step_seconds
        self._smoothed: Probabilities | None = None
        self._num_silent = 0
        self._num_skipped = 0

    def speech(self, probabilities: Probabilities) -> Probabilities:
        """Take a window of speech.

        Parameters
        ----------
        probabilities : ndarray, shape (num_labels,), float64
            The model's word for this window.

        Returns
        -------
        ndarray, shape (num_labels,), float64
            Smoothed, summing to 1; the same as given for the first window of speech.
        """
        self._num_silent = 0
        if self._smoothed is None:
            self._smoothed = probabilities
        else:
            # So much speech has passed, heard or not: a change is shown as soon whatever was skipped.
            speech_seconds = (1 + self._num_skipped) * self._step_seconds
            share_of_new = 1.0 - math.exp(-speech_seconds / TIME_CONSTANT_SECONDS)
            self._smoothed = self._smoothed + share_of_new * (probabilities - self._smoothed)
        self._num_skipped = 0
        return self._smoothed

    def skip(self) -> None:
        """Pass over a window of speech that nobody heard: no silence, and nothing new."""
        self._num_silent = 0
        self._num_skipped += 1

    def silence(self) -> None:
        """Take a window without speech."""
        self._num_silent += 1
        if self._num_silent * self._step_seconds > MEMORY_SECONDS:
            self._smoothed = None

    def restart(self) -> None:
        """Forget everything: after a gap nobody knows what was said."""
        self._smoothed = None
        self._num_silent = 0
        self._num_skipped = 0


@dataclass(frozen=True, slots=True, eq=False)
class Classification:
    """What the classifier finds in one window.

    Attributes
    ----------
    state : {'speech', 'silence', 'noise', 'clipped', 'unsure'}
        The gate's, or `unsure` where the model would not decide about speech.
    emotion : str or None
        The leading label after smoothing; None where there is none to show.
    probabilities, smoothed : ndarray, shape (num_labels,), float64, or None
        Of this window alone, and smoothed; None without speech.
    voice_known : float
        How well the voice is known, this window included, 0..1.
    """

    state: State
    emotion: str | None
    probabilities: Probabilities | None
    smoothed: Probabilities | None
    voice_known: float


class Classifier:
    """Classifies the windows of one leg in their order.

    Parameters
    ----------
    model : EmotionModel
        The fitted model.
    step_seconds : float
        Stream time from one window to the next, s.
    options : ClassifierOptions, optional
        By default it adapts to the voice from nothing and says where it is unsure.

    Raises
    ------
    ValueError
        If the voice to begin with is none of this model's.
    """

    def __init__(
        self, model: EmotionModel, step_seconds: float, options: ClassifierOptions | None = None
    ) -> None:
        options = options or ClassifierOptions()
        self._model = model
        self._smoother = ProbabilitySmoother(step_seconds)
        self._may_be_unsure = not options.never_unsure
        self._voice = model.open_voice(options.voice) if options.baseline else UnlearnedVoice(model.predict)

    @property
    def voice_state(self) -> VoiceState:
        """The speaker baseline so far; empty where nothing is learned."""
        return self._voice.state()

    def classify(self, window: GatedWindow) -> Classification:
        """Classify the next window.

        Parameters
        ----------
        window : GatedWindow
            With a vector where its state is `speech`.

        Returns
        -------
        Classification
            Depends on this window and those before it alone.

        Raises
        ------
        ValueError
            If speech comes without a vector.
        """
        if window.state != "speech":
            self._smoother.silence()
            return Classification(window.state, None, None, None, self._voice.known)
        if window.vector is None:
            raise ValueError(f"speech from {window.start} s on has no feature vector")
        probabilities = self._voice.update(window.vector)
        smoothed = self._smoother.speech(probabilities)
        if self._may_be_unsure and self._model.is_unsure(smoothed):
            return Classification("unsure", None, probabilities, smoothed, self._voice.known)
        leading = self._model.card.labels[int(smoothed.argmax())]
        return Classification("speech", leading, probabilities, smoothed, self._voice.known)

    def skip(self) -> None:
        """Pass over a window of speech that was skipped; the speaker baseline learns nothing of it."""
        self._smoother.skip()

    def restart(self) -> None:
        """Forget, at a gap, the smoothed probabilities; the speaker baseline stays."""
        self._smoother.restart()
