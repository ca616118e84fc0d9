"""A fitted model, ready to say what it hears in a feature vector."""

from pathlib import Path

from emotion.arrays import FloatArray, Probabilities
from emotion.card import Card
from emotion.card_file import CARD_NAME, read_card
from emotion.checked_voice import CheckedVoice, check_vector
from emotion.decision import Decision, Voice, VoiceState
from emotion.errors import ModelError, UsageError
from emotion.features.catalogue import feature_set as find_feature_set
from emotion.features.feature_set import FeatureSet
from emotion.model_file import MODEL_NAME, read_decision
from emotion.pickles import refuse_pickle


class EmotionModel:
    """A card, a feature set, and a decision that fit each other.

    Parameters
    ----------
    folder : Path
        Where the model lies.
    card : Card
        What it says of itself.
    feature_set : FeatureSet
        The one that the card names.
    decision : Decision
        From vector to probabilities.
    """

    def __init__(self, folder: Path, card: Card, feature_set: FeatureSet, decision: Decision) -> None:
        self.folder = folder
        self.card = card
        self.feature_set = feature_set
        self.decision = decision

    def predict(self, vector: FloatArray) -> Probabilities:
        """Give each label's probability for one feature vector, knowing nothing of the voice.

        Parameters
        ----------
        vector : ndarray, shape (num_features,), float32
            As the feature set gives it.

        Returns
        -------
        ndarray, shape (num_labels,), float64
            In the order of ``card.labels``; sums to 1.

        Raises
        ------
        ValueError
            If the vector has another shape or a value is not finite.
        """
        check_vector(vector, self.card.num_features)
        return self.decision.probabilities(vector)

    def open_voice(self, state: VoiceState | None = None) -> Voice:
        """Begin with a voice; it is the leg's, and of no other model.

        Parameters
        ----------
        state : mapping of str to ndarray, optional
            What ``Voice.state`` gave; unless given, a voice that nobody has heard.

        Returns
        -------
        Voice
            Refuses vectors as `predict` does, before it learns from them.

        Raises
        ------
        ValueError
            If the state is of another kind of model, or no state.
        """
        return CheckedVoice(self.decision.open_voice(state), self.card.num_features)

    def is_unsure(self, smoothed: Probabilities) -> bool:
        """Say whether a window of speech is to be shown as unsure rather than with an emotion.

        Parameters
        ----------
        smoothed : ndarray, shape (num_labels,), float64
            What would be shown.

        Returns
        -------
        bool
            False for ever where the model learned nothing about doubt.
        """
        return self.decision.is_unsure(smoothed)


def load_model(folder: Path) -> EmotionModel:
    """Load a model folder, trusting nothing in it.

    Parameters
    ----------
    folder : Path
        Holds ``card.json`` and ``model.npz``.

    Returns
    -------
    EmotionModel
        Ready to predict.

    Raises
    ------
    ModelError
        If the folder is missing or no model, a pickle, damaged, of an unknown kind or feature set, or of
        another version of its feature set.
    """
    card = read_model_card(folder)
    feature_set = _fitting_feature_set(folder, card)
    return EmotionModel(folder, card, feature_set, read_decision(folder / MODEL_NAME, card))


def read_model_card(folder: Path) -> Card:
    """Read what a model says of itself, and leave its arrays alone.

    Parameters
    ----------
    folder : Path
        Holds ``card.json`` and ``model.npz``.

    Returns
    -------
    Card
        Valid in itself; nothing is known of the arrays.

    Raises
    ------
    ModelError
        If the folder is missing or no model, a pickle, or its card is damaged.
    """
    refuse_pickle(folder)
    try:
        _refuse_what_is_no_model(folder)
    except OSError as error:
        raise ModelError(f"{folder} cannot be read ({error.strerror}); check its rights") from error
    return read_card(folder / CARD_NAME)


def _refuse_what_is_no_model(folder: Path) -> None:
    if folder.is_file():
        raise ModelError(
            f"{folder} is a file; give the model's folder, with {CARD_NAME} and {MODEL_NAME} in it"
        )
    if not folder.is_dir():
        raise ModelError(f"{folder} is not there; `callmood models` lists the models that are")
    for name in (CARD_NAME, MODEL_NAME):
        if not (folder / name).is_file():
            for path in sorted(folder.iterdir()):
                refuse_pickle(path)
            raise ModelError(f"{folder} holds no {name}, so it is no model; train one with `callmood train`")


def _fitting_feature_set(folder: Path, card: Card) -> FeatureSet:
    try:
        feature_set = find_feature_set(card.feature_set)
    except UsageError as error:
        raise ModelError(f"{folder}: {error}") from error
    name, version = card.feature_set, feature_set.version
    if card.feature_set_version != version:
        raise ModelError(
            f"{folder} was fitted on {name} version {card.feature_set_version}, this callmood computes "
            f"version {version}; train it again with `callmood train`"
        )
    asked = f"{card.num_features} features at {card.sample_rate} Hz"
    given = f"{len(feature_set.feature_names)} features at {feature_set.sample_rate} Hz"
    if asked != given:
        raise ModelError(
            f"{folder}: the card asks for {asked}, but {name} version {version} gives {given}; "
            "train it again with `callmood train`"
        )
    if feature_set.offline_only and not card.whole_clips:
        raise ModelError(
            f"{folder}: {name} needs whole clips, but the card asks for windows; "
            "train it again with --whole-clips"
        )
    return feature_set
