"""Untrusted JSON: parsed strictly, checked value by value."""

import json
import sys
from typing import Any

import pytest

from emotion.untrusted_text import (
    OBJECTS,
    TEXT,
    TRUTH,
    JsonValueError,
    Kind,
    or_null,
    parse_object,
    parse_value,
    take,
    whole,
)


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (TEXT, "x" * 4_000, "x" * 4_000),
        (TEXT, "x", "x"),
        (OBJECTS, [{}] * 1_000, [{}] * 1_000),
        (TRUTH, False, False),
        (whole(1), 1, 1),
        (whole(1), 2**53, 2**53),
        (or_null(TRUTH), None, None),
        (or_null(TEXT), "x", "x"),
        (or_null(whole(0)), 0, 0),
    ],
)
def test_what_passes(kind: Kind[Any], value: object, expected: object) -> None:
    taken = take({"field": value}, "field", kind)
    assert taken == expected
    assert type(taken) is type(expected)


@pytest.mark.parametrize(
    ("kind", "value", "words"),
    [
        (TEXT, "", "field is '', expected text of up to 4000 characters"),
        (TEXT, 1, "field is 1, expected text of up to 4000 characters"),
        (TEXT, "x" * 4_001, f"field is '{'x' * 56}..., expected text of up to 4000 characters"),
        (OBJECTS, [{}] * 1_001, "field is a list, expected a list of objects, at most 1000"),
        (OBJECTS, [1], "field is a list, expected a list of objects, at most 1000"),
        (TRUTH, "y" * 58, f"field is '{'y' * 58}', expected true or false"),
        (TRUTH, "y" * 59, f"field is '{'y' * 56}..., expected true or false"),
        (TRUTH, None, "field is None, expected true or false"),
        (whole(1), 0, "field is 0, expected a whole number from 1"),
        (whole(1), True, "field is True, expected a whole number from 1"),
        (whole(1), 2.0, "field is 2.0, expected a whole number from 1"),
        (whole(1), 2**53 + 1, f"field is {2**53 + 1}, expected a whole number from 1"),
        (or_null(TRUTH), 61, "field is 61, expected true or false, or null"),
    ],
)
def test_what_is_refused(kind: Kind[Any], value: object, words: str) -> None:
    with pytest.raises(JsonValueError) as refused:
        take({"field": value}, "field", kind)
    assert str(refused.value) == words


def test_a_whole_number_or_null() -> None:
    kind = or_null(whole(3))
    assert kind.expected == "a whole number from 3, or null"
    assert take({"a": None}, "a", kind) is None
    assert take({"a": 3}, "a", kind) == 3
    assert take({"a": 2**53}, "a", kind) == 2**53
    odd: tuple[object, ...] = (2, 2**53 + 1, True, 3.0, "3", [])
    for value in odd:
        with pytest.raises(JsonValueError):
            take({"a": value}, "a", kind)


def test_a_kind_may_name_a_field_within() -> None:
    kind = Kind("an object", lambda _: take({}, "inner", TEXT))
    with pytest.raises(JsonValueError) as refused:
        take({"outer": {}}, "outer", kind)
    assert str(refused.value) == "outer: field 'inner' is missing"


@pytest.mark.parametrize("levels", [("[", "]"), ('{"a":', "}")], ids=["lists", "objects"])
def test_32_levels_are_read_and_33_are_not(levels: tuple[str, str]) -> None:
    begin, end = levels
    assert parse_value(f"{begin * 32}1{end * 32}".encode())
    with pytest.raises(JsonValueError) as refused:
        parse_value(f"{begin * 33}1{end * 33}".encode())
    assert str(refused.value) == "it is nested deeper than 32 levels"


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ('{"a": 1, "b": 2, "a": 3}', "field 'a' is there twice"),
        ('[[{"a": "\\u0007"}]]', r"text '\x07' holds a character that cannot be shown"),
        ('[{"\\u202e": 1}]', r"text '\u202e' holds a character that cannot be shown"),
        ("[Infinity]", "Infinity is no number in JSON"),
        ("[1e309]", "a number is too big"),
        (f"[-{10**309}]", "a number is too big"),
        ("1" * 9_999, "not readable as JSON (Exceeds the limit"),
    ],
)
def test_json_that_means_nothing_or_two_things(raw: str, words: str) -> None:
    with pytest.raises(JsonValueError) as refused:
        parse_value(raw.encode())
    assert str(refused.value).startswith(words)
    assert len(str(refused.value)) <= 103


def test_the_largest_numbers_are_read() -> None:
    largest = [sys.float_info.max, -sys.float_info.max, int(sys.float_info.max)]
    assert parse_value(json.dumps(largest).encode()) == largest


def test_the_whole_must_be_an_object() -> None:
    assert parse_object(b'{"a": null}') == {"a": None}
    with pytest.raises(JsonValueError) as refused:
        parse_object(b"[]")
    assert str(refused.value) == "the whole is a list, expected an object"


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b'{"a": "b"}', {"a": "b"}),
        (b'{"a\\u001b": ["\\n", {"b": "\x7f"}]}', {"a?": ["?", {"b": "?"}]}),
        ('"\u202eé"'.encode(), "?é"),
        (b'"\x7f"', "?"),
        (b'"\\udc80"', "?"),
    ],
)
def test_what_cannot_be_shown_may_be_replaced(raw: bytes, value: object) -> None:
    assert parse_value(raw, replace_unprintable=True) == value
    if b"?" in json.dumps(value).encode():
        with pytest.raises(JsonValueError, match="cannot be shown"):
            parse_value(raw)


def test_deep_values_are_refused_where_text_is_replaced() -> None:
    with pytest.raises(JsonValueError, match=r"nested|recursion"):
        parse_value(b'["\\n",' * 900 + b"1" + b"]" * 900, replace_unprintable=True)
