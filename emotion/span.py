"""A part of a file, and what tags before sound are made of."""

from typing import NamedTuple


class Span(NamedTuple):
    """Some bytes of a file.

    Attributes
    ----------
    start, end : int
        First byte, and the one behind the last.
    before : bytes
        What is read before them, though it is not in the file.
    """

    start: int
    end: int
    before: bytes = b""


def end_of_tag(head: bytes, at: int) -> int:
    """Find where a tag of ID3 or APE ends.

    Parameters
    ----------
    head : bytes
        Its first 32, or what there is.
    at : int
        Where they lie.

    Returns
    -------
    int
        `at` where there is no tag.
    """
    if len(head) >= 10 and head[:3] == b"ID3" and max(head[6:10]) < 128:
        size = head[6] << 21 | head[7] << 14 | head[8] << 7 | head[9]
        return at + 10 + size + (10 if head[5] & 0x10 else 0)
    if head[:3] == b"TAG":
        return at + 128
    if len(head) == 32 and head[:8] == b"APETAGEX":
        # The size of its items and of its foot; a head is told by the two highest flags.
        return at + int.from_bytes(head[12:16], "little") + (32 if head[23] & 0xA0 == 0xA0 else 0)
    return at
