"""A fitted model: find its folder, load, classify a feature vector, save."""

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from io import BufferedReader
from itertools import chain, count
from pathlib import Path
from typing import Any, Final

from msgspec.structs import replace
from numpy.typing import NDArray

from emotion import line_baseline, rbf_svc, voice_linear
from emotion.arrays import FloatArray, Probabilities
from emotion.atomic_files import is_file
from emotion.card import CARD_NAME, WHAT_TO_DO, Card, card_json, read_card
from emotion.decision import Decision, LineState, Voice, VoiceState, check_vector
from emotion.errors import ModelError, OutputError, UsageError, name_advice
from emotion.features.base import FeatureSet
from emotion.features.catalogue import feature_set as find_feature_set
from emotion.rbf_svc import num_pairs
from emotion.untrusted import (
    ArrayFileError,
    ArrayHeader,
    is_pickle,
    read_arrays,
    read_headers,
    refuse_pickle,
    write_arrays,
)


@dataclass(frozen=True, slots=True)
class ModelKind:
    """One kind of arrays, and the decision built from them.

    Attributes
    ----------
    arrays : mapping of str to (str, tuple of str)
        Type and sides of each array. The card fixes ``d`` features, ``k`` labels, ``k-1`` and ``pairs`` of
        labels; any other side is as long as the first array that has it.
    from_arrays : callable
        Checks the values and builds the decision; raises ValueError where a value is impossible.
    optional : frozenset of str
        Those of the arrays that models fitted by an earlier callmood lack.
    """

    arrays: Mapping[str, tuple[str, tuple[str, ...]]]
    from_arrays: Callable[[Mapping[str, NDArray[Any]]], Decision]
    optional: frozenset[str] = frozenset()


KINDS: Final[Mapping[str, ModelKind]] = {
    rbf_svc.KIND: ModelKind(rbf_svc.ARRAYS, rbf_svc.RbfSvc.from_arrays, rbf_svc.OPTIONAL),
    voice_linear.KIND: ModelKind(
        {**voice_linear.ARRAYS, **line_baseline.ARRAYS},
        voice_linear.VoiceLinear.from_arrays,
        frozenset(line_baseline.ARRAYS),
    ),
}
"""By the name that stands in the card."""


MODEL_NAME: Final = "model.npz"


def read_decision(path: Path, card: Card) -> Decision:
    """Read the arrays and build the decision.

    Parameters
    ----------
    path : Path
        The file ``model.npz``.
    card : Card
        Of the same folder.

    Returns
    -------
    Decision
        Ready to decide.

    Raises
    ------
    ModelError
        If the file is missing or damaged, differs from the card's digest, or an array is not what the card
        asks for; if it is a pickle; or if the card is of an unknown kind.
    """
    kind = KINDS.get(card.kind)
    if kind is None:
        raise ModelError(
            f"{path.parent} is of kind {card.kind!r}, this callmood knows {', '.join(KINDS)}; "
            "update callmood, or train it again with `callmood train`"
        )
    refuse_pickle(path)
    try:
        with path.open("rb") as file:
            names = frozenset(kind.arrays) - kind.optional
            _refuse_other_shapes(read_headers(file, names, kind.optional), card, kind)
            _refuse_other_digest(file, path, card)
            return kind.from_arrays(read_arrays(file, names, kind.optional))
    except ModelError:
        raise
    except OSError as error:
        raise ModelError(f"{path} cannot be read ({error.strerror}); {WHAT_TO_DO}") from error
    except ValueError as error:
        raise ModelError(f"{path} is damaged: {error}; {WHAT_TO_DO}") from error


def _refuse_other_shapes(headers: Mapping[str, ArrayHeader], card: Card, kind: ModelKind) -> None:
    num_labels = len(card.labels)
    sizes = {"d": card.num_features, "k": num_labels, "k-1": num_labels - 1, "pairs": num_pairs(num_labels)}
    for name, (dtype, sides) in kind.arrays.items():
        if name not in headers:
            continue
        found = headers[name].shape
        for place, side in enumerate(sides):
            # A side that the card does not fix is as long as the first array that has it.
            sizes.setdefault(side, found[place] if place < len(found) else 0)
        shape = tuple(sizes[side] for side in sides)
        if headers[name] != (dtype, shape):
            raise ArrayFileError(
                f"array {name} is {headers[name].dtype} {found}, the card asks for {dtype} {shape}"
            )


def _refuse_other_digest(file: BufferedReader, path: Path, card: Card) -> None:
    file.seek(0)
    digest = hashlib.file_digest(file, "sha256").hexdigest()
    promised = card.digests.get(MODEL_NAME, "none")
    if digest != promised:
        raise ModelError(
            f"{path}: card and model disagree: the card promises SHA-256 {promised[:12]}, "
            f"the file has {digest[:12]}; {WHAT_TO_DO}"
        )


