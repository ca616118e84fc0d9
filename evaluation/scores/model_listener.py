"""A fitted model as a listener."""

from emotion.arrays import FloatArray, Probabilities
from emotion.model import EmotionModel
from trainer.recipes.recipe import Voice


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
        open_voice = getattr(self._model, "open_voice", None)
        return _Deaf(self._model) if open_voice is None else open_voice()

    def is_unsure(self, smoothed: Probabilities) -> bool:
        """Ask the model; see `Listener.is_unsure`."""
        is_unsure = getattr(self._model, "is_unsure", None)
        return False if is_unsure is None else bool(is_unsure(smoothed))


class _Deaf:
    """The voice of a model that has no baseline to learn."""

    known: float = 0.0

    def __init__(self, model: EmotionModel) -> None:
        self._model = model

    def hear(self, vector: FloatArray) -> Probabilities:
        return self._model.predict(vector)

    def peek(self, vector: FloatArray) -> Probabilities:
        return self._model.predict(vector)
