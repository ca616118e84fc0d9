"""From what was heard in a window to what is said of it: the model, and the tracker that smooths."""

from dataclasses import dataclass

from emotion.arrays import Probabilities
from emotion.model import EmotionModel
from streamer.heard import Heard
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
    """

    state: State
    emotion: str | None
    probabilities: Probabilities | None
    smoothed: Probabilities | None


class Judge:
    """Judges the windows of one leg in their order.

    Parameters
    ----------
    model : EmotionModel
        Heard with.
    step_seconds : float
        Stream time from one window to the next, s.
    """

    def __init__(self, model: EmotionModel, step_seconds: float) -> None:
        self._model = model
        self._tracker = Tracker(step_seconds)

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
            return Judgement(heard.state, None, None, None)
        if heard.vector is None:
            raise ValueError(f"speech from {heard.start} s on was heard without a feature vector")
        probabilities = self._model.predict(heard.vector)
        smoothed = self._tracker.speech(probabilities)
        return Judgement(
            heard.state, self._model.card.labels[int(smoothed.argmax())], probabilities, smoothed
        )

    def restart(self) -> None:
        """Forget, at a gap, what nobody knows any more."""
        self._tracker.restart()
