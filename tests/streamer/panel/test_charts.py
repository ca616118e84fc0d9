"""The probabilities of the last minute: now at the right, and old columns that never change."""

from streamer.panel.canvas import MINUS, Canvas
from streamer.panel.charts import draw_history, draw_time_axis
from streamer.snapshot import HistoryPoint
from tests.panel_material import STEP_SECONDS, text_lines, wandering

LABELS = ("up", "down")


def history_of(num_points: int) -> tuple[HistoryPoint, ...]:
    """Give points of which every third is silence."""
    return tuple(
        HistoryPoint(2.0 + number * 0.5, *(("up", (0.9, 0.1)) if number % 3 else (None, None)))
        for number in range(num_points)
    )


def drawn(history: tuple[HistoryPoint, ...], width: int, rows: int) -> list[str]:
    """Draw a history as plain lines."""
    canvas = Canvas(width, rows)
    draw_history(canvas, history, LABELS, 0.5)
    return text_lines(canvas)


def test_heights_tell_probabilities_and_dots_tell_silence() -> None:
    history = (*history_of(1), HistoryPoint(2.5, "up", (1.0, 0.0)), HistoryPoint(3.0, "down", (0.25, 0.75)))
    assert drawn(history, 120, 2) == [f"{'':117}·█▂", f"{'':117}·▁▆"]
    assert drawn(history, 120, 4)[:2] == [f"{'':118}█ ", f"{'':117}·█▄"]


def test_few_rows_show_initials() -> None:
    history = (*history_of(1), HistoryPoint(2.5, "up", (1.0, 0.0)), HistoryPoint(3.0, "down", (0.25, 0.75)))
    assert drawn(history, 120, 1) == [f"{'':117}·ud"]


def test_columns_between_points_are_filled_where_the_terminal_is_wide() -> None:
    history = tuple(HistoryPoint(2.0 + number, "up", (1.0, 0.0)) for number in range(30))
    canvas = Canvas(180, 2)
    draw_history(canvas, history, LABELS, 1.0)
    assert text_lines(canvas)[0].strip() == "█" * (29 * 3 + 3)


def test_old_columns_stand_still_while_time_goes_on() -> None:
    width = 60
    seen: dict[int, str] = {}
    for snapshot in wandering(200):
        history = snapshot.legs[0].history
        canvas = Canvas(width, 4)
        draw_history(canvas, history, tuple("abcd"), STEP_SECONDS)
        lines = text_lines(canvas)
        newest = int(history[-1].end)
        for column in range(2, width - 1):
            picture = "".join(line[column] for line in lines)
            second = newest - (width - 1 - column)
            if picture.strip():
                assert seen.setdefault(second, picture) == picture
    assert len(seen) > 80


def test_the_axis_ends_now() -> None:
    canvas = Canvas(60, 1)
    draw_time_axis(canvas, 60.0)
    assert text_lines(canvas) == [
        "-60 s          -45 s          -30 s          -15 s       now".replace("-", MINUS)
    ]
