"""The report page in a browser: it draws, plays, zooms, reads values, and asks nobody for anything."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from callmood.reports.html import PageSession, write_page
from emotion.card import LABELS
from streamer.leg_plan import LegPlan
from tests.callmood.reports.test_page import HOSTILE
from tests.page_material import (
    CUSTOMER,
    STAFF,
    between_milliseconds,
    long_session,
    page_session,
    wandering_journal,
)

playwright = pytest.importorskip("playwright.sync_api")

DESKTOP, PHONE = (1440, 900), (390, 844)


@dataclass
class Opened:
    """A page in the browser, and what went wrong in it."""

    page: Any
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def run(self, script: str) -> Any:
        """Run JavaScript in the page, and give its value."""
        return self.page.evaluate(script)

    def readings(self) -> list[list[str]]:
        """Give the cells of the table of the cursor, row by row."""
        rows = "[...document.querySelectorAll('.readout tbody tr')]"
        found: list[list[str]] = self.run(f"{rows}.map(row => [...row.cells].map(cell => cell.textContent))")
        return found

    def view(self) -> str:
        """Give what the toolbar says is in view."""
        text: str = self.page.locator(".toolbar .span").first.text_content()
        return text

    def colours(self, selector: str) -> int:
        """Count the colours of a canvas."""
        count: int = self.run(
            f"""(() => {{
                const canvas = document.querySelector({selector!r});
                const {{ width, height }} = canvas;
                const copy = new OffscreenCanvas(width, height).getContext("2d");
                copy.drawImage(canvas, 0, 0);
                return new Set(new Uint32Array(copy.getImageData(0, 0, width, height).data.buffer)).size;
            }})()"""
        )
        return count

    def wait_for(self, condition: str) -> None:
        """Wait for a condition; Playwright's own way needs `eval`, which the page's policy forbids."""
        assert self.run(
            f"""new Promise(done => {{
                const began = performance.now();
                const look = () => {{
                    if ({condition}) done(true);
                    else if (performance.now() - began > 20000) done(false);
                    else setTimeout(look, 20);
                }};
                look();
            }})"""
        ), condition

    def reset(self) -> None:
        """Stop the sound, and show the whole session."""
        self.page.mouse.move(0, 0)
        self.page.keyboard.press("Escape")
        self.page.locator(".plots").first.focus()
        for key in ("0", "Home"):
            self.page.keyboard.press(key)
        self.run("document.activeElement.blur()")
        self.settle()

    def check(self) -> None:
        """Demand that the page complained of nothing and asked for nothing but itself."""
        assert self.complaints == []
        assert [url for url in self.requests if not url.startswith(("data:", "file:"))] == []

    def settle(self) -> None:
        """Wait until what was asked for is drawn."""
        self.run("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One browser for all tests of this file."""
    path = shutil.which("chromium")
    if path is None:
        words = "no chromium on this machine; type: apt-get install chromium"
        if os.environ.get("CI"):
            pytest.fail(words)
        pytest.skip(words)
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=path, args=["--mute-audio"])
        yield started
        started.close()


@contextmanager
def opened(
    browser: Any, path: Path, *, size: tuple[int, int] = DESKTOP, dark: bool = False, **options: Any
) -> Iterator[Opened]:
    """Open a page, and demand at the end that it complained of nothing and asked for nothing."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, color_scheme="dark" if dark else "light", **options
    )
    it = Opened(context.new_page())
    it.page.on("request", lambda request: it.requests.append(request.url))
    it.page.on("pageerror", lambda error: it.complaints.append(str(error)))
    it.page.on("console", lambda message: it.complaints.append(message.text))
    it.page.on("dialog", lambda dialog: it.complaints.append(dialog.message))
    it.page.goto(path.as_uri())
    it.settle()
    try:
        yield it
        it.check()
    finally:
        context.close()


@pytest.fixture(scope="module")
def session() -> PageSession:
    """A call of two legs, four minutes long, with a tone for sound."""
    return between_milliseconds(page_session(wandering_journal(480)))


@pytest.fixture(scope="module")
def report(session: PageSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of the call."""
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_bytes(write_page([session]))
    return path


@pytest.fixture(scope="module")
def desktop(browser: Any, report: Path) -> Iterator[Opened]:
    """The report, opened once: that takes longer than most tests."""
    with opened(browser, report) as it:
        # Sound need not play at its own speed here.
        it.run("document.querySelectorAll('audio').forEach(audio => { audio.defaultPlaybackRate = 4; })")
        yield it


@pytest.fixture
def it(desktop: Opened) -> Iterator[Opened]:
    """The opened report, as it was at first."""
    desktop.reset()
    yield desktop
    desktop.check()


