"""The panel in a real terminal: draw it on the alternate screen, and restore the terminal afterwards."""

import os
import sys
import time
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from types import MappingProxyType
from typing import Final, TextIO

from rich.color import ColorSystem
from rich.console import COLOR_SYSTEMS, Console
from rich.segment import Segment
from rich.style import Style

from emotion import wall_clock
from streamer.events import MAX_NOTE_CHARACTERS
from streamer.panel.layout import PanelView
from streamer.panel.panel import draw_panel
from streamer.session_info import SessionInfo, Summary
from streamer.sinks.text import summary_text
from streamer.snapshot import ZOOMS, Snapshot
from streamer.terminal_io import (
    PASTE_OFF,
    PASTE_ON,
    Key,
    Keyboard,
    Note,
    Screen,
    StderrCapture,
    Stroke,
    open_terminal_again,
    write_with_timeout,
)

_RESET: Final = "\x1b[0m"
_ERASE_REST: Final = "\x1b[K"


@dataclass(frozen=True, slots=True)
class TerminalColours:
    """Colours that a terminal can show.

    Attributes
    ----------
    system : ColorSystem or None
        None where it knows no attributes at all.
    coloured : bool
        False where NO_COLOR is set: then only bold remains.
    """

    system: ColorSystem | None
    coloured: bool

    @classmethod
    def of_environment(cls) -> "TerminalColours":
        """Read TERM, COLORTERM and NO_COLOR."""
        console = Console(force_terminal=True, legacy_windows=False)
        return cls(COLOR_SYSTEMS.get(console.color_system or ""), not console.no_color)

    @property
    def paints(self) -> bool:
        """True where there are colours enough for a picture."""
        return self.coloured and self.system in (ColorSystem.EIGHT_BIT, ColorSystem.TRUECOLOR)

    def line(self, runs: Sequence[Segment]) -> str:
        """Write a line."""
        written = []
        for text, style, _ in runs:
            start = _start(style, self) if style else ""
            written.append(f"{start}{text}{_RESET}" if start else text)
        line = "".join(written)
        bare = line.rstrip(" ")
        return line if bare == line else bare + _ERASE_REST


@lru_cache(maxsize=4096)
def _start(style: Style, colours: TerminalColours) -> str:
    # A rich Style keeps the codes of the first terminal it was rendered for: ours are for this one.
    own = Style(
        color=style.color, bgcolor=style.bgcolor, bold=style.bold, dim=style.dim, reverse=style.reverse
    )
    shown = own if colours.coloured else own.without_color
    return shown.render("x", color_system=colours.system).partition("x")[0]


_ENTER: Final = f"\x1b[?1049h\x1b[?25l\x1b[?7l{PASTE_ON}"
"""The alternate screen, no cursor, no wrapping at the right edge, and pastes are told apart."""
_LEAVE: Final = f"{PASTE_OFF}\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l"
_CLEAR: Final = "\x1b[0m\x1b[2J"
_BEGIN: Final = "\x1b[?2026h"
_END: Final = "\x1b[?2026l"
"""Terminals with synchronized updates show what is between at once; others ignore both."""

_MIN_INTERVAL_SECONDS: Final = 0.2
_MAX_SHARE: Final = 0.02
"""Largest share of a core: where a frame costs more (a huge terminal), frames come less often."""
_CAPTURED_SECONDS: Final = 20.0
_ASLEEP_SECONDS: Final = 3.0
"""After so long without a call the process was stopped, and a shell has written over the panel."""

_ASCII: Final = str.maketrans(
    "▆━┃─│╸▀▄█·…●▸▲◆‖▁▂▃▅▇░▒▓\N{EN DASH}\N{MINUS SIGN}\N{LEFTWARDS ARROW}\N{RIGHTWARDS ARROW}",
    '#=|-|="_#..*>!+|__--=.+%--<>',
)
"""For terminals whose encoding has no block characters."""


def is_panel_possible(input_descriptor: int = 0) -> bool:
    """Tell whether a panel can be shown: a terminal on both ends, and this process in its foreground."""
    try:
        outputs = sys.stdout.fileno()
        is_dumb = os.environ.get("TERM", "dumb") == "dumb"
        if is_dumb or not (os.isatty(input_descriptor) and os.isatty(outputs)):
            return False
        return os.tcgetpgrp(outputs) == os.getpgrp()
    except (AttributeError, OSError, ValueError):
        return False  # A standard stream that is closed or was never there.


