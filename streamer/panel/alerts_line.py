"""The line of alerts: those that hold now, or what is watched for."""

from collections.abc import Sequence
from typing import Final

from streamer.panel.canvas import Canvas, num_cells, shortened
from streamer.panel.palette import FAINT, WARNING

_BETWEEN: Final = 3


def draw_alerts(canvas: Canvas, alerts: Sequence[str], rules: Sequence[str]) -> None:
    """Draw the alerts as far as they fit, then how many more there are.

    Parameters
    ----------
    canvas : Canvas
        One row, which is there whether an alert holds or not.
    alerts : sequence of str
        Those that hold now.
    rules : sequence of str
        Those that are watched; said where no alert holds.
    """
    if not alerts:
        canvas.put(0, 0, shortened(f"alerts: none now, watching {', '.join(rules)}", canvas.width), FAINT)
        return
    column = 0
    for number, alert in enumerate(alerts):
        num_more = len(alerts) - number - 1
        more = f" +{num_more} more" if num_more else ""
        text = f"▲ {alert}"
        if column and column + num_cells(text) + len(more) > canvas.width:
            canvas.put(0, column - _BETWEEN, f" +{num_more + 1} more", WARNING)
            return
        text = shortened(text, canvas.width - column - len(more))
        canvas.put(0, column, text, WARNING)
        column += num_cells(text) + _BETWEEN