@pytest.mark.parametrize(("size", "dark"), [(DESKTOP, False), (PHONE, True)], ids=["desktop", "phone, dark"])
def test_it_is_drawn_and_nothing_is_wider_than_the_screen(
    browser: Any, report: Path, size: tuple[int, int], dark: bool
) -> None:
    with opened(browser, report, size=size, dark=dark) as it:
        for canvas in ("canvas.axis", "canvas.overview", "figure.leg canvas", "canvas.swatch"):
            assert it.colours(canvas) > 1
        assert it.colours("figure.leg canvas") > 10
        assert it.run("document.documentElement.scrollWidth") <= size[0]
        background = it.run("getComputedStyle(document.body).backgroundColor")
        assert (background == "rgb(19, 20, 23)") == dark
        it.page.locator("#theme").click()
        assert it.run("getComputedStyle(document.body).backgroundColor") != background


def test_the_cursor_reads_all_legs_at_once(it: Opened) -> None:
    box = it.page.locator("figure.leg canvas").first.bounding_box()
    it.page.mouse.move(box["x"] + box["width"] / 3, box["y"] + 40)
    first = it.readings()
    it.page.mouse.move(box["x"] + box["width"] / 2.3, box["y"] + 40)
    second = it.readings()
    assert [row[0] for row in first] == ["customer", "me"]
    assert first != second
    seconds = it.page.locator(".readout .at").text_content()
    assert seconds.startswith("0:01:3")
    assert "· 03:01:3" in seconds


def test_the_cursor_reads_what_the_journal_says(it: Opened, session: PageSession) -> None:
    leg = session.analysis.legs[0]
    episode = max((moment.episode for moment in leg.moments), key=lambda each: each.end - each.start)
    it.page.locator(f"button.show[data-leg='0'][data-start='{episode.start:.3f}']").first.click()
    row = int(abs((leg.starts + leg.ends) / 2 - episode.peak_seconds).argmin())
    shown = [f"{100 * round(254 * share) / 254:.0f} %" for share in leg.smoothed[row].tolist()]
    assert it.readings()[0][2:-1] == shown
    assert it.readings()[0][1] == episode.kind


def test_wheel_drag_keys_and_buttons_change_the_view(it: Opened) -> None:
    whole = it.view()
    assert whole.startswith("whole session")
    canvas = it.page.locator("figure.leg canvas").first
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    it.page.mouse.move(x, y)
    it.page.mouse.wheel(0, -100)
    it.settle()
    assert it.view() == whole  # the page scrolls: nobody has clicked yet
    it.page.mouse.click(x, y)
    it.page.mouse.wheel(0, -300)
    it.wait_for("!document.querySelector('.span').textContent.startsWith('whole')")
    views = [it.view()]
    it.page.mouse.down()
    it.page.mouse.move(x + 200, y, steps=3)
    it.page.mouse.up()
    it.settle()
    views.append(it.view())
    for key in ("+", "-", "Shift+ArrowRight", "Shift+ArrowLeft", "+"):
        it.page.keyboard.press(key)
        it.settle()
        views.append(it.view())
    assert all(before != after for before, after in pairwise(views))
    it.page.keyboard.press("Home")
    assert it.page.locator(".readout .at").text_content().startswith("0:00:00.0")
    assert it.page.locator("#spoken").text_content().startswith("0:00:00.0, customer ")
    before = it.readings()
    for _ in range(30):
        it.page.keyboard.press("ArrowRight")
    assert it.readings() != before
    it.page.keyboard.press("End")
    assert it.page.locator(".readout .at").text_content().startswith("0:04:0")
    it.page.keyboard.press("0")
    it.settle()
    assert it.view() == whole
    it.page.get_by_role("button", name="Zoom in").click()
    it.settle()
    assert it.view() != whole
    it.page.get_by_role("button", name="Whole session").click()
    it.settle()
    assert it.view() == whole


def test_two_fingers_zoom(browser: Any, silent: Path) -> None:
    with opened(browser, silent, size=PHONE, has_touch=True) as it:
        canvas = it.page.locator("figure.leg canvas").first
        canvas.scroll_into_view_if_needed()
        box = canvas.bounding_box()
        touch = it.page.context.new_cdp_session(it.page)
        y = box["y"] + 60
        for apart, kind in ((30, "touchStart"), (50, "touchMove"), (90, "touchMove"), (120, "touchMove")):
            points = [{"x": 200 - apart, "y": y, "id": 0}, {"x": 200 + apart, "y": y, "id": 1}]
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        it.settle()
        assert not it.view().startswith("whole")


PLAYED = "document.querySelector('#audio-0-0').currentTime"


