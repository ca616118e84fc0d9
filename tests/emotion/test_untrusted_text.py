"""Untrusted JSON: parsed strictly."""

import json
import sys

import pytest

from emotion.untrusted_text import JsonValueError, parse_object, parse_value


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
