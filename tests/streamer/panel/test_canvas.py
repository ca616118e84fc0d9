"""The canvas: nothing leaves it, whatever is written where."""

from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len

from streamer.panel.canvas import Canvas, shortened
from tests.panel_material import is_exactly, text_lines

PLACES = st.tuples(st.integers(-3, 12), st.integers(-3, 30), st.text(max_size=40))


@given(st.integers(1, 25), st.integers(1, 8), st.lists(PLACES, max_size=8))
def test_is_filled_exactly_whatever_is_written(
    width: int, height: int, writes: list[tuple[int, int, str]]
) -> None:
    canvas = Canvas(width, height)
    part = canvas.part(1, 2, 3, 9)
    for row, column, text in writes:
        canvas.put(row, column, text)
        canvas.put_right(row, column, text)
        part.put(row, column, text)
        part.put_right(row, column, text)
    assert is_exactly(text_lines(canvas), width, height)


@given(st.text())
def test_lets_no_control_character_through(text: str) -> None:
    canvas = Canvas(60, 1)
    canvas.put(0, 0, text)
    assert text_lines(canvas)[0].isprintable()


def test_a_name_cannot_steer_the_terminal() -> None:
    canvas = Canvas(30, 1)
    canvas.put(0, 0, "mic\x1b[2J\x9b31m")
    assert text_lines(canvas)[0].rstrip() == "mic?[2J?31m"


def test_wide_characters_take_two_cells_and_are_never_cut_in_half() -> None:
    canvas = Canvas(5, 2)
    canvas.put(0, 0, "麦克风")
    canvas.put(1, 0, "麦克风")
    canvas.put(1, 1, "x")
    assert text_lines(canvas) == ["麦克 ", " x克 "]


def test_composes_accents() -> None:
    canvas = Canvas(4, 1)
    canvas.put(0, 0, "cafe\u0301")
    assert text_lines(canvas) == ["café"]


def test_a_part_shows_on_the_whole_and_cuts_at_its_own_edge() -> None:
    canvas = Canvas(6, 2)
    canvas.part(1, 2, 5, 3).put(0, 1, "abcdef")
    assert text_lines(canvas) == ["      ", "   ab "]


@given(st.text(), st.integers(0, 30))
@example("00000\U00018d80", 6)  # wide, and newer than this Python: not printed
def test_shortened_text_fits(text: str, width: int) -> None:
    assert cell_len(shortened(text, width)) <= width