def test_a_moment_plays_and_stops_at_its_end(it: Opened, session: PageSession) -> None:
    pieces = session.audio["customer"].pieces
    number, middling = min(enumerate(pieces), key=lambda each: abs(each[1].end - each[1].start - 5.0))
    selector = f"button.play[data-leg='0'][data-piece='{number}']"
    it.page.locator(selector).first.focus()
    it.page.keyboard.press("Enter")
    button, head = f"document.querySelector({selector!r})", "document.querySelector('.line.head')"
    is_playing = f"{PLAYED} > {middling.offset_seconds + 0.1} && !{head}.hidden"
    it.wait_for(f"{is_playing} && {button}.ariaPressed === 'true'")
    it.wait_for(f"{button}.ariaPressed === 'false'")
    assert it.run("document.querySelector('#audio-0-0').paused")
    end = middling.offset_seconds + middling.end - middling.start
    assert end - 0.5 < it.run(PLAYED) < end + 1.0
    assert not it.page.locator(".line.head").is_visible()


def test_sound_plays_from_where_the_user_clicked_and_the_view_follows(
    it: Opened, session: PageSession
) -> None:
    piece = next(each for each in session.audio["customer"].pieces if each.end - each.start > 6.0)
    box = it.page.locator("figure.leg canvas").first.bounding_box()
    # Left of the plot stand the labels of its axis.
    per_second = (box["width"] - 53) / session.analysis.seconds
    it.page.mouse.click(box["x"] + 52 + (piece.start + 0.75) * per_second, box["y"] + 60)
    clicked = it.page.locator(".readout .at").text_content()
    assert piece.start < seconds_of(clicked) < piece.start + 1.5
    for _ in range(12):
        it.page.keyboard.press("+")
    it.settle()
    before = it.view()
    assert piece.start < seconds_of(before.split()[2]) < piece.end - 1.0
    here = it.page.locator("button.play.here[data-leg='0']")
    here.hover()
    assert it.page.locator(".readout .at").text_content() == clicked
    here.click()
    it.wait_for(f"document.querySelector('.span').textContent !== {before!r}")
    assert seconds_of(it.view()) > seconds_of(before) + 3.0
    assert it.page.locator(".line.head").is_visible()


def seconds_of(text: str) -> float:
    """Read the time that a text begins with, as `0:12:08.5`."""
    hours, minutes, seconds = text.split(maxsplit=1)[0].split(":")
    return 3600 * int(hours) + 60 * int(minutes) + float(seconds)


def test_sound_stops_when_it_is_told_to(it: Opened) -> None:
    first, second = (it.page.locator(f"button.play.here[data-leg='{leg}']") for leg in (0, 1))
    first.click()
    assert first.get_attribute("aria-pressed") == "true"
    second.click()
    assert first.get_attribute("aria-pressed") == "false"
    assert second.get_attribute("aria-pressed") == "true"
    it.page.keyboard.press("Escape")
    assert second.get_attribute("aria-pressed") == "false"
    assert it.run("[...document.querySelectorAll('audio')].every(audio => audio.paused)")


def test_two_sessions_share_their_axes(browser: Any, tmp_path: Path) -> None:
    legs = (CUSTOMER, replace(STAFF, name="agent", analysed=False, staff=True))
    sessions = [
        page_session(wandering_journal(240), with_sound=False),
        page_session(wandering_journal(150, legs=legs), with_sound=False),
    ]
    path = tmp_path / "two.html"
    path.write_bytes(write_page(sessions))
    with opened(browser, path) as it:
        for size, columns in ((DESKTOP, 2), (PHONE, 1)):
            it.page.set_viewport_size({"width": size[0], "height": size[1]})
            it.settle()
            boxes = [each.bounding_box() for each in it.page.locator(".plots").all()]
            assert len({box["x"] for box in boxes}) == columns
            assert boxes[0]["width"] == boxes[1]["width"]
            if columns == 2:
                assert boxes[0]["y"] == boxes[1]["y"]
            it.page.get_by_role("button", name="Zoom in").last.click()
            it.settle()
            spans = it.run("[...document.querySelectorAll('.span')].map(each => each.textContent)")
            assert len(set(spans)) == 1
            assert not spans[0].startswith("whole")
            assert it.run("document.documentElement.scrollWidth") <= size[0]


def test_hostile_text_is_shown_and_does_nothing(browser: Any, tmp_path: Path) -> None:
    legs = (LegPlan(HOSTILE, channel=0), LegPlan("other", channel=1))
    journal = wandering_journal(240, legs=legs, rule=HOSTILE, note=HOSTILE, labels=(HOSTILE, "sad"))
    header = replace(journal.header, model=HOSTILE, session=HOSTILE, announced=HOSTILE, notes=(HOSTILE,))
    path = tmp_path / "hostile.html"
    path.write_bytes(write_page([page_session(replace(journal, header=header), with_sound=False)]))
    with opened(browser, path) as it:
        assert it.run("document.images.length") == 0
        assert it.run("document.scripts.length") == 2
        it.page.locator("button.show").first.click()
        it.page.keyboard.press("Home")
        it.settle()
        assert it.run("document.images.length") == 0
        assert it.readings()[0][0] == HOSTILE
        assert it.colours("figure.leg canvas") > 5


