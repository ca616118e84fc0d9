"""Untrusted JSON is parsed strictly and becomes typed structs, or one line names the fault."""

import json
import sys

import msgspec
import pytest

from emotion.untrusted import (
    Count,
    JsonValueError,
    Positive,
    Seconds,
    SecondsSum,
    Text,
    TextMapping,
    Texts,
    convert,
    parse_object,
    parse_value,
)


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


Values = dict[str, object]


class Inner(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    size: Count


class Outer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: Text
    number: Positive
    win: Seconds | None
    span: tuple[Seconds, Seconds] | None
    lines: Texts
    versions: TextMapping
    flag: bool
    inner: tuple[Inner, ...]
    named: dict[str, Inner]
    total: SecondsSum
    gate: Text | None = None


def values(**changes: object) -> Values:
    return {
        "name": "x",
        "number": 1,
        "win": None,
        "span": None,
        "lines": [],
        "versions": {},
        "flag": False,
        "inner": [],
        "named": {},
        "total": 0,
        **changes,
    }


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"name": "x" * 4_000}, "x" * 4_000),
        ({"number": 2**53}, 2**53),
        ({"win": 60}, 60.0),
        ({"win": 1e-9}, 1e-9),
        ({"span": [1, 2.5]}, (1.0, 2.5)),
        ({"lines": ["x"] * 1_000}, ("x",) * 1_000),
        ({"versions": {str(number): "x" for number in range(1_000)}}, {str(n): "x" for n in range(1_000)}),
        ({"inner": [{"size": 0}]}, (Inner(0),)),
        ({"gate": "voice"}, "voice"),
        ({"named": {"a": {"size": 2}}}, {"a": Inner(2)}),
        ({"total": 0}, 0.0),
        ({"total": 2**53}, 2.0**53),
    ],
)
def test_values_at_the_bounds(changes: Values, wanted: object) -> None:
    (name,) = changes
    found = getattr(convert(values(**changes), Outer), name)
    assert found == wanted
    assert type(found) is type(wanted)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": ""}, "name is '', expected text of length >= 1"),
        ({"name": 1}, "name is 1, expected text"),
        ({"name": "x" * 4_001}, f"name is '{'x' * 56}..., expected text of length <= 4000"),
        ({"number": 0}, "number is 0, expected a whole number >= 1"),
        ({"number": True}, "number is True, expected a whole number"),
        ({"number": 2.0}, "number is 2.0, expected a whole number"),
        ({"number": "2"}, "number is '2', expected a whole number"),
        ({"number": None}, "number is None, expected a whole number"),
        ({"number": 2**53 + 1}, f"number is {2**53 + 1}, expected a whole number <= {2**53}"),
        ({"number": 10**300}, f"number is 1{'0' * 56}..., expected a whole number <= {2**53}"),
        ({"win": 0}, "win is 0, expected a number > 0.0"),
        ({"win": 60.5}, "win is 60.5, expected a number <= 60.0"),
        ({"win": 10**300}, f"win is 1{'0' * 56}..., expected a number <= 60.0"),
        ({"win": True}, "win is True, expected a number or null"),
        ({"win": [1]}, "win is a list, expected a number or null"),
        ({"span": [1]}, "span is a list, expected a list of length 2"),
        ({"span": [1, 61]}, "span[1] is 61, expected a number <= 60.0"),
        ({"span": {}}, "span is a dict, expected a list or null"),
        ({"lines": "xx"}, "lines is 'xx', expected a list"),
        ({"lines": ["x", ""]}, "lines[1] is '', expected text of length >= 1"),
        ({"lines": ["x"] * 1_001}, "lines is a list, expected a list of length <= 1000"),
        ({"versions": {"a": 2}}, "versions[...]: expected text, found a whole number"),
        ({"versions": {"a": ""}}, "versions[...]: expected text of length >= 1"),
        (
            {"versions": {str(number): "x" for number in range(1_001)}},
            "versions is a dict, expected an object of length <= 1000",
        ),
        ({"flag": 1}, "flag is 1, expected true or false"),
        ({"inner": [3]}, "inner[0] is 3, expected an object"),
        ({"inner": [{"size": 1}, {}]}, "inner[1]: field 'size' is missing"),
        ({"inner": [{"size": -1}]}, "inner[0].size is -1, expected a whole number >= 0"),
        ({"inner": [{"size": 1, "a`b - at `$.c`": 1}]}, "inner[0]: field 'a`b - at `$.c`' is not known"),
        ({"named": {"a": {"size": -1}}}, "named[...].size: expected a whole number >= 0"),
        ({"named": {"a": {"size": "2"}}}, "named[...].size: expected a whole number, found text"),
        ({"named": {"a": {}}}, "named[...]: field 'size' is missing"),
        ({"total": -0.5}, "total is -0.5, expected a number >= 0.0"),
        ({"total": 2**54}, f"total is {2**54}, expected a number <= {2.0**53}"),
        ({"colour": "red"}, "field 'colour' is not known"),
        ({"c" * 99: "red"}, f"field '{'c' * 56}... is not known"),
    ],
)
def test_what_is_refused(changes: Values, words: str) -> None:
    with pytest.raises(JsonValueError) as refused:
        convert(values(**changes), Outer)
    assert str(refused.value) == words


def test_a_missing_field() -> None:
    with pytest.raises(JsonValueError, match=r"^field 'name' is missing$"):
        convert({}, Outer)
