"""Ways to spoil a file: what strangers hand in, drawn by Hypothesis out of good files."""

import os
import tracemalloc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from hypothesis import settings
from hypothesis import strategies as st

NUMBERS: Final = (0, 1, 2, 255, 256, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFF0, 0xFFFFFFFF)
"""What a field of a header may be set to, as 2, 4 or 8 bytes in either order."""

ODD_VALUES: Final[tuple[Any, ...]] = (
    None, True, False, 0, -1, 1, 0.5, -0.0, 1e-300, 1e300, 2**53 + 1, 2**64, 10**400, "", "x", "\x1b[2J",
    "a\0b", "../../x", "/dev/zero", "\u202e", "\u8a9e" * 50,
    "9" * 400, [], {}, [[]], [0], [None] * 70, {"": {}},
    {"a": "\n"},
)  # fmt: skip
"""JSON values that no author of a reader thinks of first."""


def fuzzed(max_examples: int) -> settings:
    """Give the number of examples of a test; ``CALLMOOD_FUZZ=50`` multiplies it by 50.

    Parameters
    ----------
    max_examples : int
        In the suite.

    Returns
    -------
    settings
        For the test.
    """
    return settings(max_examples=max_examples * int(os.environ.get("CALLMOOD_FUZZ", "1")))


_KINDS: Final = ("set", "number", "cut", "insert", "splice", "end")
_CHANGE: Final = st.tuples(
    st.sampled_from(_KINDS),
    st.integers(0, 9_999),
    st.integers(0, 3),
    st.binary(min_size=1, max_size=16),
    st.sampled_from(NUMBERS),
    st.sampled_from((2, 4, 8)),
    st.booleans(),
)


def spoiled(originals: Sequence[bytes], header: int | None = None) -> st.SearchStrategy[bytes]:
    """Give a strategy for a good file with some bytes set, cut out, put in, or taken from another.

    Parameters
    ----------
    originals : sequence of bytes
        Good files.
    header : int, optional
        Three changes of four begin in so many first bytes; anywhere unless given.

    Returns
    -------
    SearchStrategy
        Of bytes, perhaps still good.
    """

    def spoil(which: int, changes: list[tuple[str, int, int, bytes, int, int, bool]]) -> bytes:
        raw = bytearray(originals[which])
        for kind, place, quarter, content, number, size, big in changes:
            length = len(raw) if header is None or quarter == 0 else min(header, len(raw))
            at = place % (length + 1)
            if kind == "set":
                raw[at : at + 1] = content[:3]
            elif kind == "number":
                raw[at : at + size] = (number % 256**size).to_bytes(size, "big" if big else "little")
            elif kind == "cut":
                del raw[at : at + len(content) ** 2]
            elif kind == "insert":
                raw[at:at] = content * (20 if big else 1)
            elif kind == "splice":
                other = originals[number % len(originals)]
                raw[at : at + 40] = other[place % (len(other) + 1) :][:40]
            else:
                del raw[at:]
        return bytes(raw)

    return st.builds(spoil, st.integers(0, len(originals) - 1), st.lists(_CHANGE, min_size=1, max_size=5))


_ODD: Final = st.sampled_from(ODD_VALUES) | st.floats() | st.integers() | st.text(max_size=9)


@st.composite
def spoiled_values(draw: st.DrawFn, good: dict[str, Any]) -> dict[str, Any]:
    """Draw a JSON object of which some fields, at any depth, are odd, missing or too many.

    Parameters
    ----------
    draw : DrawFn
        Given by Hypothesis.
    good : dict
        Not changed.

    Returns
    -------
    dict
        Of plain values.
    """
    values = dict(good)
    for _ in range(draw(st.integers(1, 3))):
        kind = draw(st.sampled_from(("odd", "odd", "deeper", "missing", "more")))
        name = draw(st.sampled_from(sorted(values) or ["a"]))
        if kind == "odd":
            values[name] = draw(_ODD)
        elif kind == "deeper" and isinstance(values.get(name), dict):
            values[name] = draw(spoiled_values(values[name]))
        elif kind == "deeper" and isinstance(values.get(name), list):
            values[name] = [*values[name], draw(st.sampled_from(ODD_VALUES))]
        elif kind == "missing":
            values.pop(name, None)
        else:
            values[draw(st.text(max_size=5))] = draw(st.sampled_from(ODD_VALUES))
    return values


@contextmanager
def little_memory(most_bytes: int = 20_000_000) -> Iterator[None]:
    """Fail where more is allocated at a time than a small file may cost.

    Parameters
    ----------
    most_bytes : int
        By Python and numpy.
    """
    tracemalloc.start()
    try:
        yield
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < most_bytes
