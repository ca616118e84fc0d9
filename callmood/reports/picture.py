"""The timeline of one session, or of two, as PNG or PDF for a mail; needs matplotlib."""

import io
import textwrap
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len, set_cell_size

from callmood.reports.analysis import LegAnalysis, Moment, SessionAnalysis, strength
from callmood.reports.style import NEUTRAL, label_styles
from callmood.reports.words import RESPONSIBLE_USE, percent_text, session_facts, short_length
from emotion.arrays import FloatArray
from emotion.errors import printable
from streamer.events import STATES
from streamer.panel.charts import LOUDEST_DB, QUIETEST_DB, colour_scale
from streamer.session_info import SessionClock
from streamer.sinks.base import counted
from streamer.sinks.text import clock_text, duration_text
from trainer.plots import DOTS_PER_INCH, FAINT_INK, INK, matplotlib_part

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_WIDTH: Final = 11.69
_LEAST_HEIGHT: Final = 8.27
"""Inches: A4, landscape; many legs make it higher."""
_LEFT, _RIGHT, _TOP, _BOTTOM = 0.75, 0.45, 0.45, 0.35
_STACK, _LANE, _SPECTROGRAM, _HEAD, _BETWEEN = 0.9, 0.17, 0.42, 0.34, 0.14
_HIGHEST_STACK: Final = 1.7
_LINE: Final = 0.19

_BOX: Final = (0.13, 0.11)

_MOST_COLUMNS: Final = 1_500
_MOST_MOMENTS: Final = 6
"""Numbered and listed, of each leg."""
_MOMENT_COLUMNS: Final = 3
_MOST_MISSING: Final = 4
_MOST_TICKS: Final = 500
"""Gaps, marks and alerts of a leg: more would take minutes to draw."""

_UNSURE, _NOISE, _CLIPPED, _GAP, _ALERT = "#c9ced6", "#d9d2bf", "#e08a4a", "#9aa3ad", "#8f1d2c"

_FONT_FILES: Final = (
    "NotoSansCJK", "NotoSansSC", "SourceHanSans", "wqy-", "DroidSansFallback", "NotoSansArabic",
    "NotoNaskhArabic", "NotoSansHebrew", "NotoSansDevanagari", "NotoSansThai", "NotoSans-", "FreeSans",
    "NotoSansSymbols", "NotoEmoji", "Symbola", "unifont",
)  # fmt: skip
"""How the names begin of fonts that are looked through for what matplotlib's own lacks, in this order."""
_OWN_FAMILY: Final = "DejaVu Sans"
_NO_GLYPH: Final = "?"
_JOINERS: Final = "\u200d\ufe0e\ufe0f"


@dataclass(frozen=True, slots=True)
class Drawing:
    """A picture, and what the user should know of it, a line each."""

    content: bytes
    notes: tuple[str, ...]


def draw_report(
    sessions: Sequence[SessionAnalysis], spectrograms: Sequence[Mapping[str, FloatArray]], ending: str
) -> Drawing:
    """Draw sessions one above the other, on the same time axis.

    Parameters
    ----------
    sessions : sequence of SessionAnalysis
        One or two.
    spectrograms : sequence of mapping of str to ndarray, shape (columns, bands), float32
        For each session, those of its legs over its length, dB re full scale; NaN where no sound was kept.
    ending : {'.png', '.pdf'}
        The kind of file.

    Returns
    -------
    Drawing
        A page of A4, landscape, or a higher one where many legs need it.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.
    """
    painter = _Painter(sessions, spectrograms)
    figure = painter.figure()
    content = io.BytesIO()
    if ending == ".pdf":
        metadata: dict[str, Any] = {
            "Title": f"callmood {', '.join(session.name for session in sessions)}",
            "CreationDate": None,
            "Producer": None,
            "Creator": None,
        }
        matplotlib_part("backends.backend_pdf").FigureCanvasPdf(figure).print_pdf(content, metadata=metadata)
    else:
        matplotlib_part("backends.backend_agg").FigureCanvasAgg(figure).print_png(
            content, metadata={"Software": None}
        )
    return Drawing(content.getvalue(), painter.fonts.notes)


