"""A fitted model as a listener."""

from emotion.arrays import FloatArray, Probabilities
from emotion.decision import Voice
from emotion.model import EmotionModel


class ModelListener:
    """What `callmood listen` would hear with.

    Parameters
    ----------
    model : EmotionModel
        Of windows.
    """

    def __init__(self, model: EmotionModel) -> None:
        self._model = model

    @property
    def labels(self) -> tuple[str, ...]:
        """Those of the card."""
        return self._model.card.labels

    def predict(self, vector: FloatArray) -> Probabilities:
        """Give each label's probability for one window; see `Listener.predict`."""
        return self._model.predict(vector)

    def open_voice(self) -> Voice:
        """Begin with a voice that nobody has heard; see `Listener.open_voice`."""
        return self._model.open_voice()

    def is_unsure(self, smoothed: Probabilities) -> bool:
        """Ask the model; see `Listener.is_unsure`."""
        return self._model.is_unsure(smoothed)
