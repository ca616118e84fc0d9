"""Tags, chained streams, and no more bytes read than sound needs."""

import os
import struct
from itertools import pairwise
from pathlib import Path

import pytest

from emotion.audio_layout import (
    MAX_CHAINED,
    MAX_HEADER_BYTES,
    BoundedBytes,
    ByteSpan,
    end_of_tag,
    sound_spans,
)
from emotion.errors import AudioFileError
from tests.spoiling import little_memory

CONTENT = bytes(range(100))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "sound").write_bytes(CONTENT)
    return tmp_path / "sound"


def _read(shown: BoundedBytes, num_bytes: int) -> bytes:
    buffer = bytearray(num_bytes)
    return bytes(buffer[: shown.readinto(memoryview(buffer))])


@pytest.mark.parametrize("at_once", [1, 3, 7, 100])
@pytest.mark.parametrize(
    ("span", "expected"),
    [
        (ByteSpan(0, 100), CONTENT),
        (ByteSpan(10, 20), CONTENT[10:20]),
        (ByteSpan(90, 1_000), CONTENT[90:]),
        (ByteSpan(10, 20, b"abcde"), b"abcde" + CONTENT[10:20]),
        (ByteSpan(10, 10, b"abcde"), b"abcde"),
        (ByteSpan(200, 300), b""),
    ],
    ids=["all", "a part", "beyond the end", "put before", "nothing else", "behind the end"],
)
def test_the_span_and_what_stands_before_it(
    path: Path, span: ByteSpan, expected: bytes, at_once: int
) -> None:
    with path.open("rb") as file:
        shown = BoundedBytes(file, span, 1_000)
        read = b""
        while more := _read(shown, at_once):
            read += more
            assert shown.tell() == len(read)
        assert read == expected
        assert shown.seek(0, os.SEEK_END) == len(expected)
        assert not shown.refused
        assert shown.error is None


def test_seeking(path: Path) -> None:
    with path.open("rb") as file:
        shown = BoundedBytes(file, ByteSpan(10, 20, b"abc"), 1_000)
        assert shown.seek(5) == shown.tell() == 5
        assert _read(shown, 2) == CONTENT[12:14]
        assert shown.seek(-3, os.SEEK_CUR) == 4
        assert shown.seek(-1, os.SEEK_END) == 12
        assert _read(shown, 5) == CONTENT[19:20]
        assert shown.seek(2, os.SEEK_END) == 15
        assert _read(shown, 5) == b""
        assert shown.seek(-1) == 15, "nowhere is before the beginning"
        assert shown.seek(0) == 0
        assert _read(shown, 4) == b"abc" + CONTENT[10:11]


def test_so_many_bytes_and_none_more(path: Path) -> None:
    with path.open("rb") as file:
        shown = BoundedBytes(file, ByteSpan(0, 100), 30)
        assert _read(shown, 10) == CONTENT[:10]
        shown.seek(0)
        assert (_read(shown, 20), shown.refused) == (CONTENT[:20], False), "what is read twice counts twice"
        assert (_read(shown, 1), shown.refused) == (b"", True)
        shown.release()
        assert _read(shown, 1) == b"", "once refused, nothing is read"


def test_once_released_everything_is_read_but_no_tag(tmp_path: Path) -> None:
    with (tmp_path / "huge").open("w+b") as file:
        file.truncate(2 * MAX_HEADER_BYTES + 1)
        shown = BoundedBytes(file, ByteSpan(0, 3 * MAX_HEADER_BYTES), 0)
        shown.release()
        assert (len(_read(shown, MAX_HEADER_BYTES)), shown.refused) == (MAX_HEADER_BYTES, False)
        assert (len(_read(shown, MAX_HEADER_BYTES + 1)), shown.refused) == (0, True)


def test_an_error_is_kept(path: Path) -> None:
    with path.open("ab") as file:  # which cannot be read
        shown = BoundedBytes(file, ByteSpan(0, 100), 1_000)
        assert _read(shown, 10) == b""
        assert isinstance(shown.error, OSError)
        first = shown.error
        assert _read(shown, 10) == b""
        assert shown.error is first
        assert shown.tell() == 0


EMPTY_TAG = b"ID3\3" + bytes(6)


def _spans(path: Path, content: bytes) -> tuple[ByteSpan, ...]:
    path.write_bytes(content)
    with path.open("rb") as file, little_memory():
        return sound_spans(file, path)


# Tags.


