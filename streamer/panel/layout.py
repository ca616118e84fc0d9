"""Share the rows of the terminal among the parts of the panel, by its size and what there is to show."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby
from typing import Final, Literal, NamedTuple, TypeAlias, TypeVar, get_args

from streamer.snapshot import HISTORY_SECONDS, LegView

PanelPart: TypeAlias = Literal[
    "header",
    "alerts",
    "gap_header",
    "legs",
    "more_legs",
    "gap_conversation",
    "conversation",
    "gap_legs",
    "spectrogram",
    "gap_session",
    "session",
    "session_axis",
    "gap_log",
    "log",
    "filler",
    "status",
    "notes",
    "messages",
    "gap_keys",
    "keys",
]
"""Parts of the panel, top to bottom; "legs" holds all rows of legs, "filler" the rows nothing else takes."""

LegPart: TypeAlias = Literal[
    "title",
    "figures",
    "gap_title",
    "headline",
    "gap_headline",
    "legend",
    "bars",
    "gap_bars",
    "level",
    "gap_level",
    "history",
    "axis",
    "gap_leg",
]
"""Parts of a row of legs, top to bottom."""

Part: TypeAlias = PanelPart | LegPart
PanelRows: TypeAlias = Mapping[PanelPart, tuple[int, int]]
LegRows: TypeAlias = Mapping[LegPart, tuple[int, int]]
"""First row of each part, counted from the top of the panel, and its number of rows, which may be 0."""

_PANEL_PARTS: Final[tuple[PanelPart, ...]] = get_args(PanelPart)
_LEG_PARTS: Final[tuple[LegPart, ...]] = get_args(LegPart)
_LEVEL_ONLY_PARTS: Final = frozenset({"title", "level", "gap_leg"})
"""All that is shown of a leg that is not analysed."""


@dataclass(frozen=True, slots=True)
class PanelContent:
    """What decides the layout besides the size of the terminal.

    Attributes
    ----------
    num_labels : int
        Number of bars.
    num_rows : mapping of part to int
        Rows that "alerts", "conversation", "log", "more_legs", "notes", "session" and "status" take at this
        width; those of the log are the most it may have.
    spectrogram : bool
        Whether it is shown.
    leg_rows : tuple of bool
        For each row of legs, top to bottom, whether they are analysed.
    columns : int
        Legs side by side.
    titled : bool
        Whether legs show their names.
    """

    num_labels: int
    num_rows: Mapping[PanelPart, int]
    spectrogram: bool
    leg_rows: tuple[bool, ...] = (True,)
    columns: int = 1
    titled: bool = False


@dataclass(frozen=True, slots=True)
class PanelView:
    """How the user looks at the panel.

    Attributes
    ----------
    coloured : bool
        Draw the spectrogram in colours; in shades of grey otherwise.
    zoom_seconds : float
        Time that the trend shows, one of `ZOOMS`, s.
    note : str or None
        The note that is being written; None where none is.
    hint : str
        Why a key was not obeyed; empty where there is nothing to say.
    shows_keys : bool
        Show what all keys do.
    """

    coloured: bool = True
    zoom_seconds: float = HISTORY_SECONDS
    note: str | None = None
    hint: str = ""
    shows_keys: bool = False


class PanelLayout(NamedTuple):
    """Rows of the panel's parts and of the parts of each row of legs; where the history stands."""

    history_beside_bars: bool
    panel: PanelRows
    legs: tuple[LegRows, ...]


def plan_layout(width: int, height: int, content: PanelContent) -> PanelLayout:
    """Grant rows by priority; a request that does not fit whole is passed over."""
    beside = _is_history_beside_bars(width, height, content)
    granted: dict[Part, int] = dict.fromkeys((*_PANEL_PARTS, *_LEG_PARTS), 0)
    # A part of the panel is drawn once, a part of a leg in each row of legs that has it.
    in_rows: dict[Part, list[bool]] = {part: _rows_with(part, content.leg_rows) for part in _LEG_PARTS}
    left = height
    for part, more in _priorities(width, height, content, beside=beside):
        cost = more * sum(in_rows.get(part, [True]))
        if cost <= left:
            granted[part] += more
            left -= cost
    legs = [
        {part: granted[part] * in_rows[part][row] for part in _LEG_PARTS}
        for row in range(len(content.leg_rows))
    ]
    heights = {part: granted[part] for part in _PANEL_PARTS}
    heights["legs"] = sum(sum(leg.values()) for leg in legs)
    heights["filler"] += left
    panel = _stack(heights, 0)
    top = panel["legs"][0]
    stacked = []
    for leg in legs:
        stacked.append(_stack(leg, top))
        top += sum(leg.values())
    return PanelLayout(beside, panel, tuple(stacked))


