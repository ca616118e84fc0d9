"""The charts: now is at the right, old columns never change; loud is light."""

from dataclasses import replace

import numpy as np
from rich.segment import Segment
from rich.style import Style

from emotion.arrays import read_only
from streamer.panel.canvas import FAINT, MINUS, Canvas, emotion_style
from streamer.panel.charts import (
    TimeAxis,
    colour_scale,
    draw_history,
    draw_spectrogram,
    draw_strip,
    draw_strip_axis,
    draw_time_axis,
    recent_axis,
    strip_axis,
    ticks_on,
)
from streamer.snapshot import HistoryPoint, SpectrogramView, Tick
from tests.panel_material import STEP_SECONDS, spectrogram, text_lines, wandering

LABELS = ("up", "down")


def history_of(num_points: int) -> tuple[HistoryPoint, ...]:
    """Give points of which every third is silence."""
    return tuple(
        HistoryPoint(2.0 + number * 0.5, *(("up", (0.9, 0.1)) if number % 3 else (None, None)))
        for number in range(num_points)
    )


def drawn_history(history: tuple[HistoryPoint, ...], width: int, rows: int) -> list[str]:
    """Draw a history as plain lines."""
    canvas = Canvas(width, rows)
    draw_history(canvas, history, LABELS, 0.5, recent_axis(history, width))
    return text_lines(canvas)


def test_heights_tell_probabilities_and_dots_tell_silence() -> None:
    history = (*history_of(1), HistoryPoint(2.5, "up", (1.0, 0.0)), HistoryPoint(3.0, "down", (0.25, 0.75)))
    assert drawn_history(history, 120, 2) == [f"{'':117}·█▂", f"{'':117}·▁▆"]
    assert drawn_history(history, 120, 4)[:2] == [f"{'':118}█ ", f"{'':117}·█▄"]


def test_where_no_row_comes_the_chart_moves_on_without_one() -> None:
    history = history_of(4)
    canvas = Canvas(120, 2)
    draw_history(canvas, history, LABELS, 0.5, recent_axis(history, 120, now=history[-1].end + 10.0))
    assert text_lines(canvas) == [line[20:] + " " * 20 for line in drawn_history(history, 120, 2)]


def test_few_rows_show_initials() -> None:
    history = (*history_of(1), HistoryPoint(2.5, "up", (1.0, 0.0)), HistoryPoint(3.0, "down", (0.25, 0.75)))
    assert drawn_history(history, 120, 1) == [f"{'':117}·ud"]
    unsure = (*history, HistoryPoint(3.5, None, (0.5, 0.5)))
    assert drawn_history(unsure, 120, 1) == [f"{'':116}·ud?"], "unsure is no silence"


def test_columns_between_points_are_filled_where_the_terminal_is_wide() -> None:
    history = tuple(HistoryPoint(2.0 + number, "up", (1.0, 0.0)) for number in range(30))
    canvas = Canvas(180, 2)
    draw_history(canvas, history, LABELS, 1.0, recent_axis(history, 180))
    assert text_lines(canvas)[0].strip() == "█" * (29 * 3 + 3)


def test_old_columns_stand_still_while_time_goes_on() -> None:
    width = 60
    seen: dict[int, str] = {}
    for snapshot in wandering(200):
        history = snapshot.legs[0].history
        canvas = Canvas(width, 4)
        draw_history(canvas, history, tuple("abcd"), STEP_SECONDS, recent_axis(history, width))
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


def test_unsure_columns_are_grey_where_probabilities_have_rows() -> None:
    canvas = Canvas(120, 2)
    history = (HistoryPoint(2.0, "up", (0.9, 0.1)), HistoryPoint(2.5, None, (0.6, 0.4)))
    draw_history(canvas, history, LABELS, 0.5, recent_axis(history, 120))
    styles = [run.style for run in canvas.lines()[0] if run.text.strip()]
    assert styles == [emotion_style("up"), FAINT]


def test_a_longer_axis_is_in_minutes_and_its_ticks_take_the_place_of_labels() -> None:
    canvas = Canvas(60, 1)
    draw_time_axis(canvas, 600.0)
    assert text_lines(canvas)[0].startswith(f"{MINUS}10 min     {MINUS}8 min")
    axis = TimeAxis(100.0, 160.0, 60)
    ticks = ticks_on(axis, (Tick(101.0, "mark"), Tick(99.9, "mark"), Tick(159.5, "alert", "them")), "me")
    assert ticks == {(1, "mark")}
    ticks = ticks_on(axis, (Tick(101.0, "mark"), Tick(159.5, "alert", "them"), Tick(159.6, "mark")), "them")
    canvas = Canvas(60, 1)
    draw_time_axis(canvas, 60.0, ticks)
    line = text_lines(canvas)[0]
    assert line[1] == "◆"
    assert line[-1] == "▲", "an alert hides a mark"
    assert "now" not in line
    assert f"{MINUS}30 s" in line


def drawn_strip(kinds: list[str], axis: TimeAxis, bin_seconds: float = 1.0) -> str:
    """Draw a strip as plain text."""
    canvas = Canvas(axis.width, 1)
    draw_strip(canvas, kinds, bin_seconds, axis)
    return text_lines(canvas)[0]