@pytest.mark.parametrize(
    ("head", "num_bytes"),
    [
        (b"ID3\4\0\0\1\2\3\4", 10 + (1 << 21) + (2 << 14) + (3 << 7) + 4),
        (b"ID3\4\0\x10\0\0\0\x7f", 10 + 127 + 10),
        (b"ID3\4\0\xef\x7f\0\0\0\xff", 10 + (127 << 21)),
        (b"ID3\4\0\0\x80\0\0\1", 0),
        (b"ID3\4\0\0\0\x80\0\1", 0),
        (b"ID3\4\0\0\0\0\x80\1", 0),
        (b"ID3\4\0\0\0\0\0\x80", 0),
        (b"ID3\4\0\0\0\0\1", 0),
        (b"TAG", 128),
        (b"APETAGEX" + struct.pack("<4IQ", 2000, 0x01020304, 1, 0xA0000000, 0), 0x01020304 + 32),
        (b"APETAGEX" + struct.pack("<4IQ", 2000, 100, 1, 0x80000000, 0), 100),
        (b"APETAGEX" + struct.pack("<4IQ", 2000, 100, 1, 0x20000000, 0), 100),
        (b"APETAGEX" + struct.pack("<4IQ", 2000, 100, 1, 0xA0000000, 0)[:-1], 0),
        (b"", 0),
        (b"OggS" + bytes(28), 0),
    ],
    ids=str,
)
def test_where_a_tag_ends(head: bytes, num_bytes: int) -> None:
    assert end_of_tag(head, 0) == num_bytes
    assert end_of_tag(head, 1_000) == 1_000 + num_bytes


@pytest.mark.parametrize(("tags", "skipped"), [(0, 0), (1, 1), (64, 64), (65, 64), (10_000, 64)])
def test_64_tags_are_skipped(tmp_path: Path, tags: int, skipped: int) -> None:
    content = EMPTY_TAG * tags + b"RIFF" + bytes(50)
    assert _spans(tmp_path / "tagged", content) == (ByteSpan(10 * skipped, len(content)),)


def test_a_tag_beyond_the_end_of_the_file(tmp_path: Path) -> None:
    assert _spans(tmp_path / "tagged", b"ID3\4\0\0\x7f\0\0\0") == (ByteSpan(10 + (127 << 21), 10),)


# Ogg.