_AnyPart = TypeVar("_AnyPart", PanelPart, LegPart)


def _stack(heights: Mapping[_AnyPart, int], top: int) -> dict[_AnyPart, tuple[int, int]]:
    tops = accumulate(heights.values(), initial=top)
    return {part: (top, height) for top, (part, height) in zip(tops, heights.items(), strict=False)}


def _rows_with(part: LegPart, analysed: Sequence[bool]) -> list[bool]:
    """Tell for each row of legs whether it has a part."""
    if part == "gap_leg":
        return [True] * (len(analysed) - 1) + [False]
    if part == "legend":
        # One legend serves all bars: it stands above the first.
        return [row and not any(analysed[:number]) for number, row in enumerate(analysed)]
    return [row or part in _LEVEL_ONLY_PARTS for row in analysed]


SMALLEST_WIDTH: Final = 30
SMALLEST_HEIGHT: Final = 7
"""Below these only the headlines and the levels are shown."""

NARROW_WIDTH: Final = 60
"""Below this there is no margin, and the header shows its badges in their short forms."""

_BIG_WIDTH: Final = 60
_BIG_LEG_WIDTH: Final = 48
_FIGURES_IN_TITLE_WIDTH: Final = 70
_BESIDE_WIDTH: Final = 72
_ALWAYS_BESIDE_WIDTH: Final = 140
_STACKED_SPECTROGRAM_HEIGHT: Final = 36
_OTHER_ROWS: Final = 10
_STACKED_LEG_ROWS: Final = 14
"""Rows of a leg with the history under its bars; the line above, rows of everything that is no leg."""


def _is_history_beside_bars(width: int, height: int, content: PanelContent) -> bool:
    """Tell whether the history stands right of the bars: where there is width to spare, or no height."""
    leg_width = width // content.columns
    num_rows = sum(content.leg_rows)
    crowded = (num_rows > 1 and height < _OTHER_ROWS + num_rows * _STACKED_LEG_ROWS) or (
        content.spectrogram and height < _STACKED_SPECTROGRAM_HEIGHT
    )
    return leg_width >= _ALWAYS_BESIDE_WIDTH or (crowded and leg_width >= _BESIDE_WIDTH)


_Requests: TypeAlias = Iterable[tuple[Part, int]]
"""Parts and the rows they get on top of those granted before, the most important first."""


def _priorities(width: int, height: int, content: PanelContent, *, beside: bool) -> _Requests:
    more_legs, alerts = content.num_rows["more_legs"], content.num_rows["alerts"]
    if width >= SMALLEST_WIDTH and height >= SMALLEST_HEIGHT:
        return (_legs if content.titled else _one_leg)(width, content, beside=beside)
    if content.titled:
        return [("more_legs", more_legs), ("title", 1), ("alerts", alerts), ("level", 1), ("gap_leg", 1)]
    return [("headline", 1), ("level", 1), ("alerts", alerts), ("gap_headline", 1), ("gap_header", 1)]


def _one_leg(width: int, content: PanelContent, *, beside: bool) -> _Requests:
    labels, num_rows, under = content.num_labels, content.num_rows, not beside
    return [
        ("headline", 1),
        ("level", 1),
        ("alerts", num_rows["alerts"]),
        ("bars", labels),
        ("keys", 1),
        ("header", 1),
        ("status", 1),
        ("notes", min(1, num_rows["notes"])),
        ("messages", 1),
        ("spectrogram", 6 * content.spectrogram),
        ("status", num_rows["status"] - 1),
        ("headline", 2 * (width >= _BIG_WIDTH)),
        ("history", 1 * under),
        ("axis", 1 * under),
        ("history", (labels - 1) * under),
        ("legend", 1),
        ("notes", max(0, num_rows["notes"] - 1)),
        ("gap_header", 1),
        ("spectrogram", 2 * content.spectrogram),
        ("filler", 1),
        ("session", num_rows.get("session", 0)),
        ("session_axis", min(1, num_rows.get("session", 0))),
        ("log", min(_FEWEST_LOG_ROWS, num_rows.get("log", 0))),
        ("gap_log", min(1, num_rows.get("log", 0))),
        ("gap_level", 1),
        ("gap_bars", 1 * under),
        ("messages", 1 * (not num_rows.get("log", 0))),
        ("gap_headline", 1),
        ("gap_keys", 1),
        *_extra_rows(content, beside=beside),
    ]


