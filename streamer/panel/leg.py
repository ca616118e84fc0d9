"""One leg on the panel: its title with figures of talk and voice, its headline and its charts."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

from rich.style import Style

from streamer.doubt import doubt_reasons
from streamer.events import State
from streamer.panel.canvas import (
    BIG_ROWS,
    FAINT,
    PLAIN,
    STRONG,
    TALK,
    WARNING,
    Canvas,
    Figure,
    big_letters,
    draw_figures,
    emotion_style,
    figures_width,
    num_cells,
    percent,
    shortened,
)
from streamer.panel.charts import (
    draw_bars,
    draw_history,
    draw_legend,
    draw_level,
    draw_time_axis,
    label_width,
    recent_axis,
    ticks_on,
)
from streamer.panel.layout import LegPart, LegRows
from streamer.session_info import SessionInfo
from streamer.sinks.base import counted
from streamer.snapshot import HISTORY_SECONDS, ZOOMS, HistoryPoint, LegView, Snapshot, bin_seconds_of

_BARS_SHARE: Final = 0.54
_NARROWEST_BARS: Final = 46
_CHART_GAP: Final = 3


def draw_leg(
    canvas: Canvas,
    rows: LegRows,
    view: LegView,
    snapshot: Snapshot,
    info: SessionInfo,
    *,
    history_beside_bars: bool,
    zoom_seconds: float = HISTORY_SECONDS,
) -> None:
    """Draw the parts of a leg on their rows."""

    def part(name: LegPart, of: Canvas = canvas) -> Canvas:
        top, height = rows[name]
        return of.part(top, 0, height, of.width)

    left, right = _chart_columns(canvas, label_width(info.labels), beside=history_beside_bars)
    # Of a leg that delivers no sound, the last level and the last row are out of date.
    is_heard = snapshot.is_live(view.name)
    draw_level(part("level", left), view.level_dbfs if is_heard else None, view.floor_dbfs, info.labels)
    _draw_title_and_headline(part, view, snapshot, info)
    if not view.analysed:
        return
    draw_legend(part("legend", left))
    draw_bars(part("bars", left), view.row if is_heard else None, info.labels)
    history, axis = part("history", right), part("axis", right)
    if history_beside_bars:
        last = "minute" if zoom_seconds == HISTORY_SECONDS else f"{zoom_seconds / 60:g} minutes"
        part("legend", right).put(0, 0, f"last {last}", FAINT)
        history, axis = _beside_bars(right, rows)
    else:
        _draw_history_labels(part("history"), info.labels)
    # The newest row is less than two steps old while sound comes; in a gap the chart moves on without it.
    now = snapshot.stream_seconds - 2 * info.step_seconds
    points, step_seconds = history_of(view, zoom_seconds, info.step_seconds)
    times = recent_axis(points, history.width, zoom_seconds, now)
    draw_history(history, points, info.labels, step_seconds, times)
    draw_time_axis(axis, zoom_seconds, ticks_on(times, snapshot.ticks, view.name))


def history_of(
    view: LegView, zoom_seconds: float, step_seconds: float
) -> tuple[tuple[HistoryPoint, ...], float]:
    """Give the points of a leg that a zoom shows, and the time from one to the next, s."""
    number = ZOOMS.index(zoom_seconds)
    if not number:
        return view.history, step_seconds
    points = view.long_histories[number - 1] if view.long_histories else ()
    return points, max(step_seconds, bin_seconds_of(zoom_seconds))


def _chart_columns(canvas: Canvas, names: int, *, beside: bool) -> tuple[Canvas, Canvas]:
    """Give the columns of the bars and of the history: side by side, or both as wide as the leg."""
    if not beside:
        return canvas, canvas.part(0, names, canvas.height, canvas.width - names)
    half = max(_NARROWEST_BARS, int(canvas.width * _BARS_SHARE))
    start = half + _CHART_GAP
    return canvas.part(0, 0, canvas.height, half), canvas.part(0, start, canvas.height, canvas.width - start)


def _beside_bars(right: Canvas, rows: LegRows) -> tuple[Canvas, Canvas]:
    """Give the rows of a history at the right and of its axis; without bars it stands beside the level."""
    top, height = rows["bars"] if rows["bars"][1] else rows["level"]
    axis_height = 1 if rows["bars"][1] else 0
    return right.part(top, 0, height, right.width), right.part(top + height, 0, axis_height, right.width)


def _draw_history_labels(canvas: Canvas, labels: tuple[str, ...]) -> None:
    pitch = canvas.height // len(labels)
    if not pitch:
        canvas.put(0, 0, "trend", FAINT)
        return
    for number, label in enumerate(labels, start=1):
        canvas.put(number * pitch - 1, 0, label, FAINT)


def _draw_title_and_headline(
    part: Callable[[LegPart], Canvas], view: LegView, snapshot: Snapshot, info: SessionInfo
) -> None:
    """Draw the name with the headline and the figures; each of these on rows of its own where it has some."""
    title = part("title")
    names = min(_LONGEST_NAME, max(num_cells(leg.name) for leg in snapshot.legs))
    if not view.analysed:
        _draw_title(title, view, names, None, ())
        return
    headline = headline_of(view, snapshot, info)
    own_headline, own_figures = bool(part("headline").height), bool(part("figures").height)
    room = title.width
    if not own_figures:
        detail = _DETAIL_CELLS if title.width >= _DETAIL_FROM_WIDTH else 0
        short = 0 if own_headline else _short_width(title.width) + _TITLE_GAP + detail
        room = max(0, title.width - names - _TITLE_GAP - short)
    figures = leg_figures(view, snapshot, info, room)
    _draw_title(title, view, names, None if own_headline else headline, () if own_figures else figures)
    draw_figures(part("figures"), figures)
    _draw_headline(part("headline"), headline)


class Headline(NamedTuple):
    """The emotion or state of a leg, with as much detail as there is room for."""

    text: str
    style: Style
    percent: str = ""
    advice: str = ""
    progress: str = ""


_TITLE_GAP: Final = 2
_LONGEST_NAME: Final = 24
_LEVEL_ONLY: Final = ("level only: not analysed, not recorded", "level only, not analysed", "level only")

_REASON_GAP: Final = " · "
_PERCENT_AT: Final = 9
_SHORT_WIDTH: Final = 14
"""Cells that hold every headline in a title, with its percentage."""
_SHORTEST_WIDTH: Final = 10
"""Cells that hold every headline in a title, without a percentage."""
_SHORT_FROM_WIDTH: Final = 26
"""Narrower titles have no room for a percentage."""


def _short_width(width: int) -> int:
    return _SHORT_WIDTH if width >= _SHORT_FROM_WIDTH else _SHORTEST_WIDTH


def _draw_title(
    canvas: Canvas, view: LegView, names: int, headline: Headline | None, figures: Sequence[Figure]
) -> None:
    """Draw the leg's name, then the headline in short, figures at the right, and a rule between them."""
    short = _short_width(canvas.width)
    names = max(1, min(names, canvas.width - short - 1))
    name = shortened(view.name, names)
    canvas.put(0, 0, name, STRONG)
    column = min(names + _TITLE_GAP, max(names + 1, canvas.width - short))
    start = num_cells(name) + 1
    if not view.analysed:
        room = canvas.width - column
        text = next((text for text in _LEVEL_ONLY if len(text) <= room), _LEVEL_ONLY[-1])
        canvas.put(0, column, text)
        start = column + len(text) + 1
    elif headline is not None:
        text = headline.text.upper()
        place = canvas.part(0, column, 1, short)
        text = text if num_cells(text) <= place.width else text.replace(" THE ", " ")
        place.put(0, 0, text, headline.style)
        if place.width >= _SHORT_WIDTH:
            place.put(0, _PERCENT_AT, headline.percent, headline.style)
        start = column + short + 1
        detail_at = column + num_cells(text) + 1
        detail = _fitting_detail(headline, canvas.width - figures_width(figures) - detail_at - 2)
        if detail:
            canvas.put(0, detail_at, detail)
            start = max(start, detail_at + num_cells(detail) + 1)
    end = canvas.width - figures_width(figures)
    draw_figures(canvas.part(0, end, 1, canvas.width - end), figures)
    canvas.put(0, start, "─" * (end - bool(figures) - start), FAINT)