class _Fonts:
    """Finds a font for every character, and replaces those that none has.

    Attributes
    ----------
    families : list of str
        What text is to be drawn with.
    """

    def __init__(self) -> None:
        self.families = [_OWN_FAMILY]
        self._known: dict[str, bool] = {}
        self._others: list[str] | None = None

    def shown(self, text: str) -> str:
        """Give a text with a `?` for what no font has; selectors and joiners of emoji are left out."""
        plain = unicodedata.normalize("NFC", "".join(each for each in text if each not in _JOINERS))
        return "".join(each if self._has(each) else _NO_GLYPH for each in printable(plain))

    @property
    def notes(self) -> tuple[str, ...]:
        """What was replaced, once all is drawn."""
        missing = sum(not there for there in self._known.values())
        if not missing:
            return ()
        return (
            f"no installed font has {counted(missing, 'character')} of the names, shown as {_NO_GLYPH}; for "
            "Chinese, Japanese and Korean install for example fonts-noto-cjk",
        )

    def _has(self, character: str) -> bool:
        if character.isascii():
            return True
        if character not in self._known:
            self._known[character] = self._find(character)
        return self._known[character]

    def _find(self, character: str) -> bool:
        manager = matplotlib_part("font_manager")
        own = manager.findfont(_OWN_FAMILY)
        if self._others is None and not _has_glyph(manager, own, character):
            # Not from matplotlib's list of fonts, which it keeps from before others were installed.
            ranked = ((_font_rank(path), path) for path in manager.findSystemFonts())
            self._others = [path for rank, path in sorted(ranked) if rank < _NO_RANK]
        for path in (own, *(self._others or ())):
            if _has_glyph(manager, path, character):
                self._use(manager, path)
                return True
        return False

    def _use(self, manager: ModuleType, path: str) -> None:
        family = manager.FontProperties(fname=path).get_name()
        if family not in self.families:
            manager.fontManager.addfont(path)
            self.families.append(family)


_NO_RANK: Final = (len(_FONT_FILES), False)


def _font_rank(path: str) -> tuple[int, bool]:
    """Give the place of a font file among those that are looked through, `_NO_RANK` for any other."""
    name = Path(path).name
    place = next((at for at, begin in enumerate(_FONT_FILES) if name.startswith(begin)), None)
    return _NO_RANK if place is None else (place, "Regular" not in name)


def _has_glyph(manager: ModuleType, path: str, character: str) -> bool:
    try:
        return bool(manager.get_font(path).get_char_index(ord(character)))
    except (OSError, RuntimeError):  # A font of another kind, or one that was removed.
        return False