@dataclass(frozen=True, slots=True, eq=False)
class EmotionModel:
    """A card, a feature set, and a decision that fit each other.

    Attributes
    ----------
    folder : Path
        Where the model lies.
    card : Card
        Of that folder.
    feature_set : FeatureSet
        The one that the card names.
    decision : Decision
        From vector to probabilities.
    """

    folder: Path
    card: Card
    feature_set: FeatureSet
    decision: Decision

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

    def open_voice(
        self, state: VoiceState | None = None, line: LineState | None = None, *, baseline: bool = True
    ) -> Voice:
        """Open a voice for one leg.

        Parameters
        ----------
        state : mapping of str to ndarray, optional
            From ``Voice.state``; None starts without a baseline.
        line : mapping of str to ndarray, optional
            From ``Voice.line_state``, or empty for a line without voices; None goes without a line.
        baseline : bool
            False learns and uses nothing of the voice itself, only the line.

        Returns
        -------
        Voice
            Refuses vectors as `predict` does, before it learns from them.

        Raises
        ------
        ValueError
            If the state or the line is of another kind of model, or none; or if a line is given and the
            model knows none.
        """
        return self.decision.open_voice(state, line, baseline=baseline)

    @property
    def knows_lines(self) -> bool:
        """Whether `open_voice` takes a line."""
        return self.decision.knows_lines

    def is_unsure(self, smoothed: Probabilities) -> bool:
        """Tell whether a window of speech is shown as unsure rather than with an emotion.

        Parameters
        ----------
        smoothed : ndarray, shape (num_labels,), float64
            What would be shown.

        Returns
        -------
        bool
            Always False where the model has no threshold.
        """
        return self.decision.is_unsure(smoothed)


def load_model(folder: Path) -> EmotionModel:
    """Load a model folder as untrusted input.

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
    """Read the card of a model folder without its arrays.

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


OWN_MODELS: Final = Path("models")
"""Where `callmood train` writes models by default; they are named by their path."""


def find_model(name_or_path: str) -> EmotionModel:
    """Load the model that a user asks for."""
    return load_model(find_model_folder(name_or_path))


def find_model_folder(name_or_path: str) -> Path:
    """Find the folder of a model without loading it."""
    if not name_or_path or "\0" in name_or_path:
        raise ModelError(f"{name_or_path!r} is no name of a model; {_known_models(name_or_path)}")
    path = Path(name_or_path)
    if not is_bare_name(name_or_path):
        return path
    for root in _shipped_roots():
        if is_file(root / path / CARD_NAME):
            return root / path
    if is_pickle(path):
        return path
    missing = f"there is no model {name_or_path[:80]!r}"
    if here := _here(name_or_path):
        raise ModelError(
            f"{missing} among those that came with callmood; for the one in the working directory write "
            f"{as_path(here[0])[:200]}"
        )
    raise ModelError(f"{missing}; {_known_models(name_or_path)}")


def is_bare_name(name_or_path: str) -> bool:
    """Tell a name from a path: ``speech`` is one, ``./speech``, ``speech/`` and ``.`` are none."""
    return Path(name_or_path).name == name_or_path != ".."


def shadows_of(name_or_path: str) -> list[Path]:
    """List models of the working directory that a bare name does not mean."""
    if not name_or_path or not is_bare_name(name_or_path):
        return []
    used = find_model_folder(name_or_path).resolve()
    return [folder for folder in _here(name_or_path) if folder.resolve() != used]


def as_path(folder: Path) -> str:
    """Give the path of a model so that nobody takes it for a bare name."""
    return str(folder) if folder.is_absolute() else os.path.join(os.curdir, folder)  # noqa: PTH118 - a Path drops the dot


def model_folders() -> list[Path]:
    """List the models that came with callmood: they go by their bare names."""
    found: dict[str, Path] = {}
    for root in _shipped_roots():
        for folder in _models_in(root):
            found.setdefault(folder.name, folder)
    return [found[name] for name in sorted(found)]


def own_model_folders() -> list[Path]:
    """List the models in ``./models``: they go by their paths."""
    shipped = {folder.resolve() for folder in model_folders()}
    return sorted(folder for folder in _models_in(OWN_MODELS) if folder.resolve() not in shipped)


def pickled_models() -> list[Path]:
    """List what lies among the models and is a pickle."""
    found: list[Path] = []
    own = [OWN_MODELS] if OWN_MODELS.is_dir() else []
    roots = {root.resolve(): root for root in (*_shipped_roots(), *own)}
    for root in roots.values():
        for path in root.glob("*"):
            inside = path.is_dir() and not (path / CARD_NAME).is_file()
            found += [each for each in (path.glob("*") if inside else (path,)) if is_pickle(each)]
    return sorted(found)


def _shipped_roots() -> list[Path]:
    packages = Path(__file__).parents[1]
    roots = [packages / "callmood" / "models"]
    # Beside the packages lies a checkout's own models/; in site-packages it would be some other project's.
    if (packages / "pyproject.toml").is_file():
        roots.append(packages / "models")
    return [root for root in roots if root.is_dir()]