def _page(body: int = 0, flags: int = 2) -> bytes:
    """Give a page with a body of so many bytes; flag 2 is that of a stream's first."""
    segments = bytes([255] * (body // 255) + [body % 255])
    return b"OggS\0" + bytes([flags]) + bytes(20) + bytes([len(segments)]) + segments + b"\1" * body


def test_first_pages_side_by_side_begin_one_part_together(tmp_path: Path) -> None:
    part = _page(600) + _page(10) + _page(0) + _page(300, flags=0)
    content = EMPTY_TAG + part + part + _page(0) + _page(0, flags=4)
    begins = [10, 10 + len(part), 10 + 2 * len(part), len(content)]
    assert _spans(tmp_path / "chain", content) == tuple(ByteSpan(*span) for span in pairwise(begins))


@pytest.mark.parametrize("flags", [2, 3, 6, 7])
def test_flags_of_a_first_page(tmp_path: Path, flags: int) -> None:
    part = _page(5) + _page(5, flags=0)
    content = part + _page(5, flags) + _page(5, flags=4)
    assert len(_spans(tmp_path / "chain", content)) == 2


@pytest.mark.parametrize("flags", [0, 1, 4, 5, 8])
def test_flags_of_other_pages(tmp_path: Path, flags: int) -> None:
    assert len(_spans(tmp_path / "one", _page(5) + _page(5, flags=0) + _page(5, flags))) == 1


@pytest.mark.parametrize("into_next", range(8))
def test_a_part_may_begin_across_the_end_of_what_is_read_at_once(tmp_path: Path, into_next: int) -> None:
    at = (1 << 20) - into_next
    content = _page(200).ljust(at, b"-") + _page(200) + b"-" * (1 << 20)
    assert _spans(tmp_path / "chain", content) == (ByteSpan(0, at), ByteSpan(at, len(content)))


def test_behind_two_megabytes_without_a_page_no_part_is_looked_for(tmp_path: Path) -> None:
    content = _page() + bytes(2 << 20) + _page()
    assert _spans(tmp_path / "one", content) == (ByteSpan(0, len(content)),)


def test_a_part_may_begin_megabytes_behind_another(tmp_path: Path) -> None:
    part = EMPTY_TAG + _page(10) + _page(20) + _page(60_000, flags=0) * 60
    content = part + part[10:]
    assert _spans(tmp_path / "chain", content) == (ByteSpan(10, len(part)), ByteSpan(len(part), len(content)))


@pytest.mark.parametrize("first", [_page(), b"\xff\xfb\x90\0" + bytes(413)], ids=["ogg", "mp3"])
def test_a_large_file_is_not_read_as_a_whole(tmp_path: Path, first: bytes) -> None:
    path = tmp_path / "large"
    path.write_bytes(first)
    os.truncate(path, 100 << 20)
    with path.open("rb") as file, little_memory(8_000_000):
        assert len(sound_spans(file, path)) == 1


@pytest.mark.parametrize("num_bytes", [6, 20, 26, 27, 28])
def test_a_cut_first_page(tmp_path: Path, num_bytes: int) -> None:
    part = _page(5) + _page(5, flags=0)
    content = part + _page(300)[:num_bytes]
    assert _spans(tmp_path / "cut", content) == (ByteSpan(0, len(part)), ByteSpan(len(part), len(content)))


def test_500_chained_streams_are_heard_and_501_are_refused(tmp_path: Path) -> None:
    part = _page(1) + _page(1, flags=4)
    assert len(_spans(tmp_path / "chain", part * MAX_CHAINED)) == MAX_CHAINED
    with pytest.raises(AudioFileError, match="chain is a chain of more than 500 streams; convert it to FLAC"):
        _spans(tmp_path / "chain", part * (MAX_CHAINED + 1))


def test_of_a_chain_that_is_refused_the_rest_is_not_looked_at(tmp_path: Path) -> None:
    part = _page(1) + _page(1, flags=4)
    (tmp_path / "chain").write_bytes(part * 3_000)
    with (tmp_path / "chain").open("rb") as file:
        with pytest.raises(AudioFileError, match="more than 500"):
            sound_spans(file, tmp_path / "chain")
        assert file.tell() < 510 * len(part)


def test_first_pages_without_end_are_not_all_looked_at(tmp_path: Path) -> None:
    """Nine side by side in each of 400 parts are within the bound, and what is behind it is one part."""
    part = _page(1) * 10 + _page(1, flags=4)
    assert len(_spans(tmp_path / "chain", part * 400)) == 400
    content = part * 499
    spans = _spans(tmp_path / "chain", content)
    assert len(spans) == 401
    assert spans[-1].end == len(content)


# MP3.


def _frame(head: str, told: bytes = b"", fill: int = 0x55) -> bytes:
    """Give a frame of the length that the norm gives it."""
    length = dict(FRAMES)[head][0]
    side = dict(FRAMES)[head][1]
    content = bytes.fromhex(head) + (bytes(side) + told if told else b"")
    return content.ljust(length, bytes([fill]))


FRAMES = [
    # head, (length, bytes of side information)
    ("fffb9000", (417, 32)),  # MPEG 1, 44100 Hz, 128 kbit/s, stereo
    ("fffb9200", (418, 32)),  # padded
    ("fffb90c0", (417, 17)),  # mono
    ("fffb9040", (417, 32)),  # joint stereo
    ("fffb9480", (384, 32)),  # 48000 Hz, two languages
    ("fffb98c0", (576, 17)),  # 32000 Hz
    ("fffb1000", (104, 32)),  # 32 kbit/s
    ("fffbe000", (1044, 32)),  # 320 kbit/s
    ("fffa9000", (417, 32)),  # with a checksum
    ("fff38000", (208, 17)),  # MPEG 2, 22050 Hz, 64 kbit/s
    ("fff384c0", (192, 9)),  # 24000 Hz, mono
    ("fff3e8c0", (720, 9)),  # 16000 Hz, 160 kbit/s
    ("ffe38000", (417, 17)),  # MPEG 2.5, 11025 Hz
    ("ffe318c0", (72, 9)),  # 8000 Hz, 8 kbit/s
]


@pytest.mark.parametrize(("head", "expected"), FRAMES)
def test_an_mp3_that_tells_no_length_is_given_a_frame_that_does(
    tmp_path: Path, head: str, expected: tuple[int, int]
) -> None:
    length, side = expected
    content = _frame(head) * 5
    (span,) = _spans(tmp_path / "sound", content)
    assert (span.start, span.end) == (0, 5 * length)
    assert _spans(tmp_path / "tagged", EMPTY_TAG + content) == (ByteSpan(10, 10 + 5 * length, span.before),)
    kept = 0xFFFE0CFF  # version, layer, sample rate, channels
    assert int.from_bytes(span.before[:4], "big") & kept == int(head, 16) & kept
    assert span.before[1] & 1, "no checksum"
    assert not any(span.before[4 : 4 + side])
    told = struct.unpack_from(">4s3I", span.before, 4 + side)
    assert told == (b"Xing", 3, 5, 5 * length + len(span.before))
    assert not any(span.before[4 + side + 16 :])
    # What stands before it is a frame itself: a file of it and the rest is taken as it is.
    again = span.before + content
    assert _spans(tmp_path / "again", again) == (ByteSpan(0, len(again)),)


@pytest.mark.parametrize(
    "head",
    [
        "fffb0000",
        "fffbf000",
        "fffb9c00",
        "fffd9000",
        "ffff9000",
        "ffeb9000",
        "ffdb9000",
        "fefb9000",
        "fff90000",
    ],
)
def test_what_is_no_frame_of_layer_three(tmp_path: Path, head: str) -> None:
    content = bytes.fromhex(head).ljust(417, b"\x55") * 5
    assert _spans(tmp_path / "other", content) == (ByteSpan(0, len(content)),)


SOUND = _frame("fffb9000")
OTHER_RATE = _frame("fffb9480")


def _info_frame(frames: int | None, word: bytes = b"Xing", flags: int = 1) -> bytes:
    return _frame("fffb9000", word + struct.pack(">2I", flags, frames or 0), fill=0)


def _found(path: Path, content: bytes) -> list[tuple[int, int, int]]:
    """Give where each stream begins and ends, and the number of frames that it is given, or -1."""
    return [
        (span.start, span.end, struct.unpack_from(">I", span.before, 44)[0] if span.before else -1)
        for span in _spans(path, content)
    ]


@pytest.mark.parametrize("word", [b"Xing", b"Info"])
def test_a_frame_that_tells_the_length_begins_a_stream(tmp_path: Path, word: bytes) -> None:
    part = _info_frame(3, word) + SOUND * 3
    assert _found(tmp_path / "chain", part + part) == [(0, len(part), -1), (len(part), 2 * len(part), -1)]


@pytest.mark.parametrize(
    ("first", "is_believed"),
    [
        (_info_frame(4), True),
        (_info_frame(3), True),
        (_info_frame(2), False),
        (_info_frame(9, flags=7), True),
        (_info_frame(9, flags=2), False),
    ],
    ids=["true", "counts itself not", "too few", "more", "without the number"],
)
def test_a_length_that_is_too_small_is_not_believed(tmp_path: Path, first: bytes, is_believed: bool) -> None:
    end = len(first) + 4 * len(SOUND)
    expected = (0, end, -1) if is_believed else (len(first), end, 4)
    assert _found(tmp_path / "sound", first + SOUND * 4) == [expected]


def test_a_frame_that_does_not_tell_the_number_is_not_believed(tmp_path: Path) -> None:
    first = _info_frame(9, flags=2)
    assert _found(tmp_path / "sound", first + SOUND * 2) == [(len(first), 3 * len(SOUND), 2)]


def test_a_frame_of_another_kind_belongs_to_no_stream_unless_it_tells_a_length(tmp_path: Path) -> None:
    assert _found(tmp_path / "sound", SOUND * 3 + OTHER_RATE * 3) == [(0, 3 * len(SOUND), 3)]
    telling = _frame("fffb9480", b"Info" + struct.pack(">2I", 1, 3), fill=0)
    content = SOUND * 3 + telling + OTHER_RATE * 3
    begin = 3 * len(SOUND)
    assert _found(tmp_path / "chain", content) == [(0, begin, 3), (begin, len(content), -1)]


@pytest.mark.parametrize("place", [4, 20, 35])
def test_a_frame_with_side_information_tells_nothing(tmp_path: Path, place: int) -> None:
    odd = bytearray(_info_frame(3))
    odd[place] = 1
    assert _found(tmp_path / "sound", SOUND + bytes(odd) + SOUND) == [(0, 3 * len(SOUND), 3)]


def test_a_word_in_the_sound_tells_nothing(tmp_path: Path) -> None:
    odd = SOUND[:36] + b"Xing" + SOUND[40:]
    assert _found(tmp_path / "sound", SOUND + odd + SOUND) == [(0, 3 * len(SOUND), 3)]


@pytest.mark.parametrize("num_bytes", [40, 43, 44, 47])
def test_a_cut_frame_that_tells_a_length(tmp_path: Path, num_bytes: int) -> None:
    assert _found(tmp_path / "cut", _info_frame(0)[:num_bytes]) == [(0, len(SOUND), -1)]


def test_the_bare_head_of_a_frame(tmp_path: Path) -> None:
    assert _found(tmp_path / "cut", SOUND[:4]) == [(0, len(SOUND), 1)]
    assert _spans(tmp_path / "cut", SOUND[:3]) == (ByteSpan(0, 3),)


@pytest.mark.parametrize(
    "tag", [b"TAG" + bytes(125), EMPTY_TAG, b"APETAGEX" + struct.pack("<4IQ", 2000, 40, 1, 0, 0) + bytes(8)]
)
def test_behind_a_tag_another_stream_begins(tmp_path: Path, tag: bytes) -> None:
    content = SOUND * 2 + tag + SOUND * 3
    second = 2 * len(SOUND) + len(tag)
    assert _found(tmp_path / "chain", content) == [(0, 2 * len(SOUND), 2), (second, len(content), 3)]


@pytest.mark.parametrize("kind", [SOUND, OTHER_RATE])
def test_behind_a_tag_the_sample_rate_may_be_another(tmp_path: Path, kind: bytes) -> None:
    content = SOUND * 2 + EMPTY_TAG + kind * 3
    second = 2 * len(SOUND) + len(EMPTY_TAG)
    assert _found(tmp_path / "chain", content)[:1] == [(0, 2 * len(SOUND), 2)]
    assert [span[:2] for span in _found(tmp_path / "chain", content)][1:] == [(second, len(content))]


@pytest.mark.parametrize(("junk", "frames"), [(1, 6), (4_000, 6), (4_095, 6), (4_096, 3), (9_000, 3)])
def test_junk_between_frames_is_passed_up_to_4_kib(tmp_path: Path, junk: int, frames: int) -> None:
    content = SOUND * 3 + bytes(junk) + SOUND * 3
    end = len(content) if frames == 6 else 3 * len(SOUND)
    assert _found(tmp_path / "sound", content) == [(0, end, frames)]


def test_500_chained_mp3s_are_heard_and_501_are_refused(tmp_path: Path) -> None:
    assert len(_spans(tmp_path / "chain", _info_frame(0) * MAX_CHAINED)) == MAX_CHAINED
    with pytest.raises(AudioFileError, match="chain is a chain of more than 500 streams; convert it to FLAC"):
        _spans(tmp_path / "chain", _info_frame(0) * (MAX_CHAINED + 1))


def test_behind_junk_one_frame_alone_is_chance(tmp_path: Path) -> None:
    content = SOUND * 3 + bytes(10) + SOUND + bytes(5_000) + SOUND * 3
    assert _found(tmp_path / "sound", content) == [(0, 3 * len(SOUND), 3)]
    last = SOUND * 3 + bytes(10) + SOUND
    assert _found(tmp_path / "last", last) == [(0, len(last), 4)]


def test_behind_junk_a_frame_of_another_kind_is_chance(tmp_path: Path) -> None:
    content = SOUND * 3 + bytes(10) + OTHER_RATE * 3
    assert _found(tmp_path / "sound", content) == [(0, 3 * len(SOUND), 3)]
    mixed = SOUND * 3 + bytes(10) + SOUND + OTHER_RATE * 2
    assert _found(tmp_path / "mixed", mixed) == [(0, 3 * len(SOUND), 3)]


def test_junk_comes_a_thousand_times_at_most(tmp_path: Path) -> None:
    short = _frame("ffe318c0")
    content = short + (b"\0" + short * 2) * 1_002
    (span,) = _spans(tmp_path / "sound", content)
    assert span.end == len(short) + 1_000 * (1 + 2 * len(short))


def test_no_stream_begins_with_junk(tmp_path: Path) -> None:
    content = b"\xff" + bytes(3) + SOUND * 3
    assert _spans(tmp_path / "sound", content) == (ByteSpan(0, len(content)),)


@pytest.mark.parametrize("into_next", [0, 2, 20, 47])
def test_an_info_frame_across_the_end_of_what_is_read_at_once(tmp_path: Path, into_next: int) -> None:
    num_frames, rest = divmod((1 << 20) - into_next, len(SOUND))
    first = SOUND * num_frames + bytes(rest)
    part = _info_frame(3) + SOUND * 3
    content = first + part
    found = _found(tmp_path / "chain", content)
    assert found[-1] == (len(first), len(content), -1)