class _Painter:
    """Places everything in inches from the top left corner."""

    def __init__(
        self, sessions: Sequence[SessionAnalysis], spectrograms: Sequence[Mapping[str, FloatArray]]
    ) -> None:
        self.fonts = _Fonts()
        self._sessions = sessions
        self._spectrograms = spectrograms
        self._seconds = max([1e-3, *(session.seconds for session in sessions)])
        num_stacks = sum(len(leg.starts) > 0 for session in sessions for leg in session.legs)
        needed = self._needed()
        self._height = max(_LEAST_HEIGHT, needed)
        self._stack = min(_HIGHEST_STACK, _STACK + (self._height - needed) / max(1, num_stacks))
        self._figure: Figure = matplotlib_part("figure").Figure(
            figsize=(_WIDTH, self._height), dpi=DOTS_PER_INCH, facecolor="white"
        )
        styles = label_styles(label for session in sessions for label in session.labels)
        self._colours = {label: style.colour for label, style in styles.items()}
        self._letters = {label: style.letter for label, style in styles.items()}

    def figure(self) -> "Figure":
        """Draw all."""
        top = _TOP
        for session, spectrograms in zip(self._sessions, self._spectrograms, strict=True):
            top = self._draw_session(session, spectrograms, top)
        self._draw_moments(top)
        self._draw_foot()
        return self._figure

    def _needed(self) -> float:
        """Give the height with the lowest stacks."""
        height = _TOP + _BOTTOM + 0.6 + _LINE * sum(max(map(len, row)) + 1 for row in self._moment_rows())
        for session, spectrograms in zip(self._sessions, self._spectrograms, strict=True):
            height += 1.15 + _LINE + 0.16 * len(session.missing[:_MOST_MISSING])
            height += sum(self._leg_height(leg, leg.plan.name in spectrograms) for leg in session.legs)
        return height

    @staticmethod
    def _leg_height(leg: LegAnalysis, has_spectrogram: bool) -> float:
        if not len(leg.starts):
            return _HEAD
        return _HEAD + _STACK + _LANE + _BETWEEN + (_SPECTROGRAM if has_spectrogram else 0.0)

    def _draw_session(
        self, session: SessionAnalysis, spectrograms: Mapping[str, FloatArray], top: float
    ) -> float:
        top = self._draw_head(session, top)
        last: Axes | None = None
        for leg in session.legs:
            top, axes = self._draw_leg(session, leg, spectrograms.get(leg.plan.name), top)
            last = axes or last
        if last is not None:
            self._label_time(last, session)
            top += 0.32
        return top + 0.2

    def _draw_head(self, session: SessionAnalysis, top: float) -> float:
        header = session.journal.header
        self._text(_LEFT, top, _cut(f"Session {session.name}", 80), size=15, weight="bold")
        when = session_facts(header)
        facts = [
            f"recorded {when.pop('recorded')}; {duration_text(session.seconds)} of {header.source_name}",
            "; ".join((f"model {header.model} ({header.feature_set})", *header.model_notes)),
            "; ".join(f"{name}: {fact}" for name, fact in when.items()),
        ]
        top += 0.05
        for fact in facts:
            top += _LINE
            self._text(_LEFT, top, _cut(fact, 150), size=9, color=FAINT_INK)
        missing = list(session.missing[:_MOST_MISSING])
        if more := len(session.missing) - len(missing):
            missing[-1] += f"; and {more} more, see the text"
        for line in missing:
            top += 0.16
            self._text(_LEFT, top, _cut(f"missing: {line}", 150), size=8.5, color=_ALERT)
        if session is self._sessions[0]:
            top += 0.24
            self._draw_legend(top)
        return top + 0.1

    def _draw_legend(self, top: float) -> None:
        entries = [(f"{self._letters[label]} {label}", colour) for label, colour in self._colours.items()]
        entries += [("unsure", _UNSURE), ("noise", _NOISE), ("clipped", _CLIPPED), ("gap", _GAP)]
        at = _LEFT
        for text, colour in entries:
            self._box(at, top, colour, {"unsure": "////", "gap": "xxxx"}.get(text))
            at += 0.19
            self._text(at, top, _cut(text, 20), size=8.5)
            at += 0.075 * cell_len(_cut(text, 20)) + 0.15
        self._text(at, top, "\u25bc", size=8.5, color=_ALERT)
        self._text(at + 0.16, top, "alert", size=8.5)
        self._text(at + 0.66, top, "\u2776 strongest moments", size=8.5)

    def _draw_leg(
        self, session: SessionAnalysis, leg: LegAnalysis, spectrogram: FloatArray | None, top: float
    ) -> "tuple[float, Axes | None]":
        name = f"{leg.plan.name}{' (staff)' if leg.is_staff else ''}"
        top += _HEAD / 2
        self._text(_LEFT, top, _cut(name, 40), size=10.5, weight="bold")
        self._text(_WIDTH - _RIGHT, top, _totals(leg, session), size=8.5, color=FAINT_INK, ha="right")
        top += _HEAD / 2
        if not len(leg.starts):
            return top, None
        stack = self._axes(top, self._stack)
        self._draw_stack(stack, session, leg)
        lane = self._axes(top + self._stack + 0.02, _LANE - 0.02)
        self._draw_lane(lane, leg)
        top += self._stack + _LANE
        last = lane
        if spectrogram is not None:
            last = self._axes(top + 0.02, _SPECTROGRAM - 0.02)
            self._draw_spectrogram(last, spectrogram, session.seconds)
            top += _SPECTROGRAM
        for axes in (stack, lane, last):
            gaps = [gap for gap in session.journal.gaps if gap.leg == leg.plan.name]
            for gap in gaps[:_MOST_TICKS]:
                axes.axvspan(
                    gap.start, gap.end, facecolor="#eceff2", edgecolor=_GAP, hatch="xxxx", linewidth=0
                )
        return top + _BETWEEN, last

    def _draw_stack(self, axes: "Axes", session: SessionAnalysis, leg: LegAnalysis) -> None:
        lefts, width, shares, is_unsure = _columns(leg, session.labels, self._seconds)
        bottom = np.zeros(len(lefts))
        # Neutral above all others: they stand on the axis and can be compared.
        for label in sorted(session.labels, key=lambda label: label == NEUTRAL):
            number = session.labels.index(label)
            top = bottom + shares[:, number]
            for rows, alpha in ((~is_unsure, 1.0), (is_unsure, 0.4)):
                self._fill(axes, (lefts[rows], width), (bottom[rows], top[rows]), self._colours[label], alpha)
            bottom = top
        axes.set_ylim(0, 1)
        axes.set_yticks([0, 0.5, 1], ["0", "50 %", "100 %"])
        first_drawn = next(each for each in session.legs if len(each.starts))
        for mark in session.journal.marks[:_MOST_TICKS]:
            axes.axvline(mark.at_seconds, color=INK, linewidth=0.8, linestyle=(0, (2, 2)))
            if leg is first_drawn:
                self._tick(axes, mark.at_seconds, "mark")
        for story in leg.alerts[:_MOST_TICKS]:
            axes.axvline(story.alert.at_seconds, color=_ALERT, linewidth=0.9)
            axes.plot(
                [story.alert.at_seconds],
                [1.0],
                marker="v",
                markersize=6,
                color=_ALERT,
                clip_on=False,
                zorder=5,
            )
        for number, moment in enumerate(_chosen(leg), 1):
            axes.annotate(
                str(number), (moment.episode.peak_seconds, 0.5), ha="center", va="center", fontsize=7.5,
                color="white", fontweight="bold",
                bbox={"boxstyle": "circle,pad=0.22", "facecolor": INK, "edgecolor": "white"},
            )  # fmt: skip

    @staticmethod
    def _fill(
        axes: "Axes",
        across: tuple[NDArray[np.float64], float],
        up: tuple[NDArray[np.float64], NDArray[np.float64]],
        colour: str,
        alpha: float,
    ) -> None:
        """Draw a rectangle for each column."""
        (lefts, width), (bottoms, tops) = across, up
        # A little wider, so that no seam shows between two.
        rights = lefts + width * 1.02
        corners = ((lefts, bottoms), (rights, bottoms), (rights, tops), (lefts, tops))
        rectangles = np.stack([np.stack(corner, axis=1) for corner in corners], axis=1)
        collection = matplotlib_part("collections").PolyCollection(
            rectangles,
            facecolor=colour,
            linewidth=0,
            antialiased=False,
            alpha=alpha,
            # In a PDF, thousands of paths would take a second.
            rasterized=True,
        )
        axes.add_collection(collection, autolim=False)

    def _tick(self, axes: "Axes", at: float, text: str) -> None:
        axes.annotate(
            text, (at, 1.0), xytext=(0, 2), textcoords="offset points", ha="center", va="bottom", fontsize=7,
            color=INK, annotation_clip=True,
        )  # fmt: skip

    def _draw_lane(self, axes: "Axes", leg: LegAnalysis) -> None:
        per_inch = self._seconds / (_WIDTH - _LEFT - _RIGHT)
        colours = self._colours | {"unsure": _UNSURE, "noise": _NOISE, "clipped": _CLIPPED}
        for kind, colour in colours.items():
            spans = [
                (each.start, max(0.0, each.end - each.start)) for each in leg.episodes if each.kind == kind
            ]
            if spans:
                hatch = "////" if kind == "unsure" else None
                axes.broken_barh(
                    spans, (0, 1), facecolor=colour, edgecolor="white", linewidth=0 if hatch is None else 0.2,
                    hatch=hatch,
                )  # fmt: skip
        for episode in leg.episodes:
            if episode.kind in self._letters and (episode.end - episode.start) / per_inch > 0.14:
                middle = (episode.start + episode.end) / 2
                letter = self.fonts.shown(self._letters[episode.kind])
                axes.text(
                    middle, 0.46, letter, ha="center", va="center", fontsize=7,
                    color="white", fontweight="bold", clip_on=True, fontfamily=self.fonts.families,
                    parse_math=False,
                )  # fmt: skip
        axes.set_ylim(0, 1)
        axes.set_yticks([])

    def _draw_spectrogram(self, axes: "Axes", decibels: FloatArray, seconds: float) -> None:
        colours = matplotlib_part("colors").ListedColormap(colour_scale(256)).with_extremes(bad="#eceff2")
        axes.imshow(
            np.ma.masked_invalid(decibels.T), origin="lower", aspect="auto", extent=(0, seconds, 0, 1),
            cmap=colours, vmin=QUIETEST_DB, vmax=LOUDEST_DB, interpolation="antialiased",
        )  # fmt: skip
        axes.set_xlim(0, self._seconds)
        axes.set_yticks([])

    def _label_time(self, axes: "Axes", session: SessionAnalysis) -> None:
        """Write stream time, and the time of day under it where it is known."""
        ticks = list(_time_ticks(self._seconds))
        clock = SessionClock.of(session.journal.header)
        days = [clock.at(tick) for tick in ticks]
        labels = [
            clock_text(tick, hours=self._seconds >= 3600) + (f"\n{day:%H:%M:%S}" if day is not None else "")
            for tick, day in zip(ticks, days, strict=True)
        ]
        axes.set_xticks(ticks, labels)
        axes.tick_params(axis="x", labelbottom=True, length=3, labelsize=7.5, colors=INK)

    def _axes(self, top: float, height: float) -> "Axes":
        width = _WIDTH - _LEFT - _RIGHT
        rectangle = (
            _LEFT / _WIDTH, 1 - (top + height) / self._height, width / _WIDTH, height / self._height
        )  # fmt: skip
        axes = self._figure.add_axes(rectangle)
        axes.set_xlim(0, self._seconds)
        axes.set_xticks([])
        axes.tick_params(labelsize=7.5, colors=FAINT_INK, length=2)
        for spine in axes.spines.values():
            spine.set_color("#c3c9d0")
            spine.set_linewidth(0.6)
        return axes

    def _moment_rows(self) -> list[list[list[str]]]:
        """List the numbered moments, a column for each leg, some columns in a row."""
        columns = []
        for session, which in zip(self._sessions, ("first", "second"), strict=False):
            where = f", {which} session" if len(self._sessions) > 1 else ""
            for leg in session.legs:
                lines = [
                    f"{number}  {clock_text(moment.episode.start, hours=True)}  {moment.episode.kind} "
                    f"{percent_text(moment.episode.peak_probability)}, "
                    f"{short_length(moment.episode.end - moment.episode.start)}"
                    for number, moment in enumerate(_chosen(leg), 1)
                ]
                if lines:
                    columns.append([f"Strongest moments of {_cut(leg.plan.name, 20)}{where}", *lines])
        return [columns[at : at + _MOMENT_COLUMNS] for at in range(0, len(columns), _MOMENT_COLUMNS)]

    def _draw_moments(self, top: float) -> None:
        width = (_WIDTH - _LEFT - _RIGHT) / _MOMENT_COLUMNS
        for row in self._moment_rows():
            for number, column in enumerate(row):
                for line, text in enumerate(column):
                    weight = "normal" if line else "bold"
                    self._text(_LEFT + number * width, top + _LINE * line, text, size=8.5, weight=weight)
            top += _LINE * (max(map(len, row)) + 1)

    def _draw_foot(self) -> None:
        limits = dict.fromkeys(session.limits[0] for session in self._sessions if session.limits)
        lines = textwrap.wrap(" ".join((*limits, *RESPONSIBLE_USE.values())), 185)
        for number, line in enumerate(lines):
            at = self._height - _BOTTOM - 0.14 * (len(lines) - 1 - number)
            self._text(_LEFT, at, line, size=7.5, color=FAINT_INK)

    def _text(self, left: float, top: float, text: str, **style: Any) -> None:
        shown = self.fonts.shown(text)
        self._figure.text(
            left / _WIDTH, 1 - top / self._height, shown, fontfamily=self.fonts.families, parse_math=False,
            va="center", **{"color": INK} | style,
        )  # fmt: skip

    def _box(self, left: float, top: float, colour: str, hatch: str | None) -> None:
        patch = matplotlib_part("patches").Rectangle(
            (left / _WIDTH, 1 - (top + _BOX[1] / 2) / self._height), _BOX[0] / _WIDTH, _BOX[1] / self._height,
            facecolor=colour, edgecolor="white", linewidth=0, hatch=hatch, transform=self._figure.transFigure,
        )  # fmt: skip
        self._figure.add_artist(patch)