def _models_in(root: Path) -> Iterator[Path]:
    return (card.parent for card in root.glob(f"*/{CARD_NAME}") if not card.parent.name.startswith("."))


def _here(name: str) -> list[Path]:
    """List the models of the working directory that have a bare name."""
    return [folder for folder in (OWN_MODELS / name, Path(name)) if is_file(folder / CARD_NAME)]


def _known_models(wanted: str) -> str:
    names = [folder.name for folder in model_folders()] + [as_path(folder) for folder in own_model_folders()]
    if not names:
        return "there are none yet: train one with `callmood train`"
    return name_advice(wanted, names)


OWN_FILES: Final = frozenset({CARD_NAME, MODEL_NAME, "confusion.png", "report.txt", "training.log"})
"""The files that training writes into a model folder."""


def save_model(
    folder: Path,
    card: Card,
    arrays: Mapping[str, NDArray[Any]],
    files: Mapping[str, bytes] | None = None,
    *,
    force: bool = False,
) -> tuple[Card, Path]:
    """Write a model folder under a temporary name, read it back, and move it into place.

    Parameters
    ----------
    folder : Path
        Its place. Where something has appeared since `refuse_to_replace` allowed it, the model takes the next
        free name, such as ``mine-2``.
    card : Card
        Its digests are computed here.
    arrays : mapping of str to ndarray
        As the card's kind asks for, see ``emotion.model``.
    files : mapping of str to bytes, optional
        What else lies in the folder, by plain file name: a confusion matrix, a report, the training log.
    force : bool, optional
        Replace a model that lies there, whole.

    Returns
    -------
    card : Card
        As written, with its digests.
    folder : Path
        Its place.

    Raises
    ------
    OutputError
        If the folder cannot be written, or something that is no model lies there.
    ModelError
        If card and arrays would not load again.
    """
    folder = Path(os.path.abspath(folder))  # noqa: PTH100 - a link is followed by what reads, not here
    places = chain([folder], (folder.with_name(f"{folder.name}-{number}") for number in count(2)))
    folder = next(place for place in places if _is_free(place, force=force))
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as workplace:
            fresh = Path(workplace, "new")
            fresh.mkdir()
            written = _fill(fresh, card, arrays, files or {})
            _move_into_place(fresh, folder, Path(workplace, "old"))
    except OSError as error:
        raise OutputError(f"{folder} cannot be written ({error.strerror}); choose another place") from error
    return written, folder


def _is_free(folder: Path, *, force: bool) -> bool:
    try:
        refuse_to_replace(folder, force=force)
    except OutputError:
        return False
    return True


def refuse_to_replace(folder: Path, *, force: bool) -> None:
    """Refuse a place that is taken; called before fitting, which can take an hour.

    Parameters
    ----------
    folder : Path
        Where a model is to be written.
    force : bool
        Allow a model to be replaced, and nothing else.

    Raises
    ------
    OutputError
        If a file lies there, or a folder that is not empty.
    """
    if not os.path.lexists(folder):
        return
    if folder.is_symlink() or not folder.is_dir():
        raise OutputError(f"{folder} is not a folder; choose another --name, or move it away")
    is_model = (folder / CARD_NAME).is_file() and (folder / MODEL_NAME).is_file()
    if not is_model and any(folder.iterdir()):
        raise OutputError(
            f"{folder} holds something that is no model; choose another --name, or move it away"
        )
    foreign = sorted({each.name for each in folder.iterdir()} - OWN_FILES)
    if is_model and foreign:
        raise OutputError(
            f"{folder} holds {', '.join(foreign)[:100]}, which callmood did not write; "
            "choose another --name, or move it away"
        )
    if is_model and not force:
        raise OutputError(f"{folder} holds a model; choose another --name, or replace it with --force")


def _fill(fresh: Path, card: Card, arrays: Mapping[str, NDArray[Any]], files: Mapping[str, bytes]) -> Card:
    for name, content in files.items():
        (fresh / name).write_bytes(content)
    try:
        write_arrays(fresh / MODEL_NAME, arrays)
    except ValueError as error:
        raise ModelError(f"model {card.name} cannot be written: {error}") from error
    digest = hashlib.sha256((fresh / MODEL_NAME).read_bytes()).hexdigest()
    (fresh / CARD_NAME).write_text(card_json(replace(card, digests={MODEL_NAME: digest})), encoding="utf-8")
    written = read_card(fresh / CARD_NAME)
    read_decision(fresh / MODEL_NAME, written)
    return written


def _move_into_place(fresh: Path, folder: Path, old: Path) -> None:
    had_old = folder.exists()
    if had_old:
        folder.rename(old)
    try:
        fresh.rename(folder)
    except OSError:
        if had_old:
            old.rename(folder)
        raise