def test_the_policy_forbids_what_was_smuggled_in(it: Opened) -> None:
    blocked = it.run(
        """new Promise(done => {
            document.addEventListener("securitypolicyviolation", event => done(event.effectiveDirective));
            document.body.append(Object.assign(new Image(), { src: "http://127.0.0.1:9/spy.png" }));
        })"""
    )
    assert blocked == "img-src"
    # Chromium says in the console what it blocked, and counts it as asked for.
    assert any("violates the following Content Security Policy" in line for line in it.complaints)
    it.complaints.clear()
    it.requests.clear()


@pytest.fixture(scope="module")
def silent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report without sound."""
    path = tmp_path_factory.mktemp("silent") / "report.html"
    path.write_bytes(write_page([page_session(wandering_journal(120), with_sound=False)]))
    return path


def test_without_sound_nothing_can_be_played(browser: Any, silent: Path) -> None:
    with opened(browser, silent) as it:
        assert it.page.locator("button.play, audio").count() == 0
        assert it.page.get_by_text("This report holds no sound").is_visible()


@pytest.mark.parametrize("seconds", [0.0, 1e12])
def test_a_session_in_which_nothing_happened_opens(browser: Any, tmp_path: Path, seconds: float) -> None:
    journal = replace(wandering_journal(60), rows=(), gaps=(), alerts=(), marks=())
    session = page_session(journal)
    path = tmp_path / "nothing.html"
    path.write_bytes(write_page([PageSession(replace(session.analysis, seconds=seconds))]))
    with opened(browser, path) as it:
        it.page.get_by_role("button", name="Zoom in").click()
        it.settle()
        assert [row[1] for row in it.readings()] == ["\N{EN DASH}", "\N{EN DASH}"]


def test_sound_that_cannot_be_played_is_said(browser: Any, tmp_path: Path) -> None:
    session = page_session(wandering_journal(120))
    audio = {leg: replace(sound, data=b"no Opus") for leg, sound in session.audio.items()}
    path = tmp_path / "broken.html"
    path.write_bytes(write_page([PageSession(session.analysis, audio)]))
    with opened(browser, path) as it:
        button = it.page.locator("button.play.here").first
        button.click()
        it.wait_for("document.querySelector('button.play.here').disabled")
        assert "cannot play" in button.get_attribute("title")


def test_without_scripts_the_tables_are_there(browser: Any, silent: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(silent.as_uri())
    assert page.locator("table.moments").first.is_visible()
    assert not page.locator(".toolbar").is_visible()
    context.close()


def test_eight_hours_stay_smooth(browser: Any, tmp_path: Path) -> None:
    path = tmp_path / "long.html"
    path.write_bytes(write_page([long_session()]))
    with opened(browser, path) as it:
        meter = it.page.context.new_cdp_session(it.page)
        # Processor time of the page's thread: others may be at work here.
        meter.send("Performance.enable", {"timeDomain": "threadTicks"})
        before = task_seconds(meter)
        it.run(
            """(async () => {
                const plots = document.querySelector(".plots");
                for (let turn = 0; turn < 24; turn += 1) {
                    plots.dispatchEvent(new KeyboardEvent("keydown", { key: turn % 12 < 6 ? "+" : "-" }));
                    await new Promise(requestAnimationFrame);
                }
            })()"""
        )
        # About 5 ms on an idle machine.
        assert (task_seconds(meter) - before) / 24 < 0.025


def task_seconds(meter: Any) -> float:
    """Give how long the page's thread has worked."""
    metrics = meter.send("Performance.getMetrics")["metrics"]
    return float(next(each["value"] for each in metrics if each["name"] == "TaskDuration"))


def test_one_angry_window_in_eight_hours_is_seen(browser: Any, tmp_path: Path) -> None:
    session = long_session()
    leg = session.analysis.legs[0]
    is_speech = leg.emotions >= 0
    emotions = np.where(is_speech, LABELS.index("neutral"), leg.emotions).astype(np.int8)
    smoothed = np.where(np.isnan(leg.smoothed), np.nan, np.float32(0.0))
    smoothed[:, LABELS.index("neutral")] += 1.0
    colours = []
    for number in range(2):
        if number:
            window = int(np.flatnonzero(is_speech)[30_000])
            emotions[window] = LABELS.index("angry")
            smoothed[window] = [0.9, 0.0, 0.1, 0.0]
        changed = replace(leg, emotions=emotions, smoothed=smoothed)
        path = tmp_path / f"{number}.html"
        path.write_bytes(write_page([PageSession(replace(session.analysis, legs=(changed,)))]))
        with opened(browser, path) as it:
            colours.append(it.colours("figure.leg canvas"))
    assert colours[1] > colours[0]
