"""What the terminal can show."""

import os
import sys
from collections.abc import Iterator
from typing import Final

from callmood.doctor.finding import Finding

WIDTH, HEIGHT = 80, 24
DUMB: Final = "set TERM to what your terminal is, such as xterm-256color, and stay in the foreground"


def look_at_terminal() -> Iterator[Finding]:
    """Look at size, colours and encoding, if there is a terminal at all.

    Yields
    ------
    Finding
        One; its trouble is advice, since without a panel there are lines.
    """
    try:
        size = os.get_terminal_size(sys.stdout.fileno())
    except (OSError, ValueError):
        yield Finding("terminal", True, "none here: listen and replay print lines instead of the panel")
        return
    from streamer.terminal.colours import TerminalColours
    from streamer.terminal.terminal_screen import is_panel_possible

    colours = TerminalColours.of_environment()
    name = "no colours" if colours.system is None else f"{colours.system.name.lower()} colours"
    encoding = (sys.stdout.encoding or "ascii").lower()
    is_unicode = encoding.replace("-", "").startswith("utf")
    no_color = "" if colours.coloured else ", NO_COLOR is set"
    # A serial line, for one, does not know its own.
    known = size.columns > 0 and size.lines > 0
    measure = f"{size.columns} columns, {size.lines} rows" if known else "of unknown size"
    found = f"{measure}, {name}{no_color}, {encoding}"
    advice = []
    if not is_panel_possible():
        found += f", no panel with TERM={os.environ.get('TERM', '')!r} here"
        advice.append(DUMB)
    elif colours.coloured and not colours.paints:
        advice.append("set TERM=xterm-256color where the terminal has 256 colours: the panel uses them")
    if not is_unicode:
        advice.append(
            "choose a locale with UTF-8, such as LANG=C.UTF-8: the panel is drawn with its characters"
        )
    if known and (size.columns < WIDTH or size.lines < HEIGHT):
        advice.append(f"make it {WIDTH} x {HEIGHT} or larger: a smaller panel leaves things out")
    yield Finding("terminal", not advice, found, "; ".join(advice) or None)