def _totals(leg: LegAnalysis, session: SessionAnalysis) -> str:
    if not leg.plan.analysed:
        return "level only, neither analysed nor recorded"
    shown = [
        f"{label} {short_length(seconds)}"
        for label, seconds in (*leg.emotion_seconds.items(), ("unsure", leg.state_seconds["unsure"]))
        if seconds
    ]
    remarks = [percent_text(leg.talk_share)] if session.num_analysed > 1 else []
    remarks += ["estimated"] if leg.talk_is_estimated else []
    talk = f"talk {short_length(leg.talk_seconds)}" + (f" ({', '.join(remarks)})" if remarks else "")
    return " · ".join([talk, *shown])


def _chosen(leg: LegAnalysis) -> list[Moment]:
    """Give the strongest moments that are not neutral, some of each emotion, in order of time."""
    by_emotion: dict[str, list[Moment]] = {}
    for moment in leg.moments:
        if moment.episode.kind != NEUTRAL:
            by_emotion.setdefault(moment.episode.kind, []).append(moment)
    ranked = ((rank, moment) for of_emotion in by_emotion.values() for rank, moment in enumerate(of_emotion))
    best = sorted(ranked, key=lambda each: (each[0], *(-value for value in strength(each[1].episode))))
    chosen = [moment for _, moment in best[:_MOST_MOMENTS]]
    return sorted(chosen, key=lambda moment: moment.episode.start)