class _FrameWriter:
    """Writes frames to a terminal: only lines that changed, each frame in one piece, with a time limit."""

    def __init__(self, stream: TextIO) -> None:
        self.is_gone = False
        self._stream = stream
        self._terminal = stream.fileno()
        self._descriptor = self._terminal
        self._is_unicode = (stream.encoding or "").lower().replace("-", "").startswith("utf")
        self._is_halted = False
        self._shown: list[str] = []
        self._shown_size = (0, 0)

    def open(self) -> None:
        """Enter the alternate screen."""
        self._stream.flush()
        self._descriptor = open_terminal_again(self._terminal)
        self.write(_ENTER + _CLEAR)

    @property
    def terminal_size(self) -> tuple[int, int]:
        """Width and height; those of the last frame where the terminal does not tell."""
        try:
            width, height = os.get_terminal_size(self._descriptor)
        except OSError:
            width, height = self._shown_size
        return max(1, width), max(1, height)

    def is_frame_of(self, size: tuple[int, int]) -> bool:
        """Tell whether a frame of this size is on the screen."""
        return size == self._shown_size

    def forget_frame(self) -> None:
        """Write the next frame whole: the last one may no longer be on the screen."""
        self._shown_size = (0, 0)

    def show(self, lines: list[str], size: tuple[int, int]) -> None:
        """Write the lines that differ from those on the screen; all of them on a screen of another size."""
        clear = "" if self.is_frame_of(size) else _CLEAR
        before = [] if clear else self._shown
        changed = [
            f"\x1b[{number};1H{line}"
            for number, line in enumerate(lines, start=1)
            if number > len(before) or before[number - 1] != line
        ]
        self._shown, self._shown_size = lines, size
        if changed:
            self.write("".join((_BEGIN, clear, *changed, _END)))

    def write(self, text: str) -> None:
        """Write text, or drop what a halted terminal does not take in time; nothing once it is gone."""
        if self.is_gone:
            return
        if not self._is_unicode:
            text = text.translate(_ASCII)
        rest = bytearray(text.encode(self._stream.encoding or "ascii", errors="replace"))
        try:
            write_with_timeout(self._descriptor, rest, patience_seconds=0.0 if self._is_halted else None)
        except TimeoutError:
            # Ctrl-S, or a window manager that hangs: all is drawn anew when it goes on.
            self._is_halted = True
            self.forget_frame()
        except OSError:
            self.is_gone = True
        else:
            self._is_halted = False

    def close(self) -> None:
        """Close the terminal opened for writing; further text goes by the stream's own descriptor."""
        if self._descriptor != self._terminal:
            os.close(self._descriptor)
            self._descriptor = self._terminal


_HINT_SECONDS: Final = 4.0

_KEYS: Final[Mapping[str, Key]] = MappingProxyType(
    {" ": "pause", "p": "pause", "P": "pause", "m": "mark", "M": "begin_note", "q": "quit", "Q": "quit"}
)
_NAMED_KEYS: Final[Mapping[str, Key]] = MappingProxyType({"left": "back", "right": "forward", "quit": "quit"})


class PanelControls:
    """What the user has done to the panel itself: the zoom, the note being written, the keys being shown.

    Attributes
    ----------
    is_changed : bool
        True from a key until the panel was drawn after it.
    """

    def __init__(self) -> None:
        self.is_changed = False
        self._zoom = 0
        self._note: str | None = None
        self._shows_keys = False
        self._hint = ""
        self._hint_until = 0.0

    def view(self, *, coloured: bool) -> PanelView:
        """Give what is to be drawn."""
        hint = self._hint if time.monotonic() < self._hint_until else ""
        return PanelView(coloured, ZOOMS[self._zoom], self._note, hint, self._shows_keys)

    def tell(self, message: str) -> None:
        """Show a line for a while."""
        self._hint, self._hint_until = message, time.monotonic() + _HINT_SECONDS
        self.is_changed = True

    def press(self, stroke: Stroke) -> Key | None:
        """Take a key, and give what it asks of the session."""
        self._hint = ""
        self.is_changed = True
        if stroke.key == "gone":
            return "quit"
        if self._shows_keys:
            self._shows_keys = False
            return None
        if self._note is not None:
            return self._write(stroke, self._note)
        if stroke.key != "text":
            return _NAMED_KEYS.get(stroke.key)
        match stroke.text:
            case "z" | "Z":
                self._zoom = (self._zoom + 1) % len(ZOOMS)
            case "?":
                self._shows_keys = True
            case "M":
                self._note = ""
        return _KEYS.get(stroke.text)

    def _write(self, stroke: Stroke, note: str) -> Key | None:
        """Write on at the note; a key that means something elsewhere is a letter here."""
        match stroke.key:
            case "enter":
                self._note = None
                return Note(" ".join(note.split()))
            case "escape":
                self._note = None
                return Note(None)
            case "backspace":
                self._note = _without_last(note)
            case "erase":
                self._note = ""
            case "text" | "paste":
                added = "".join(each if each.isprintable() else " " for each in stroke.text)
                self._note = unicodedata.normalize("NFC", note + added)[:MAX_NOTE_CHARACTERS]
        return None