def _legs(width: int, content: PanelContent, *, beside: bool) -> _Requests:
    """Give all legs the same parts: they are compared."""
    labels, num_rows, under = content.num_labels, content.num_rows, not beside
    leg_width = width // content.columns
    big = leg_width >= _BIG_LEG_WIDTH
    return [
        ("more_legs", num_rows["more_legs"]),
        ("title", 1),
        ("alerts", num_rows["alerts"]),
        ("level", 1),
        ("keys", 1),
        ("header", 1),
        ("conversation", num_rows["conversation"]),
        ("status", 1),
        ("bars", labels),
        ("notes", min(1, num_rows["notes"])),
        ("messages", 1),
        ("history", 1 * under),
        ("spectrogram", 7 * content.spectrogram),
        ("status", num_rows["status"] - 1),
        ("gap_leg", 1),
        ("gap_header", 1),
        ("gap_conversation", 1),
        ("headline", 3 * big),
        ("axis", 1 * under),
        ("history", (labels - 1) * under),
        ("legend", 1),
        ("notes", max(0, num_rows["notes"] - 1)),
        ("filler", 1),
        ("session", num_rows.get("session", 0)),
        ("session_axis", min(1, num_rows.get("session", 0))),
        ("log", min(_FEWEST_LOG_ROWS, num_rows.get("log", 0))),
        ("gap_log", min(1, num_rows.get("log", 0))),
        ("figures", 1 * (leg_width < _FIGURES_IN_TITLE_WIDTH)),
        ("gap_headline", 1),
        ("gap_title", 1 * big),
        ("gap_level", 1 * under),
        ("gap_bars", 1 * under),
        ("gap_keys", 1),
        ("messages", 1 * (not num_rows.get("log", 0))),
        *_extra_rows(content, beside=beside),
    ]


_FEWEST_LOG_ROWS: Final = 3
"""Fewer say less than the messages."""
_LOG_ROWS: Final = 8


def _extra_rows(content: PanelContent, *, beside: bool) -> _Requests:
    """Request what only a large terminal has rows for."""
    shown, under = content.spectrogram, not beside
    strip, log = min(1, content.num_rows.get("session", 0)), content.num_rows.get("log", 0)
    yield "gap_session", strip
    yield "gap_legs", 1 * (shown and under)
    yield "log", 1 * (log > 0)
    yield "spectrogram", 2 * shown
    yield "bars", content.num_labels
    yield "history", content.num_labels * under
    yield "log", max(0, min(_LOG_ROWS, log) - _FEWEST_LOG_ROWS - 1)
    for _ in range(8):
        yield "spectrogram", 2 * shown
    if not log:
        for _ in range(4):
            yield "messages", 1
    yield "bars", content.num_labels
    yield "history", content.num_labels * under
    for _ in range(max(0, log - _LOG_ROWS)):
        yield "log", 1


LEG_WIDTH: Final = 55
"""Cells that a leg needs to stand beside another."""


class Arrangement(NamedTuple):
    """Legs in rows, top to bottom: those of a row are all analysed, or none is; some may have no row."""

    columns: int
    rows: tuple[tuple[LegView, ...], ...]
    num_left_out: int


def arrange_legs(legs: Sequence[LegView], width: int, height: int) -> Arrangement:
    """Arrange the legs, by the size of the terminal alone."""
    runs = [tuple(run) for _, run in groupby(legs, key=lambda leg: leg.analysed)]
    longest = max(len(run) for run in runs)
    num_rows = -(-longest // max(1, width // LEG_WIDTH))
    columns = -(-longest // num_rows)
    rows = tuple(run[first : first + columns] for run in runs for first in range(0, len(run), columns))
    if len(rows) > height:
        # The last row says how many are missing.
        rows = rows[: max(1, height - 1)]
    return Arrangement(columns, rows, len(legs) - sum(len(row) for row in rows))