_DETAIL_FROM_WIDTH: Final = 60
_DETAIL_CELLS: Final = 9
"""Cells that a title keeps free of figures, so that an unsure leg can say what it hesitates between."""


def _fitting_detail(headline: Headline, width: int) -> str:
    """Give what fits beside a headline in a title: how much was heard, or why a leg is unsure."""
    pieces = headline.advice.split(_REASON_GAP) if headline.text == "unsure" else [headline.progress]
    while pieces and num_cells(_REASON_GAP.join(pieces)) > width:
        pieces.pop()
    return _REASON_GAP.join(pieces)


_STATES: Final[Mapping[State, tuple[Style, str]]] = MappingProxyType(
    {
        "silence": (FAINT, ""),
        "noise": (FAINT, "sound, but no speech"),
        "clipped": (WARNING, "too loud: turn the input down"),
        "unsure": (STRONG, ""),
    }
)
"""Style and advice of a state that is shown in place of an emotion."""


def headline_of(view: LegView, snapshot: Snapshot, info: SessionInfo) -> Headline:
    """Choose the headline: what stops the leg from being heard goes before the state of its latest row."""
    row = view.row
    if view.name in snapshot.absent:
        return Headline("away", WARNING, advice="its device is gone, and waited for")
    if snapshot.paused:
        return Headline("off the record", STRONG)
    if view.name in snapshot.mute:
        return Headline("no sound", WARNING, advice="nothing but zeros: unmute it, or allow it to be heard")
    if row is None:
        heard = min(max(0.0, snapshot.stream_seconds - view.since_seconds), info.win_seconds)
        return Headline("listening…", STRONG, progress=f"{heard:.1f} of {info.win_seconds:.1f} s")
    if row.emotion is None:
        style, advice = _STATES.get(row.state, (FAINT, ""))
        return Headline(row.state, style, advice=_doubt(view, info) or advice)
    share = "" if row.smoothed is None else percent(row.smoothed[row.emotion])
    return Headline(row.emotion, emotion_style(row.emotion, strong=True), percent=share)