def _without_last(text: str) -> str:
    """Take the last character away, with the marks that combine with it."""
    while text and unicodedata.category(text[-1]) in {"Mn", "Me"}:
        text = text[:-1]
    return text[:-1]


class TerminalScreen(Screen):
    """Draws the panel from the main thread, at most five times a second, and reads keys."""

    def __init__(self, output: TextIO | None = None, input_descriptor: int = 0) -> None:
        super().__init__()
        self._writer = _FrameWriter(output or sys.stdout)
        self._keyboard = Keyboard(input_descriptor, (output or sys.stdout).encoding or "ascii")
        self._stderr = StderrCapture()
        self._colours = TerminalColours.of_environment()
        # None while the terminal is not taken over.
        self._info: SessionInfo | None = None
        self._looked_at = 0.0
        self._last: tuple[Snapshot, tuple[str, ...], int, PanelView] | None = None
        self._controls = PanelControls()
        self._not_before = 0.0
        self._num_rung = 0

    def open(self, info: SessionInfo) -> None:
        """Take the terminal over."""
        self._info = info
        self._keyboard.open()
        if os.isatty(2):
            self._stderr.open()
        self._writer.open()

    def draw(self, snapshot: Snapshot) -> None:
        """Show the latest state, unless nothing changed or it is too early; ring once for each new alert."""
        if self._info is None:
            return
        self._ring(snapshot.num_alerts)
        now = time.monotonic()
        if now - self._looked_at > _ASLEEP_SECONDS:
            self._writer.forget_frame()
        self._looked_at = now
        size = self._writer.terminal_size
        must_draw = self._controls.is_changed or not self._writer.is_frame_of(size)
        if now < self._not_before and not must_draw:
            return
        clock = wall_clock.now()
        captured = self._stderr.recent(_CAPTURED_SECONDS)
        view = self._controls.view(coloured=self._colours.paints)
        seen = (snapshot, captured, int(clock), view)
        if seen == self._last and not must_draw:
            return
        self._last = seen
        self._controls.is_changed = False
        cost = time.thread_time()
        if captured:
            snapshot = replace(snapshot, messages=(*snapshot.messages, *captured))
        canvas = draw_panel(snapshot, self._info, *size, clock, view=view)
        self._writer.show([self._colours.line(line) for line in canvas.lines()], size)
        cost = time.thread_time() - cost
        self._not_before = now + max(_MIN_INTERVAL_SECONDS, cost / _MAX_SHARE)

    def poll(self, timeout_seconds: float) -> Key | None:
        """Wait for a key, for a call of `wake`, or for the time to pass, whichever comes first."""
        if self._writer.is_gone:
            return "quit"
        stroke = self._keyboard.wait(timeout_seconds)
        if stroke is None:
            return None
        if stroke.key == "repaint":
            self._writer.forget_frame()
            return None
        asked = self._controls.press(stroke)
        if self._last is not None:
            # At once: who types wants to see it.
            self.draw(self._last[0])
        return asked

    def tell(self, message: str) -> None:
        """Answer a key that cannot be obeyed, in place of the keys for a while."""
        self._controls.tell(message)

    def wake(self) -> None:
        """Make a waiting `poll` return at once."""
        self._keyboard.wake()

    def close(self, summary: Summary | None) -> None:
        """Give the terminal back, write out captured lines, then the summary; a second call does nothing."""
        info, self._info = self._info, None
        if info is None:
            return
        try:
            self._writer.write(_LEAVE)
        finally:
            self._keyboard.close()
            self._stderr.close()
        if summary is not None:
            self._writer.write(f"{summary_text(summary, info)}\n")
        self._writer.close()

    def _ring(self, num_alerts: int) -> None:
        """Sound the terminal's bell once for each alert not rung yet; an alert never waits for its frame."""
        if num_alerts > self._num_rung:
            self._writer.write("\a" * (num_alerts - self._num_rung))
        # There are fewer where a replay went back.
        self._num_rung = num_alerts
