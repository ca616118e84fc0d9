"""A card lays the grid, and is written and read without a loss."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotion.card import MAX_CARD_BYTES, Card, card_json, read_card
from emotion.errors import ModelError, UsageError
from emotion.window_grid import WindowGrid
from tests.model_maker import make_card
from tests.spoiling import little_memory

Values = dict[str, Any]

WHOLE_CLIPS: Values = {
    "win_seconds": None,
    "step_seconds": None,
    "allowed_win_seconds": None,
    "allowed_step_seconds": None,
}


def _read(path: Path, content: str | bytes) -> Card:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_card(path)


def _values(**changes: object) -> Values:
    values: Values = json.loads(card_json(make_card()))
    return values | changes


# The grid.


def test_the_defaults_are_the_cards_own() -> None:
    assert make_card().grid() == WindowGrid(44_100, 11_025, 22_050)


@pytest.mark.parametrize(("win", "step"), [(1.0, 0.1), (5.0, 5.0), (3.0, None)])
def test_what_the_card_allows(win: float, step: float | None) -> None:
    assert make_card().grid(win, step) == WindowGrid.from_seconds(win, step or 0.5, 22_050)


@pytest.mark.parametrize(
    ("win", "step", "words"),
    [
        (0.9, None, r"win is 0\.9 s, but model tiny allows 1 to 5 s; leave --win out for 2 s"),
        (5.1, None, "win is 5.1 s"),
        (float("nan"), None, "win is nan s"),
        (float("inf"), None, "win is inf s"),
        (None, 0.05, r"step is 0\.05 s, but model tiny allows 0\.1 to 5 s"),
        (None, -1.0, "step is -1 s"),
        (2.0, 2.5, "step is 2.5 s and win 2 s"),
    ],
)
def test_what_it_does_not_allow(win: float | None, step: float | None, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        make_card().grid(win, step)


def test_without_a_range_only_the_default_passes() -> None:
    card = make_card(allowed_win_seconds=None, allowed_step_seconds=None)
    assert card.grid(2.0, 0.5) == card.grid()
    with pytest.raises(UsageError, match="allows 2 s and nothing else"):
        card.grid(win_seconds=2.1)


@pytest.mark.parametrize(
    ("scores", "seconds"),
    [
        ({"shows_change_after_seconds": 1.63}, 1.63),
        ({"shows_change_after_seconds": 2}, 2.0),
        ({"shows_change_after_seconds": "soon"}, None),
        ({"shows_change_after_seconds": True}, None),
        ({"shows_change_after_seconds": None}, None),
        ({"uar": 0.5}, None),
    ],
)
def test_the_delay_is_said_where_it_was_measured(scores: dict[str, object], seconds: float | None) -> None:
    assert make_card(scores=scores).shows_change_after_seconds == seconds


def test_a_model_of_whole_clips_has_no_grid() -> None:
    card = make_card("classic-33", **WHOLE_CLIPS)
    assert card.whole_clips
    with pytest.raises(ModelError, match="fitted on whole clips: it can predict files, not listen"):
        card.grid()


# There and back.


@given(
    scores=st.dictionaries(
        st.text(st.characters(exclude_categories=["C", "Z"]), max_size=5),
        st.floats(allow_nan=False, allow_infinity=False) | st.integers(0, 9) | st.lists(st.booleans()),
        max_size=4,
    ),
    notes=st.lists(st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1), max_size=3),
    seed=st.integers(0, 2**32),
    win=st.sampled_from([1.0, 2.0, 3.3]),
)
def test_there_and_back(
    tmp_path_factory: pytest.TempPathFactory, scores: Values, notes: list[str], seed: int, win: float
) -> None:
    card = make_card(
        scores=scores, notes=tuple(notes), seed=seed, win_seconds=win, digests={"a": "b"}, gate="level"
    )
    assert _read(tmp_path_factory.getbasetemp() / "card.json", card_json(card)) == card


def test_whole_clips_there_and_back(tmp_path: Path) -> None:
    card = make_card("classic-33", **WHOLE_CLIPS)
    assert _read(tmp_path / "card.json", card_json(card)) == card


def test_keys_keep_their_order_and_people_can_read_it() -> None:
    text = card_json(make_card(fails_on=("Rauschen über 5 dB",)))
    assert list(json.loads(text)) == [
        "format",
        *(name for name in Card.__struct_fields__ if name != "format"),
    ]
    assert "Rauschen über 5 dB" in text
    assert text.startswith('{\n  "format": 2,\n  "name": "tiny",\n')


def test_a_score_that_is_no_number_is_not_written() -> None:
    with pytest.raises(ModelError, match="the card of model tiny cannot be written"):
        card_json(make_card(scores={"uar": float("nan")}))


# What is refused.


def _without(name: str) -> Callable[[], Values]:
    return lambda: {key: value for key, value in _values().items() if key != name}


def _changed(**changes: object) -> Callable[[], Values]:
    return lambda: _values(**changes)


SOURCE: Values = {"name": "x", "clips": 1, "speakers": None, "windows": 1, "licence": "MIT"}


@pytest.mark.parametrize(
    ("feature_set", "gate"),
    [("speech", "voice"), ("acoustic", "voice"), ("classic-speech", "level"), ("classic", "level")],
)
def test_a_card_without_a_gate_has_the_one_of_its_time(tmp_path: Path, feature_set: str, gate: str) -> None:
    values = json.loads(card_json(make_card(gate="voice"))) | {"feature_set": feature_set}
    assert _read(tmp_path / "card.json", json.dumps(values)).gate == "voice"
    assert _read(tmp_path / "card.json", json.dumps(values | {"gate": None})).gate == gate
    del values["gate"]
    assert _read(tmp_path / "card.json", json.dumps(values)).gate == gate


@pytest.mark.parametrize("name", [name for name in Card.__struct_fields__ if name != "gate"])
def test_every_field_must_be_there(tmp_path: Path, name: str) -> None:
    values = _without(name)()
    with pytest.raises(ModelError, match=rf"card\.json: field '{name}' is missing; .*callmood train"):
        _read(tmp_path / "card.json", json.dumps(values))


@pytest.mark.parametrize("name", list(Card.__struct_fields__))
@pytest.mark.parametrize("value", [[[]], {"a": 1}, -1.5], ids=["list", "object", "number"])
def test_every_field_must_be_of_its_kind(tmp_path: Path, name: str, value: object) -> None:
    if name == "scores" and isinstance(value, dict):
        value = "text"
    with pytest.raises(ModelError, match=rf"card\.json: {name}"):
        _read(tmp_path / "card.json", json.dumps(_values(**{name: value})))


@pytest.mark.parametrize(
    "changes",
    [
        {"step_seconds": 2.0},
        {"step_seconds": 0.01, "allowed_step_seconds": [0.01, 1]},
        {"step_seconds": 5, "win_seconds": 5, "allowed_step_seconds": [1, 5]},
        {"allowed_win_seconds": [2, 2], "allowed_step_seconds": [0.5, 0.5]},
        {"allowed_win_seconds": None},
        {"allowed_step_seconds": None},
        {"labels": ["sad", "angry"]},
        {"data": []},
        {"data": [SOURCE, SOURCE | {"speakers": 0, "clips": 0}]},
    ],
    ids=str,
)
def test_values_at_the_bounds(tmp_path: Path, changes: Values) -> None:
    card = _read(tmp_path / "card.json", json.dumps(_values(**changes)))
    assert json.loads(card_json(card)) == _values(**changes)


def test_a_card_of_200_000_bytes(tmp_path: Path) -> None:
    content = card_json(make_card()).ljust(MAX_CARD_BYTES)
    assert _read(tmp_path / "card.json", content) == make_card()
    with pytest.raises(ModelError, match="longer than 200000 bytes, which is no card; copy the model folder"):
        _read(tmp_path / "card.json", content + " ")
    os.truncate(tmp_path / "card.json", 1 << 30)
    with little_memory(1_000_000), pytest.raises(ModelError, match="longer than 200000 bytes"):
        read_card(tmp_path / "card.json")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (
            _changed(step_seconds=None),
            "card.json: win_seconds and step_seconds go together: both a number, or both null; copy",
        ),
        (_changed(step_seconds=2.1), "step_seconds 2.1 is longer than win_seconds 2;"),
        (_changed(step_seconds=0.4, allowed_step_seconds=[0.5, 1]), r"step_seconds 0.4 lies .* \[0.5, 1.0\]"),
        (_changed(allowed_step_seconds=[0.1, 0.4]), "step_seconds 0.5 lies outside allowed_step_seconds"),
        (_changed(win_seconds=0.9, step_seconds=0.9), "win_seconds 0.9 lies outside allowed_win_seconds"),
        (_changed(**(WHOLE_CLIPS | {"allowed_step_seconds": [1, 2]})), "step_seconds None lies outside"),
        (_changed(allowed_step_seconds=[0.009, 1]), "a step of 0.009 s is allowed; none is under 0.01 s"),
        (_changed(step_seconds=0.009, allowed_step_seconds=None), "a step of 0.009 s is allowed; none"),
        (_changed(labels=["x" * 50, "sad"]), f"label '{'x' * 40}' is not known"),
        (_changed(labels=[]), "labels are none; expected at least two, none twice"),
        (
            _changed(data=[SOURCE | {"speakers": -1}]),
            r"data\[0\]\.speakers is -1, expected a whole number >= 0;",
        ),
        (_changed(format=3), r"is of card format 3, this callmood reads up to 2; update callmood"),
        (_changed(format=True), "format is True, expected a whole number;"),
        (_changed(format=0), "format is 0, expected a whole number >= 1;"),
        (_changed(seed=1.0), "seed is 1.0, expected a whole number;"),
        (_changed(seed=10**400), "a number is too big"),
        (_changed(colour="red"), "field 'colour' is not known"),
        (
            _changed(labels=["angry", "bored"]),
            "labels: label 'bored' is not known; the known are angry, happy",
        ),
        (_changed(labels=["angry", "sad", "angry"]), "labels are angry, sad, angry; expected .* none twice"),
        (_changed(labels=["angry"]), "at least two"),
        (_changed(labels=[]), "at least two"),
        (_changed(labels=[1, 2]), r"labels\[0\] is 1, expected text;"),
        (_changed(created="yesterday"), "created is 'yesterday', expected an ISO date"),
        (_changed(win_seconds=0), "win_seconds is 0, expected a number > 0.0;"),
        (_changed(win_seconds=1e9), r"win_seconds is 1000000000\.0, expected a number <= 60\.0;"),
        (_changed(win_seconds="2"), "win_seconds is '2', expected a number or null;"),
        (_changed(win_seconds=None), "go together"),
        (_changed(win_seconds=0.4), "step_seconds 0.5 is longer than win_seconds 0.4"),
        (_changed(win_seconds=6.0), "win_seconds 6.0 lies outside allowed_win_seconds"),
        (
            _changed(allowed_step_seconds=[2, 1]),
            r"allowed_step_seconds is \[2.0, 1.0\], expected \[lowest, highest\]",
        ),
        (
            _changed(allowed_step_seconds=[1, 2, 3]),
            "allowed_step_seconds is a list, expected a list of length 2;",
        ),
        (_changed(**(WHOLE_CLIPS | {"allowed_win_seconds": [1, 2]})), "win_seconds None lies outside"),
        (_changed(commercial_use=1), "commercial_use is 1, expected true or false"),
        (_changed(name=""), "name is '', expected text of length >= 1;"),
        (_changed(name="\x1b[31mred"), r"text '\\x1b\[31mred' holds a character that cannot be shown"),
        (_changed(name="a\nb"), "cannot be shown"),
        (_changed(name="\ud800"), "cannot be shown"),
        (_changed(scores={"a": [{"b": "\x07"}]}), "cannot be shown"),
        (_changed(scores={"\x07": 1}), "cannot be shown"),
        (_changed(libraries={"numpy": 2}), r"libraries\[...\]: expected text, found a whole number;"),
        (
            _changed(data=[SOURCE | {"clips": "many"}]),
            r"data\[0\]\.clips is 'many', expected a whole number;",
        ),
        (_changed(data=[SOURCE | {"more": 1}]), r"data\[0\]: field 'more' is not known;"),
        (_changed(data=[3]), r"data\[0\] is 3, expected an object;"),
    ],
)
def test_values_that_cannot_be(tmp_path: Path, make: Callable[[], Values], words: str) -> None:
    with pytest.raises(ModelError, match=words) as refused:
        _read(tmp_path / "card.json", json.dumps(make()))
    assert str(tmp_path / "card.json") in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "not readable as JSON"),
        (b"Dear caller", "not readable as JSON"),
        (b"\xff\xfe\x00", "not readable as JSON"),
        (b"[1, 2]", "is a list, expected an object"),
        (b"null", "is None, expected an object"),
        (b"[" * 190_000, "not readable as JSON"),
        (b'{"a":' * 30_000, "not readable as JSON"),
        (b"1" * 190_000, "not readable as JSON"),
        (b'{"seed": NaN}', "NaN is no number"),
        (b'{"seed": -Infinity}', "-Infinity is no number"),
        (b'{"seed": 1e999}', "a number is too big"),
        (b" " * (MAX_CARD_BYTES + 1), "longer than 200000 bytes"),
    ],
    ids=[f"content-{number}" for number in range(12)],
)
def test_what_is_no_card(tmp_path: Path, content: bytes, words: str) -> None:
    with pytest.raises(ModelError, match=words) as refused:
        _read(tmp_path / "card.json", content)
    assert len(str(refused.value)) < 400 + len(str(tmp_path))


def test_a_missing_card(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"card\.json cannot be read \(No such file"):
        read_card(tmp_path / "card.json")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(Card.__struct_fields__), JSON, max_size=4))
def test_any_json_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, changes: Values) -> None:
    path = tmp_path_factory.getbasetemp() / "card.json"
    try:
        card = _read(path, json.dumps(_values(**changes)))
    except ModelError:
        return
    assert _read(path, card_json(card)) == card