def _doubt(view: LegView, info: SessionInfo) -> str:
    """Name the two labels that an unsure row hesitates between, and what makes that likely."""
    row = view.row
    if row is None or row.state != "unsure" or row.smoothed is None:
        return ""
    first, second = sorted(row.smoothed, key=row.smoothed.__getitem__, reverse=True)[:2]
    reasons = doubt_reasons(
        voice_known=view.voice_known if info.learns_voice else None,
        spoken_seconds=_speech_seconds(view, info.step_seconds),
        above_background_db=row.level_dbfs - view.floor_dbfs,
    )
    return _REASON_GAP.join([f"{first} or {second}?", *reasons])


def _speech_seconds(view: LegView, step_seconds: float) -> float:
    """Tell for how long a leg speaks without a break: so long, at most, is what the smoothing rests on."""
    end = view.row.end if view.row else 0.0
    seconds = 0.0
    for point in reversed(view.history):
        if point.smoothed is None or point.end < end - seconds - 0.5 * step_seconds:
            break
        seconds += step_seconds
    return seconds


def _draw_headline(canvas: Canvas, headline: Headline) -> None:
    """Draw it in big letters where these and its detail have room."""
    detail = headline.percent or headline.advice
    picture = big_letters(headline.text) if canvas.height >= BIG_ROWS else None
    if picture is None or len(picture[0]) + len(detail) + 3 > canvas.width:
        text = f"{headline.text} {headline.progress}" if headline.progress else headline.text.upper()
        canvas.put(canvas.height // 2, 0, text, headline.style)
        canvas.put(canvas.height // 2, len(text) + 2, detail)
        return
    for row, line in enumerate(picture):
        canvas.put(row, 0, line, headline.style)
    canvas.put(1, len(picture[0]) + 3, detail)


_TALKS: Final = "▸ speaks"
_SPOKE_LAST: Final = "spoke last"


def leg_figures(view: LegView, snapshot: Snapshot, info: SessionInfo, width: int) -> list[Figure]:
    """Give as many figures of voice and talk as there is room for."""
    talks = view.talks and snapshot.is_live(view.name)
    style = TALK if talks else PLAIN
    if sum(leg.analysed for leg in snapshot.legs) < 2:
        # A leg that is not analysed may talk as well: there is no share, and nobody spoke last.
        long = short = [Figure("", (_TALKS if talks else "").ljust(len(_TALKS)), style)]
    else:
        share = percent(view.talk_share)
        now = _TALKS if talks else _SPOKE_LAST if view.spoke_last else ""
        long = [Figure("", now.ljust(len(_SPOKE_LAST)), style), Figure("talk", share)]
        short = [Figure("", f"{'▸' if talks else ' '} talk {share}", style)]
    voices, lines = voice_figures(view, info), line_figures(view)
    candidates = [[voice, line, *long] for line in lines for voice in voices]
    if view.line_fits:
        candidates += [[voice, *long] for voice in voices]
    # That a line is not used goes before how far the voice is known.
    candidates += [*([line, *long] for line in lines), *([line, *short] for line in lines), long, short]
    return next((figures for figures in candidates if figures_width(figures) <= width), [])


_VOICE_NAME_CELLS: Final = 12


def voice_figures(view: LegView, info: SessionInfo) -> list[Figure]:
    """Give how far the speaker baseline is trusted, the longest form first; nothing where none is learned."""
    if not info.learns_voice:
        return []
    voice = info.voices.get(view.name)
    name = "adapted to voice" if voice is None else f"adapted to {shortened(voice, _VOICE_NAME_CELLS)}"
    text = percent(view.voice_known)
    return [Figure(name, text), Figure("adapted to voice", text), Figure("adapted", text)]


def line_figures(view: LegView) -> list[Figure]:
    """Give how many voices the line of a leg has, or that it does not fit, the longest form first."""
    if view.line_voices is None:
        return []
    if view.line_fits:
        return [Figure("line:", counted(view.line_voices, "voice"))]
    return [
        Figure("", "line does not fit: not used", WARNING),
        Figure("", "line not used", WARNING),
    ]