def _columns(
    leg: LegAnalysis, labels: Sequence[str], seconds: float
) -> tuple[NDArray[np.float64], float, NDArray[np.float64], NDArray[np.bool_]]:
    """Give the left edges of columns, their width, the shares in them, and whether they are unsure.

    A window is drawn around its middle, a step wide. Of several in a column, one stands: of those that show
    an emotion, if any does, the one with the highest probability of a label that is not neutral: peaks are
    kept. Windows without probabilities have no column.
    """
    is_there = ~np.isnan(leg.smoothed).any(axis=1)
    middles = ((leg.starts + leg.ends) / 2)[is_there]
    shares, states = leg.smoothed[is_there].astype(np.float64), leg.states[is_there]
    emotions = leg.emotions[is_there]
    steps = np.diff((leg.starts + leg.ends) / 2)
    step = float(np.median(steps)) if len(steps) else float(leg.ends[0] - leg.starts[0])
    width = max(step, seconds / _MOST_COLUMNS)
    if width <= step:
        rows, lefts = np.arange(len(middles)), middles - width / 2
    else:
        numbers = np.floor(middles / width)
        others = [number for number, label in enumerate(labels) if label != NEUTRAL]
        shown = np.isin(emotions, others)
        strongest = shares[:, others].max(axis=1, initial=0.0)
        in_columns = np.lexsort((strongest, shown, numbers))
        is_last = np.append(np.diff(numbers[in_columns]) > 0, np.ones(min(1, len(numbers)), dtype=np.bool_))
        rows = in_columns[is_last]
        lefts = numbers[rows] * width
    return lefts, width, shares[rows], states[rows] == STATES.index("unsure")


def _time_ticks(seconds: float) -> Iterator[float]:
    nice = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400)
    every = next((each for each in nice if seconds / each <= 12), None) or seconds / 10
    at = 0.0
    while at <= seconds:
        yield at
        at += every


def _cut(text: str, width: int) -> str:
    """Cut a text to so many cells, with an ellipsis."""
    text = printable(text)
    return text if cell_len(text) <= width else f"{set_cell_size(text, width - 1).rstrip()}…"