def test_a_strip_tells_everything_apart_without_colour() -> None:
    kinds = ["angry"] * 3 + ["happy", "silence", "unsure", "noise", "clipped", "gap", "pause", "", "sad"]
    assert drawn_strip(kinds, TimeAxis(0.0, 14.0, 14)) == "a▆▆h·?~!/‖ s  "


def test_a_cell_of_a_strip_shows_the_emotion_that_lasts_longest() -> None:
    kinds = ["silence"] * 5 + ["angry", "angry", "sad"] + ["silence"] * 7 + ["sad"]
    assert drawn_strip(kinds, TimeAxis(0.0, 16.0, 2)) == "a·", (
        "a quarter of a cell is enough, an eighth is not"
    )
    assert drawn_strip(["sad", "angry"], TimeAxis(0.0, 2.0, 6)) == "s▆▆a▆▆"


def test_the_axis_of_a_strip_is_the_recording_or_a_round_time() -> None:
    assert strip_axis(20.0, 64.4, 50) == TimeAxis(0.0, 64.4, 50)
    assert strip_axis(61.0, None, 50) == TimeAxis(0.0, 120.0, 50)
    assert strip_axis(200_000.0, None, 50).end_seconds == 3 * 86_400
    canvas = Canvas(60, 1)
    draw_strip_axis(canvas, TimeAxis(0.0, 3600.0, 60), {(21, "mark")})
    assert text_lines(canvas)[0].split() == ["0:00:00", "◆", "0:30:00", "0:45:00"]


NAMES = 9


def drawn_spectrogram(
    view: SpectrogramView, width: int = 80, height: int = 9, *, coloured: bool = True
) -> Canvas:
    """Draw a spectrogram on a canvas of its own."""
    canvas = Canvas(width, height)
    draw_spectrogram(canvas, view, NAMES, coloured=coloured)
    return canvas


def lightness(style: Style | None) -> tuple[int, int]:
    """Give the brightness of the upper and the lower half of a cell."""
    assert style is not None
    assert style.color is not None
    assert style.bgcolor is not None
    upper, lower = style.color.triplet, style.bgcolor.triplet
    assert upper is not None
    assert lower is not None
    return sum(upper), sum(lower)


def cells(line: list[Segment]) -> list[Style | None]:
    """Spread runs over cells."""
    return [run.style for run in line for _ in run.text]


def of_power(columns: np.ndarray) -> SpectrogramView:
    """Give a view of bands up to 8 kHz."""
    return SpectrogramView(
        read_only(columns.astype(np.float32)), tuple(np.linspace(100, 8000, 8).tolist()), 1.0, 60.0
    )


def test_a_loud_band_is_light_where_it_belongs() -> None:
    columns = np.full((30, 8), -90.0)
    columns[-1, 7] = -20.0  # the highest band, now
    columns[-3, 0] = -20.0  # the lowest, two columns ago
    lines = drawn_spectrogram(of_power(columns), NAMES + 10, 5).lines()
    upper, lower = lightness(cells(lines[0])[-1])
    assert upper > 600
    assert lower < 60
    assert lightness(cells(lines[3])[-3])[1] > 600
    assert lightness(cells(lines[1])[-1])[0] < 60


def test_what_was_drawn_only_moves_to_the_left() -> None:
    view = spectrogram(1500, end=60.0)
    width = NAMES + 68
    pictures: dict[int, Style] = {}
    for end in range(1000, 1400):
        columns = view.columns[max(0, end - 900) : end]
        cut = replace(view, columns=columns, end=end * view.column_seconds)
        line = cells(drawn_spectrogram(cut, width).lines()[3])[NAMES:]
        newest = (end - 1) // 4
        for back, style in enumerate(reversed(line)):
            if back and style is not None and style.bgcolor is not None:
                assert pictures.setdefault(newest - back, style) == style
    assert len(pictures) > 150


def test_axes_name_seconds_and_kilohertz() -> None:
    lines = text_lines(drawn_spectrogram(spectrogram(), 80, 12))
    for mark in ("4 kHz", "2 kHz", "1 kHz"):
        assert any(line.startswith(mark.rjust(NAMES - 1)) for line in lines)
    assert lines[-1].rstrip().endswith("now")
    assert f"{MINUS}10 s" in lines[-1]


def test_shades_serve_terminals_without_colours() -> None:
    columns = np.full((30, 8), -90.0)
    columns[-5:] = -20.0
    canvas = drawn_spectrogram(of_power(columns), NAMES + 20, 3, coloured=False)
    assert text_lines(canvas)[0].endswith("  █████")
    assert all(style is None or style.bgcolor is None for line in canvas.lines() for style in cells(line))


def test_the_scale_grows_lighter_all_the_way() -> None:
    light = colour_scale(64) @ np.array([0.2126, 0.7152, 0.0722])
    assert (np.diff(light) > 0).all()


def test_nothing_heard_yet_leaves_the_picture_blank() -> None:
    canvas = drawn_spectrogram(spectrogram(0))
    assert text_lines(canvas)[0][NAMES:].strip() == ""
