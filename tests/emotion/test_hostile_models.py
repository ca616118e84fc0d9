"""Whatever lies in a model folder is a model or is refused, and a model that is taken gives probabilities."""

import hashlib
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from emotion.card import card_json, read_card
from emotion.decision import Decision
from emotion.errors import ModelError
from emotion.model import KINDS, MODEL_NAME, EmotionModel, load_model, read_decision
from emotion.rbf_svc import num_pairs
from emotion.untrusted import write_arrays
from tests.model_maker import make_card, make_model
from tests.spoiling import fuzzed, little_memory, spoiled, spoiled_values

CARD: dict[str, Any] = json.loads(card_json(make_card()))
NUM_FEATURES, NUM_LABELS = 5, 4
SIDES = {
    "d": NUM_FEATURES,
    "k": NUM_LABELS,
    "k-1": NUM_LABELS - 1,
    "pairs": num_pairs(NUM_LABELS),
    "n": 6,
    "opinions": 2,
    "p": 3,
    "l": 4,
    "m": 10,
}
EXTREMES = (0.0, -1.0, 5e-324, 1e-40, 1e-30, 1e6, 1e30, -1e30, 1e38, 1.7e308, -1.7e308, np.inf, np.nan)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("hostile") / "tiny", clips_per_label=3)


@pytest.fixture(scope="module")
def arrays_bytes(folder: Path) -> bytes:
    return (folder / MODEL_NAME).read_bytes()


@fuzzed(50)
@given(data=st.data())
def test_spoiled_arrays_are_read_or_refused(folder: Path, arrays_bytes: bytes, data: st.DataObject) -> None:
    card = json.loads((folder / "card.json").read_text())
    # The directory of the zip lies at the end, and says more than what is before it.
    begin = max(0, len(arrays_bytes) - 1_200)
    ends = data.draw(spoiled([arrays_bytes[begin:]]))
    raw = arrays_bytes[:begin] + ends if data.draw(st.booleans()) else data.draw(spoiled([arrays_bytes], 400))
    (folder / MODEL_NAME).write_bytes(raw)
    card["digests"] = {MODEL_NAME: hashlib.sha256(raw).hexdigest()}
    (folder / "card.json").write_text(json.dumps(card))
    with little_memory(), suppress(ModelError):
        assert isinstance(load_model(folder), EmotionModel)


@fuzzed(50)
@given(values=spoiled_values(CARD))
@example(values=CARD | {"scores": {"shows_change_after_seconds": 10**400}})
@example(values=CARD | {"scores": {"shows_change_after_seconds": 1e308}})
def test_a_spoiled_card_is_read_and_can_be_written_again_or_is_refused(
    tmp_path_factory: pytest.TempPathFactory, values: dict[str, Any]
) -> None:
    path = tmp_path_factory.getbasetemp() / "spoiled.json"
    path.write_text(json.dumps(values), encoding="utf-8")
    with little_memory(), suppress(ModelError):
        card = read_card(path)
        assert card.shows_change_after_seconds is None or 0 <= card.shows_change_after_seconds <= 3600
        path.write_text(card_json(card), encoding="utf-8")
        assert read_card(path) == card
        assert all(note.isprintable() for note in (card.name, *card.notes, *card.labels))


@fuzzed(50)
@given(raw=spoiled([card_json(make_card()).encode()]) | st.binary(max_size=200))
@example(raw=b'{"scores":' * 500 + b"1" + b"}" * 500)
@example(raw=b"[" * 100_000)
@example(raw=b'{"seed": ' + b"1" * 5_000 + b"}")
@example(raw=b'{"name": "a", "name": "b"}')
@example(raw=b'{"name": "\\ud800"}')
def test_any_bytes_are_a_card_or_refused(tmp_path_factory: pytest.TempPathFactory, raw: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "bytes.json"
    path.write_bytes(raw)
    with little_memory(), suppress(ModelError):
        assert read_card(path).name


@st.composite
def arrays_of(draw: st.DrawFn, kind: str) -> dict[str, NDArray[Any]]:
    """Draw arrays of the right shapes and types, some of them with values that no fit gives."""
    made: dict[str, NDArray[Any]] = {}
    for name, (dtype, sides) in KINDS[kind].arrays.items():
        shape = tuple(SIDES[side] for side in sides)
        seed = draw(st.integers(0, 9))
        made[name] = np.asarray(np.random.default_rng(seed).uniform(0.1, 1.0, shape), dtype=dtype)
    made |= {"class_counts": np.array([2, 2, 1, 1])} if kind == "rbf-svc" else {}
    if kind == "voice-linear":
        made["rule"][:3] = 10.0, 5.0, 1200.0
        made["line_rule"][2:] = 1.0, 2.0
    for name in draw(st.lists(st.sampled_from(sorted(made)), max_size=3)):
        values = made[name].copy()
        integer = values.dtype.kind == "i"
        odd = draw(
            st.integers(-(2**63), 2**63 - 1) if integer else st.sampled_from(EXTREMES) | st.just(np.nan)
        )
        place = draw(st.integers(0, values.size - 1)) if draw(st.booleans()) else slice(None)
        with np.errstate(over="ignore"):
            values.flat[place] = odd
        made[name] = values
    return made


def _hear(decision: Decision) -> None:
    vectors = [np.full(NUM_FEATURES, value, np.float32) for value in (0.0, 1.0, -3e4, 1e30, 3e38)]
    voice = decision.open_voice(line={} if decision.knows_lines else None)
    for vector in vectors:
        for shares in (decision.probabilities(vector), voice.update(vector)):
            assert np.isfinite(shares).all()
            assert shares.sum() == pytest.approx(1.0)
        assert 0.0 <= voice.known <= 1.0
        assert isinstance(decision.is_unsure(shares), bool)
    decision.open_voice(voice.state(), voice.line_state())


@pytest.mark.parametrize("kind", KINDS)
@fuzzed(60)
@given(data=st.data())
def test_arrays_that_are_taken_give_probabilities(kind: str, data: st.DataObject) -> None:
    arrays = data.draw(arrays_of(kind))
    with suppress(ValueError):
        decision = KINDS[kind].from_arrays(arrays)
        try:
            _hear(decision)
        except ValueError as error:  # what is wrong with a model must show before it is listened to
            pytest.fail(f"taken, and then {error!r}")


def test_a_folder_of_everything_at_once_is_refused_in_order(tmp_path: Path) -> None:
    """Arrays that are too many or too large are refused by their headers, before a value is read."""
    make_model(tmp_path / "tiny", clips_per_label=2)
    path = tmp_path / "tiny" / MODEL_NAME
    write_arrays(path, {"support_vectors": np.zeros((4_000, 657), np.float32)})
    with little_memory(2_000_000), pytest.raises(ModelError, match="array calibration_bias is missing"):
        read_decision(path, read_card(tmp_path / "tiny" / "card.json"))
